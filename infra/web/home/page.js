import { showRelief } from "./relief.js";

// After the page stands: the still picture is there until then, and without WebGL for good.
const bust = document.querySelector(".bust");
const begin = () => setTimeout(() => showRelief(bust).catch(() => {}));
if (document.readyState === "complete") begin();
else addEventListener("load", begin);

// ---- photo and depth side by side ----

const row = document.querySelector(".series");
const wipe = row.querySelector(".wipe");
const range = wipe.querySelector("input");
const cut = () => row.querySelectorAll(".cut").forEach((figure) => figure.style.setProperty("--cut", range.value));
wipe.hidden = false;
range.addEventListener("input", cut);
cut();

// ---- packs ----

/** A table of what the service sells; its own list of packs is the only one. */
async function showPacks(place) {
  const answer = await fetch("/account/v1/packs");
  if (!answer.ok) throw new Error(answer.statusText);
  const { currency, packs, buying } = await answer.json();
  const money = new Intl.NumberFormat("en", { style: "currency", currency });
  const cents = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 2 });
  const table = document.createElement("table");
  table.createTHead().insertRow().append(...["Credits", "Price", "Per call"].map((text) => cell("th", text)));
  const body = table.createTBody();
  for (const pack of packs) {
    const texts = [
      pack.credits.toLocaleString("en"),
      money.format(pack.price_cents / 100),
      `${cents.format(pack.price_cents / pack.credits)} ¢`,
    ];
    body.insertRow().append(...texts.map((text) => cell("td", text)));
  }
  place.replaceChildren(table);
  if (!buying) place.append(note("Buying is switched off on this site: ask its operator for credits."));
}

function note(text) {
  const made = document.createElement("p");
  made.className = "soft small";
  made.textContent = text;
  return made;
}

function cell(kind, text) {
  const made = document.createElement(kind);
  if (kind === "th") made.scope = "col";
  made.textContent = text;
  return made;
}

const place = document.querySelector(".packs");
showPacks(place).catch(() => (place.firstElementChild.textContent = "The prices could not be loaded."));
