"""Debian's Chromium for the end-to-end tests. Whatever a page should not do is written down and fails the test:
a word on the console, an exception, a breach of the content security policy, a request to somewhere else."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PAGES = {
    "home": "/",
    "docs": "/docs/",
    "reference": "/reference/",
    "playground": "/playground/",
    "account": "/account/",
}

FLAGS = (
    "--no-sandbox",  # tests run as root in containers
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

TELL_OF_BREACHES = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""

PATIENCE_MS = 60_000
"""Chromium draws with the processor here, and a busy machine has little of it to give."""

ANSWERED_WITH_AN_ERROR = "Failed to load resource: the server responded with a status of "
"""What Chromium says of every 4xx that a script asked for. `Visit.answers` has them, with their paths."""


@dataclass(frozen=True)
class Look:
    """A screen and the colours that its owner prefers."""

    device: Literal["desktop", "phone"]
    colours: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.device}-{self.colours}"

    @property
    def context(self) -> dict[str, Any]:
        shared: dict[str, Any] = {"color_scheme": self.colours, "locale": "en-GB", "accept_downloads": True}
        if self.device == "phone":
            screen = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
            return shared | screen | {"is_mobile": True, "has_touch": True}
        return shared | {"viewport": {"width": 1280, "height": 800}}


LOOKS = [Look(device, colours) for device in ("desktop", "phone") for colours in ("light", "dark")]


@dataclass
class Visit:
    """One person's browser at the site, and everything it should not have done."""

    context: BrowserContext
    page: Page
    home: str
    look: Look
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go there and wait until nothing more is loaded."""
        answer = self.page.goto(f"{self.home}{path}", wait_until="networkidle")
        assert answer is None or answer.headers["content-type"] == "text/html; charset=utf-8", (
            path
        )  # None: only the hash
        return self.page

    def screenshot(self, name: str, whole: bool = True) -> None:
        """Write build/screenshots/NAME-LOOK.png."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{name}-{self.look}.png"
        self.page.screenshot(path=file, full_page=whole, animations="disabled", timeout=PATIENCE_MS)

    def barriers(self) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands; one line each."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
            AXE_RULES,
        )
        return [
            f"{violation['impact']} {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ANSWERED_WITH_AN_ERROR):
            self.complaints.append(f"console {message.type}: {message.text}")

    def see(self, request: Request) -> None:
        self.requests.append(request.url)
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(f"{self.home}/"):
            self.complaints.append(f"request to somewhere else: {request.url}")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. Not for a whole run: while it is open, no test of this thread can have an event loop of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(browser: Browser, home: str, look: Look, **context: Any) -> Iterator[Visit]:
    """A fresh profile, without cookies. At its end it must have nothing to complain about."""
    opened = browser.new_context(**look.context | context)
    opened.set_default_timeout(PATIENCE_MS)
    opened.add_init_script(TELL_OF_BREACHES)
    visit = Visit(opened, opened.new_page(), home, look)
    opened.on("console", visit.hear)
    opened.on("weberror", lambda error: visit.complaints.append(f"exception: {error.error}"))
    opened.on("request", visit.see)
    yield visit
    opened.close()
    assert not visit.complaints, "\n".join(visit.complaints)
