"""What the book of payments promises, asked of the one in memory and of the one on each store."""

import itertools
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portrait.payments import Notice, Stage
from portrait.problems import NoCredits, Timeout
from portrait.register import NotThere
from tests.store.books import plain
from tests.store.servers import LocalPlace
from tests.store.tills import Purchase, Till


@pytest.fixture(scope="session")
def dynoxide_till(dynoxide: LocalPlace) -> Till:
    return Till.at(dynoxide)


@pytest.fixture(scope="session")
def ministack_till(ministack: LocalPlace) -> Till:
    return Till.at(ministack)


@pytest.fixture(params=["memory", "dynoxide_till", "ministack_till"])
def till(request: pytest.FixtureRequest) -> Iterator[Till]:
    yield Till.in_memory() if request.param == "memory" else request.getfixturevalue(request.param)


@pytest.fixture
def purchase(till: Till) -> Purchase:
    return Purchase(till.books.account())


# ---- a payment ----------------------------------------------------------------------------------------


def test_a_payment_brings_its_credits_and_leaves_a_row(till: Till, purchase: Purchase) -> None:
    booked = till.book(purchase.paid())
    assert (booked.account_id, booked.credits, booked.is_closed) == (purchase.account_id, 500, False)
    assert till.books.rows(purchase.account_id) == [(f"PAY#{purchase.payment_id}", 500)]
    [entry] = till.books.register.statement(purchase.account_id)
    assert entry.note == "pack-500"
    assert till.books.is_balanced(purchase.account_id)


def test_a_notice_that_comes_twice_moves_credits_once(till: Till, purchase: Purchase) -> None:
    notice = purchase.paid()
    till.book(notice)
    assert till.book(notice).movements == ()
    assert till.balance(purchase.account_id) == 500


def test_two_notices_of_one_payment_move_credits_once(till: Till, purchase: Purchase) -> None:
    """A session that is completed and an asynchronous payment that succeeded are two events and one payment."""
    till.book(purchase.paid())
    assert till.book(purchase.paid()).movements == ()
    assert till.balance(purchase.account_id) == 500


def test_every_payment_of_an_account_counts(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    till.book(Purchase(purchase.account_id, 1_000, 18_00).paid())
    assert till.balance(purchase.account_id) == 1_500
    assert till.books.is_balanced(purchase.account_id)


def test_a_payment_of_nobody_is_not_kept_and_may_come_again(till: Till) -> None:
    nobody = Purchase("nobody-yet")
    notice = nobody.paid()
    with pytest.raises(NotThere):
        till.book(notice)
    with pytest.raises(NotThere):
        till.book(notice)


def test_nothing_is_booked_after_the_deadline(till: Till, purchase: Purchase) -> None:
    now = time.time()
    with pytest.raises(Timeout):
        till.payments.book(purchase.paid(), now, now)
    assert till.balance(purchase.account_id) == 0


# ---- money that goes back -----------------------------------------------------------------------------


def test_a_refund_takes_its_credits_back(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    assert till.book(purchase.refunded("a", 10_00)).credits == -500
    assert till.balance(purchase.account_id) == 0
    assert till.books.is_balanced(purchase.account_id)


def test_refunds_in_parts_take_as_many_credits_as_one_refund_of_all(till: Till) -> None:
    purchase = Purchase(till.books.account(), 1_000, 18_00)
    till.book(purchase.paid())
    taken = [-till.book(purchase.refunded(name, 6_00)).credits for name in "abc"]
    assert taken == [333, 333, 334]
    assert till.balance(purchase.account_id) == 0


def test_a_refund_of_less_than_a_credit_takes_none(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    assert till.book(purchase.refunded("a", 1)).movements == ()
    assert till.book(purchase.refunded("b", 1)).credits == -1
    assert till.balance(purchase.account_id) == 499


def test_more_than_was_paid_is_never_taken(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    till.book(purchase.refunded("a", 10_00))
    till.book(purchase.disputed("b", 10_00, Stage.OPEN, holds=True))
    assert till.balance(purchase.account_id) == 0
    till.book(purchase.disputed("b", 10_00, Stage.CLOSED, holds=False))
    assert till.balance(purchase.account_id) == 0


def test_a_refund_before_its_payment_waits_for_it(till: Till, purchase: Purchase) -> None:
    waiting = till.book(purchase.refunded("a", 4_00))
    assert (waiting.account_id, waiting.movements) == ("", ())
    assert till.balance(purchase.account_id) == 0
    assert till.book(purchase.paid()).credits == 300
    refund = f"REFUND#{purchase.payment_id}.a"
    assert sorted(till.books.rows(purchase.account_id)) == [(f"PAY#{purchase.payment_id}", 500), (refund, -200)]
    assert till.books.is_balanced(purchase.account_id)


def test_a_refund_that_failed_is_not_undone_by_news_of_its_beginning_whatever_their_times(
    till: Till, purchase: Purchase
) -> None:
    """Stripe's times are whole seconds of several machines, and no order."""
    for notice in (
        purchase.paid(),
        purchase.refunded("a", 10_00, failed=True, at=1_000),
        purchase.refunded("a", 10_00, at=1_001),
    ):
        till.book(notice)
    assert till.balance(purchase.account_id) == 500


def test_a_refund_that_fails_gives_its_credits_again(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    till.book(purchase.refunded("a", 10_00))
    assert till.book(purchase.refunded("a", 10_00, failed=True)).credits == 500
    assert till.book(purchase.refunded("a", 10_00)).movements == ()
    refund = f"REFUND#{purchase.payment_id}.a"
    assert sorted(row for row, _ in till.books.rows(purchase.account_id))[1:] == [refund, f"{refund}#2"]
    assert till.balance(purchase.account_id) == 500


def test_a_dispute_takes_the_credits_and_a_won_one_returns_them(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    assert till.book(purchase.disputed("a", 10_00, Stage.ASKED, holds=False)).movements == ()
    assert till.book(purchase.disputed("a", 10_00, Stage.OPEN, holds=True)).credits == -500
    assert till.book(purchase.disputed("a", 10_00, Stage.CLOSED, holds=False)).credits == 500
    assert till.balance(purchase.account_id) == 500
    assert till.books.is_balanced(purchase.account_id)


def test_a_lost_dispute_takes_nothing_further(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    till.book(purchase.disputed("a", 10_00, Stage.OPEN, holds=True))
    assert till.book(purchase.disputed("a", 10_00, Stage.CLOSED, holds=True)).movements == ()
    assert till.balance(purchase.account_id) == 0


def test_a_dispute_in_another_currency_counts_for_all_that_was_paid(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    assert till.book(purchase.disputed("a", 9_12, Stage.OPEN, holds=True, currency="eur")).credits == -500


def test_a_bank_may_change_its_mind_and_change_it_again(till: Till, purchase: Purchase) -> None:
    till.book(purchase.paid())
    for later, holds in enumerate([True, False, True, False, True]):
        till.book(purchase.disputed("a", 10_00, Stage.CLOSED, holds=holds, at=1_000 + later))
    assert till.balance(purchase.account_id) == 0
    assert till.books.is_balanced(purchase.account_id)


def test_credits_that_were_spent_are_owed_and_the_next_call_is_refused(till: Till) -> None:
    caller = till.books.caller()
    purchase = Purchase(caller.account_id)
    till.book(purchase.paid())
    till.books.debit(caller, plain(credits=200))
    till.book(purchase.refunded("a", 10_00))
    assert till.balance(caller.account_id) == till.books.ledger.balance(caller.account_id) == -200
    assert till.books.ledger.standing(caller, plain(), time.time()).credits == -200
    with pytest.raises(NoCredits):
        till.books.debit(caller, plain())
    till.book(Purchase(caller.account_id).paid())
    assert till.books.debit(caller, plain()).remaining == 299
    assert till.books.is_balanced(caller.account_id)


# ---- any order ----------------------------------------------------------------------------------------


def story(purchase: Purchase) -> list[Notice]:
    """A payment, a refund in two parts of which one fails, and a dispute that is lost after all: 3.33 dollars stay."""
    return [
        purchase.paid(),
        purchase.refunded("a", 1_00),
        purchase.refunded("b", 2_00),
        purchase.refunded("b", 2_00, failed=True),
        purchase.disputed("c", 5_67, Stage.OPEN, holds=True),
        purchase.disputed("c", 5_67, Stage.CLOSED, holds=False, at=2_000),
        purchase.disputed("c", 5_67, Stage.CLOSED, holds=True, at=3_000),
    ]


LEFT = 500 - 500 * (1_00 + 5_67) // 10_00


def test_every_row_has_its_word_in_the_statement(till: Till, purchase: Purchase) -> None:
    for notice in story(purchase):
        till.book(notice)
    kinds = [entry.kind for entry in till.books.register.statement(purchase.account_id)]
    assert (kinds.count("payment"), set(kinds)) == (1, {"payment", "refund", "dispute"})


def test_in_whatever_order_notices_come_the_balance_is_the_same_in_the_end() -> None:
    till = Till.in_memory()
    for order in itertools.permutations(range(7)):
        purchase = Purchase(till.books.account())
        notices = story(purchase)
        for number in order:
            till.book(notices[number])
        assert till.balance(purchase.account_id) == LEFT, order
        assert sum(credits for _, credits in till.books.rows(purchase.account_id)) == LEFT


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations([*range(7), 0, 3, 6]))
def test_notices_that_come_twice_and_out_of_order_are_kept_alike_by_both(dynoxide_till: Till, order: list[int]) -> None:
    for till in (Till.in_memory(), dynoxide_till):
        purchase = Purchase(till.books.account())
        notices = story(purchase)
        for number in order:
            till.book(notices[number])
        assert till.balance(purchase.account_id) == LEFT
        assert sum(credits for _, credits in till.books.rows(purchase.account_id)) == LEFT
