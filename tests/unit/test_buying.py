"""Packs, checkout and webhook as Lambda would call them: real door, story and Stripe library, a ledger in memory."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from infra.local import purchase
from infra.local.purchase import Purchase
from payments import notices
from payments.cashier import Secrets, StripeCashier
from payments.handler import Handler
from payments.service import Service
from portrait import tariff
from portrait.door import Door
from portrait.identity import Allowance, Member
from portrait.payments import Booked, Notice, Sale
from portrait.problems import NotSignedIn, RateLimited, Unavailable
from portrait.settings import Settings
from tests.fakes import NOW, FakeLedger, FakePayments
from tests.unit.stripe_events import SECRETS, SITE, dispute, event, refund, session, signed
from tests.unit.test_settings import GOOD

TOKEN = "t" * 43


class OneMember:
    """Whoever has the one token is the one member."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}
        self.email = "ada@example.com"

    def count(self, allowance: Allowance, now: float) -> None:
        self.times[allowance.name] = self.times.get(allowance.name, 0) + 1
        if self.times[allowance.name] > allowance.times:
            raise RateLimited(allowance.within_s)

    def identify(self, token: str, now: float) -> Member:
        if token != TOKEN:
            raise NotSignedIn()
        return Member("acct", "digest", self.email, int(NOW), int(NOW) + 1000)


@dataclass
class Stripe:
    """Stripe's API on a socket: remembers what it was asked, and answers as it was told to."""

    url: str = ""
    status: int = 200
    answer: dict[str, Any] = field(default_factory=lambda: {"id": "cs_1", "url": PAY_HERE})
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


PAY_HERE = "https://checkout.stripe.com/c/pay/cs_1"


@pytest.fixture
def stripe_api() -> Iterator[Stripe]:
    api = Stripe()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            api.asked.append((self.path, self.headers["Authorization"], dict(parse_qsl(body))))
            text = json.dumps(api.answer).encode()
            self.send_response(api.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield api
        server.shutdown()
        thread.join()


@dataclass
class Shop:
    """The function, with a ledger of the tests' own."""

    stripe_url: str = "http://127.0.0.1:1"
    buying: bool = True
    has_stripe: bool = True
    ledger: FakeLedger = field(default_factory=FakeLedger)

    def __post_init__(self) -> None:
        self.ledger.create_account("acct", NOW)
        self.payments: Any = FakePayments(self.ledger)
        self.members = OneMember()

    def ask(self, method: str, path: str, body: str | bytes = "", **headers: str) -> tuple[int, dict[str, Any]]:
        door = Door(Settings.read(GOOD), f"test-{uuid.uuid4()}")
        secret = json.dumps({"api_key": SECRETS.api_key, "webhook_secret": SECRETS.webhook_secret})
        cashier = StripeCashier(lambda: secret, SITE, self.stripe_url) if self.has_stripe else None
        service = Service(cashier, self.payments, SITE, buying=self.buying)
        raw = body if isinstance(body, bytes) else body.encode()
        answer = Handler(door, service, self.members, SITE, lambda: NOW)(
            {
                "httpMethod": method,
                "path": path,
                "headers": {name.replace("_", "-"): text for name, text in headers.items()},
                "requestContext": {"requestId": "r-1", "requestTimeEpoch": NOW * 1000},
                "isBase64Encoded": True,
                "body": base64.b64encode(raw).decode(),
            },
            None,
        )
        return answer["statusCode"], json.loads(answer["body"])

    def buy(self, body: str = '{"pack": "pack-500"}', **headers: str) -> tuple[int, dict[str, Any]]:
        sent = {"content_type": "application/json", "cookie": f"__Host-session={TOKEN}", "origin": SITE, **headers}
        return self.ask("POST", "/account/v1/checkout", body, **sent)

    def tell(self, about: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """An event, as Stripe delivers it."""
        body, signature = signed(about)
        return self.ask("POST", "/payments/v1/webhook", body, stripe_signature=signature)

    def rows(self) -> list[tuple[str, int]]:
        return [(entry.row, entry.credits) for entry in self.ledger.statement("acct")]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def logged(text: str) -> dict[str, Any]:
    [line] = [line for line in map(json.loads, text.splitlines()) if line.get("message") == "call"]
    found: dict[str, Any] = line
    return found


def counted(text: str, name: str) -> bool:
    return any(name in line for line in map(json.loads, text.splitlines()) if "_aws" in line)


# ---- packs --------------------------------------------------------------------------------------------


def test_packs_are_listed_with_their_prices(shop: Shop) -> None:
    status, told = shop.ask("GET", "/account/v1/packs")
    assert (status, told["currency"], told["buying"]) == (200, "usd", True)
    assert told["packs"][0] == {"id": "pack-500", "credits": 500, "price_cents": 1000, "cents_per_credit": 2.0}
    assert len(told["packs"]) == len(tariff.PACKS)


@pytest.mark.parametrize("off", [{"buying": False}, {"has_stripe": False}])
def test_an_operator_who_sells_nothing_says_so(off: dict[str, bool]) -> None:
    shop = Shop(**off)  # type: ignore[arg-type]
    assert shop.ask("GET", "/account/v1/packs")[1]["buying"] is False
    status, told = shop.buy()
    assert (status, told["code"]) == (503, "buying_off")


# ---- checkout -----------------------------------------------------------------------------------------


def test_a_checkout_asks_the_price_of_today_and_remembers_what_is_sold(stripe_api: Stripe) -> None:
    assert Shop(stripe_api.url).buy() == (201, {"url": PAY_HERE})
    [(path, authorization, told)] = stripe_api.asked
    assert (path, authorization) == ("/v1/checkout/sessions", f"Bearer {SECRETS.api_key}")
    assert told["mode"] == "payment"
    assert told["line_items[0][quantity]"] == "1"
    assert told["line_items[0][price_data][unit_amount]"] == "1000"
    assert told["line_items[0][price_data][currency]"] == "usd"
    assert (told["client_reference_id"], told["customer_email"]) == ("acct", "ada@example.com")
    assert told["adaptive_pricing[enabled]"].lower() == "false"
    assert told["metadata[price_cents]"] == told["payment_intent_data[metadata][price_cents]"] == "1000"
    assert told["success_url"] == f"{SITE}/account/?bought=pack-500"


def test_stripe_is_told_an_address_as_mail_is_sent_to_it(stripe_api: Stripe) -> None:
    shop = Shop(stripe_api.url)
    shop.members.email = "ada@b\u00fccher.example"
    assert shop.buy()[0] == 201
    assert stripe_api.asked[0][2]["customer_email"] == "ada@xn--bcher-kva.example"


def test_what_is_paid_at_a_checkout_of_ours_is_the_sale_that_was_agreed(stripe_api: Stripe) -> None:
    """From the function's form, through the test checkout's event, to the notice: nothing is lost on the way."""
    Shop(stripe_api.url).buy('{"pack": "pack-5000"}')
    bought = Purchase(stripe_api.asked[0][2])
    found = notices.read(purchase.event_of(bought, "pay"), SITE)
    assert found is not None
    assert (found.payment_id, found.fact) == (bought.payment_id, Sale("acct", "pack-5000", 5000, 7500, "usd"))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"cookie": ""}, 401, "not_signed_in"),
        ({"cookie": "__Host-session=" + 43 * "x"}, 401, "not_signed_in"),
        ({"cookie": f"session={TOKEN}"}, 401, "not_signed_in"),
        ({"origin": "https://evil.example"}, 403, "cross_site"),
        ({"sec_fetch_site": "cross-site"}, 403, "cross_site"),
        ({"sec_fetch_site": "same-site"}, 403, "cross_site"),
        ({"content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"content_type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        ({"body": '{"pack": "pack-501"}'}, 400, "unknown_pack"),
        ({"body": '{"pack": 500}'}, 400, "invalid_body"),
        ({"body": "[]"}, 400, "invalid_body"),
        ({"body": "{"}, 400, "invalid_body"),
    ],
)
def test_what_is_no_order_of_a_member_opens_no_checkout(
    stripe_api: Stripe, changes: dict[str, str], status: int, code: str
) -> None:
    found, told = Shop(stripe_api.url).buy(**changes)
    assert (found, told["code"]) == (status, code)
    assert stripe_api.asked == []


def test_the_price_is_ours_whatever_the_order_says(stripe_api: Stripe) -> None:
    Shop(stripe_api.url).buy('{"pack": "pack-500", "price_cents": 1, "credits": 50000, "account": "other"}')
    told = stripe_api.asked[0][2]
    assert (told["metadata[price_cents]"], told["metadata[credits]"], told["metadata[account]"]) == (
        "1000",
        "500",
        "acct",
    )


@pytest.mark.parametrize("status", [401, 402, 400])
def test_a_stripe_that_refuses_is_unavailable(stripe_api: Stripe, status: int) -> None:
    stripe_api.status, stripe_api.answer = status, {"error": {"type": "api_error", "message": "no"}}
    found, told = Shop(stripe_api.url).buy()
    assert (found, told["code"]) == (503, "unavailable")


def test_a_stripe_that_is_not_there_is_unavailable(shop: Shop) -> None:
    found, told = shop.buy()
    assert (found, told["code"]) == (503, "unavailable")


def test_a_member_opens_only_so_many_checkouts(stripe_api: Stripe) -> None:
    shop = Shop(stripe_api.url)
    found = [shop.buy()[0] for _ in range(tariff.CHECKOUTS_AN_HOUR + 1)]
    assert found == [201] * tariff.CHECKOUTS_AN_HOUR + [429]
    assert len(stripe_api.asked) == tariff.CHECKOUTS_AN_HOUR


# ---- webhook ------------------------------------------------------------------------------------------


def test_a_payment_that_is_told_twice_is_booked_once(shop: Shop) -> None:
    paid = event("checkout.session.completed", session("acct"))
    assert shop.tell(paid) == shop.tell(paid) == (200, {"received": True})
    assert shop.rows() == [("PAY#pi_1", 500)]


def test_a_purchase_from_payment_to_refund_and_dispute(shop: Shop) -> None:
    shop.tell(event("checkout.session.completed", session("acct", payment_status="unpaid")))
    assert shop.rows() == []
    shop.tell(event("checkout.session.async_payment_succeeded", session("acct")))
    shop.tell(event("refund.created", refund(400)))
    shop.tell(event("charge.dispute.created", dispute("needs_response", 600)))
    assert shop.ledger.balance("acct") == 0
    shop.tell(event("charge.dispute.closed", dispute("won", 600)))
    assert shop.rows() == [("DISPUTE#dp_1", -300), ("DISPUTE#dp_1#2", 300), ("PAY#pi_1", 500), ("REFUND#re_1", -200)]


def test_purchases_are_booked_also_after_selling_was_switched_off() -> None:
    shop = Shop(buying=False)
    assert shop.tell(event("checkout.session.completed", session("acct")))[0] == 200
    assert shop.rows() == [("PAY#pi_1", 500)]


@pytest.mark.parametrize("kind", ["customer.created", "checkout.session.async_payment_failed"])
def test_events_of_no_concern_are_taken_and_book_nothing(shop: Shop, kind: str) -> None:
    assert shop.tell(event(kind, session("acct"))) == (200, {"received": True})
    assert shop.rows() == []


PAID = event("checkout.session.completed", session("acct"))
BODY, SIGNATURE = signed(PAID)
OTHER = signed(PAID, secret="whsec_of_somebody_else")[1]
OLD = signed(PAID, at=int(time.time()) - 301)[1]


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, ""),
        (BODY, OTHER),
        (BODY, OLD),
        (BODY.replace("acct", "evil"), SIGNATURE),
        (BODY + " ", SIGNATURE),
        (BODY, SIGNATURE.replace("v1=", "v0=")),
        (BODY, "t=,v1="),
        (BODY, "t=now,v1=0"),
        (BODY, f"t={'9' * 5000},v1=0"),
        (BODY, "t=1,v1=\u00e9"),
        (BODY, "v1=" + "a" * 64),
        (b"\xff\xfe", SIGNATURE),
        ("", SIGNATURE),
    ],
)
def test_what_stripe_did_not_sign_just_now_is_refused_and_books_nothing(
    shop: Shop, body: str | bytes, signature: str
) -> None:
    status, told = shop.ask("POST", "/payments/v1/webhook", body, stripe_signature=signature)
    assert (status, told["code"]) == (400, "invalid_signature")
    assert shop.rows() == []


def test_without_stripe_nothing_is_believed() -> None:
    shop = Shop(has_stripe=False)
    assert shop.tell(PAID)[0] == 400
    assert shop.rows() == []


def test_what_could_not_be_booked_is_a_failure_so_that_stripe_tells_it_again(shop: Shop) -> None:
    class Silent:
        def book(self, notice: Notice, now: float, deadline: float) -> Booked:
            raise Unavailable()

    booking, shop.payments = shop.payments, Silent()
    assert shop.tell(PAID)[0] == 503
    shop.payments = booking
    assert shop.tell(PAID)[0] == 200
    assert shop.rows() == [("PAY#pi_1", 500)]


def test_a_site_that_was_renamed_while_somebody_paid_books_the_payment(shop: Shop) -> None:
    told = session("acct")
    told["metadata"]["site"] = "https://the-name-before.example"
    shop.tell(event("checkout.session.completed", told))
    assert shop.rows() == [("PAY#pi_1", 500)]


def test_a_payment_of_another_deployment_wakes_nobody(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    told = session("an account of another deployment")
    told["metadata"]["site"] = "https://another.example"
    assert shop.tell(event("checkout.session.completed", told)) == (200, {"received": True})
    assert shop.rows() == []
    assert not counted(capsys.readouterr().out, "OddPayments")


# ---- what wakes a person ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount_total": 1}, "1 usd were paid for pack-500"),
        ({"metadata": {**session("nobody")["metadata"]}}, "no account"),
    ],
)
def test_a_payment_that_no_repeat_would_book_is_taken_and_wakes_a_person(
    shop: Shop, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], words: str
) -> None:
    assert shop.tell(event("checkout.session.completed", session("acct", **changes)))[0] == 200
    said = capsys.readouterr().out
    assert words in logged(said)["odd_payment"]
    assert counted(said, "OddPayments")
    assert shop.rows() == []


def test_a_late_payment_of_a_deleted_account_is_booked_and_wakes_a_person(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.payments.closed.add("acct")
    shop.tell(PAID)
    said = capsys.readouterr().out
    assert shop.rows() == [("PAY#pi_1", 500)]
    assert "deleted" in logged(said)["odd_payment"]
    assert counted(said, "OddPayments")
    shop.tell(PAID)  # the first telling may have ended between the booking and the alarm
    assert counted(capsys.readouterr().out, "OddPayments")
    back = event("refund.created", refund())
    shop.tell(back)
    shop.tell(back)
    assert shop.ledger.balance("acct") == 0
    assert not counted(capsys.readouterr().out, "OddPayments")


def test_a_payment_as_it_should_be_wakes_nobody(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.tell(PAID)
    said = capsys.readouterr().out
    line = logged(said)
    assert (line["event_type"], line["payment"], line["credits_booked"]) == (PAID["type"], "pi_1", 500)
    assert not counted(said, "OddPayments")
    assert not counted(said, "RefusedSignatures")


@pytest.mark.parametrize(("signature", "is_counted"), [(OTHER, True), ("", False)])
def test_a_signature_of_another_secret_is_counted_and_a_stranger_without_one_is_not(
    shop: Shop, capsys: pytest.CaptureFixture[str], signature: str, is_counted: bool
) -> None:
    shop.ask("POST", "/payments/v1/webhook", BODY, stripe_signature=signature)
    assert counted(capsys.readouterr().out, "RefusedSignatures") is is_counted


# ---- secrets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "sk_live_secret", "[]", '{"api_key": "sk_live_secret"}', '"sk_live_secret"'])
def test_secrets_that_are_not_as_they_should_be_are_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON object") as raised:
        Secrets.parse(text)
    assert "sk_live_secret" not in str(raised.value)
    assert raised.value.__suppress_context__ and raised.value.__cause__ is None


def test_a_list_of_prices_reads_no_secret(shop: Shop) -> None:
    def unreadable() -> str:
        raise AssertionError("nobody needs it")

    cashier = StripeCashier(unreadable, SITE)
    service = Service(cashier, shop.payments, SITE, buying=True)
    assert service.price_list()["buying"] is True
