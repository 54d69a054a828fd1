"""People who want into an account, or its credits, without being asked: over HTTP, against the running machine."""

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from portrait import tariff
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import COOKIE, JSON, WITHOUT_BODY, Visitor, letters, mailed_code, new_address

pytestmark = pytest.mark.e2e

AT_ONCE = 50
TURNED_AWAY = {429, 502}
"""By a limit, or by the machine's front: more calls wait than it lets wait."""


@pytest.fixture
def ada(machine: Machine) -> Visitor:
    """Somebody with an account, signed in."""
    return Visitor(machine).sign_in()


def at_once(work: Callable[[int], requests.Response], count: int = AT_ONCE) -> list[requests.Response]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(work, range(count)))


def statuses(answers: list[requests.Response]) -> dict[int, int]:
    return {
        status: [answer.status_code for answer in answers].count(status) for status in {a.status_code for a in answers}
    }


def code(answer: requests.Response) -> str:
    return str(answer.json()["code"])


# ---- calls that another site makes a browser send ------------------------------------------------------

FROM_ELSEWHERE = {
    "another site": {"sec-fetch-site": "cross-site"},
    "another port": {"sec-fetch-site": "same-site"},
    "another origin": {"origin": "https://evil.example"},
    "no origin of its own": {"origin": "null"},
    "an origin that begins alike": {"origin": "http://127.0.0.1.evil.example"},
}
CHANGES = {
    "POST /session/v1": {"email": "somebody@example.com", "code": "123456"},
    "POST /session/v1/code": {"email": "somebody@example.com"},
    "POST /account/v1/keys": {"name": "mine"},
    "POST /account/v1/claim": {},
    "POST /account/v1/checkout": {"pack": "pack-500"},
    "PATCH /account/v1/keys/ID": {"name": "mine"},
    "DELETE /account/v1/keys/ID": None,
    "DELETE /session/v1": None,
    "DELETE /session/v1?everywhere=true": None,
    "DELETE /account/v1": {"confirm": "ADDRESS"},
}


def change(person: Visitor, key: Any, name: str, headers: dict[str, str]) -> requests.Response:
    """One of CHANGES, as the page would send it but for `headers`."""
    method, path = name.replace("ID", key["id"]).split()
    body: Any = CHANGES[name]
    if body and "confirm" in body:
        body = {"confirm": person.address}
    return person.call(method, path, body, headers)


def standing(person: Visitor) -> Any:
    session, keys = person.session(), person.call("GET", "/account/v1/keys").json()
    return {name: session[name] for name in ("email", "account_id", "credits", "free_credits_claimed")} | keys


@pytest.mark.parametrize("sender", FROM_ELSEWHERE)
def test_no_other_page_changes_anything(ada: Visitor, sender: str) -> None:
    key = ada.key()
    before = standing(ada)
    for name, body in CHANGES.items():
        own = JSON if body is not None else WITHOUT_BODY
        answer = change(ada, key, name, own | FROM_ELSEWHERE[sender])
        assert (answer.status_code, code(answer)) == (403, "cross_site"), name
        assert "set-cookie" not in answer.headers, name
    assert standing(ada) == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_changes_nothing(ada: Visitor, content_type: str) -> None:
    """A form sends neither JSON nor a header of its own, and an old browser does not say where it comes from."""
    key = ada.key()
    before = standing(ada)
    for name in CHANGES:
        answer = change(ada, key, name, {"content-type": content_type})
        assert answer.status_code in (403, 415), name
    assert standing(ada) == before


def test_no_answer_lets_pages_of_other_origins_use_the_cookie(ada: Visitor) -> None:
    for path in ("/session/v1", "/account/v1/keys", "/account/v1/statement", "/nowhere"):
        answer = ada.call("GET", path, headers={"origin": "https://evil.example"})
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers.get("access-control-allow-origin", "*") == "*"


# ---- sessions -----------------------------------------------------------------------------------------


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(machine: Machine) -> None:
    person = Visitor(machine)
    person.ask_for_code()
    answer = person.enter(mailed_code(machine, person.address))
    pair, *rest = answer.headers["set-cookie"].split("; ")
    assert pair.startswith(f"{COOKIE}=") and len(pair) > len(COOKIE) + 1 + 40
    given = {part.lower() for part in rest}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={30 * 24 * 3600}"} <= given
    assert not any(part.startswith("domain") for part in given)


def test_a_stolen_cookie_ends_with_sign_out_everywhere(ada: Visitor) -> None:
    thief = ada.copy_of_the_cookie()
    elsewhere = Visitor(ada.machine, ada.address).sign_in()
    assert thief.session()["email"] == ada.address
    assert ada.call("DELETE", "/session/v1?everywhere=true").status_code == 204
    for person in (ada, thief, elsewhere):
        answer = person.call("GET", "/session/v1")
        assert (answer.status_code, code(answer)) == (401, "not_signed_in")
    assert thief.call("POST", "/account/v1/keys", {"name": "mine"}).status_code == 401


def test_a_stolen_cookie_ends_with_its_session_and_no_other_does(ada: Visitor) -> None:
    thief = ada.copy_of_the_cookie()
    elsewhere = Visitor(ada.machine, ada.address).sign_in()
    assert ada.call("DELETE", "/session/v1").status_code == 204
    assert thief.call("GET", "/session/v1").status_code == 401
    assert elsewhere.session()["email"] == ada.address


def test_a_cookie_that_was_planted_is_not_the_session_afterwards(machine: Machine, ada: Visitor) -> None:
    """Session fixation: somebody signs in on a browser that was given the intruder's own cookie."""
    planted = ada.token
    victim = Visitor(machine)
    victim.jar.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
    victim.ask_for_code()
    answer = victim.enter(mailed_code(machine, victim.address))
    assert answer.status_code == 200
    assert planted not in answer.headers["set-cookie"]
    intruder = Visitor(machine)
    intruder.jar.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
    found = intruder.call("GET", "/session/v1")
    assert found.status_code == 401 or found.json()["email"] == ada.address


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "' OR 1=1", "%00", "é", "x" * 4000])
def test_a_made_up_cookie_is_nobody(machine: Machine, token: str) -> None:
    answer = requests.get(
        f"{machine.url}/session/v1", headers={"cookie": f"{COOKIE}={token}".encode().decode("latin-1")}, timeout=30
    )
    assert (answer.status_code, code(answer)) == (401, "not_signed_in")


def test_one_account_does_not_reach_into_another(machine: Machine, ada: Visitor) -> None:
    key = ada.key()
    bob = Visitor(machine).sign_in()
    for method, body in (("PATCH", {"name": "mine"}), ("DELETE", None)):
        answer = bob.call(method, f"/account/v1/keys/{key['id']}", body)
        assert (answer.status_code, code(answer)) == (404, "unknown_key")
    assert ada.call("GET", "/account/v1/keys").json()["keys"][0]["revoked_at"] is None
    assert bob.call("DELETE", "/account/v1", {"confirm": ada.address}).status_code == 400
    assert ada.session()["email"] == ada.address


# ---- codes --------------------------------------------------------------------------------------------


def wrong(right: str, number: int = 0) -> str:
    """A code that is not the right one."""
    return f"{(int(right) + 1 + number) % 1_000_000:06d}"


def test_after_five_wrong_codes_the_right_one_is_wrong_too(machine: Machine) -> None:
    person = Visitor(machine)
    person.ask_for_code()
    right = mailed_code(machine, person.address)
    for number in range(5):
        answer = person.enter(wrong(right, number))
        assert (answer.status_code, code(answer)) == (403, "wrong_code")
    assert person.enter(right).status_code in (403, 429)
    assert COOKIE not in person.jar.cookies


def test_guesses_from_everywhere_at_once_have_five_tries_together(machine: Machine) -> None:
    """Fifty people guess in the same moment; then the right code is worth nothing."""
    person = Visitor(machine)
    person.ask_for_code()
    right = mailed_code(machine, person.address)
    answers = at_once(lambda number: Visitor(machine, person.address).enter(wrong(right, number)))
    assert set(statuses(answers)) <= {403} | TURNED_AWAY
    assert person.enter(right).status_code in (403, 429)


def test_a_code_is_used_once_also_by_fifty_at_once(machine: Machine) -> None:
    person = Visitor(machine)
    person.ask_for_code()
    right = mailed_code(machine, person.address)
    answers = at_once(lambda _: Visitor(machine, person.address).enter(right), 20)
    assert statuses(answers)[200] == 1, statuses(answers)
    assert person.enter(right).status_code in (403, 429)


def test_a_new_code_ends_the_one_before_it(machine: Machine) -> None:
    person = Visitor(machine)
    person.ask_for_code()
    first = mailed_code(machine, person.address)
    person.ask_for_code()
    if mailed_code(machine, person.address) != first:  # but for one time in a million
        assert person.enter(first).status_code == 403


def test_known_and_unknown_addresses_are_answered_alike(machine: Machine, ada: Visitor) -> None:
    answers = [Visitor(machine, address).ask_for_code() for address in (ada.address, new_address())]
    assert answers[0].status_code == answers[1].status_code == 202
    assert answers[0].json() == answers[1].json()
    varying = {"x-request-id", "date", "content-length"}
    assert {n: v for n, v in answers[0].headers.items() if n.lower() not in varying} == {
        n: v for n, v in answers[1].headers.items() if n.lower() not in varying
    }


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nBcc: victim@example.com",
        "a@example.com\nSubject: hello",
        "a@example.com, victim@example.com",
        '"<script>alert(1)</script>"@example.com',
        "<b>a</b>@example.com",
        "a@exam\u0000ple.com",
        "a" * 400 + "@example.com",
        "@",
    ],
)
def test_an_address_carries_nothing_into_a_letter(machine: Machine, address: str) -> None:
    before = list((machine.data / "outbox").glob("*.eml"))
    answer = Visitor(machine, address).ask_for_code()
    assert answer.status_code == 400 and code(answer) in ("invalid_email", "invalid_body")
    assert list((machine.data / "outbox").glob("*.eml")) == before
    assert not letters(machine, "victim@example.com")


def test_an_address_is_not_flooded_with_letters(machine: Machine) -> None:
    address = new_address()
    answers = at_once(lambda _: Visitor(machine, address).ask_for_code(), 30)
    assert {202, 429} <= set(statuses(answers)) <= {202} | TURNED_AWAY
    assert len(letters(machine, address)) == statuses(answers)[202] <= tariff.CODES_AN_HOUR
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1


# ---- credits ------------------------------------------------------------------------------------------


def test_fifty_claims_at_once_give_one_hundred_credits_once(ada: Visitor) -> None:
    answers = at_once(lambda _: ada.call("POST", "/account/v1/claim", {}))
    assert statuses(answers)[200] == 1, statuses(answers)
    assert set(statuses(answers)) <= {200, 409} | TURNED_AWAY
    assert ada.session()["credits"] == tariff.FREE_CREDITS
    entries = ada.call("GET", "/account/v1/statement").json()["entries"]
    assert [(entry["kind"], entry["credits"]) for entry in entries] == [("claim", tariff.FREE_CREDITS)]


def test_an_address_that_comes_back_has_claimed_already(machine: Machine, ada: Visitor) -> None:
    assert ada.call("POST", "/account/v1/claim", {}).status_code == 200
    assert ada.call("DELETE", "/account/v1", {"confirm": ada.address}).status_code == 204
    name, domain = ada.address.split("@")
    for address in (ada.address, f"{name.upper()}@{domain.upper()}"):
        again = Visitor(machine, address).sign_in()
        assert again.session()["credits"] == 0
        answer = again.call("POST", "/account/v1/claim", {})
        assert (answer.status_code, code(answer)) == (409, "already_claimed")
        assert again.session()["credits"] == 0


def test_a_deleted_account_s_keys_and_sessions_end_with_it(machine: Machine, ada: Visitor, portrait: Path) -> None:
    thief, text = ada.copy_of_the_cookie(), ada.key()["key"]
    assert ada.call("POST", "/account/v1/claim", {}).status_code == 200
    assert ada.call("DELETE", "/account/v1", {"confirm": ada.address}).status_code == 204
    assert thief.call("GET", "/session/v1").status_code == 401
    answer = ada.depth(text, portrait)
    assert (answer.status_code, code(answer)) == (403, "revoked_api_key")


def test_a_revoked_key_is_refused_from_the_next_call_on(ada: Visitor, portrait: Path) -> None:
    ada.call("POST", "/account/v1/claim", {})
    key = ada.key()
    assert ada.depth(key["key"], portrait).status_code == 200
    assert ada.call("DELETE", f"/account/v1/keys/{key['id']}").status_code == 200
    answer = ada.depth(key["key"], portrait)
    assert (answer.status_code, code(answer)) == (403, "revoked_api_key")
    assert ada.session()["credits"] == tariff.FREE_CREDITS - 1


def test_keys_made_at_once_are_ten_at_most(ada: Visitor) -> None:
    answers = at_once(lambda number: ada.call("POST", "/account/v1/keys", {"name": f"key {number}"}), 25)
    assert set(statuses(answers)) <= {201, 409, 503} | TURNED_AWAY
    live = [key for key in ada.call("GET", "/account/v1/keys").json()["keys"] if key["revoked_at"] is None]
    assert len(live) == statuses(answers)[201] <= tariff.LIVE_KEYS


# ---- text that is not what it seems -------------------------------------------------------------------

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("https://evil.example")',
    "+1+1|cmd",
    "@SUM(A1)",
    "-2+3",
    "\u202egnp.exe",
    "Ada's key ✨",
]


def test_names_come_back_as_they_were_given_and_as_json(ada: Visitor) -> None:
    for name in HOSTILE_NAMES:
        key = ada.key(name)
        assert key["name"] == name
    answer = ada.call("GET", "/account/v1/keys")
    assert answer.headers["content-type"] == "application/json"
    assert {key["name"] for key in answer.json()["keys"]} == set(HOSTILE_NAMES)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "a\u0000b", "\u001b[31m", 7, None, ["a"]])
def test_a_name_is_1_to_64_characters_of_text(ada: Visitor, name: Any) -> None:
    assert ada.call("POST", "/account/v1/keys", {"name": name}).status_code == 400
    assert ada.call("GET", "/account/v1/keys").json()["keys"] == []


def test_no_cell_of_the_statement_is_a_formula(ada: Visitor, portrait: Path) -> None:
    ada.call("POST", "/account/v1/claim", {})
    for name in HOSTILE_NAMES[:4]:
        assert ada.depth(ada.key(name)["key"], portrait).status_code == 200
    answer = ada.call("GET", "/account/v1/statement.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len(rows) == 1 + 1 + 4
    for row in rows:
        for cell in row:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r")
            assert not cell.startswith("-") or cell.lstrip("-").isdigit()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"email": {"a": 1}}', b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(machine: Machine, body: bytes) -> None:
    for path in ("/session/v1/code", "/session/v1"):
        answer = requests.post(f"{machine.url}{path}", data=body, headers=JSON, timeout=30)
        assert answer.status_code == 400, path


# ---- pages in pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/session/v1", "/account/v1/keys", "/account/v1/statement.csv"])
def test_no_answer_is_kept_or_shown_in_a_frame(ada: Visitor, path: str) -> None:
    answer = ada.call("GET", path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "text/csv")
