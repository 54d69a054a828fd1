/* The key that the playground calls with: for this tab alone, gone with it. Never in an address, never in a log. */

const NAME = "portrait-depth-key";
let inMemory = "";

/** The key's text, or "". */
export function keptKey() {
  try {
    return sessionStorage.getItem(NAME) ?? inMemory;
  } catch {
    return inMemory; // storage is switched off
  }
}

/** Keep `text` for this tab; "" forgets. */
export function keepKey(text) {
  inMemory = text;
  try {
    if (text) sessionStorage.setItem(NAME, text);
    else sessionStorage.removeItem(NAME);
  } catch {
    // it stays in memory
  }
}
