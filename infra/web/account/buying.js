/* Packs of credits, and the way to pay. */

import { checkout, listPacks } from "./client.js";
import { element, part, whileBusy } from "./elements.js";
import { counted, money, number, unitPrice } from "./words.js";

/** Bring the section of packs to life; returns what loads it. */
export function tendPacks(guarded) {
  const buy = (pack, button) =>
    whileBusy(button, () =>
      guarded(async () => {
        const { url } = await checkout(pack.id);
        const target = new URL(url, location.href);
        // The answer is ours; a `javascript:` in it would be a fault somewhere, and stays without effect.
        if (target.protocol === "https:" || target.origin === location.origin) location.assign(target);
      }, part("buy-told")),
    );
  return () =>
    guarded(async () => {
      const { currency, buying, packs } = await listPacks();
      part("packs").replaceChildren(buying && packs.length ? list(packs, currency, buy) : switchedOff());
    }, part("packs"));
}

function switchedOff() {
  return element("p", { class: "empty" }, "Credits cannot be bought here: the operator of this service grants them.");
}

function list(packs, currency, buy) {
  return element("ul", { class: "packs" }, ...packs.map((pack) => row(pack, currency, buy)));
}

function row(pack, currency, buy) {
  const price = money(pack.price_cents, currency);
  const button = element("button", { type: "button", class: "button" }, `Buy for ${price}`);
  button.setAttribute("aria-label", `Buy for ${price}: ${counted(pack.credits, "credit")}`); // begins as it is seen
  button.addEventListener("click", () => buy(pack, button));
  return element(
    "li",
    {},
    element("span", { class: "pack-credits" }, number(pack.credits)),
    element("span", { class: "pack-unit soft" }, `${unitPrice(pack.cents_per_credit, currency)} per credit`),
    button,
  );
}
