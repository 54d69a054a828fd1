"""A purchase as a browser and Stripe would make it, through every process of the local machine: no money moves."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from portrait import tariff
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e


class Buyer(Visitor):
    """Somebody who is signed in and buys."""

    def opens_checkout(self, pack: str) -> str:
        answer = self.call("POST", "/account/v1/checkout", {"pack": pack})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])

    def presses(self, checkout: str, words: str) -> requests.Response:
        """A button of the checkout's page, found by its words."""
        page = self.jar.get(checkout, timeout=30).text
        [session] = re.findall(r'name="session" value="(\w+)"', page)
        actions = {label: action for action, label in re.findall(r'value="(\w+)">([^<]+)</button>', page)}
        form = {"session": session, "action": actions[words]}
        return self.jar.post(f"{self.machine.url}/checkout/", data=form, allow_redirects=False, timeout=30)

    def credits(self) -> int:
        return int(self.session()["credits"])

    def statement(self) -> list[tuple[str, int]]:
        entries: list[dict[str, Any]] = self.call("GET", "/account/v1/statement").json()["entries"]
        return sorted((entry["kind"], entry["credits"]) for entry in entries)


@pytest.fixture
def buyer(machine: Machine) -> Buyer:
    buyer = Buyer(machine)
    buyer.sign_in()
    return buyer


def test_credits_come_when_the_payment_is_told_and_not_before(buyer: Buyer) -> None:
    checkout = buyer.opens_checkout("pack-1000")
    assert buyer.credits() == 0
    back = buyer.presses(checkout, "Pay $18.00")
    assert back.headers["location"].endswith("/account/?bought=pack-1000")
    assert buyer.credits() == 1_000
    buyer.presses(checkout, "Send the last event again")
    assert buyer.credits() == 1_000
    assert buyer.statement() == [("payment", 1_000)]


def test_who_leaves_the_checkout_has_bought_nothing(buyer: Buyer) -> None:
    back = buyer.presses(buyer.opens_checkout("pack-500"), "Cancel")
    assert back.headers["location"].endswith("/account/")
    assert (buyer.credits(), buyer.statement()) == (0, [])


def test_after_a_refund_of_spent_credits_calls_are_refused_until_they_are_paid(buyer: Buyer, portrait: Path) -> None:
    checkout = buyer.opens_checkout("pack-500")
    buyer.presses(checkout, "Pay $10.00")
    key = buyer.key()["key"]
    assert buyer.depth(key, portrait).status_code == 200
    buyer.presses(checkout, "Refund what is left")
    assert buyer.credits() == -1
    refused = buyer.depth(key, portrait)
    assert (refused.status_code, refused.json()["code"]) == (402, "no_credits")
    buyer.presses(buyer.opens_checkout("pack-500"), "Pay $10.00")
    assert buyer.depth(key, portrait).headers["x-remaining-credits"] == "498"


def test_a_dispute_takes_credits_until_it_is_won(buyer: Buyer) -> None:
    checkout = buyer.opens_checkout("pack-500")
    buyer.presses(checkout, "Pay $10.00")
    buyer.presses(checkout, "Refund half of it")
    buyer.presses(checkout, "Dispute")
    assert buyer.credits() == 0
    buyer.presses(checkout, "The dispute is won")
    assert buyer.credits() == 250
    assert buyer.statement() == [("dispute", -250), ("dispute", 250), ("payment", 500), ("refund", -250)]


def test_a_button_pressed_ten_times_at_once_pays_once(buyer: Buyer) -> None:
    checkout = buyer.opens_checkout("pack-500")
    buyer.presses(checkout, "Pay $10.00")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: buyer.presses(checkout, "Send the last event again"), range(10)))
    assert {answer.status_code for answer in answers} == {303}
    assert (buyer.credits(), buyer.statement()) == (500, [("payment", 500)])


def notice_of_payment(buyer: Buyer, price_cents: int = 10_00) -> str:
    """What Stripe would send of a pack that was paid, for this very account."""
    ours = {"account": buyer.session()["account_id"], "site": buyer.machine.url, "pack": "pack-500"}
    about = {
        "id": "cs_forged",
        "object": "checkout.session",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": "pi_forged",
        "amount_total": price_cents,
        "currency": tariff.CURRENCY,
        "metadata": ours | {"credits": "500", "price_cents": str(price_cents), "currency": tariff.CURRENCY},
    }
    event = {"id": "evt_forged", "object": "event", "type": "checkout.session.completed", "created": int(time.time())}
    return json.dumps(event | {"livemode": False, "data": {"object": about}})


def told(buyer: Buyer, notice: str, signature: str) -> requests.Response:
    headers = {"content-type": "application/json", "stripe-signature": signature}
    return requests.post(f"{buyer.machine.url}/payments/v1/webhook", data=notice, headers=headers, timeout=30)


def webhook_secret(buyer: Buyer) -> str:
    return str(json.loads((buyer.machine.data / "stripe.secret").read_text())["webhook_secret"])


def signed(notice: str, secret: str, at: float) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(notice, secret, int(at)))


def test_the_notice_that_is_forged_below_books_where_stripe_signed_it(buyer: Buyer) -> None:
    notice = notice_of_payment(buyer)
    assert told(buyer, notice, signed(notice, webhook_secret(buyer), time.time())).status_code == 200
    assert buyer.credits() == 500


@pytest.mark.parametrize("forgery", ["none", "nonsense", "another secret", "another body", "old", "of the future"])
def test_a_notice_that_is_not_stripe_s_own_books_nothing(buyer: Buyer, forgery: str) -> None:
    secret = webhook_secret(buyer)
    notice, now = notice_of_payment(buyer), time.time()
    signature = {
        "none": "",
        "nonsense": f"t=1,v1={64 * 'a'}",
        "another secret": signed(notice, "whsec_other", now),
        "another body": signed(notice_of_payment(buyer, 1), secret, now),
        "old": signed(notice, secret, now - 3600),
        "of the future": "t=99999999999,v1=" + signed(notice, secret, now).partition("v1=")[2],
    }[forgery]
    answer = told(buyer, notice, signature)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")
    assert (buyer.credits(), buyer.statement()) == (0, [])


def test_a_checkout_is_opened_by_who_is_signed_in_alone(machine: Machine) -> None:
    answer = Buyer(machine).call("POST", "/account/v1/checkout", {"pack": "pack-500"})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("pack", ["pack-1", "", "PACK-500", "pack-500 ", "../pack-500", 500, None, ["pack-500"]])
def test_what_is_not_sold_is_not_bought(buyer: Buyer, pack: Any) -> None:
    assert buyer.call("POST", "/account/v1/checkout", {"pack": pack}).status_code == 400
    assert buyer.statement() == []
