"""Conflicts, throttling, lost answers, silence: no local server does it by itself. A charge happens once or never."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from portrait import keys, tariff
from portrait.dynamo import DynamoLedger, DynamoRegister
from portrait.dynamo.transaction import LONGEST_WAIT_S
from portrait.ledger import Caller, Charge, Receipt
from portrait.problems import IdempotencyKeyReused, NoCredits, Timeout, Unavailable
from portrait.register import AlreadyThere
from tests.store import wire
from tests.store.books import Books, idempotent, plain
from tests.store.servers import LocalPlace
from tests.store.wire import Hands, Wire

WRITE, READ = "TransactWriteItems", "GetItem"


@dataclass
class Desk:
    """A ledger whose wire and clock are in the test's hands, over a store that works."""

    ledger: DynamoLedger
    register: DynamoRegister
    wire: Wire
    hands: Hands
    calm: Books
    """The same store, reached undisturbed."""

    def caller(self, credits: int = 10) -> Caller:
        caller = self.calm.caller(credits)
        self.ledger.balance(caller.account_id)
        self.wire.sent.clear()
        return caller

    def debit(self, caller: Caller, charge: Charge | None = None, within_s: float = 20) -> Receipt:
        now = self.hands.now
        return self.ledger.debit(caller, charge or plain(), now, now + within_s)

    def left(self, caller: Caller) -> int:
        assert self.calm.is_balanced(caller.account_id)
        return self.calm.ledger.balance(caller.account_id)


@pytest.fixture(params=["dynoxide", "ministack"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """Clients of its own for each test: botocore tries less often again the more it has met with failure."""
    place: LocalPlace = request.getfixturevalue(request.param)
    store, hands = place.store(), Hands()
    return Desk(
        DynamoLedger(store, clock=hands.clock, sleep=hands.sleep, chance=hands.chance),
        DynamoRegister(store, clock=hands.clock, sleep=hands.sleep, chance=hands.chance),
        Wire(store),
        hands,
        calm=request.getfixturevalue(f"{request.param}_books"),
    )


def test_a_charge_is_one_transaction_and_one_look_at_what_is_left(desk: Desk) -> None:
    """Balance, row and day, and nothing else: each of them alone could be lost, and each request more is time."""
    desk.debit(desk.caller(), plain())
    assert [operation for operation, _ in desk.wire.sent] == [WRITE, READ]
    (_, request), _ = desk.wire.sent
    [account, row, day] = [next(iter(member.values())) for member in request["TransactItems"]]
    assert account["Key"]["row"] == {"S": "ACCOUNT"}
    assert row["Item"]["row"]["S"].startswith("CALL#")
    assert day["Key"]["row"]["S"].startswith("DAY#")


# ---- not done, and told so ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fate",
    [
        wire.CONFLICT,
        wire.TWIN,
        wire.THROTTLED,
        wire.THROTTLED_INSIDE,
        wire.no_connection,
    ],
)
def test_what_was_surely_not_done_is_sent_again(desk: Desk, fate: wire.Fate) -> None:
    caller = desk.caller()
    desk.wire.fates[WRITE] = [fate] * 5
    assert desk.debit(caller) == Receipt(1, 9)
    assert desk.wire.attempts(WRITE) == 6
    assert desk.left(caller) == 9


@pytest.mark.parametrize("fate", [wire.CONFLICT, wire.THROTTLED, wire.no_connection])
def test_a_store_that_stays_busy_costs_nothing(desk: Desk, fate: wire.Fate) -> None:
    caller = desk.caller()
    desk.wire.forever[WRITE] = fate
    begin = desk.hands.now
    with pytest.raises(Unavailable):
        desk.debit(caller, within_s=20)
    assert desk.hands.now - begin == pytest.approx(20, abs=0.01)
    assert desk.left(caller) == 10


def test_waits_double_up_to_a_bound_and_end_at_the_deadline(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.forever[WRITE] = wire.CONFLICT
    with pytest.raises(Unavailable):
        desk.debit(caller, within_s=5)
    naps = desk.hands.naps
    assert naps[:4] == pytest.approx([0.025, 0.05, 0.1, 0.2])
    assert max(naps) == LONGEST_WAIT_S
    assert sum(naps) == pytest.approx(5, abs=0.01)


def test_waits_are_a_matter_of_chance(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.fates[WRITE] = [wire.CONFLICT] * 3
    desk.ledger.committer.chance = iter([0.0, 0.5, 0.25]).__next__
    desk.debit(caller)
    assert desk.hands.naps == pytest.approx([0, 0.025, 0.025])


def test_nothing_is_sent_at_the_deadline_or_later(desk: Desk) -> None:
    caller = desk.caller()
    for within_s in (0, -1):
        with pytest.raises(Timeout):
            desk.debit(caller, within_s=within_s)
    assert desk.wire.sent == []


def test_what_would_fare_no_better_is_not_sent_again(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.forever[WRITE] = wire.DENIED
    with pytest.raises(Unavailable):
        desk.debit(caller)
    assert (desk.wire.attempts(WRITE), desk.hands.naps) == (1, [])
    assert desk.left(caller) == 10


# ---- nobody knows -------------------------------------------------------------------------------------


def test_an_answer_lost_after_the_commit_charges_once(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.lose_answers[WRITE] = 1
    assert desk.debit(caller) == Receipt(1, 9, certain=True)
    assert (desk.wire.attempts(WRITE), desk.left(caller)) == (1, 9)


@pytest.mark.parametrize("fate", [wire.never_arrives, wire.BROKEN, wire.IN_PROGRESS])
def test_a_request_lost_before_the_commit_is_sent_again(desk: Desk, fate: wire.Fate) -> None:
    caller = desk.caller()
    desk.wire.fates[WRITE] = [fate, fate]
    assert desk.debit(caller) == Receipt(1, 9, certain=True)
    assert (desk.wire.attempts(WRITE), desk.left(caller)) == (3, 9)


def test_an_answer_lost_while_the_row_cannot_be_read_is_found_by_sending_again(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.lose_answers[WRITE] = 1
    desk.wire.fates[READ] = [wire.never_arrives] * 3
    assert desk.debit(caller) == Receipt(1, 9, certain=True)
    assert (desk.wire.attempts(WRITE), desk.left(caller)) == (2, 9)


def test_an_answer_lost_with_the_last_credit_is_no_lack_of_credits(desk: Desk) -> None:
    caller = desk.caller(credits=1)
    desk.wire.lose_answers[WRITE] = 1
    desk.wire.fates[READ] = [wire.never_arrives] * 3
    assert desk.debit(caller) == Receipt(1, 0, certain=True)
    assert desk.left(caller) == 0


@pytest.mark.parametrize("was_committed", [True, False])
def test_a_store_that_falls_silent_gives_an_uncertain_receipt(desk: Desk, was_committed: bool) -> None:
    caller = desk.caller()
    desk.wire.fates[WRITE] = [wire.passes] if was_committed else []
    desk.wire.lose_answers[WRITE] = 1
    desk.wire.forever = {WRITE: wire.never_arrives, READ: wire.never_arrives}
    assert desk.debit(caller) == Receipt(1, 9, certain=False)
    assert desk.left(caller) == (9 if was_committed else 10)


def test_after_a_lost_answer_no_error_says_that_nothing_was_charged(desk: Desk) -> None:
    """The lost request may still be on its way when the row is found missing."""
    for then in (wire.CONFLICT, wire.DENIED, wire.no_connection):
        caller = desk.caller()
        desk.wire.fates[WRITE] = [wire.never_arrives]
        desk.wire.forever[WRITE] = then
        assert desk.debit(caller) == Receipt(1, 9, certain=False)
        assert desk.left(caller) == 10


def test_an_answer_lost_at_the_deadline_is_still_looked_up(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.lose_answers[WRITE] = 1
    desk.wire.fates[READ] = [wire.never_arrives]
    assert desk.debit(caller, within_s=0.001) == Receipt(1, 9, certain=True)
    assert desk.wire.attempts(WRITE) == 1


def test_another_lost_answer_does_not_hide_another_request(desk: Desk) -> None:
    caller = desk.caller()
    desk.calm.debit(caller, idempotent("k", "one"))
    desk.wire.fates[WRITE] = [wire.never_arrives]
    with pytest.raises(IdempotencyKeyReused):
        desk.debit(caller, idempotent("k", "another"))
    assert desk.left(caller) == 9


def test_a_lost_answer_of_a_repeat_charges_nothing(desk: Desk) -> None:
    caller = desk.caller()
    desk.calm.debit(caller, idempotent("k"))
    desk.wire.fates[WRITE] = [wire.never_arrives]
    assert desk.debit(caller, idempotent("k")) == Receipt(0, 9)
    assert desk.left(caller) == 9


def test_no_credits_is_still_told_after_a_lost_request(desk: Desk) -> None:
    caller = desk.caller(credits=0)
    desk.wire.fates[WRITE] = [wire.never_arrives]
    with pytest.raises(NoCredits):
        desk.debit(caller)


def test_a_charged_call_does_not_fail_over_its_balance(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.forever[READ] = wire.never_arrives
    assert desk.debit(caller) == Receipt(1, 9, certain=True)
    assert desk.debit(caller).remaining >= 0
    assert desk.left(caller) == 8


def test_a_twin_that_takes_the_last_credit_between_two_looks_is_seen(desk: Desk) -> None:
    caller = desk.caller(credits=1)

    def twin_pays(url: str) -> None:
        desk.calm.debit(caller, idempotent("k"))

    desk.wire.fates[READ] = [wire.passes, twin_pays]
    assert desk.ledger.standing(caller, idempotent("k"), time.time()).charged_before


# ---- before anything is charged -----------------------------------------------------------------------


@pytest.mark.parametrize("fate", [wire.never_arrives, wire.DENIED])
def test_reads_and_counters_that_fail_are_unavailable(desk: Desk, fate: wire.Fate) -> None:
    caller = desk.caller()
    desk.wire.forever = {READ: fate, "UpdateItem": fate}
    with pytest.raises(Unavailable):
        desk.ledger.identify(caller.key_digest)
    with pytest.raises(Unavailable):
        desk.ledger.count(caller, "a", time.time())
    with pytest.raises(Unavailable):
        desk.ledger.standing(caller, plain(), time.time())


def test_reads_are_tried_again(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.fates[READ] = [wire.BROKEN, wire.THROTTLED]
    assert desk.ledger.identify(caller.key_digest) == caller


def test_every_read_of_a_call_is_consistent(desk: Desk) -> None:
    """No local server shows a read that is not."""
    caller = desk.caller()
    desk.debit(caller, idempotent("k"))
    desk.ledger.identify(caller.key_digest)
    desk.ledger.standing(caller, idempotent("k"), time.time())
    reads = [request for operation, request in desk.wire.sent if operation == READ]
    assert len(reads) == 4
    assert all(request["ConsistentRead"] is True for request in reads)


def test_a_call_needs_no_other_rights_than_its_function_has(desk: Desk) -> None:
    """GetItem, PutItem and UpdateItem as template.yaml grants them; the members of a transaction count as these."""
    caller = desk.caller()
    desk.ledger.identify(caller.key_digest)
    desk.ledger.count(caller, "a", time.time())
    for _ in range(2):
        charge = idempotent("k")
        desk.ledger.standing(caller, charge, time.time())
        desk.debit(caller, charge)
    used = set()
    for operation, request in desk.wire.sent:
        for member in request.get("TransactItems", [{operation: request}]):
            ((kind, content),) = member.items()
            used.add((kind.removesuffix("Item"), content["TableName"]))
    assert used == {
        ("Get", "KeysTable"),
        ("Update", "KeysTable"),
        ("Get", "LedgerTable"),
        ("Put", "LedgerTable"),
        ("Update", "LedgerTable"),
        ("Update", "CountersTable"),
    }


# ---- the operator's side ------------------------------------------------------------------------------


def test_a_grant_whose_answer_is_lost_is_booked_once(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.lose_answers[WRITE] = 1
    assert desk.register.grant(caller.account_id, 5, "", time.time()) == 15
    desk.wire.fates[WRITE] = [wire.never_arrives, wire.CONFLICT]
    assert desk.register.grant(caller.account_id, 5, "", time.time()) == 20
    assert desk.left(caller) == 20


def test_a_claim_whose_answer_is_lost_is_a_claim(desk: Desk) -> None:
    caller = desk.caller(credits=0)
    desk.wire.lose_answers[WRITE] = 1
    assert desk.register.claim_free_credits(caller.account_id, time.time()) == 100
    with pytest.raises(AlreadyThere):
        desk.register.claim_free_credits(caller.account_id, time.time())
    assert desk.left(caller) == 100


def test_a_key_whose_answer_is_lost_is_made_and_revoked_once(desk: Desk) -> None:
    account_id = desk.calm.account()
    desk.wire.lose_answers[WRITE] = 1
    key = desk.register.add_key(account_id, keys.make(), "", time.time())
    desk.wire.lose_answers[WRITE] = 1
    assert desk.register.revoke_key(key.digest, time.time()).revoked_at
    for _ in range(10):
        desk.calm.key(account_id)


def test_an_order_that_nobody_confirmed_is_not_said_to_be_done(desk: Desk) -> None:
    caller = desk.caller()
    desk.wire.forever = {WRITE: wire.never_arrives, READ: wire.never_arrives}
    with pytest.raises(Unavailable):
        desk.register.grant(caller.account_id, 5, "", time.time())


# ---- a real socket ------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[LocalPlace]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield LocalPlace(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_a_store_that_hangs_is_given_up_in_time(silent: LocalPlace) -> None:
    ledger = DynamoLedger(silent.store(connect_s=0.1, read_s=0.1))
    caller = Caller("a", "b", "c", 60)
    begin = time.monotonic()
    with pytest.raises(Unavailable):
        ledger.balance("a")
    now = time.time()
    assert not ledger.debit(caller, plain(), now, now + 0.5).certain
    assert time.monotonic() - begin < 15


def test_a_store_that_falls_silent_in_a_debit_leaves_time_for_the_answer(silent: LocalPlace) -> None:
    """With the time-outs of production, and on the real clock: the last debit that may start is settled in time."""
    ledger = DynamoLedger(silent.store())
    begin = time.monotonic()
    now = time.time()
    assert not ledger.debit(Caller("a", "b", "c", 60), plain(), now, now + 0.1).certain
    assert time.monotonic() - begin < tariff.ANSWER_WITHIN_S - tariff.DEBIT_WITHIN_S


def test_a_store_that_is_not_there_costs_nothing() -> None:
    ledger = DynamoLedger(LocalPlace("http://127.0.0.1:1").store())
    now = time.time()
    with pytest.raises(Unavailable):
        ledger.debit(Caller("a", "b", "c", 60), plain(), now, now + 2)
