/* Whose credits pay: the signed-in account's, by a key of this tab, or a key that was pasted. */

import { claim, createKey, listKeys, readSession, revokeKey } from "../account/client.js";
import { element, part, whileBusy } from "../account/elements.js";
import { offerSignIn } from "../account/signing.js";
import { counted } from "../account/words.js";
import { creditsOf } from "./calling.js";
import { keepKey, keptKey } from "./credential.js";

const LAST_KEY = "portrait-playground-key-id"; // the id alone; it opens nothing
const NAME = "Playground";

/** The panel of the key. `onChange()` is called whenever another key holds. */
export class Keying {
  constructor(onChange) {
    this.onChange = onChange;
    this.session = undefined;
    this.credits = undefined;
    this.place = part("key");
    part("way-in-close").addEventListener("click", () => part("way-in").close());
  }

  get key() {
    return keptKey();
  }

  /** Find out who is here, then draw. Never throws: without a session a key can still be pasted. */
  async start() {
    try {
      this.session = await readSession();
    } catch {
      this.session = undefined;
    }
    await this.look();
  }

  /** Draw for the key that holds, with the credits that it has. */
  async look() {
    this.draw();
    this.onChange();
    if (!this.key) return;
    try {
      this.tellCredits(await creditsOf(this.key));
    } catch (problem) {
      if (problem.status === 401 || problem.status === 403) {
        this.use("");
        this.tell(`${problem.message}. Use another key.`);
      }
    }
  }

  tellCredits(credits) {
    this.credits = credits;
    if (this.session) this.session.credits = credits;
    this.draw();
  }

  use(key) {
    keepKey(key);
    this.credits = undefined;
    this.draw();
    this.onChange();
  }

  draw() {
    this.place.replaceChildren(...(this.key ? this.held() : this.session ? this.signedIn() : this.signedOut()));
  }

  held() {
    const forget = element("button", { type: "button", class: "button quiet", click: () => this.use("") }, "Use another key");
    const credits = this.credits === undefined ? "…" : counted(this.credits, "credit");
    const parts = [
      element(
        "p",
        { class: "key-held" },
        element("code", {}, `${this.key.slice(0, 14)}…`),
        element("strong", { id: "credits", role: "status" }, `${credits} left`),
      ),
    ];
    if (this.credits !== undefined && this.credits <= 0) parts.push(this.more());
    parts.push(element("p", { class: "soft small" }, "Kept for this tab only. ", forget), this.told());
    return parts;
  }

  signedIn() {
    const make = element("button", { type: "button", class: "button primary" }, "Use my account here");
    make.addEventListener("click", () => whileBusy(make, () => this.makeKey()));
    return [
      element(
        "p",
        {},
        `Signed in as ${this.session.email}, `,
        element("strong", {}, `${counted(this.session.credits, "credit")} left`),
        ".",
      ),
      element("p", { class: "actions" }, make, ...(this.session.credits <= 0 ? [this.more()] : [])),
      element("p", { class: "soft small" }, `Creates a key named ${NAME}, which replaces the last one made in this browser.`),
      this.pasting(),
      this.told(),
    ];
  }

  signedOut() {
    const enter = element("button", { type: "button", class: "button primary", click: () => this.signIn() }, "Sign in");
    return [
      element("p", {}, "New here? Sign in by e-mail and claim 100 free credits."),
      element("p", { class: "actions" }, enter),
      this.pasting(),
      this.told(),
    ];
  }

  pasting() {
    const field = element("input", {
      id: "pasted-key",
      type: "password", // shoulders and screen shares; browsers are told not to keep it
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "pd_live_…",
      "data-1p-ignore": true,
    });
    const use = element("button", { type: "submit", class: "button" }, "Use");
    const form = element(
      "form",
      { class: "line-form" },
      element("div", { class: "field" }, element("label", { for: field.id }, "Or paste a key"), field),
      use,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return field.focus();
      // A header can't carry anything else, and no key has it.
      if (!/^[\x21-\x7e]+$/.test(text)) return this.tell("That is not a key: keys are made of letters, digits and underscores.");
      keepKey(text);
      this.credits = undefined;
      whileBusy(use, () => this.look());
    });
    return form;
  }

  more() {
    if (this.session && !this.session.free_credits_claimed) {
      const button = element("button", { type: "button", class: "button primary" }, "Claim 100 free credits");
      button.addEventListener("click", () => whileBusy(button, () => this.claim()));
      return button;
    }
    return element("a", { class: "button", href: "/account/#buy" }, "Buy credits");
  }

  told() {
    this.message = element("p", { class: "told bad", role: "alert" });
    return this.message;
  }

  tell(text) {
    this.message.textContent = text;
    this.place.querySelector("input, button")?.focus();
  }

  signIn() {
    const dialog = part("way-in");
    offerSignIn(part("sign-in"), async (session) => {
      this.session = session;
      dialog.close();
      this.draw();
      // Somebody who signs in here wants to call from here.
      await this.makeKey();
    });
    dialog.showModal();
  }

  async claim() {
    try {
      const { credits } = await claim();
      this.session.free_credits_claimed = true;
      this.tellCredits(credits);
    } catch (problem) {
      if (problem.code === "already_claimed") this.session.free_credits_claimed = true;
      this.failed(problem);
    }
  }

  async makeKey() {
    try {
      const made = await createKey(NAME);
      keepKey(made.key);
      await this.replaceLast(made.id);
      await this.look();
    } catch (problem) {
      this.failed(problem);
    }
  }

  /** Keys of closed tabs would pile up to the ten that an account may have: the last one that was made here goes. */
  async replaceLast(id) {
    try {
      const last = localStorage.getItem(LAST_KEY);
      localStorage.setItem(LAST_KEY, id);
      if (!last) return;
      const { keys } = await listKeys();
      if (keys.some((key) => key.id === last && !key.revoked_at)) await revokeKey(last);
    } catch {
      // the old key lives on, and can be revoked in the account
    }
  }

  failed(problem) {
    if (problem.code === "not_signed_in") {
      this.session = undefined;
      this.draw();
      this.tell("Your session has ended. Sign in again.");
      return;
    }
    this.draw();
    this.tell(problem.message);
    if (problem.code === "too_many_keys") {
      this.message.append(" ", element("a", { href: "/account/#keys" }, "Revoke one in your account."));
    }
  }
}
