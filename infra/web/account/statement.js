/* The statement, a page at a time. */

import { readStatement } from "./client.js";
import { element, part, whileBusy } from "./elements.js";
import { KINDS, machineTime, minute, noted, signed } from "./words.js";

/** Returns what loads the newest page of the statement. */
export function tendStatement(guarded) {
  const place = part("statement-list");
  const load = () =>
    guarded(async () => {
      const first = await readStatement();
      if (!first.entries.length) {
        place.replaceChildren(element("p", { class: "empty" }, "Nothing yet. Credits you claim, buy and spend are listed here."));
        return;
      }
      const rows = element("tbody", {}, ...first.entries.map(row));
      const older = element("button", { type: "button", class: "button" }, "Older");
      let next = first.next_cursor;
      older.hidden = !next;
      older.addEventListener("click", () =>
        whileBusy(older, () =>
          guarded(async () => {
            const page = await readStatement(next);
            rows.append(...page.entries.map(row));
            next = page.next_cursor;
            older.hidden = !next;
          }, place),
        ),
      );
      place.replaceChildren(table(rows), older);
    }, place);
  return load;
}

function table(rows) {
  const heads = [
    ["When"],
    ["What"],
    ["Credits", "amount"],
  ].map(([text, kind]) => element("th", { scope: "col", class: kind }, text));
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Entries of the statement" },
    element("table", { class: "statement" }, element("thead", {}, element("tr", {}, ...heads)), rows),
  );
}

function row(entry) {
  const kind = KINDS[entry.kind] ?? entry.kind;
  const note = entry.note.toLowerCase() === kind.toLowerCase() ? "" : noted(entry.note);
  return element(
    "tr",
    {},
    element("td", {}, element("time", { datetime: machineTime(entry.at) }, minute(entry.at))),
    element(
      "td",
      {},
      element("span", { class: "entry-kind" }, kind),
      note ? element("span", { class: "entry-note" }, note) : undefined,
    ),
    element("td", { class: `amount ${entry.credits > 0 ? "came" : ""}` }, signed(entry.credits)),
  );
}
