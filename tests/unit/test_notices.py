"""What Stripe's events mean, and which of them are of no concern."""

from typing import get_args

import pytest
import stripe

from payments import notices
from payments.notices import Mispaid
from portrait.payments import Notice, Reversal, Sale, Stage
from tests.unit.stripe_events import CREATED, SITE, dispute, event, refund, session

ELSEWHERE = "https://another.example"
SALE = Sale("acct_1", "pack-500", 500, 1000, "usd")
AGREED = notices.metadata(SALE, SITE)


@pytest.mark.parametrize("kind", ["checkout.session.completed", "checkout.session.async_payment_succeeded"])
def test_a_paid_session_is_a_sale_as_it_was_agreed(kind: str) -> None:
    told = event(kind, session("acct_1"))
    assert notices.read(told, SITE) == Notice(told["id"], "pi_1", CREATED, SALE)


def test_what_travels_with_a_checkout_comes_back_as_the_same_sale() -> None:
    told = event("checkout.session.completed", session("", metadata=notices.metadata(SALE, SITE)))
    found = notices.read(told, SITE)
    assert found is not None and found.fact == SALE


def test_a_session_whose_payment_is_still_on_its_way_is_no_sale_yet() -> None:
    assert notices.read(event("checkout.session.completed", session("acct_1", payment_status="unpaid")), SITE) is None


@pytest.mark.parametrize(
    "changes",
    [{"metadata": {"site": ELSEWHERE}}, {"metadata": {"order": "1"}}, {"metadata": None}, {"mode": "subscription"}],
)
def test_what_another_shop_sold_on_the_same_stripe_account_is_of_no_concern(changes: dict[str, object]) -> None:
    assert notices.read(event("checkout.session.completed", session("acct_1", **changes)), SITE) is None


def test_a_sale_under_another_address_may_be_ours() -> None:
    told = event("checkout.session.completed", session("", metadata=notices.metadata(SALE, ELSEWHERE)))
    found = notices.read(told, SITE)
    assert found is not None and found.fact == SALE
    assert not notices.was_sold_at(told, SITE)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total": 999},
        {"amount_total": 0, "payment_status": "no_payment_required"},
        {"amount_total": None},
        {"currency": "jpy"},
        {"metadata": {"site": SITE}},
        {"metadata": {**AGREED, "credits": "many"}},
        {"metadata": {**AGREED, "credits": "-500"}},
        {"metadata": {**AGREED, "price_cents": "0"}, "amount_total": 0},
    ],
)
def test_a_payment_that_is_not_what_was_agreed_is_left_to_a_person(changes: dict[str, object]) -> None:
    with pytest.raises(Mispaid):
        notices.read(event("checkout.session.completed", session("acct_1", **changes)), SITE)


@pytest.mark.parametrize(
    ("status", "stage", "holds", "note"),
    [
        ("pending", Stage.OPEN, True, "refund"),
        ("requires_action", Stage.OPEN, True, "refund"),
        ("succeeded", Stage.OPEN, True, "refund"),
        ("failed", Stage.CLOSED, False, "refund failed"),
        ("canceled", Stage.CLOSED, False, "refund canceled"),
    ],
)
@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed"])
def test_a_refund_is_told_as_it_stands(kind: str, status: str, stage: Stage, holds: bool, note: str) -> None:
    found = notices.read(event(kind, refund(250, status)), SITE)
    assert found is not None
    assert (found.payment_id, found.fact) == (
        "pi_1",
        Reversal("REFUND#re_1", 250, "usd", stage, holds, CREATED, note),
    )


@pytest.mark.parametrize(
    ("status", "stage", "holds", "note"),
    [
        ("warning_needs_response", Stage.ASKED, False, "dispute"),
        ("warning_under_review", Stage.ASKED, False, "dispute"),
        ("warning_closed", Stage.CLOSED, False, "dispute warning closed"),
        ("needs_response", Stage.OPEN, True, "dispute"),
        ("under_review", Stage.OPEN, True, "dispute"),
        ("prevented", Stage.CLOSED, False, "dispute prevented"),
        ("won", Stage.CLOSED, False, "dispute won"),
        ("lost", Stage.CLOSED, True, "dispute lost"),
        ("appeal_needs_response", Stage.CLOSED, True, "dispute appeal needs response"),
        ("appeal_under_review", Stage.CLOSED, True, "dispute appeal under review"),
    ],
)
@pytest.mark.parametrize("kind", ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"])
def test_a_dispute_is_told_as_it_stands(kind: str, status: str, stage: Stage, holds: bool, note: str) -> None:
    found = notices.read(event(f"charge.dispute.{kind}", dispute(status)), SITE)
    assert found is not None
    assert found.fact == Reversal("DISPUTE#dp_1", 1000, "usd", stage, holds, CREATED, note)


def test_a_payment_may_come_as_the_whole_object() -> None:
    told = event("refund.created", refund(payment_id={"id": "pi_7", "object": "payment_intent"}))  # type: ignore[arg-type]
    found = notices.read(told, SITE)
    assert found is not None and found.payment_id == "pi_7"


def test_a_refund_of_what_no_checkout_sold_is_of_no_concern() -> None:
    assert notices.read(event("refund.created", refund(payment_id=None)), SITE) is None


@pytest.mark.parametrize("kind", ["charge.refunded", "checkout.session.expired", "customer.created", "v2.core.event"])
def test_events_of_other_kinds_are_of_no_concern(kind: str) -> None:
    assert notices.read(event(kind, {"id": "x"}), SITE) is None


def test_every_status_of_a_dispute_that_stripes_library_knows_has_a_meaning() -> None:
    named = get_args(get_args(stripe.Dispute.__annotations__["status"])[0])
    assert set(notices.DISPUTE) == set(named)


def test_a_status_that_nobody_knows_is_a_fault_and_not_a_guess() -> None:
    with pytest.raises(KeyError):
        notices.read(event("charge.dispute.updated", dispute("reopened")), SITE)
