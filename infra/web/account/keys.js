/* The keys of an account: made, shown once, named, revoked. */

import { ask } from "./asking.js";
import { createKey, listKeys, renameKey, revokeKey } from "./client.js";
import { copy, element, part, whileBusy } from "./elements.js";
import { day, machineTime, number } from "./words.js";
import { keepKey } from "../playground/credential.js";

/** Bring the section of keys to life. `guarded(work)` runs a call and sees to an ended session. */
export function tendKeys(guarded) {
  const told = part("key-told");
  const name = part("key-name");
  const button = part("key-create");

  const refresh = () => guarded(showKeys, part("key-list"));
  const showKeys = async () => {
    const { keys } = await listKeys();
    part("key-list").replaceChildren(...listing(keys, { rename, revoke }));
  };

  const create = () =>
    guarded(async () => {
      told.textContent = "";
      const made = await createKey(name.value.trim());
      name.value = "";
      showOnce(made);
      await showKeys();
    }, told);

  const rename = (key, wanted) =>
    guarded(async () => {
      await renameKey(key.id, wanted);
      await showKeys();
      part("key-list").querySelector(`[data-key="${CSS.escape(key.id)}"]`)?.focus(); // the list is new, the row is the same
    }, told);

  const revoke = async (key) => {
    const done = await ask({
      heading: "Revoke this key?",
      text: `\u201c${key.name}\u201d, ${key.prefix}\u2026 New calls with it are refused from now on. This can't be undone.`,
      yes: "Revoke key",
      work: () => revokeKey(key.id),
    });
    if (done) {
      told.textContent = "The key is revoked.";
      if (part("key-shown").dataset.key === key.id) part("key-shown").replaceChildren();
      await refresh();
      part("keys-heading").focus(); // its button is gone
    }
  };

  part("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(button, create);
  });
  return refresh;
}

function showOnce(made) {
  const place = part("key-shown");
  const text = element("code", { class: "key-text", id: "new-key", tabindex: "0" }, made.key);
  const copying = element("button", { type: "button", class: "button primary" }, "Copy");
  copying.addEventListener("click", () => copy(made.key, copying));
  const use = element("button", { type: "button", class: "button" }, "Use it in the playground");
  use.addEventListener("click", () => {
    keepKey(made.key);
    location.assign("/playground/");
  });
  const close = element("button", { type: "button", class: "button quiet" }, "Done");
  close.addEventListener("click", () => {
    place.replaceChildren();
    part("key-name").focus();
  });
  place.dataset.key = made.id;
  place.replaceChildren(
    element(
      "div",
      { class: "notice good stack", role: "group", "aria-labelledby": "new-key-heading" },
      element("h3", { id: "new-key-heading", tabindex: "-1" }, "Copy this key now. It is not shown again."),
      text,
      element("div", { class: "actions" }, copying, use, close),
    ),
  );
  part("new-key-heading").focus();
}

function listing(keys, acts) {
  const live = keys.filter((key) => !key.revoked_at);
  const dead = keys.filter((key) => key.revoked_at);
  const shown = [
    live.length
      ? element("ul", { class: "key-rows", "aria-label": "Live keys" }, ...live.map((key) => liveRow(key, acts)))
      : element("p", { class: "empty" }, "No live keys yet. Name your first one and create it."),
  ];
  if (dead.length) {
    shown.push(
      element(
        "details",
        {},
        element("summary", {}, `${number(dead.length)} revoked`),
        element("ul", { class: "key-rows", "aria-label": "Revoked keys" }, ...dead.map(deadRow)),
      ),
    );
  }
  return shown;
}

function liveRow(key, { rename, revoke }) {
  const renaming = element("button", { type: "button", class: "button quiet", "data-key": key.id }, "Rename");
  const revoking = element("button", { type: "button", class: "button danger" }, "Revoke");
  // The eye has the row, a screen reader reads buttons alone: it hears which key.
  renaming.setAttribute("aria-label", `Rename ${key.name}`);
  revoking.setAttribute("aria-label", `Revoke ${key.name}`);
  revoking.addEventListener("click", () => revoke(key));
  const head = element("div", { class: "key-name" }, key.name);
  renaming.addEventListener("click", () => head.replaceChildren(nameForm(key, head, renaming, rename)));
  return element(
    "li",
    {},
    element("div", { class: "key-words" }, head, facts(key)),
    element("div", { class: "key-acts" }, renaming, revoking),
  );
}

function nameForm(key, head, renaming, rename) {
  const field = element("input", { required: true, maxlength: 64, "aria-label": "Name of the key", autocomplete: "off" });
  field.value = key.name;
  const save = element("button", { type: "submit", class: "button" }, "Save");
  const leave = () => {
    head.replaceChildren(key.name);
    renaming.focus();
  };
  const cancel = element("button", { type: "button", class: "button quiet", click: leave }, "Cancel");
  const form = element("form", { class: "line-form" }, field, save, cancel);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(save, () => rename(key, field.value.trim()));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
  });
  queueMicrotask(() => field.select());
  return form;
}

function deadRow(key) {
  return element(
    "li",
    {},
    element(
      "div",
      { class: "key-words" },
      element("div", { class: "key-name" }, key.name),
      element("p", { class: "key-facts" }, code(key), " · revoked ", date(key.revoked_at)),
    ),
  );
}

function facts(key) {
  const used = key.last_used_at ? ["last used ", date(key.last_used_at)] : ["never used"];
  return element(
    "p",
    { class: "key-facts" },
    code(key),
    " · created ",
    date(key.created_at),
    " · ",
    ...used,
    ` · ${number(key.calls_per_minute)} calls a minute`,
  );
}

const code = (key) => element("code", {}, `${key.prefix}\u2026`);
const date = (seconds) => element("time", { datetime: machineTime(seconds) }, day(seconds));
