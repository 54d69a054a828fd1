/* Elements from values. Text only ever becomes a text node, so a name like `<img onerror=...>` stays a name. */

/** An element: `attributes` by name (`true` for a bare one, `false` and undefined left out, functions as listeners). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for a drawing. */
export function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** The element of the page with this id; a page without it is broken, and says so. */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}

/** Mark `button` busy while `work` runs, so that nothing is sent twice. Resolves to what `work` does. */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  // aria-disabled rather than disabled: a disabled button would lose the keyboard's focus.
  button.setAttribute("aria-busy", "true");
  button.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
  }
}

/** Copy `text`, and say on `button` how it went. */
export async function copy(text, button) {
  const before = button.textContent;
  let told = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    told = "Select it and copy by hand";
  }
  button.textContent = told;
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
}
