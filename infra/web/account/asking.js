/* A question before something that can't be taken back. */

import { element, part, whileBusy } from "./elements.js";

/**
 * Ask in a dialog; `work` runs when the answer is yes, and a failure of it is told in the dialog, which then stays.
 * `retype`: text that has to be typed before yes can be pressed. Resolves to whether `work` was done.
 */
export function ask({ heading, text, yes, retype, work }) {
  const dialog = part("question");
  const told = element("p", { class: "told bad", role: "alert" });
  const field = element("input", { id: "question-field", type: "email", autocomplete: "off", spellcheck: "false" });
  const agree = element("button", { type: "submit", class: "button danger" }, yes);
  const leave = element("button", { type: "button", class: "button" }, "Cancel");
  let done = false;
  const submit = (event) => {
    event.preventDefault();
    if (retype && field.value.trim().toLowerCase() !== retype.toLowerCase()) {
      told.textContent = "That is not this account's address.";
      field.focus();
      return;
    }
    whileBusy(agree, async () => {
      try {
        await work();
        done = true;
        dialog.close();
      } catch (problem) {
        told.textContent = problem.message;
      }
    });
  };
  const form = element(
    "form",
    { class: "stack", submit },
    element("h2", { id: "question-heading" }, heading),
    element("p", {}, text),
    retype && element("div", { class: "field" }, element("label", { for: field.id }, `Type ${retype} to confirm`), field),
    told,
    element("div", { class: "actions" }, agree, leave),
  );
  dialog.replaceChildren(form);
  leave.addEventListener("click", () => dialog.close());
  // While it is being done there is no way back, also not by Escape.
  dialog.oncancel = (event) => {
    if (agree.hasAttribute("aria-busy")) event.preventDefault();
  };
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(done), { once: true });
    dialog.showModal();
    (retype ? field : leave).focus();
  });
}
