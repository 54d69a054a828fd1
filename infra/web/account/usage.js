/* Calls by day: a drawing for the eye, the same numbers as a table for everybody else. */

import { element, shape } from "./elements.js";
import { counted, number, utcDay } from "./words.js";

const WIDTH = 600; // units of the drawing, which is stretched to the room that there is
const HEIGHT = 150;

/** The drawing and the table of `days`: [{date, calls, credits}], oldest first. */
export function drawUsage(days) {
  const calls = days.reduce((sum, each) => sum + each.calls, 0);
  if (calls === 0) {
    return element("p", { class: "empty" }, `No calls in the last ${days.length} days.`);
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
    const height = each.calls === 0 ? 0 : Math.max(2, (HEIGHT * each.calls) / highest);
    return { x: index * step + (step - width) / 2, y: HEIGHT - height, width, height };
  });
}

function chart(days, label) {
  const placed = bars(days);
  const drawn = days.map((each, index) => {
    const { x, y, width, height } = placed[index];
    const bar = shape("rect", { class: "bar", x, y, width, height });
    // The whole column answers the pointer: a bar of one call is too low to hit.
    const column = shape("rect", { class: "column-hit", x: x - 1, y: 0, width: width + 2, height: HEIGHT });
    return shape("g", {}, shape("title", {}, `${utcDay(each.date)}: ${counted(each.calls, "call")}`), column, bar);
  });
  const drawing = shape(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...drawn,
  );
  const most = Math.max(...days.map((each) => each.calls));
  return element(
    "div",
    { class: "chart-frame" },
    element("p", { class: "chart-most", "aria-hidden": "true" }, `Busiest day: ${number(most)}`),
    drawing,
    element(
      "p",
      { class: "chart-dates", "aria-hidden": "true" },
      element("span", {}, utcDay(days[0].date)),
      element("span", {}, "Today (UTC)"),
    ),
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
    { class: "scroll usage-table", tabindex: "0", role: "region", "aria-label": "Calls by day, as a table" },
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
