/* How far a call is. */

import { element, part } from "../account/elements.js";

/** Say it in words and by a bar: how much is sent, then how long the service has been at it. `stop()` takes both away. */
export function showProgress() {
  const bar = part("bar");
  const told = part("progress-told");
  let since;
  // A screen reader hears what changes, and not how far it is each second.
  const tell = (text, far = "") => told.replaceChildren(text, element("span", { "aria-hidden": "true" }, far));
  const tick = () => {
    if (since) told.lastElementChild.textContent = ` ${Math.round((performance.now() - since) / 1000)} s`;
  };
  const every = setInterval(tick, 1000);
  part("progress").hidden = false;
  bar.value = 0;
  tell("Sending …");
  return {
    sent(share) {
      if (share < 1) {
        bar.value = share;
        told.lastElementChild.textContent = ` ${Math.round(share * 100)} %`;
      } else if (!since) {
        since = performance.now();
        bar.removeAttribute("value"); // nobody knows how far it is
        tell("Computing …");
      }
    },
    stop() {
      clearInterval(every);
      part("progress").hidden = true;
    },
  };
}
