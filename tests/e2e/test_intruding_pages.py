"""What another page can do to somebody who is signed in here, and what text can do to a page: in Chromium."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browsing
from tests.e2e.browsing import Look, Visit
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import COOKIE, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.outside]

HOSTILE = '"><img src=x onerror="document.title=1"><b>bold</b>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def ada(machine: Machine) -> Visitor:
    return Visitor(machine).sign_in()


def carry_over(person: Visitor, page: Page) -> None:
    """Sign the browser in as a person is."""
    page.context.add_cookies(
        [{"name": COOKIE, "value": person.token, "url": person.machine.url, "httpOnly": True, "sameSite": "Lax"}]
    )


# ---- pages of others ----------------------------------------------------------------------------------


class EvilPage(http.server.BaseHTTPRequestHandler):
    """Any path is the same empty page; what it does is told it by the test."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title><body>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def evil_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EvilPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(params=["127.0.0.1", "localhost"])
def evil(
    request: pytest.FixtureRequest, browser: Browser, machine: Machine, ada: Visitor, evil_port: int
) -> Iterator[Page]:
    """A page of another port, to which the cookie counts as at home (127.0.0.1), or of another site (localhost),
    in the browser of somebody who is signed in here."""
    context = browser.new_context()
    page = context.new_page()
    carry_over(ada, page)
    page.goto(f"http://{request.param}:{evil_port}/")
    yield page
    context.close()


ATTEMPTS = [
    ("POST", "/account/v1/claim", "{}"),
    ("POST", "/account/v1/keys", '{"name": "mine"}'),
    ("POST", "/account/v1/checkout", '{"pack": "pack-500"}'),
    ("DELETE", "/session/v1?everywhere=true", ""),
    ("DELETE", "/account/v1", '{"confirm": "ADDRESS"}'),
]


def standing(person: Visitor) -> tuple[object, object]:
    return person.session(), person.call("GET", "/account/v1/keys").json()


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_scripts_of_another_page_change_nothing(evil: Page, ada: Visitor, mode: str, content_type: str) -> None:
    before = standing(ada)
    for method, path, body in ATTEMPTS:
        evil.evaluate(
            """async ([url, method, body, mode, type]) => {
                const asked = {method, mode, credentials: "include", headers: {"content-type": type}};
                await fetch(url, body ? {...asked, body} : asked).catch(() => {});
            }""",
            [f"{ada.machine.url}{path}", method, body.replace("ADDRESS", ada.address), mode, content_type],
        )
    assert standing(ada) == before


def test_forms_of_another_page_change_nothing(evil: Page, ada: Visitor) -> None:
    before = standing(ada)
    for method, path, body in ATTEMPTS:
        if method == "POST":
            with evil.context.expect_page() as opened:
                evil.evaluate(
                    """([url, body]) => {
                        const form = document.createElement("form");
                        Object.assign(form, {method: "post", action: url, enctype: "text/plain", target: "_blank"});
                        const field = document.createElement("input");
                        field.name = body.slice(0, -1) + (body.length > 2 ? ', "x": "' : '"x": "');
                        field.value = '"}';
                        form.append(field);
                        document.body.append(form);
                        form.submit();
                    }""",
                    [f"{ada.machine.url}{path}", body],
                )
            opened.value.wait_for_load_state()
            assert json.loads(opened.value.inner_text("body"))["status"] in (403, 415)
            opened.value.close()
    assert standing(ada) == before


def test_scripts_of_another_page_read_nothing(evil: Page, ada: Visitor) -> None:
    for path in ("/session/v1", "/account/v1/keys", "/account/v1/statement"):
        read = evil.evaluate(
            "url => fetch(url, {credentials: 'include'}).then(answer => answer.text(), () => 'refused by the browser')",
            f"{ada.machine.url}{path}",
        )
        assert read == "refused by the browser"


@pytest.mark.parametrize("path", ["/", "/account/", "/playground/"])
def test_no_page_is_shown_in_a_frame(evil: Page, ada: Visitor, path: str) -> None:
    evil.evaluate(
        """url => new Promise((loaded) => {
            const frame = document.createElement("iframe");
            Object.assign(frame, {src: url, onload: loaded});
            document.body.append(frame);
        })""",
        f"{ada.machine.url}{path}",
    )
    [frame] = evil.frames[1:]
    frame.wait_for_url("chrome-error://**")


# ---- text of others -----------------------------------------------------------------------------------


@pytest.fixture
def visit(browser: Browser, machine: Machine) -> Iterator[Visit]:
    with browsing.visiting(browser, machine.url, Look("desktop", "light")) as visit:
        yield visit


def test_names_of_keys_are_text(visit: Visit, ada: Visitor) -> None:
    ada.key(HOSTILE)
    carry_over(ada, visit.page)
    page = visit.open("/account/")
    live = page.get_by_role("list", name="Live keys")
    expect(live.get_by_text(HOSTILE)).to_be_visible()
    page.get_by_role("button", name=f"Rename {HOSTILE}").click()
    expect(page.get_by_label("Name of the key")).to_have_value(HOSTILE)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name=f"Revoke {HOSTILE}").click()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    assert "Account" in page.title()


def test_an_address_is_text(visit: Visit, machine: Machine) -> None:
    address = "o'neil+<b>@example.com"
    page = visit.open("/account/")
    page.get_by_label("E-mail").fill(address)
    page.locator("form.signing").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_text("address").first).to_be_visible()
    assert page.locator("b").count() == 0


def test_what_a_link_carries_is_not_run(visit: Visit) -> None:
    for path in ("/", "/docs/", "/reference/", "/playground/", "/account/"):
        for tail in (
            "?x=<script>document.title=1</script>",
            "#<img src=x onerror=document.title=1>",
            "#javascript:alert(1)",
        ):
            visit.open(f"{path}{tail}")
            assert visit.page.title() not in ("1", "")


def test_a_session_that_ended_elsewhere_leads_to_the_way_in(visit: Visit, ada: Visitor) -> None:
    carry_over(ada, visit.page)
    page = visit.open("/account/")
    expect(page.locator("#account-email")).to_have_text(ada.address)
    expect(page.locator("#account-id")).to_have_text(ada.session()["account_id"])  # what the operator gives credits to
    assert ada.call("DELETE", "/session/v1?everywhere=true").status_code == 204
    page.get_by_label("Name of a new key").fill("too late")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    assert visit.barriers() == []
