"""The small function's stories: signing in, keys, claim, statement, usage, the end; and callers who mean no good."""

import csv
import io
import json
from typing import Any

import pytest

from account.answers import cursor
from portrait import keys, site, tariff
from portrait.door import Request
from portrait.register import Entry
from portrait.routes import ROUTES
from portrait.settings import Settings
from tests.membership import ORIGIN_SECRET, SITE_URL, Answer, Office, token_in
from tests.store.books import at_once
from tests.unit.test_settings import GOOD

STRANGER = "198.51.100.7"
DAY_S = 86400


@pytest.fixture
def office() -> Office:
    return Office(Settings.read({**GOOD, "SITE_URL": SITE_URL}))


def sign_in(office: Office, email: str, code: str, **changes: Any) -> Answer:
    return office.ask("POST", "/session/v1", {"email": email, "code": code}, **changes)


# ---- signing in ---------------------------------------------------------------------------------------


def test_a_mailed_code_opens_an_account_and_a_session(office: Office) -> None:
    answer = office.ask("POST", "/session/v1/code", {"email": "Ada@Example.com"})
    assert (answer.status, answer.json) == (202, {"sent": True, "expires_in_s": 600})
    [(to, subject, text)] = office.mail.sent
    assert (to, subject) == ("Ada@example.com", f"{office.mail.code()} is your code to sign in")
    assert "10 minutes" in text and office.mail.code() in text
    signed_in = sign_in(office, "ada@example.com", office.mail.code())
    assert signed_in.status == 200
    assert signed_in.json == {
        "email": "ada@example.com",
        "account_id": signed_in.json["account_id"],
        "credits": 0,
        "free_credits_claimed": False,
        "created_at": int(office.clock.now),
        "expires_at": int(office.clock.now) + tariff.SESSION_S,
    }
    cookie = signed_in.headers["Set-Cookie"]
    assert cookie == (f"__Host-session={token_in(signed_in)}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure")
    assert office.ask("GET", "/session/v1", cookie=token_in(signed_in)).json == signed_in.json


def test_on_this_machine_the_cookie_needs_no_https() -> None:
    office = Office(Settings.read({**GOOD, "SITE_URL": "http://127.0.0.1:8000"}))
    answer = sign_in(office, "ada@example.com", office.code_for("ada@example.com"))
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    assert name == "session" and "Secure" not in rest
    assert office.ask("GET", "/session/v1", cookie_="x", Cookie=f"session={rest.split(';')[0]}").status == 200


def test_a_known_and_an_unknown_address_are_answered_alike(office: Office) -> None:
    office.signed_in("known@example.com")
    answers = [office.ask("POST", "/session/v1/code", {"email": f"{who}@example.com"}) for who in ("known", "unknown")]
    assert answers[0] == answers[1]
    assert len(office.mail.sent) == 3
    wrong = [sign_in(office, f"{who}@example.com", "x") for who in ("known", "unknown", "never-asked")]
    assert wrong[0] == wrong[1] == wrong[2]
    assert (wrong[0].status, wrong[0].code) == (403, "wrong_code")


def test_an_address_that_mail_is_refused_to_is_answered_like_any(capsys: pytest.CaptureFixture[str]) -> None:
    office = Office(Settings.read({**GOOD, "SITE_URL": SITE_URL}))
    office.mail.refuses = {"nobody@example.com"}
    answers = [office.ask("POST", "/session/v1/code", {"email": f"{who}@example.com"}) for who in ("ada", "nobody")]
    assert answers[0] == answers[1]
    told = capsys.readouterr().out
    assert told.count('"RefusedMail":[1.0]') == 1 and "nobody@example.com" not in told


def test_mail_that_is_down_is_told(office: Office) -> None:
    office.mail.is_down = True
    answer = office.ask("POST", "/session/v1/code", {"email": "ada@example.com"})
    assert (answer.status, answer.code) == (503, "unavailable")


@pytest.mark.parametrize("shown", ["{0}{1}{2}{3}{4}{5}", " {0}{1}{2} {3}{4}{5} ", "{0}{1}{2}\u00a0{3}{4}{5}\n"])
def test_blanks_in_a_code_do_not_matter(office: Office, shown: str) -> None:
    code = office.code_for("ada@example.com")
    assert sign_in(office, "ada@example.com", shown.format(*code)).status == 200


@pytest.mark.parametrize("text", ["\ud800", "x", "0" * 32, "\u0661\u0662\u0663\u0664\u0665\u0666", " "])
def test_what_is_no_code_is_a_wrong_code(office: Office, text: str) -> None:
    office.code_for("ada@example.com")
    answer = sign_in(office, "ada@example.com", text)
    assert (answer.status, answer.code) == (403, "wrong_code")


def test_upper_and_lower_case_are_one_account(office: Office) -> None:
    first, second = office.signed_in("ADA@Example.COM"), office.signed_in("ada@example.com")
    assert office.account_of(first) == office.account_of(second)


def test_a_tag_is_an_account_of_its_own_and_no_second_claim(office: Office) -> None:
    """Who reads ada+x@ need not be who reads ada@; but 100 tags are not 100 people."""
    first, second = office.signed_in("ada@example.com"), office.signed_in("ada+x@example.com")
    assert office.account_of(first) != office.account_of(second)
    assert office.ask("POST", "/account/v1/claim", {}, cookie=first).status == 200
    answer = office.ask("POST", "/account/v1/claim", {}, cookie=second)
    assert (answer.status, answer.code) == (409, "already_claimed")
    assert office.ask("GET", "/session/v1", cookie=second).json["free_credits_claimed"] is True


@pytest.mark.parametrize(
    "email",
    [
        "no address",
        "@example.com",
        "ada@",
        "ada@example.com\r\nBcc: all@example.com",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "<script>alert(1)</script>@example.com",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "\u00e4da@example.com",
        "ada@exa\u0000mple.com",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".com",
        "\ud83d@example.com",
    ],
)
def test_what_is_no_address_is_refused_and_nothing_is_mailed(office: Office, email: str) -> None:
    for answer in (office.ask("POST", "/session/v1/code", {"email": email}), sign_in(office, email, "123456")):
        assert (answer.status, answer.code) == (400, "invalid_email")
        assert email not in answer.text
    assert office.mail.sent == []


def test_a_domain_of_another_script_is_mailed_in_punycode_and_shown_as_it_is(office: Office) -> None:
    token = office.signed_in("ada@b\u00fccher.example")
    assert office.mail.sent[0][0] == "ada@xn--bcher-kva.example"
    assert office.ask("GET", "/session/v1", cookie=token).json["email"] == "ada@b\u00fccher.example"


# ---- guessing -----------------------------------------------------------------------------------------


def test_guessing_ends_after_ten_codes_a_day_wherever_it_comes_from(office: Office) -> None:
    """Fifty guesses a day at one address, from as many senders as one likes."""
    judged, sender, asked = 0, 0, []
    for hour in range(6):
        office.clock.now += 3600
        for _ in range(tariff.CODES_AN_HOUR + 1):
            sender += 1
            office.mail.sent.clear()
            answer = office.ask("POST", "/session/v1/code", {"email": "ada@example.com"}, sender=f"198.51.100.{sender}")
            asked.append(answer.status)
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) > 0
                continue
            real = office.mail.code()
            for guess in range(tariff.CODE_TRIES):
                wrong = f"{(int(real) + 1 + guess) % 1_000_000:06}"
                assert sign_in(office, "ada@example.com", wrong, sender=f"203.0.113.{sender}").status == 403
                judged += 1
            assert sign_in(office, "ada@example.com", real, sender=f"203.0.113.{sender}").code == "wrong_code"
        assert hour or asked.count(202) == tariff.CODES_AN_HOUR
    assert judged == tariff.CODES_A_DAY * tariff.CODE_TRIES


def test_one_sender_may_ask_for_so_many_codes_and_try_so_many(office: Office) -> None:
    asked = [
        office.ask("POST", "/session/v1/code", {"email": f"a{n}@example.com"}, sender=STRANGER).status
        for n in range(tariff.SENDER_CODES_AN_HOUR + 1)
    ]
    assert asked == [202] * tariff.SENDER_CODES_AN_HOUR + [429]
    tried = [
        sign_in(office, f"a{n}@example.com", "000000x", sender=STRANGER).status
        for n in range(tariff.SENDER_TRIES_AN_HOUR + 1)
    ]
    assert tried == [403] * tariff.SENDER_TRIES_AN_HOUR + [429]
    assert office.ask("POST", "/session/v1/code", {"email": "b@example.com"}, sender="198.51.100.8").status == 202


def test_behind_the_distribution_a_viewer_is_counted_and_not_the_distribution(office: Office) -> None:
    for n in range(tariff.SENDER_CODES_AN_HOUR + 5):
        viewer = {"x_viewer_address": f"203.0.113.{n}", "x_origin_proof": ORIGIN_SECRET}
        body = {"email": f"a{n}@example.com"}
        assert office.ask("POST", "/session/v1/code", body, sender="130.176.0.1", **viewer).status == 202


def test_whoever_goes_past_the_distribution_cannot_tell_another_address(office: Office) -> None:
    answers = [
        office.ask(
            "POST",
            "/session/v1/code",
            {"email": f"a{n}@example.com"},
            sender=STRANGER,
            x_viewer_address=f"203.0.113.{n}",
            x_origin_proof="a guess",
            x_forwarded_for=f"203.0.113.{n}, 198.51.100.7",
            forwarded=f"for=203.0.113.{n}",
            x_real_ip=f"203.0.113.{n}",
            cloudfront_viewer_address=f"203.0.113.{n}:443",
        ).status
        for n in range(tariff.SENDER_CODES_AN_HOUR + 1)
    ]
    assert answers[-1] == 429


@pytest.mark.parametrize("proof", [{}, {"x-origin-proof": ""}])
def test_where_no_distribution_stands_nobody_tells_another_address(proof: dict[str, str]) -> None:
    told = {"x-viewer-address": "203.0.113.1", **proof}
    request = Request("POST", "/session/v1", told, b"", "", 0.0, source_ip=STRANGER)
    assert site.sender_of(request, origin_secret="") == STRANGER


def test_nobody_is_counted_under_an_address_that_can_be_read(office: Office) -> None:
    cookie = office.signed_in("ada@example.com", sender=STRANGER)
    assert office.ask("POST", "/account/v1/claim", {}, cookie=cookie, sender=STRANGER).status == 200
    assert len(office.registry.counted) == 5
    assert not any(text in name for name in office.registry.counted for text in (STRANGER, "ada"))


def test_addresses_of_one_household_are_one_sender(office: Office) -> None:
    senders = [f"2001:db8:1:2::{n:x}" for n in range(1, tariff.SENDER_CODES_AN_HOUR + 2)]
    answers = [
        office.ask("POST", "/session/v1/code", {"email": f"a{n}@example.com"}, sender=sender).status
        for n, sender in enumerate(senders)
    ]
    assert answers[-2:] == [202, 429]
    assert office.ask("POST", "/session/v1/code", {"email": "b@example.com"}, sender="2001:db8:1:3::1").status == 202


def test_neither_addresses_nor_codes_nor_tokens_stand_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    office = Office(Settings.read({**GOOD, "SITE_URL": SITE_URL}))
    token = office.signed_in("ada@example.com", sender=STRANGER)
    key = office.key(token)
    told = capsys.readouterr().out
    assert '"path":"/session/v1/code"' in told and office.account_of(token) in told
    for secret in ("ada@example.com", office.mail.code(), token, key["key"], STRANGER):
        assert secret not in told


# ---- sessions -----------------------------------------------------------------------------------------


def test_a_session_is_never_one_that_a_browser_brought(office: Office) -> None:
    planted = "A" * 43
    code = office.code_for("ada@example.com")
    answer = sign_in(office, "ada@example.com", code, cookie=planted)
    assert token_in(answer) != planted
    assert office.ask("GET", "/session/v1", cookie=planted).status == 401


def test_signing_in_again_ends_the_session_that_the_browser_had(office: Office) -> None:
    old = office.signed_in("ada@example.com")
    new = office.signed_in("ada@example.com", cookie=old)
    assert office.ask("GET", "/session/v1", cookie=old).status == 401
    assert office.ask("GET", "/session/v1", cookie=new).status == 200


def test_signing_out_ends_the_session_and_takes_the_cookie_away(office: Office) -> None:
    here, there = office.signed_in(), office.signed_in()
    answer = office.ask("DELETE", "/session/v1", cookie=here)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Set-Cookie"].startswith("__Host-session=; Path=/; Max-Age=0;")
    assert office.ask("GET", "/session/v1", cookie=here).code == "not_signed_in"
    assert office.ask("GET", "/session/v1", cookie=there).status == 200


def test_a_stolen_cookie_is_worth_nothing_after_signing_out_everywhere(office: Office) -> None:
    stolen, mine = office.signed_in(), office.signed_in()
    assert office.ask("DELETE", "/session/v1?everywhere=true", cookie=mine).status == 204
    for cookie in (stolen, mine):
        assert office.ask("POST", "/account/v1/keys", {"name": "x"}, cookie=cookie).status == 401


@pytest.mark.parametrize(
    "cookie", ["", "x", "A" * 43, "A" * 44, "../" + "A" * 40, "\u00e4" * 43, '"' + "A" * 43 + '"', "A" * 9000]
)
def test_a_cookie_that_is_no_session_is_nobodys(office: Office, cookie: str) -> None:
    answer = office.ask("GET", "/session/v1", cookie=cookie)
    assert (answer.status, answer.code) == (401, "not_signed_in")


SIGNED_IN = [
    (method, route.replace("{id}", "0" * 64))
    for route, methods in ROUTES.items()
    for method in methods
    if route.startswith(("/session/v1", "/account/v1"))
    and (method, route)
    not in {
        ("POST", "/session/v1"),
        ("POST", "/session/v1/code"),
        ("GET", "/account/v1"),
        ("GET", "/account/v1/packs"),
        ("POST", "/account/v1/checkout"),
    }
]


@pytest.mark.parametrize(("method", "path"), SIGNED_IN)
def test_without_a_session_nothing_is_told_or_done(office: Office, method: str, path: str) -> None:
    answer = office.ask(method, path, {"name": "x", "confirm": "x"} if method != "GET" else None)
    assert (answer.status, answer.code) == (401, "not_signed_in")


# ---- other sites --------------------------------------------------------------------------------------


CHANGES = [call for call in SIGNED_IN if call[0] != "GET"] + [("POST", "/session/v1"), ("POST", "/session/v1/code")]


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://portrait-depth.example"},
        {"Origin": "https://portrait-depth.example.evil.example"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
def test_a_page_of_another_site_changes_nothing(
    office: Office, method: str, path: str, headers: dict[str, str]
) -> None:
    cookie = office.signed_in()
    before = office.ask("GET", "/session/v1", cookie=cookie).json
    answer = office.ask(method, path, {"name": "x", "confirm": "ada@example.com"}, cookie=cookie, **headers)
    assert (answer.status, answer.code) == (403, "cross_site")
    assert office.ask("GET", "/session/v1", cookie=cookie).json == before
    assert office.ask("GET", "/account/v1/keys", cookie=cookie).json == {"keys": []}


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_changes_nothing(office: Office, method: str, path: str, declared: str) -> None:
    """What a page of another site can send without the browser asking first."""
    cookie = office.signed_in()
    answer = office.ask(method, path, b'{"name": "x"}', cookie=cookie, Content_Type=declared)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/session/v1", "/account/v1/keys/" + "0" * 64])
def test_a_call_without_a_body_needs_our_own_header(office: Office, path: str) -> None:
    cookie = office.signed_in()
    assert office.ask("DELETE", path, cookie=cookie, x_requested_with="").code == "cross_site"
    assert office.ask("DELETE", path, cookie=cookie, x_requested_with="XMLHttpRequest").code == "cross_site"
    assert office.ask("GET", "/session/v1", cookie=cookie).status == 200


def test_our_own_pages_and_programs_without_a_browser_may(office: Office) -> None:
    cookie = office.signed_in()
    for headers in ({"Origin": SITE_URL}, {"Sec_Fetch_Site": "same-origin", "Origin": SITE_URL}, {}):
        assert office.ask("POST", "/account/v1/keys", {"name": "x"}, cookie=cookie, **headers).status == 201


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:8000"])
def test_this_machine_has_two_names(origin: str) -> None:
    office = Office(Settings.read({**GOOD, "SITE_URL": "http://127.0.0.1:8000"}))
    body = {"email": "ada@example.com"}
    assert office.ask("POST", "/session/v1/code", body, Origin=origin).status == 202
    assert office.ask("POST", "/session/v1/code", body, Origin="http://localhost:8001").status == 403


# ---- bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"email": null}',
        b'{"email": 7}',
        b'{"email": ["ada@example.com"]}',
        b'{"email": ""}',
        b'{"email": "' + b"a" * 300 + b'@example.com"}',
        b"\xff\xfe",
        b"[" * 15_000,
        b'{"a": ' * 2_000,
        b'{"email": "ada@example.com", "x": "' + b"x" * 20_000 + b'"}',
        b"9" * 10_000,
    ],
    ids=range(15),
)
def test_a_body_that_is_none_is_refused(office: Office, body: bytes) -> None:
    answer = office.ask("POST", "/session/v1/code", body)
    assert (answer.status, answer.code) == (400, "invalid_body")


def test_members_that_nobody_asked_for_are_ignored(office: Office) -> None:
    body = {"email": "ada@example.com", "account_id": "acct_x", "credits": 1000}
    assert office.ask("POST", "/session/v1/code", body).status == 202


# ---- keys ---------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_works_until_it_is_revoked(office: Office) -> None:
    cookie = office.signed_in()
    made = office.key(cookie, "Website")
    text = made.pop("key")
    assert keys.is_well_formed(text)
    assert made == {
        "id": keys.digest(text),
        "prefix": text[:14],
        "name": "Website",
        "created_at": int(office.clock.now),
        "last_used_at": None,
        "revoked_at": None,
        "calls_per_minute": 60,
    }
    listed = office.ask("GET", "/account/v1/keys", cookie=cookie)
    assert listed.json == {"keys": [made]} and text not in listed.text
    assert office.ask("GET", "/account/v1", x_api_key=text).status == 200
    [used] = office.ask("GET", "/account/v1/keys", cookie=cookie).json["keys"]
    assert used["last_used_at"] == int(office.clock.now)
    for _ in range(2):
        revoked = office.ask("DELETE", f"/account/v1/keys/{made['id']}", cookie=cookie)
        assert (revoked.status, revoked.json["revoked_at"]) == (200, int(office.clock.now))
    assert office.ask("GET", "/account/v1", x_api_key=text).code == "revoked_api_key"


def test_a_key_can_be_renamed(office: Office) -> None:
    cookie = office.signed_in()
    made = office.key(cookie, "old")
    answer = office.ask("PATCH", f"/account/v1/keys/{made['id']}", {"name": "  new "}, cookie=cookie)
    assert (answer.status, answer.json["name"]) == (200, "new")


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "\u202eevil", "\U0001f468\u200d\U0001f469", "x" * 64]
)
def test_a_name_may_be_any_text(office: Office, name: str) -> None:
    cookie = office.signed_in()
    answer = office.ask("POST", "/account/v1/keys", {"name": name}, cookie=cookie)
    assert (answer.status, answer.json["name"]) == (201, name)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not any(name in value for value in answer.headers.values())


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u00a0\u2003",
        "x" * 65,
        "a\nb",
        "a\r\nSet-Cookie: x=y",
        "\u0000",
        "\u0085",
        "a\u2028b",
        "\ud800",
        7,
        None,
        ["x"],
    ],
)
def test_what_is_no_name_is_refused(office: Office, name: object) -> None:
    cookie = office.signed_in()
    answer = office.ask("POST", "/account/v1/keys", {"name": name}, cookie=cookie)
    assert (answer.status, answer.code) == (400, "invalid_body")


@pytest.mark.parametrize("key_id", ["x", "0" * 64, "A" * 64, "0" * 63, "%2e%2e", "%00", "0" * 2049, "\u00e4"])
def test_a_key_that_the_account_has_not_is_unknown(office: Office, key_id: str) -> None:
    cookie = office.signed_in()
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = office.ask(method, f"/account/v1/keys/{key_id}", body, cookie=cookie)
        assert (answer.status, answer.code) == (404, "unknown_key")


def test_a_key_of_somebody_else_is_unknown(office: Office) -> None:
    owner, thief = office.signed_in("ada@example.com"), office.signed_in("eve@example.com")
    made = office.key(owner)
    for method, body in (("PATCH", {"name": "mine"}), ("DELETE", None)):
        assert office.ask(method, f"/account/v1/keys/{made['id']}", body, cookie=thief).code == "unknown_key"
    [key] = office.ask("GET", "/account/v1/keys", cookie=owner).json["keys"]
    assert (key["name"], key["revoked_at"]) == ("test", None)


def test_ten_keys_live(office: Office) -> None:
    cookie = office.signed_in()
    made = [office.key(cookie) for _ in range(tariff.LIVE_KEYS)]
    answer = office.ask("POST", "/account/v1/keys", {"name": "x"}, cookie=cookie)
    assert (answer.status, answer.code) == (409, "too_many_keys")
    office.ask("DELETE", f"/account/v1/keys/{made[3]['id']}", cookie=cookie)
    office.key(cookie)


def test_fifty_keys_are_made_in_a_day(office: Office) -> None:
    cookie = office.signed_in()
    for _ in range(tariff.KEYS_A_DAY):
        office.ask("DELETE", f"/account/v1/keys/{office.key(cookie)['id']}", cookie=cookie)
    assert office.ask("POST", "/account/v1/keys", {"name": "x"}, cookie=cookie).code == "rate_limited"
    office.clock.now += DAY_S
    office.key(cookie)


# ---- credits ------------------------------------------------------------------------------------------


def test_free_credits_are_claimed_once(office: Office) -> None:
    cookie = office.signed_in()
    answer = office.ask("POST", "/account/v1/claim", {}, cookie=cookie)
    assert (answer.status, answer.json) == (200, {"credits": 100, "claimed": 100})
    again = office.ask("POST", "/account/v1/claim", {}, cookie=cookie)
    assert (again.status, again.code) == (409, "already_claimed")
    session = office.ask("GET", "/session/v1", cookie=cookie).json
    assert (session["credits"], session["free_credits_claimed"]) == (100, True)


def test_fifty_claims_at_once_give_a_hundred_credits(office: Office) -> None:
    cookie = office.signed_in()
    answers = at_once(50, lambda _: office.ask("POST", "/account/v1/claim", {}, cookie=cookie).status)
    assert sorted(answers) == [200] + [409] * 49  # type: ignore[type-var]
    assert office.ledger.credits() == 100


def test_free_credits_do_not_come_back_with_a_new_account(office: Office) -> None:
    cookie = office.signed_in()
    office.ask("POST", "/account/v1/claim", {}, cookie=cookie)
    assert office.ask("DELETE", "/account/v1", {"confirm": "ada@example.com"}, cookie=cookie).status == 204
    again = office.signed_in()
    assert office.ask("GET", "/session/v1", cookie=again).json["free_credits_claimed"] is True
    assert office.ask("POST", "/account/v1/claim", {}, cookie=again).code == "already_claimed"


def test_one_sender_claims_for_a_few_and_no_more(office: Office) -> None:
    cookies = [office.signed_in(f"a{n}@example.com") for n in range(tariff.SENDER_CLAIMS_A_DAY + 1)]
    answers = [office.ask("POST", "/account/v1/claim", {}, cookie=cookie, sender=STRANGER) for cookie in cookies]
    assert [answer.status for answer in answers] == [200] * tariff.SENDER_CLAIMS_A_DAY + [429]
    assert office.ask("POST", "/account/v1/claim", {}, cookie=cookies[0], sender=STRANGER).code == "already_claimed"
    assert office.ask("POST", "/account/v1/claim", {}, cookie=cookies[-1], sender="198.51.100.8").status == 200


def test_a_statement_tells_what_moved_credits_newest_first(office: Office) -> None:
    cookie = office.signed_in()
    account_id = office.account_of(cookie)
    office.ask("POST", "/account/v1/claim", {}, cookie=cookie)
    office.clock.now += 60
    office.ledger.grant(account_id, 5, "sorry for last week", office.clock.now)
    answer = office.ask("GET", "/account/v1/statement", cookie=cookie)
    assert answer.json == {
        "entries": [
            {"at": int(office.clock.now), "kind": "grant", "credits": 5, "note": "sorry for last week"},
            {"at": int(office.clock.now) - 60, "kind": "claim", "credits": 100, "note": "free credits"},
        ],
        "next_cursor": None,
    }


def test_a_statement_goes_on_where_the_page_before_ended(office: Office) -> None:
    cookie = office.signed_in()
    account_id = office.account_of(cookie)
    for number in range(5):
        office.ledger.grant(account_id, 1, f"{number}", office.clock.now + number)
    notes, query = [], "?limit=2"
    while query:
        page = office.ask("GET", f"/account/v1/statement{query}", cookie=cookie).json
        notes += [entry["note"] for entry in page["entries"]]
        query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"
    assert notes == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/account/v1/statement?limit=0", "invalid_option"),
        ("/account/v1/statement?limit=101", "invalid_option"),
        ("/account/v1/statement?limit=", "invalid_option"),
        ("/account/v1/statement?limit=-1", "invalid_option"),
        ("/account/v1/statement?limit=1e1", "invalid_option"),
        ("/account/v1/statement?limit=\u0661", "invalid_option"),
        ("/account/v1/statement?cursor=x", "invalid_option"),
        ("/account/v1/statement?cursor=!!!!", "invalid_option"),
        ("/account/v1/statement?cursor=\u00e4", "invalid_option"),
        ("/account/v1/statement?cursor=YWJj", "invalid_option"),
        ("/account/v1/usage?days=0", "invalid_option"),
        ("/account/v1/usage?days=91", "invalid_option"),
        ("/account/v1/usage?days=" + "9" * 5000, "invalid_option"),
    ],
)
def test_a_query_that_may_not_be_is_named(office: Office, path: str, code: str) -> None:
    answer = office.ask("GET", path, cookie=office.signed_in())
    assert (answer.status, answer.code) == (400, code)
    assert path.partition("?")[2].partition("=")[0] in answer.json["error"]


def test_a_cursor_that_no_store_could_have_told_asks_no_store(office: Office) -> None:
    cookie = office.signed_in()
    for row, status in (("DISPUTE#" + "x" * 200 + "#12", 200), ("A" * 1025, 400), ("A" + ("#" + "x" * 200) * 6, 400)):
        place = cursor(Entry(row=row, credits=0, at=1, note=""))
        assert office.ask("GET", f"/account/v1/statement?cursor={place}", cookie=cookie).status == status


def test_a_switch_is_on_or_off(office: Office) -> None:
    cookie = office.signed_in()
    answer = office.ask("DELETE", "/session/v1?everywhere=perhaps", cookie=cookie)
    assert (answer.status, answer.code) == (400, "invalid_option")
    assert office.ask("GET", "/session/v1", cookie=cookie).status == 200


def test_a_statement_as_a_table_computes_nothing(office: Office) -> None:
    cookie = office.signed_in()
    account_id = office.account_of(cookie)
    notes = ['=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'a "quoted", note', "plain"]
    for number, note in enumerate(notes):
        office.ledger.grant(account_id, number + 1, note, office.clock.now + number)
    answer = office.ask("GET", "/account/v1/statement.csv", cookie=cookie)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement.csv"'
    head, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert head == ["at", "kind", "credits", "note"]
    assert [row[3] for row in rows][::-1] == [f"'{note}" for note in notes[:6]] + notes[6:]
    assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for row in rows for cell in row)
    assert rows[0][:3] == ["2027-01-15T08:00:07Z", "grant", "8"]


def test_a_statement_as_a_table_is_made_twenty_times_an_hour(office: Office) -> None:
    cookie = office.signed_in()
    asked = [office.ask("GET", "/account/v1/statement.csv", cookie=cookie).status for _ in range(21)]
    assert asked == [200] * tariff.STATEMENT_TABLES_AN_HOUR + [429]


def test_usage_has_every_day_the_last_one_today(office: Office) -> None:
    cookie = office.signed_in()
    answer = office.ask("GET", "/account/v1/usage?days=3", cookie=cookie)
    assert answer.json == {
        "days": [{"date": f"2027-01-{day}", "calls": 0, "credits": 0} for day in (13, 14, 15)],
    }
    assert len(office.ask("GET", "/account/v1/usage", cookie=cookie).json["days"]) == tariff.USAGE_DAYS


# ---- the end ------------------------------------------------------------------------------------------


def test_a_deleted_account_leaves_no_key_no_session_and_no_address(office: Office) -> None:
    cookie, other = office.signed_in(), office.signed_in()
    text = office.key(cookie)["key"]
    account_id = office.account_of(cookie)
    answer = office.ask("DELETE", "/account/v1", {"confirm": " ADA@example.com"}, cookie=cookie)
    assert (answer.status, answer.text) == (204, "")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    for ended in (cookie, other):
        assert office.ask("GET", "/session/v1", cookie=ended).status == 401
    assert office.ask("GET", "/account/v1", x_api_key=text).code == "revoked_api_key"
    assert account_id in office.ledger.accounts
    assert "ada@example.com" not in json.dumps([vars(owner) for owner in office.registry.owners.values()])


def test_who_is_cut_off_while_deleting_an_account_is_signed_in_and_asks_again(office: Office) -> None:
    cookie = office.signed_in()
    office.holdings.is_down = True
    assert office.ask("DELETE", "/account/v1", {"confirm": "ada@example.com"}, cookie=cookie).status == 503
    office.holdings.is_down = False
    assert office.ask("GET", "/session/v1", cookie=cookie).status == 200
    assert office.ask("DELETE", "/account/v1", {"confirm": "ada@example.com"}, cookie=cookie).status == 204


@pytest.mark.parametrize("confirm", ["eve@example.com", "yes", "ada@example.co", "x" * 254])
def test_an_account_is_deleted_only_by_its_own_address(office: Office, confirm: str) -> None:
    cookie = office.signed_in()
    answer = office.ask("DELETE", "/account/v1", {"confirm": confirm}, cookie=cookie)
    assert (answer.status, answer.code) == (400, "invalid_body")
    assert office.ask("GET", "/session/v1", cookie=cookie).status == 200


def test_a_session_of_an_account_that_is_being_closed_gets_no_key_and_no_credits(office: Office) -> None:
    """Closed by another browser in the moment between this call's session and its write."""
    cookie = office.signed_in()
    office.holdings.close(office.account_of(cookie), office.clock.now)
    for path, body in (("/account/v1/keys", {"name": "x"}), ("/account/v1/claim", {})):
        assert office.ask("POST", path, body, cookie=cookie).code == "not_signed_in"


# ---- the rest -----------------------------------------------------------------------------------------


def test_a_head_is_a_get_without_a_body(office: Office) -> None:
    cookie = office.signed_in()
    assert office.ask("HEAD", "/session/v1", cookie=cookie, x_requested_with="").status == 200


def test_what_another_function_answers_is_unknown_here(office: Office) -> None:
    assert office.ask("GET", "/account/v1/packs").code == "unknown_url"
