"""Where Stripe stands on this machine: the page, its buttons, and the events that go out, signed."""

import asyncio
import base64
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import stripe

from infra.local import checkout, template
from infra.local.gateway import Gateway

ROOT = Path(__file__).parents[2]
ORDER = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "1800",
    "line_items[0][price_data][product_data][name]": "1,000 <credits>",
    "client_reference_id": "acct_1",
    "metadata[account]": "acct_1",
    "metadata[site]": "http://127.0.0.1",
    "success_url": "http://127.0.0.1/account/?bought=pack-1000",
    "cancel_url": "http://127.0.0.1/account/",
}


@dataclass
class Webhook:
    """What this machine's own front would get, and the status that it answers with."""

    port: int = 0
    status: int = 200
    heard: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[tuple[bytes, str]] = field(default_factory=list)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/payments/v1/webhook"
            hook.heard.append(json.loads(body))
            hook.signatures.append((body, self.headers["Stripe-Signature"]))
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        hook.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


class Counter:
    """The test checkout, asked as the front asks it."""

    def __init__(self, webhook: Webhook, data: Path) -> None:
        plan = template.read(ROOT / "template.yaml", {})
        self.plan, tills = checkout.stand_in(plan, f"http://127.0.0.1:{webhook.port}", data)
        self.till = tills[checkout.NAME]
        self.secrets = json.loads((data / "stripe.secret").read_text())

    def ask(self, method: str, path: str, told: dict[str, str] | None = None, **headers: str) -> dict[str, Any]:
        path, _, query = path.partition("?session=")
        event = {
            "httpMethod": method,
            "path": path,
            "queryStringParameters": {"session": query} if query else None,
            "headers": {name.replace("_", "-"): text for name, text in headers.items()} or None,
            "body": base64.b64encode(urlencode(told).encode()).decode() if told else None,
        }
        found: dict[str, Any] = json.loads(asyncio.run(self.till.invoke(json.dumps(event).encode())))
        return found

    def open(self) -> str:
        """The session of a new checkout."""
        answer = self.ask(
            "POST", "/checkout/stripe/v1/checkout/sessions", ORDER, authorization=f"Bearer {self.secrets['api_key']}"
        )
        told = json.loads(answer["body"])
        assert told["url"].endswith(f"/checkout/?session={told['id']}")
        return str(told["id"])

    def page(self, session: str) -> str:
        return str(self.ask("GET", f"/checkout/?session={session}")["body"])

    def buttons(self, session: str) -> list[str]:
        return re.findall(r'value="(\w+)">', self.page(session).split("</form>")[0].split("hidden")[1])[1:]

    def press(self, session: str, action: str, **headers: str) -> dict[str, Any]:
        return self.ask("POST", "/checkout/", {"session": session, "action": action}, **headers)


@pytest.fixture
def counter(webhook: Webhook, tmp_path: Path) -> Counter:
    return Counter(webhook, tmp_path)


def test_a_checkout_is_opened_by_this_machines_key_alone(counter: Counter) -> None:
    assert counter.open().startswith("cs_test_")
    answer = counter.ask("POST", "/checkout/stripe/v1/checkout/sessions", ORDER, authorization="Bearer sk_test_x")
    assert answer["statusCode"] == 401
    assert len(counter.till.purchases) == 1


def test_the_page_says_what_is_bought_and_that_no_money_moves(counter: Counter) -> None:
    page = counter.page(counter.open())
    assert "<h1>1,000 &lt;credits&gt;</h1>" in page and "$18.00" in page
    assert "no money moves" in page
    assert "<script" not in page and "style=" not in page


def test_the_page_looks_like_the_pages_beside_it(counter: Counter) -> None:
    linked = re.findall(r'href="/assets/([\w.-]+)"', counter.page(counter.open()))
    assert len(linked) == 1 and (ROOT / "build" / "web" / "assets" / linked[0]).is_file()


def test_paying_tells_the_webhook_and_leads_back(counter: Counter, webhook: Webhook) -> None:
    session = counter.open()
    answer = counter.press(session, "pay")
    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, ORDER["success_url"])
    [event] = webhook.heard
    about = event["data"]["object"]
    assert (event["type"], about["payment_status"], about["amount_total"]) == (
        "checkout.session.completed",
        "paid",
        1800,
    )
    assert about["metadata"] == {"account": "acct_1", "site": "http://127.0.0.1"}


def test_events_are_signed_as_stripe_signs(counter: Counter, webhook: Webhook) -> None:
    counter.press(counter.open(), "pay")
    [(body, signature)] = webhook.signatures
    assert stripe.WebhookSignature.verify_header(body, signature, counter.secrets["webhook_secret"], 300)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body + b" ", signature, counter.secrets["webhook_secret"], 300)


def test_leaving_pays_nothing(counter: Counter, webhook: Webhook) -> None:
    answer = counter.press(counter.open(), "cancel")
    assert answer["headers"]["Location"] == ORDER["cancel_url"]
    assert webhook.heard == []


def test_what_can_happen_to_a_payment_has_a_button(counter: Counter, webhook: Webhook) -> None:
    session = counter.open()
    assert counter.buttons(session) == ["pay", "cancel"]
    counter.press(session, "pay")
    assert counter.buttons(session) == ["again", "refund", "half", "dispute"]
    counter.press(session, "half")
    counter.press(session, "dispute")
    assert counter.buttons(session) == ["again", "won", "lost"]
    counter.press(session, "won")
    told = [(event["type"], event["data"]["object"].get("amount")) for event in webhook.heard[1:]]
    assert told == [("refund.created", 900), ("charge.dispute.created", 900), ("charge.dispute.closed", 900)]
    assert {event["data"]["object"]["payment_intent"] for event in webhook.heard} == {
        counter.till.purchases[session].payment_id
    }


def test_the_last_event_goes_out_again_as_it_was(counter: Counter, webhook: Webhook) -> None:
    session = counter.open()
    counter.press(session, "pay")
    counter.press(session, "again")
    assert webhook.heard[0] == webhook.heard[1]


@pytest.mark.parametrize("action", ["refund", "won", "", "again", "nonsense"])
def test_a_button_that_is_not_there_does_nothing(counter: Counter, webhook: Webhook, action: str) -> None:
    session = counter.open()
    assert counter.press(session, action)["statusCode"] == 200
    assert webhook.heard == []


def test_a_checkout_that_is_not_there_is_said_so(counter: Counter, webhook: Webhook) -> None:
    for answer in (counter.ask("GET", "/checkout/"), counter.press("cs_test_<x>", "pay")):
        assert answer["statusCode"] == 404
        assert "<x>" not in answer["body"]
    assert webhook.heard == []


def test_another_sites_page_presses_no_button(counter: Counter, webhook: Webhook) -> None:
    answer = counter.press(counter.open(), "pay", sec_fetch_site="cross-site")
    assert answer["statusCode"] == 403
    assert webhook.heard == []


def test_a_webhook_that_fails_is_said_so(counter: Counter, webhook: Webhook) -> None:
    webhook.status = 503
    answer = counter.press(counter.open(), "pay")
    assert "The webhook answered 503." in answer["body"]


def test_only_the_function_that_sells_is_told_where_stripe_is(counter: Counter) -> None:
    told = {name for name, own in counter.plan.functions.items() if "STRIPE_URL" in own.environment}
    assert told == {"PaymentsFunction"}
    assert counter.plan.functions["PaymentsFunction"].environment["BUYING"] == "1"


def test_a_deployment_knows_nothing_of_it() -> None:
    plan = template.read(ROOT / "template.yaml", {})
    assert all("STRIPE_URL" not in own.environment for own in plan.functions.values())
    assert not [route for route in plan.routes if route.path.startswith(checkout.PATH)]
    assert plan.functions["PaymentsFunction"].environment["BUYING"] == "0"


def test_its_routes_go_before_the_catch_all(counter: Counter) -> None:
    gateway = Gateway(counter.plan.routes, counter.plan.responses)
    for path in ("/checkout", "/checkout/", "/checkout/style.css", "/checkout/stripe/v1/checkout/sessions"):
        assert gateway.match("GET", path).route.function == checkout.NAME


def test_the_secrets_are_made_once_and_for_their_user_alone(webhook: Webhook, tmp_path: Path) -> None:
    first = Counter(webhook, tmp_path).secrets
    assert Counter(webhook, tmp_path).secrets == first
    assert (tmp_path / "stripe.secret").stat().st_mode & 0o777 == 0o600
