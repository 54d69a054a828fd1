/* The account page: signed out, signed in, and everything that can go wrong between the two. */

import { ask } from "./asking.js";
import { tendPacks } from "./buying.js";
import { claim, deleteAccount, readSession, readStatement, readUsage, signOut } from "./client.js";
import { element, part, whileBusy } from "./elements.js";
import { tendKeys } from "./keys.js";
import { offerSignIn } from "./signing.js";
import { tendStatement } from "./statement.js";
import { drawUsage } from "./usage.js";
import { counted, number } from "./words.js";
import { keepKey } from "../playground/credential.js";

const STATES = ["loading", "broken", "signed-out", "signed-in"];
const ENOUGH = "Each successful call costs 1 credit. Errors are free.";
const OWING = "A payment was reversed after its credits were spent. Calls are refused until the balance is above zero again.";
let session;

function show(state) {
  for (const each of STATES) part(each).hidden = each !== state;
}

async function load() {
  show("loading");
  try {
    enter(await readSession());
  } catch (problem) {
    if (problem.code === "not_signed_in") return leave();
    part("broken-told").textContent = problem.message;
    show("broken");
  }
}

function enter(found) {
  session = found;
  tellSession();
  show("signed-in");
  awaitPayment();
  return Promise.all([loadUsage(), loadKeys(), loadPacks(), loadStatement()]).then(goToSection);
}

const PATIENCE = 15; // looks for the payment, two seconds apart

/** Back from paying: credits come when the payment is told to the service, which may be a moment later. */
async function awaitPayment() {
  const bought = new URLSearchParams(location.search).has("bought");
  if (!bought) return;
  history.replaceState(null, "", "/account/"); // a reload is no second purchase
  const told = element("p", {}, "Thank you. Waiting for the payment to be confirmed …");
  part("notices").replaceChildren(element("div", { class: "notice good" }, told));
  for (let look = 0; look < PATIENCE && session; look++) {
    const paid = await guarded(newestPayment, part("notices"));
    if (paid) {
      told.textContent = `Thank you. ${counted(paid.credits, "credit")} added to your account.`;
      return refresh();
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  told.textContent = "The payment is not confirmed yet. Your credits will arrive as soon as it is; you need not do anything.";
}

async function newestPayment() {
  const { entries } = await readStatement();
  return entries.find((entry) => entry.kind === "payment" && Date.now() / 1000 - entry.at < 600);
}

/** Sections come after the browser looked for the one that the address names. */
function goToSection() {
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function tellSession() {
  part("account-email").textContent = session.email;
  part("account-id").textContent = session.account_id;
  part("credits").textContent = number(session.credits).replace("-", "\u2212");
  part("credits").classList.toggle("bad", session.credits < 0);
  part("credits-told").textContent = session.credits < 0 ? OWING : ENOUGH;
  part("claim").hidden = session.free_credits_claimed;
}

function leave({ expired = false } = {}) {
  session = undefined;
  part("expired").hidden = !expired;
  part("key-shown").replaceChildren();
  part("notices").replaceChildren();
  offerSignIn(part("sign-in"), async (found) => {
    await enter(found);
    part("account-heading").focus();
  });
  show("signed-out");
}

/** Run `work`; an ended session leads to the way in, any other failure is told in `place`. */
async function guarded(work, place) {
  try {
    return await work();
  } catch (problem) {
    if (problem.code === "not_signed_in") leave({ expired: true });
    else tellProblem(place, problem);
    return undefined;
  }
}

function tellProblem(place, problem) {
  const text = problem.retryAfterS ? `${problem.message}. Try again in ${problem.retryAfterS} s.` : problem.message;
  if (place.classList.contains("told")) {
    place.textContent = text;
    place.classList.add("bad");
    return;
  }
  const again = element("button", { type: "button", class: "button" }, "Try again");
  again.addEventListener("click", () => whileBusy(again, refresh));
  place.replaceChildren(element("div", { class: "notice bad stack", role: "alert" }, element("p", {}, text), again));
}

async function refresh() {
  await guarded(async () => {
    session = await readSession();
    tellSession();
  }, part("notices"));
  if (session) await Promise.all([loadUsage(), loadKeys(), loadPacks(), loadStatement()]);
}

const loadKeys = tendKeys(guarded);
const loadPacks = tendPacks(guarded);
const loadStatement = tendStatement(guarded);
const loadUsage = () =>
  guarded(async () => {
    const { days } = await readUsage(part("usage-days").value);
    part("usage").replaceChildren(drawUsage(days));
  }, part("usage"));

part("usage-days").addEventListener("change", loadUsage);
part("broken-again").addEventListener("click", load);
window.addEventListener("online", () => {
  if (!part("broken").hidden) load();
});

part("claim").addEventListener("click", () =>
  whileBusy(part("claim"), () =>
    guarded(async () => {
      const told = part("claim-told");
      told.classList.remove("bad");
      const { claimed } = await claim();
      told.textContent = `${counted(claimed, "credit")} added.`;
      await refresh();
      told.focus(); // its button is gone
    }, part("claim-told")),
  ),
);

part("sign-out").addEventListener("click", () =>
  whileBusy(part("sign-out"), () =>
    guarded(async () => {
      await signOut();
      forget();
    }, part("notices")),
  ),
);

part("sign-out-everywhere").addEventListener("click", async () => {
  const done = await ask({
    heading: "Sign out everywhere?",
    text: "Ends your session on every device, including this one. Keys keep working.",
    yes: "Sign out everywhere",
    work: () => signOut({ everywhere: true }),
  });
  if (done) forget();
});

part("delete").addEventListener("click", async () => {
  const done = await ask({
    heading: "Delete this account?",
    text: `All keys are revoked and all sessions end. ${counted(Math.max(0, session.credits), "credit")} will be lost. This can't be undone.`,
    yes: "Delete account",
    retype: session.email,
    work: () => deleteAccount(session.email),
  });
  if (done) forget();
});

/** Signed out by choice: the playground's key goes too, this may be somebody else's device. */
function forget() {
  keepKey("");
  leave();
  part("sign-in").querySelector("input")?.focus();
}

load();
