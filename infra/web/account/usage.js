/* Calls by day: a drawing for the eye, the same numbers as a table for everybody else. */

import { element, shape } from "./elements.js";
import { counted, number, utcDay } from "./words.js";

const WIDTH = 640;
const HEIGHT = 180;
const FLOOR = 156; // below it are the dates
const HEAD = 16; // above it is the highest value's number

/** The drawing and the table of `days`: [{date, calls, credits}], oldest first. */
export function drawUsage(days) {
  const calls = days.reduce((sum, each) => sum + each.calls, 0);
  if (calls === 0) {
    return element("p", { class: "empty" }, `No call in the last ${days.length} days.`);
  }
  return element(
    "div",
    { class: "stack" },
    chart(days, `${counted(calls, "call")} in the last ${days.length} days; the table below has each day`),
    element("details", {}, element("summary", {}, `${counted(calls, "call")} as a table`), table(days)),
  );
}

/** Where the bars stand: [{x, y, width, height}] for each day, the highest reaching the top. Exported for its test. */
export function bars(days) {
  const highest = Math.max(1, ...days.map((each) => each.calls));
  const step = WIDTH / days.length;
  const width = Math.max(1, step * 0.72);
  return days.map((each, index) => {
    const height = each.calls === 0 ? 0 : Math.max(2, ((FLOOR - HEAD) * each.calls) / highest);
    return { x: index * step + (step - width) / 2, y: FLOOR - height, width, height };
  });
}

function chart(days, label) {
  const placed = bars(days);
  const drawn = days.map((each, index) => {
    const { x, y, width, height } = placed[index];
    const bar = shape("rect", { class: "bar", x, y, width, height, rx: Math.min(2, width / 2) });
    // The whole column answers the pointer: a bar of one call is too low to hit.
    const column = shape("rect", { class: "column-hit", x: x - 1, y: 0, width: width + 2, height: FLOOR });
    return shape("g", {}, shape("title", {}, `${utcDay(each.date)}: ${counted(each.calls, "call")}`), column, bar);
  });
  const top = placed.reduce((best, each, index) => (each.height > placed[best].height ? index : best), 0);
  const beside = placed[top].x > WIDTH / 2;
  const most = shape(
    "text",
    {
      class: "bar-number",
      x: placed[top].x + (beside ? placed[top].width : 0),
      y: HEAD - 5,
      "text-anchor": beside ? "end" : "start",
    },
    number(days[top].calls),
  );
  const first = shape("text", { class: "bar-date", x: 0, y: HEIGHT - 6 }, utcDay(days[0].date));
  const last = shape("text", { class: "bar-date", x: WIDTH, y: HEIGHT - 6, "text-anchor": "end" }, "Today (UTC)");
  const floor = shape("line", { class: "bar-floor", x1: 0, x2: WIDTH, y1: FLOOR + 0.5, y2: FLOOR + 0.5 });
  return shape(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...drawn,
    floor,
    most,
    first,
    last,
  );
}

function table(days) {
  const rows = [...days]
    .reverse()
    .map((each) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, each.date),
        element("td", { class: "amount" }, number(each.calls)),
        element("td", { class: "amount" }, number(each.credits)),
      ),
    );
  return element(
    "div",
    { class: "scroll usage-table", tabindex: "0", role: "region", "aria-label": "Calls by day" },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, "Day (UTC)"),
          element("th", { scope: "col", class: "amount" }, "Calls"),
          element("th", { scope: "col", class: "amount" }, "Credits"),
        ),
      ),
      element("tbody", {}, ...rows),
    ),
  );
}
