"""`python -m tests.e2e.weight`: what the pages weigh and when they can be used, in Chromium against a local machine.

Bytes are those that cross the wire here, where nothing is compressed, and those that CloudFront would send (gzip).
A page can be used when its scripts have run and no task longer than 50 ms is left (time to interactive, with the
first load's network quiet). One table, and build/pages.json.
"""

import gzip
import json
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import requests
from playwright.sync_api import Browser, Response

from tests.e2e import browsing, local_machine
from tests.e2e.browsing import PAGES, Look

RUNS = 5
REPORT = browsing.ROOT / "build" / "pages.json"

LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longTasks.push(task.startTime + task.duration);
}).observe({type: "longtask", buffered: true});
"""
TIMES = """() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  return {painted, usable: Math.max(painted, navigation.domContentLoadedEventEnd, ...window.longTasks)};
}"""


@dataclass(frozen=True)
class Weight:
    """Of one page's first load. Bytes of bodies; milliseconds since the navigation began, the median of the runs."""

    page: str
    requests: int
    bytes: int
    bytes_of_pictures: int
    bytes_compressed: int
    painted_ms: float
    usable_ms: float

    @property
    def bytes_without_pictures(self) -> int:
        return self.bytes - self.bytes_of_pictures


def weigh(browser: Browser, home: str, name: str, runs: int = RUNS) -> Weight:
    """Load a page a few times, each time as somebody who was never here."""
    loads = [_load(browser, f"{home}{PAGES[name]}") for _ in range(runs)]
    bodies, _ = loads[0]
    return Weight(
        page=name,
        requests=len(bodies),
        bytes=sum(len(body) for body, _ in bodies),
        bytes_of_pictures=sum(len(body) for body, is_picture in bodies if is_picture),
        bytes_compressed=sum(min(len(body), len(gzip.compress(body, 6))) for body, _ in bodies),
        painted_ms=statistics.median(times["painted"] for _, times in loads),
        usable_ms=statistics.median(times["usable"] for _, times in loads),
    )


def _load(browser: Browser, url: str) -> tuple[list[tuple[bytes, bool]], dict[str, float]]:
    """Bodies of a first load, each with whether it is a photograph or a map of one; and its times."""
    context = browser.new_context(**Look("desktop", "light").context)
    context.add_init_script(LONG_TASKS)
    page = context.new_page()
    answers: list[Response] = []

    def keep(answer: Response) -> None:  # a list's own append cannot be listened with
        answers.append(answer)

    page.on("response", keep)
    page.goto(url, wait_until="networkidle")
    times: dict[str, float] = page.evaluate(TIMES)
    # Fetched once more: the browser has let go of some, a worker's for one.
    bodies = [
        (requests.get(answer.url, timeout=30).content, _is_picture(answer)) for answer in answers if _has_body(answer)
    ]
    context.close()
    return bodies, times


def _has_body(answer: Response) -> bool:
    return answer.url.startswith("http") and answer.request.method == "GET" and answer.status == 200


def _is_picture(answer: Response) -> bool:
    kind = answer.headers.get("content-type", "")
    return kind.startswith("image/") and "svg" not in kind


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        local_machine.started(Path(folder), "--in-memory") as machine,
        browsing.chromium() as browser,
    ):
        weights = [weigh(browser, machine.url, name) for name in PAGES]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(weight) for weight in weights], indent=1) + "\n")
    print("page         requests   kB  without pictures  compressed  painted  usable")
    for one in weights:
        kilobytes = (one.bytes, one.bytes_without_pictures, one.bytes_compressed)
        all_of_it, bare, compressed = (f"{count / 1000:.0f}" for count in kilobytes)
        print(
            f"{one.page:12} {one.requests:8} {all_of_it:>4} {bare:>17} {compressed:>11}"
            f" {one.painted_ms:5.0f} ms {one.usable_ms:4.0f} ms"
        )


if __name__ == "__main__":
    main()
