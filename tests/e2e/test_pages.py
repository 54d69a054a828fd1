"""Every page, on a desk and on a phone, light and dark: it loads from here alone, says nothing on the console,
keeps its content security policy, and puts nothing serious in the way of anybody (axe-core)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e import browsing, weight
from tests.e2e.browsing import LOOKS, PAGES, Look, Visit
from tests.e2e.local_machine import Machine

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
    visit.screenshot(name, whole=name != "reference")  # that one is as long as the contract
    assert visit.barriers() == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_small_phone(browser: Browser, machine: Machine, name: str) -> None:
    with browsing.visiting(
        browser, machine.url, Look("phone", "light"), viewport={"width": 360, "height": 740}
    ) as visit:
        page = visit.open(PAGES[name])
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0


HOME_BYTES = 150_000
"""Of the first page, without its pictures, uncompressed."""


def test_the_first_page_is_light(browser: Browser, machine: Machine) -> None:
    home = weight.weigh(browser, machine.url, "home", runs=1)
    assert 10_000 < home.bytes_without_pictures < HOME_BYTES
