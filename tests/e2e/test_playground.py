"""The playground and the account page where things go wrong: refusals say what to do, and nothing is paid twice."""

import io
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from portrait import keys
from portrait.register import Register
from tests.e2e import browsing
from tests.e2e.browsing import Look, Visit
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import COOKIE, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.outside]

CALL = "**/portrait-depth-estimation/v1"
NORMALS_CALL = "**/portrait-surface-normals/v1"
SHOW_NORMALS = "document.getElementById('normals-choice').hidden = false"
"""As a build of the pages does, once the network that is served knows normals."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, machine: Machine) -> Iterator[Visit]:
    with browsing.visiting(browser, machine.url, Look("desktop", "light")) as visit:
        yield visit


@pytest.fixture
def page(visit: Visit, key: str) -> Page:
    """The playground, with a key of 100 credits."""
    page = visit.open("/playground/")
    page.get_by_label("Or paste a key").fill(key)
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.locator("#key")).to_contain_text("100 credits left")
    return page


def picture(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def drawn(size: tuple[int, int], kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (90, 90, 90)).save(file, kind)
    return file.getvalue()


def call(page: Page) -> None:
    page.get_by_role("button", name="Make the depth map").click()


UNFIT: dict[str, tuple[Callable[[], bytes], str]] = {
    "IMG_0001.HEIC": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "HEIC"),
    "wrong-name.jpg": (lambda: drawn((40, 50), "GIF"), "GIF is not supported"),
    "large.png": (lambda: drawn((5001, 5000), "PNG"), "The picture has 25.1 megapixels; the limit is 25."),
    "heavy.jpg": (lambda: drawn((40, 50), "JPEG") + bytes(31_457_280), "the limit is 30.0 MB"),
    "empty.jpg": (lambda: b"", "The file is empty."),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_the_service_would_refuse_is_not_even_sent(visit: Visit, page: Page, name: str, tmp_path: Path) -> None:
    data, told = UNFIT[name]
    file = tmp_path / name
    file.write_bytes(data())
    page.locator("#file").set_input_files(file)
    expect(page.locator("#unfit")).to_contain_text(told)
    expect(page.get_by_role("button", name="Make the depth map")).to_have_attribute("aria-disabled", "true")
    assert visit.barriers() == []
    assert not [address for address in visit.requests if "depth-estimation" in address]


def test_a_picture_that_the_browser_can_read_is_converted_where_it_is(page: Page) -> None:
    page.locator("#file").set_input_files(picture("animated.gif", drawn((400, 500), "GIF")))
    page.get_by_role("button", name="Convert it to JPEG").click()
    expect(page.locator("#caption")).to_contain_text("animated.jpg: 400 × 500")
    call(page)
    expect(page.locator("#caption")).to_contain_text("no person was found")
    expect(page.locator("#key")).to_contain_text("99 credits left")


def test_a_picture_that_cannot_be_read_costs_nothing_and_the_page_says_so(
    visit: Visit, page: Page, portrait: Path
) -> None:
    page.locator("#file").set_input_files(picture("cut.jpg", portrait.read_bytes()[:60_000]))
    call(page)
    failure = page.locator("#failure")
    expect(failure).to_contain_text("Input image could not be read")
    expect(failure).to_contain_text("Nothing was charged")
    expect(failure.get_by_role("button", name="Choose another picture")).to_be_visible()
    expect(page.locator("#key")).to_contain_text("100 credits left")
    assert visit.barriers() == []


def test_a_lost_answer_is_fetched_again_without_paying_again(
    visit: Visit, page: Page, machine: Machine, portrait: Path
) -> None:
    def lose(route: Route) -> None:
        """The call arrives and is paid (sent from here: a browser's files cannot be passed on), its answer does not."""
        headers = {name: route.request.headers[name] for name in ("x-api-key", "idempotency-key")}
        files, options = {"image_file": portrait.read_bytes()}, {"output_format": "png16"}
        answer = requests.post(machine.depth_url, headers=headers, files=files, data=options, timeout=60)
        assert answer.headers["x-credits-consumed"] == "1"
        route.abort()

    page.route(CALL, lose, times=1)
    page.locator("#file").set_input_files(portrait)
    call(page)
    failure = page.locator("#failure")
    expect(failure).to_contain_text("could not be reached", timeout=30_000)
    failure.get_by_role("button", name="Try again").click()
    expect(page.locator("#caption")).to_contain_text("a repeat, free", timeout=30_000)
    expect(page.locator("#key")).to_contain_text("99 credits left")
    visit.complaints = [each for each in visit.complaints if "ERR_FAILED" not in each]


def test_a_full_minute_is_waited_for(page: Page, portrait: Path) -> None:
    told = '{"error": "Too many requests, blocked by the rate limiter: retry in 2 s", "code": "rate_limited"}'
    page.route(CALL, lambda route: route.fulfill(status=429, headers={"retry-after": "2"}, body=told), times=1)
    page.locator("#file").set_input_files(portrait)
    call(page)
    again = page.locator("#failure").get_by_role("button")
    expect(again).to_be_disabled()
    expect(again).to_have_text("Try again")
    again.click()
    expect(page.locator("#caption")).to_contain_text("1 credit", timeout=30_000)


def test_a_picture_is_not_overtaken_by_the_answer_for_the_one_before(page: Page, portrait: Path) -> None:
    page.route(CALL, lambda route: None, times=1)  # no answer yet
    page.locator("#file").set_input_files(portrait)
    call(page)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.locator("#file").set_input_files(picture("second.png", drawn((30, 40), "PNG")))
    expect(page.locator("#caption")).to_contain_text("second.png: 30 × 40")
    expect(page.locator("#depth")).to_be_hidden()
    expect(page.get_by_role("button", name="Make the depth map")).to_have_attribute("aria-disabled", "false")


def test_a_call_that_was_left_for_another_picture_can_be_gone_back_to_without_paying_again(
    visit: Visit, page: Page, portrait: Path
) -> None:
    sent: list[str] = []

    def keep_waiting(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])

    page.route(CALL, keep_waiting, times=1)
    page.locator("#file").set_input_files(portrait)
    call(page)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.locator("#file").set_input_files(picture("empty.jpg", b""))
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()  # it did not take the place of what is on its way
    page.locator("#file").set_input_files(picture("second.png", drawn((30, 40), "PNG")))
    abandoned = page.locator("#abandoned")
    expect(abandoned).to_contain_text("it may be charged; repeating it is then free")
    assert visit.barriers() == []
    abandoned.get_by_role("button", name=f"Go back to {portrait.name}").click()
    expect(page.locator("#caption")).to_contain_text(portrait.name)
    expect(abandoned).to_be_hidden()
    with page.expect_request(CALL) as repeated:
        call(page)
    assert [repeated.value.headers["idempotency-key"]] == sent
    expect(page.locator("#caption")).to_contain_text("1 credit", timeout=30_000)


def test_normals_are_a_call_of_their_own_and_the_page_says_what_it_costs(
    visit: Visit, page: Page, portrait: Path
) -> None:
    headers = {"x-credits-consumed": "1", "x-remaining-credits": "98", "x-person-coverage": "0.5"}
    answer = drawn((960, 1200), "PNG")
    sent: list[str] = []

    def fulfil(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        route.fulfill(headers=headers, content_type="image/png", body=answer)

    page.route(NORMALS_CALL, fulfil)
    page.evaluate(SHOW_NORMALS)
    page.locator("#file").set_input_files(portrait)
    with page.expect_request(CALL) as first:
        call(page)
    expect(page.locator("#caption")).to_contain_text("1 credit", timeout=30_000)
    page.get_by_text("Normals", exact=True).click()
    expect(page.locator("#normals-offer")).to_contain_text("a call of their own, which costs 1 more credit")
    assert visit.barriers() == []
    visit.screenshot("normals-offered")
    page.get_by_role("button", name="Make the normal map for 1 credit").click()
    expect(page.locator("#key")).to_contain_text("98 credits left")
    expect(page.get_by_alt_text("Its normal map")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Normals PNG").click()
    assert Path(waiting.value.path()).read_bytes() == answer
    page.get_by_text("Depth", exact=True).click()
    expect(page.get_by_alt_text("Its depth map")).to_be_visible()
    assert sent == [f"{first.value.headers['idempotency-key']}-normals"]


def test_normals_that_the_service_does_not_know_cost_nothing_and_are_not_offered_again(
    page: Page, portrait: Path
) -> None:
    unknown = '{"error": "Unknown url", "code": "unknown_url", "status": 404}'
    page.route(NORMALS_CALL, lambda route: route.fulfill(status=404, content_type="application/json", body=unknown))
    page.evaluate(SHOW_NORMALS)
    page.locator("#file").set_input_files(portrait)
    call(page)
    expect(page.locator("#caption")).to_contain_text("1 credit", timeout=30_000)
    page.get_by_text("Normals", exact=True).click()
    page.get_by_role("button", name="Make the normal map for 1 credit").click()
    expect(page.locator("#failure")).to_contain_text("knows no surface normals")
    expect(page.locator("#normals-choice")).to_be_hidden()
    expect(page.get_by_alt_text("Its depth map")).to_be_visible()
    expect(page.locator("#key")).to_contain_text("99 credits left")


def test_a_key_that_is_no_more_is_forgotten(page: Page, register: Register, key: str, portrait: Path) -> None:
    register.revoke_key(keys.digest(key), time.time())
    page.locator("#file").set_input_files(portrait)
    call(page)
    expect(page.locator("#failure")).to_contain_text("Revoked api key")
    expect(page.get_by_label("Or paste a key")).to_be_visible()
    assert page.evaluate("Object.values(sessionStorage)") == []


def test_an_example_costs_nothing_and_comes_along_as_a_valid_mesh(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("/playground/")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="GLB mesh").click()
    mesh = tmp_path / "mesh.glb"
    waiting.value.save_as(mesh)
    assert issues(mesh) == "0 0 image/jpeg"
    assert not [address for address in visit.requests if "depth-estimation" in address]


def issues(mesh: Path) -> str:
    """Errors and warnings of the glTF validator, and what kind of picture the mesh wears."""
    script = """
        import { readFile } from "node:fs/promises";
        import validator from "gltf-validator";
        const { issues, info } = await validator.validateBytes(new Uint8Array(await readFile(process.argv[1])));
        const worn = info.resources.find((each) => each.image);
        console.log(issues.numErrors, issues.numWarnings, worn.mimeType);
    """
    command = ["node", "--input-type=module", "--eval", script, str(mesh)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


NO_WEBGL = """
HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext, {
  apply: (get, canvas, [kind, ...rest]) => (kind.startsWith("webgl") ? null : get.call(canvas, kind, ...rest)),
});
"""


def test_without_webgl_everything_but_the_relief_works(machine: Machine, browser: Browser) -> None:
    with browsing.visiting(browser, machine.url, Look("phone", "dark")) as visit:
        visit.context.add_init_script(NO_WEBGL)
        page = visit.open("/playground/")
        page.get_by_text("Relief", exact=True).click()
        expect(page.locator("#frame-told")).to_contain_text("needs WebGL 2")
        with page.expect_download():
            page.get_by_role("button", name="PLY mesh").click()
        visit.complaints = [each for each in visit.complaints if "WebGL" not in each]


def test_a_key_is_renamed_and_revoked_from_the_keyboard_alone(visit: Visit, machine: Machine) -> None:
    person = Visitor(machine).sign_in()
    visit.context.add_cookies([{"name": COOKIE, "value": person.token, "url": machine.url}])
    page = visit.open("/account/")
    page.get_by_label("Name of a new key").fill("first")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copy this key now.")).to_be_focused()
    page.get_by_role("button", name="Rename first").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Rename first")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the key")).to_be_focused()
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Rename second")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Revoke key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keys", exact=True)).to_be_focused()
    expect(page.locator("#key-shown")).to_be_empty()  # a key that opens nothing is not to be copied


def test_a_session_that_has_ended_leads_back_to_the_way_in(visit: Visit, machine: Machine) -> None:
    person = Visitor(machine).sign_in()
    visit.context.add_cookies([{"name": COOKIE, "value": person.token, "url": machine.url}])
    page = visit.open("/account/")
    expect(page.get_by_text(person.address)).to_be_visible()
    assert person.call("DELETE", "/session/v1?everywhere=true").status_code == 204
    page.get_by_label("Name of a new key").fill("late")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Your session has ended. Sign in again to continue.")).to_be_visible()
    expect(page.get_by_text(person.address)).to_be_hidden()
    assert visit.barriers() == []


def test_the_account_can_be_reached_again_after_a_broken_connection(visit: Visit) -> None:
    visit.page.route("**/session/v1", lambda route: route.abort(), times=1)
    page = visit.open("/account/")
    expect(page.get_by_role("heading", name="The account could not be loaded")).to_be_visible()
    assert visit.barriers() == []
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    visit.complaints = [each for each in visit.complaints if "ERR_FAILED" not in each]
