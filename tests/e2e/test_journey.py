"""The whole way of a person who was never here, in Chromium, on a desk and on a phone: from the first page to a depth
map, a mesh, a bought pack, and out again with nothing left behind."""

import io
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from portrait import tariff
from tests.e2e import browsing
from tests.e2e.browsing import Look, Visit
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import Visitor, mailed_code, new_address

pytestmark = [pytest.mark.e2e, pytest.mark.outside]

BOUGHT = tariff.PACKS[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture(params=[Look("desktop", "light"), Look("phone", "dark")], ids=str)
def visit(request: pytest.FixtureRequest, browser: Browser, machine: Machine) -> Iterator[Visit]:
    look: Look = request.param
    permissions = ["clipboard-read", "clipboard-write"]
    with browsing.visiting(browser, machine.url, look, permissions=permissions) as visit:
        yield visit


def stands(visit: Visit, name: str, whole: bool = True) -> None:
    """A state of a page worth seeing (`whole`, or what of it the screen shows), without a serious barrier in it."""
    visit.screenshot(name, whole)
    assert visit.barriers() == []


def test_from_the_first_page_to_the_last(visit: Visit, machine: Machine, portrait: Path) -> None:
    page, address = visit.page, new_address()
    come_in(visit)
    sign_in(visit, machine, address)
    claim(visit)
    key = make_key(visit)
    see_depth(visit, key, portrait)
    take_along(visit, portrait)
    buy(visit)
    read_statement(visit)
    refuse_what_is_revoked(visit, machine, key, portrait)
    sign_out(visit)
    sign_in(visit, machine, address)
    delete_account(visit, address)
    assert page.context.cookies() == []


def come_in(visit: Visit) -> None:
    page = visit.open("/")
    stands(visit, "journey-01-home")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_in(visit: Visit, machine: Machine, address: str) -> None:
    page = visit.page
    stands(visit, "journey-02-signed-out")
    page.get_by_label("E-mail").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    code = page.get_by_label("Code", exact=True)
    expect(code).to_be_focused()
    stands(visit, "journey-03-code")
    right = mailed_code(machine, address)
    code.fill(f"{(int(right) + 1) % 1_000_000:06d}")
    expect(code).to_have_attribute("aria-invalid", "true")
    stands(visit, "journey-04-wrong-code")
    code.fill(f"{right[:3]} {right[3:]}")
    shown = page.locator("#account-email")  # the step before names the address, too, until it is hidden
    expect(shown).to_have_text(address)
    expect(shown).to_be_visible()
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_focused()


def claim(visit: Visit) -> None:
    page = visit.page
    expect(page.locator("#credits")).to_have_text("0")
    page.wait_for_load_state("networkidle")
    stands(visit, "journey-05-new-account")
    page.get_by_role("button", name="Claim 100 free credits").click()
    expect(page.locator("#credits")).to_have_text("100")
    expect(page.get_by_role("button", name="Claim 100 free credits")).to_be_hidden()
    expect(page.get_by_text("100 credits added.")).to_be_focused()


def make_key(visit: Visit) -> str:
    page = visit.page
    page.get_by_label("Name of a new key").fill("My <b>first</b> key & co")
    page.get_by_role("button", name="Create key").click()
    shown = page.locator("#new-key")
    expect(shown).to_have_text(re.compile(r"^pd_live_\w{30}$"))
    expect(page.get_by_role("list", name="Live keys").get_by_text("My <b>first</b> key & co")).to_be_visible()
    stands(visit, "journey-06-key")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied == shown.text_content()
    page.get_by_role("button", name="Use it in the playground").click()
    return copied


def see_depth(visit: Visit, key: str, portrait: Path) -> None:
    page = visit.page
    expect(page.get_by_role("heading", name="Playground", level=1)).to_be_visible()
    assert key not in page.url
    page.wait_for_load_state("networkidle")
    stands(visit, "journey-07-playground")
    drop(page, portrait)
    expect(page.locator("#caption")).to_contain_text(portrait.name)
    page.get_by_role("button", name="Make the depth map").click()
    expect(page.locator("#caption")).to_contain_text("1 credit", timeout=60_000)
    expect(page.locator("#key")).to_contain_text("99 credits left")
    expect(page.locator("#depth")).to_be_visible()
    stands(visit, "journey-08-depth")
    page.get_by_text("Relief", exact=True).click()
    canvas = page.locator("canvas#relief")
    expect(canvas).to_be_visible()
    expect(page.locator("#frame-told")).to_be_hidden(timeout=30_000)
    assert is_drawn(canvas.screenshot())
    before = canvas.screenshot()
    canvas.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)  # the turn is an animation: there is no event to wait for
    assert canvas.screenshot() != before
    stands(visit, "journey-09-relief")


def drop(page: Page, picture: Path) -> None:
    """Drop a file from the desk onto the page."""
    transfer = page.evaluate_handle(
        """async ({bytes, name}) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
            return transfer;
        }""",
        {"bytes": list(picture.read_bytes()), "name": picture.name},
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#frame", kind, {"dataTransfer": transfer})


def is_drawn(screenshot: bytes) -> bool:
    """More than one flat colour."""
    with Image.open(io.BytesIO(screenshot)) as picture:
        return float(np.asarray(picture.convert("L")).std()) > 10


def take_along(visit: Visit, portrait: Path) -> None:
    """Each file as it is downloaded: right kind, right size."""
    with Image.open(portrait) as picture:
        size = picture.size
    with Image.open(io.BytesIO(downloaded(visit.page, "16-bit PNG"))) as png:
        values = np.asarray(png)
        assert (png.format, png.size, values.dtype) == ("PNG", size, np.uint16)
    assert len(np.unique(values)) > 1000
    with Image.open(io.BytesIO(downloaded(visit.page, "JPEG"))) as jpeg:
        assert (jpeg.format, jpeg.size) == ("JPEG", size)
    points, triangles = read_glb(downloaded(visit.page, "GLB mesh"))
    assert points > 10_000 and triangles > 10_000
    header = downloaded(visit.page, "PLY mesh")[:500]
    assert header.startswith(b"ply\nformat binary_little_endian 1.0\n")
    assert f"element vertex {points}\n".encode() in header


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return Path(waiting.value.path()).read_bytes()


def read_glb(data: bytes) -> tuple[int, int]:
    """Points and triangles of a binary glTF's meshes (glTF 2.0, 4.4)."""
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    scene = json.loads(data[20 : 20 + size])
    parts = [part for mesh in scene["meshes"] for part in mesh["primitives"]]
    accessors = scene["accessors"]
    points = sum(accessors[part["attributes"]["POSITION"]]["count"] for part in parts)
    return points, sum(accessors[part["indices"]]["count"] for part in parts) // 3


def buy(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.home}/account/#buy", wait_until="networkidle")
    stands(visit, "journey-10-account")
    page.get_by_role("button", name=re.compile(f"^Buy for .*: {BOUGHT.credits} credits$")).click()
    page.wait_for_url("**/checkout/**")
    stands(visit, "journey-11-checkout")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url("**/account/**")
    expect(page.locator("#credits")).to_have_text(str(99 + BOUGHT.credits))


def read_statement(visit: Visit) -> None:
    page = visit.page
    rows = page.locator("#statement-list tbody tr")
    expect(rows).to_have_count(3)
    for row, (kind, credits) in enumerate(
        (("Payment", f"+{BOUGHT.credits}"), ("Call", "\u22121"), ("Free credits", "+100"))
    ):
        expect(rows.nth(row)).to_contain_text(kind)
        expect(rows.nth(row)).to_contain_text(credits)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 1 + 3
    expect(page.get_by_role("heading", name="Calls by day")).to_be_visible()
    expect(page.locator("#usage")).to_contain_text("1")
    stands(visit, "journey-12-statement")


def refuse_what_is_revoked(visit: Visit, machine: Machine, key: str, portrait: Path) -> None:
    page = visit.page
    page.get_by_role("button", name="Revoke My <b>first</b> key & co").click()
    question = page.get_by_role("dialog")
    expect(question).to_be_visible()
    stands(visit, "journey-13-revoke", whole=False)
    question.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    expect(page.get_by_role("heading", name="Keys", exact=True)).to_be_focused()
    answer = Visitor(machine).depth(key, portrait)
    assert (answer.status_code, answer.json()["code"]) == (403, "revoked_api_key")


def sign_out(visit: Visit) -> None:
    page = visit.page
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert requests.get(f"{visit.home}/session/v1", cookies=cookies, timeout=30).status_code == 401
    page.reload(wait_until="networkidle")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def delete_account(visit: Visit, address: str) -> None:
    page = visit.page
    page.get_by_role("button", name="Delete account").click()
    question = page.get_by_role("dialog")
    question.get_by_role("textbox").fill(address)
    stands(visit, "journey-14-delete", whole=False)
    question.get_by_role("button", name="Delete account").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
