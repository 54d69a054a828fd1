"""Buying over HTTP against the running machine: its test checkout stands where Stripe would."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

from portrait import tariff
from tests.e2e.local_machine import Machine
from tests.e2e.test_intruders import at_once, statuses
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e

PACK = tariff.PACKS[0]
WEBHOOK = "/payments/v1/webhook"


@pytest.fixture
def ada(machine: Machine) -> Visitor:
    return Visitor(machine).sign_in()


def open_checkout(person: Visitor) -> str:
    """Choose a pack; the checkout's id."""
    answer = person.call("POST", "/account/v1/checkout", {"pack": PACK.pack_id})
    assert answer.status_code == 201, answer.text
    [session] = parse_qs(urlsplit(answer.json()["url"]).query)["session"]
    return session


def press(person: Visitor, session: str, action: str) -> requests.Response:
    """One of the buttons of the checkout page."""
    return person.jar.post(
        f"{person.machine.url}/checkout/",
        data={"session": session, "action": action},
        allow_redirects=False,
        timeout=30,
    )


def booked(person: Visitor) -> list[tuple[str, int]]:
    """Kind and credits of every entry of the statement, oldest first."""
    entries = person.call("GET", "/account/v1/statement").json()["entries"]
    return [(entry["kind"], entry["credits"]) for entry in reversed(entries)]


def test_a_pack_is_booked_when_it_is_paid_and_not_before(ada: Visitor) -> None:
    session = open_checkout(ada)
    assert ada.session()["credits"] == 0
    assert press(ada, session, "pay").status_code == 303
    assert ada.session()["credits"] == PACK.credits
    assert booked(ada) == [("payment", PACK.credits)]


def test_a_notice_that_comes_thirty_times_at_once_is_booked_once(ada: Visitor) -> None:
    session = open_checkout(ada)
    press(ada, session, "pay")
    answers = at_once(lambda _: press(ada, session, "again"), 30)
    assert set(statuses(answers)) <= {303, 500, 502}  # 500: the page tells that the front turned its notice away
    assert ada.session()["credits"] == PACK.credits
    assert booked(ada) == [("payment", PACK.credits)]


def test_two_halves_are_given_back_and_no_third(ada: Visitor) -> None:
    session = open_checkout(ada)
    press(ada, session, "pay")
    press(ada, session, "half")
    assert ada.session()["credits"] == PACK.credits / 2
    press(ada, session, "refund")
    press(ada, session, "refund")
    assert ada.session()["credits"] == 0
    assert booked(ada) == [("payment", PACK.credits)] + [("refund", -PACK.credits // 2)] * 2


def test_what_was_spent_and_given_back_is_owed(ada: Visitor, portrait: Path) -> None:
    session, key = open_checkout(ada), ada.key()["key"]
    press(ada, session, "pay")
    assert ada.depth(key, portrait).status_code == 200
    press(ada, session, "dispute")
    assert ada.session()["credits"] == -1
    answer = ada.depth(key, portrait)
    assert (answer.status_code, answer.json()["code"]) == (402, "no_credits")
    press(ada, session, "won")
    assert ada.depth(key, portrait).status_code == 200
    assert ada.session()["credits"] == PACK.credits - 2


def paid(person: Visitor, **changes: Any) -> str:
    """A notice of a payment as Stripe would send it, for this very account."""
    about = {
        "id": "cs_forged",
        "object": "checkout.session",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": "pi_forged",
        "client_reference_id": person.session()["account_id"],
        "amount_total": PACK.price_cents,
        "currency": tariff.CURRENCY,
        "metadata": {"pack": PACK.pack_id, "credits": str(PACK.credits)},
    }
    event = {"id": "evt_forged", "object": "event", "type": "checkout.session.completed", "created": int(time.time())}
    return json.dumps(event | {"livemode": False, "data": {"object": about | changes}})


def signed(notice: str, secret: str, at: float) -> str:
    return stripe.WebhookSignature.generate_signature_header(notice, secret, int(at))


@pytest.mark.parametrize("forgery", ["none", "nonsense", "another secret", "another body", "old", "of the future"])
def test_only_stripe_s_own_notices_count(ada: Visitor, forgery: str) -> None:
    secret = json.loads((ada.machine.data / "stripe.secret").read_text())["webhook_secret"]
    notice, now = paid(ada), time.time()
    signature = {
        "none": "",
        "nonsense": "t=1,v1=00",
        "another secret": signed(notice, "whsec_other", now),
        "another body": signed(paid(ada, amount_total=1), secret, now),
        "old": signed(notice, secret, now - 3600),
        "of the future": "t=99999999999,v1=" + signed(notice, secret, now).partition("v1=")[2],
    }[forgery]
    headers = {"content-type": "application/json", "stripe-signature": signature}
    answer = requests.post(f"{ada.machine.url}{WEBHOOK}", data=notice, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")
    assert ada.session()["credits"] == 0
    assert booked(ada) == []


def test_a_checkout_is_opened_by_who_is_signed_in_alone(machine: Machine) -> None:
    answer = Visitor(machine).call("POST", "/account/v1/checkout", {"pack": PACK.pack_id})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("pack", ["pack-1", "", "PACK-500", "pack-500 ", "../pack-500", 500, None, ["pack-500"]])
def test_what_is_not_sold_is_not_bought(ada: Visitor, pack: Any) -> None:
    assert ada.call("POST", "/account/v1/checkout", {"pack": pack}).status_code == 400
    assert booked(ada) == []
