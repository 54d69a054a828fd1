"""Notices that race, answers that are lost, accounts that are gone: the book of payments on both servers."""

import time

import pytest

from portrait.dynamo.payments import DynamoPayments
from portrait.payments import Booked, Notice, Stage
from portrait.problems import Problem, Timeout, Unavailable
from tests.store import servers, wire
from tests.store.books import at_once, kinds, plain
from tests.store.servers import LocalPlace
from tests.store.tills import TABLE, Purchase, Till
from tests.store.wire import Hands, Wire

WRITE, READ = "TransactWriteItems", "GetItem"


@pytest.fixture
def till(place: LocalPlace) -> Till:
    return Till.at(place)


@pytest.fixture
def purchase(till: Till) -> Purchase:
    return Purchase(till.books.account())


# ---- races --------------------------------------------------------------------------------------------


def test_one_notice_twenty_times_at_once_is_booked_once(till: Till, purchase: Purchase) -> None:
    notice = purchase.paid()
    results = at_once(20, lambda _: till.book(notice))
    assert kinds(results) == {"ok": 20}
    assert till.books.rows(purchase.account_id) == [(f"PAY#{purchase.payment_id}", 500)]
    assert till.books.is_balanced(purchase.account_id)


def test_twenty_notices_of_one_payment_at_once_are_one_payment(till: Till, purchase: Purchase) -> None:
    notices = [purchase.paid() for _ in range(20)]
    assert kinds(at_once(20, lambda number: till.book(notices[number]))) == {"ok": 20}
    assert till.books.rows(purchase.account_id) == [(f"PAY#{purchase.payment_id}", 500)]


def test_payment_refunds_and_dispute_at_once_end_as_they_would_one_by_one(till: Till, purchase: Purchase) -> None:
    notices = [
        purchase.paid(),
        *(purchase.refunded(name, 1_11) for name in "abcd"),
        purchase.disputed("e", 5_00, Stage.OPEN, holds=True),
        purchase.disputed("e", 5_00, Stage.CLOSED, holds=False, at=2_000),
    ]
    results = at_once(21, lambda number: till.book(notices[number % 7]))
    assert kinds(results) == {"ok": 21}
    assert till.balance(purchase.account_id) == 500 - 500 * 4_44 // 10_00
    assert till.books.is_balanced(purchase.account_id)


def test_payments_and_calls_of_one_account_at_once_all_count(till: Till) -> None:
    caller = till.books.caller(credits=100)
    purchases = [Purchase(caller.account_id) for _ in range(10)]

    def act(number: int) -> object:
        if number < 10:
            return till.book(purchases[number].paid())
        return till.books.debit(caller, plain())

    assert kinds(at_once(30, act, threads=10)) == {"ok": 30}
    assert till.balance(caller.account_id) == 100 + 10 * 500 - 20
    assert till.books.is_balanced(caller.account_id)


# ---- between two lines --------------------------------------------------------------------------------


class Desk:
    """A book of payments whose wire and clock are in the test's hands."""

    def __init__(self, place: LocalPlace) -> None:
        store = place.store()
        self.wire, self.hands = Wire(store), Hands()
        self.payments = DynamoPayments(
            store, TABLE, clock=self.hands.clock, sleep=self.hands.sleep, chance=self.hands.chance
        )
        self.calm = Till.at(place)

    def book(self, notice: Notice, within_s: float = 8) -> Booked:
        return self.payments.book(notice, self.hands.now, self.hands.now + within_s)


@pytest.fixture
def desk(place: LocalPlace) -> Desk:
    return Desk(place)


def test_a_crash_after_the_commit_is_mended_by_the_next_delivery(desk: Desk) -> None:
    """The store has acted, the function died before it could answer: the provider sends the notice again."""
    purchase = Purchase(desk.calm.books.account())
    notice = purchase.paid()

    def dies(url: str) -> None:
        raise KeyboardInterrupt

    desk.wire.lose_answers[WRITE] = 1
    desk.wire.fates[READ] = [wire.passes, dies]
    with pytest.raises(KeyboardInterrupt):
        desk.book(notice)
    assert desk.calm.book(notice).movements == ()
    assert desk.calm.balance(purchase.account_id) == 500


def test_an_answer_lost_after_the_commit_moves_credits_once(desk: Desk) -> None:
    purchase = Purchase(desk.calm.books.account())
    desk.wire.lose_answers[WRITE] = 1
    assert desk.book(purchase.paid()).credits == 500
    assert (desk.wire.attempts(WRITE), desk.calm.balance(purchase.account_id)) == (1, 500)


@pytest.mark.parametrize("fate", [wire.never_arrives, wire.BROKEN, wire.CONFLICT, wire.THROTTLED])
def test_what_was_not_written_is_written_in_the_end(desk: Desk, fate: wire.Fate) -> None:
    purchase = Purchase(desk.calm.books.account())
    desk.wire.fates[WRITE] = [fate, fate]
    assert desk.book(purchase.paid()).credits == 500
    assert (desk.wire.attempts(WRITE), desk.calm.balance(purchase.account_id)) == (3, 500)


@pytest.mark.parametrize("was_committed", [True, False])
def test_what_nobody_confirmed_is_a_failure_and_its_repeat_moves_credits_once(desk: Desk, was_committed: bool) -> None:
    purchase = Purchase(desk.calm.books.account())
    notice = purchase.paid()
    desk.wire.fates = {READ: [wire.passes], WRITE: [wire.passes] if was_committed else []}
    desk.wire.lose_answers[WRITE] = 1
    desk.wire.forever = {WRITE: wire.never_arrives, READ: wire.never_arrives}
    with pytest.raises(Unavailable):
        desk.book(notice)
    desk.calm.book(notice)
    assert desk.calm.balance(purchase.account_id) == 500
    assert desk.calm.books.is_balanced(purchase.account_id)


def test_a_fact_that_waits_and_that_nobody_confirmed_is_a_failure_too(desk: Desk) -> None:
    """No account is looked at for it, which would fail by itself."""
    purchase = Purchase(desk.calm.books.account())
    desk.wire.fates[READ] = [wire.passes]
    desk.wire.forever = {WRITE: wire.never_arrives, READ: wire.never_arrives}
    with pytest.raises(Unavailable):
        desk.book(purchase.refunded("a", 10_00))
    assert desk.calm.book(purchase.paid()).credits == 500


def test_a_notice_that_was_heard_is_not_written_again(desk: Desk) -> None:
    notice = Purchase(desk.calm.books.account()).paid()
    for _ in range(3):
        desk.book(notice)
    assert desk.wire.attempts(WRITE) == 1


def test_a_notice_that_overtakes_another_between_its_read_and_its_write_is_not_lost(desk: Desk) -> None:
    purchase = Purchase(desk.calm.books.account())

    def refund_overtakes(url: str) -> None:
        desk.calm.book(purchase.refunded("a", 5_00))

    desk.wire.fates[WRITE] = [refund_overtakes]
    assert desk.book(purchase.paid()).credits == 250
    assert desk.wire.attempts(WRITE) == 2
    assert desk.calm.balance(purchase.account_id) == 250


def test_a_store_that_is_silent_is_a_failure_that_the_provider_repeats(desk: Desk) -> None:
    purchase = Purchase(desk.calm.books.account())
    desk.wire.forever[READ] = wire.never_arrives
    with pytest.raises(Problem):
        desk.book(purchase.paid())
    assert desk.calm.balance(purchase.account_id) == 0


def test_books_that_contradict_each_other_move_nothing_and_are_a_failure(place: LocalPlace, desk: Desk) -> None:
    """A row of a payment that nobody knows: one table was restored to another second than the other."""
    purchase = Purchase(desk.calm.books.account())
    key = {"account_id": {"S": purchase.account_id}, "row": {"S": f"PAY#{purchase.payment_id}"}}
    client = servers.client(place)
    client.put_item(TableName=place.ledger_table, Item={**key, "credits": {"N": "0"}, "call_id": {"S": "before"}})
    with pytest.raises(Timeout):
        desk.book(purchase.paid(), within_s=8)
    assert sum(desk.hands.naps) == pytest.approx(8, abs=0.1)
    assert desk.wire.attempts(WRITE) < 30
    assert desk.calm.balance(purchase.account_id) == 0
    client.delete_item(TableName=place.ledger_table, Key=key)


# ---- accounts that are gone ---------------------------------------------------------------------------


def test_a_late_payment_of_a_deleted_account_is_booked_and_told(place: LocalPlace, till: Till) -> None:
    purchase = Purchase(till.books.account())
    servers.client(place).update_item(
        TableName=place.ledger_table,
        Key={"account_id": {"S": purchase.account_id}, "row": {"S": "ACCOUNT"}},
        UpdateExpression="SET closed_at = :now",
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )
    booked = till.book(purchase.paid())
    assert (booked.credits, booked.is_closed) == (500, True)
    assert till.balance(purchase.account_id) == 500
    again = till.book(purchase.paid())
    assert (again.credits, again.is_closed) == (0, True)


def test_every_read_of_a_payment_is_consistent(desk: Desk) -> None:
    purchase = Purchase(desk.calm.books.account())
    desk.book(purchase.paid())
    reads = [request for operation, request in desk.wire.sent if operation == READ]
    assert len(reads) == 2
    assert all(request["ConsistentRead"] is True for request in reads)
