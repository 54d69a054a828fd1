/* The way in: an address, then the six digits that were sent to it. Used by the account page and the playground. */

import { sendCode, signIn } from "./client.js";
import { element, whileBusy } from "./elements.js";

/** Draw the two steps into `place`; `onSignedIn(session)` is called once the session stands. */
export function offerSignIn(place, onSignedIn) {
  const ask = (email = "") => {
    const step = addressStep(email, (address) => confirm(address));
    place.replaceChildren(step.form);
    return step;
  };
  const confirm = (address) => {
    const step = codeStep(address, onSignedIn, () => ask(address).field.focus());
    place.replaceChildren(step.form);
    step.field.focus();
  };
  ask();
}

function addressStep(email, onSent) {
  const field = element("input", {
    id: "sign-in-email",
    name: "email",
    type: "email",
    autocomplete: "email",
    inputmode: "email",
    spellcheck: "false",
    autocapitalize: "none",
    required: true,
    maxlength: 254,
    placeholder: "you@example.com",
    "aria-describedby": "sign-in-told",
  });
  field.value = email;
  const told = message();
  const button = element("button", { type: "submit", class: "button primary" }, "Send me a code");
  const send = async () => {
    tell(told, "");
    try {
      await sendCode(field.value.trim());
      onSent(field.value.trim());
    } catch (problem) {
      refuse(told, field, problem);
    }
  };
  const form = element(
    "form",
    { class: "signing field", submit: submitting(() => whileBusy(button, send)) },
    element("label", { for: field.id }, "E-mail"),
    field,
    button,
    told,
  );
  return { form, field };
}

function codeStep(address, onSignedIn, onOther) {
  const field = element("input", {
    id: "sign-in-code",
    class: "code-field",
    name: "code",
    type: "text",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    pattern: "[0-9 ]*",
    required: true,
    "aria-describedby": "sign-in-told",
    placeholder: "000000",
  });
  const told = message();
  const button = element("button", { type: "submit", class: "button primary" }, "Sign in");
  const enter = async () => {
    const code = digits(field.value);
    if (code.length !== 6) return refuse(told, field, new Error("The code has six digits."));
    tell(told, "");
    try {
      onSignedIn(await signIn(address, code));
    } catch (problem) {
      refuse(told, field, problem);
      field.select();
    }
  };
  const submit = () => whileBusy(button, enter);
  field.addEventListener("input", () => {
    // A pasted code may carry a space or a whole sentence around it.
    field.value = digits(field.value).slice(0, 6);
    if (field.value.length === 6) submit();
  });
  const again = element("button", { type: "button", class: "button quiet" }, "Send another code");
  again.addEventListener("click", () =>
    whileBusy(again, async () => {
      try {
        await sendCode(address);
        tell(told, "Another code is on its way. Only the newest one works.");
      } catch (problem) {
        refuse(told, field, problem);
      }
      field.focus();
    }),
  );
  const form = element(
    "form",
    { class: "signing field", submit: submitting(submit) },
    element(
      "p",
      { class: "signing-sent" },
      "We sent six digits to ",
      element("strong", {}, address),
      ". They are valid for ten minutes.",
    ),
    element("label", { for: field.id }, "Code"),
    field,
    button,
    told,
    element(
      "p",
      { class: "signing-other" },
      again,
      element("button", { type: "button", class: "button quiet", click: onOther }, "Use another address"),
    ),
  );
  return { form, field };
}

const digits = (text) => text.replace(/[^0-9]/g, "");

function submitting(work) {
  return (event) => {
    event.preventDefault();
    work();
  };
}

const message = () => element("p", { id: "sign-in-told", class: "told", role: "status" });

function tell(told, text) {
  told.textContent = text;
  told.classList.remove("bad");
}

function refuse(told, field, problem) {
  told.textContent = problem.message;
  told.classList.add("bad");
  field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
  field.focus();
}
