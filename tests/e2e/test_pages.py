"""Every page, on a desk and on a phone, light and dark: it loads from here alone, says nothing on the console,
keeps its content security policy, and puts nothing serious in the way of anybody (axe-core)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e import browsing
from tests.e2e.browsing import LOOKS, Look, Visit
from tests.e2e.local_machine import Machine

PAGES = {
    "home": "/",
    "docs": "/docs/",
    "reference": "/reference/",
    "playground": "/playground/",
    "account": "/account/",
}

pytestmark = [pytest.mark.e2e, pytest.mark.outside]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture(params=LOOKS, ids=str)
def visit(request: pytest.FixtureRequest, browser: Browser, machine: Machine) -> Iterator[Visit]:
    look: Look = request.param
    with browsing.visiting(browser, machine.url, look) as visit:
        yield visit


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_open_to_everybody(visit: Visit, name: str) -> None:
    visit.open(PAGES[name])
    visit.screenshot(name)
    assert visit.barriers() == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_screen(visit: Visit, name: str) -> None:
    page = visit.open(PAGES[name])
    if visit.look.device == "phone":
        page.set_viewport_size({"width": 360, "height": 740})
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0
