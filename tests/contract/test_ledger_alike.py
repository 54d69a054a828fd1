"""Whatever is asked of them in whatever order, the ledger in memory and the one on a store answer the same."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from portrait import keys, tariff
from portrait.ledger import Caller, Charge
from portrait.problems import Problem
from portrait.register import BookError
from tests.fakes import FakeLedger
from tests.store.books import Books

PAIRS = st.sampled_from([0, 1])
FINGERPRINTS = st.sampled_from("xxxy")
NOW = float(int(time.time()))
LATER_S = st.sampled_from([0, 1, 60, tariff.IDEMPOTENT_WITHIN_S])


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (Problem, BookError) as error:
        return type(error)


class Alike(RuleBasedStateMachine):
    """Two accounts with a key each, in both ledgers, and everything that may happen to them."""

    real: Books

    def __init__(self) -> None:
        super().__init__()
        fake = FakeLedger()
        self.both = (Books(fake, fake), self.real)
        self.accounts = [f"account-{uuid.uuid4()}" for _ in range(2)]
        self.keys = [keys.make() for _ in range(2)]
        for books in self.both:
            for account_id, text in zip(self.accounts, self.keys, strict=True):
                books.register.create_account(account_id, NOW)
                books.register.add_key(account_id, text, "", NOW)
        self.callers = [fake.identify(keys.digest(text)) for text in self.keys]
        self.charges: list[Charge] = []

    def same(self, ask: Callable[[Books], Any]) -> None:
        fake, real = (outcome(lambda books=books: ask(books)) for books in self.both)  # type: ignore[misc]
        assert fake == real

    def debited(self, caller: Caller, charge: Charge, later_s: float) -> None:
        now = NOW + later_s
        self.same(lambda books: books.ledger.debit(caller, charge, now, max(time.time(), now) + 20))

    @rule(who=PAIRS, credits=st.integers(-5, 8))
    def grant(self, who: int, credits: int) -> None:
        self.same(lambda books: books.register.grant(self.accounts[who], credits, "n", NOW))

    @rule(who=PAIRS)
    def claim(self, who: int) -> None:
        self.same(lambda books: books.register.claim_free_credits(self.accounts[who], NOW))

    @rule(who=PAIRS, credits=st.integers(1, 4))
    def pay(self, who: int, credits: int) -> None:
        self.charges.append(Charge.of_call(str(uuid.uuid4()), credits))
        self.debited(self.callers[who], self.charges[-1], 0)

    @rule(who=PAIRS, which=st.integers(0, 100))
    def pay_once_more(self, who: int, which: int) -> None:
        """A call whose charge is sent again, perhaps by a call of another account."""
        if self.charges:
            self.debited(self.callers[who], self.charges[which % len(self.charges)], 0)

    @rule(who=PAIRS, key=st.sampled_from("ab"), fingerprint=FINGERPRINTS, later_s=LATER_S, looks=st.booleans())
    def pay_idempotently(self, who: int, key: str, fingerprint: str, later_s: float, looks: bool) -> None:
        charge = Charge.of_idempotent_call(str(uuid.uuid4()), 1, key, fingerprint)
        self.charges.append(charge)
        if looks:
            self.same(lambda books: books.ledger.standing(self.callers[who], charge, NOW + later_s))
        self.debited(self.callers[who], charge, later_s)

    @rule(who=PAIRS, endpoint=st.sampled_from("ab"), later_s=LATER_S)
    def count(self, who: int, endpoint: str, later_s: float) -> None:
        self.same(lambda books: books.ledger.count(self.callers[who], endpoint, NOW + later_s))

    @rule(who=PAIRS, own=st.booleans())
    def add_key(self, who: int, own: bool) -> None:
        text = self.keys[who] if own else keys.make()
        self.same(lambda books: books.register.add_key(self.accounts[who], text, "more", NOW))

    @rule(who=PAIRS)
    def revoke(self, who: int) -> None:
        self.same(lambda books: books.register.revoke_key(self.callers[who].key_digest, NOW))

    @rule(who=PAIRS, rate=st.integers(1, 100))
    def set_rate(self, who: int, rate: int) -> None:
        self.same(lambda books: books.register.set_rate(self.callers[who].key_digest, rate))

    @rule(who=PAIRS)
    def look(self, who: int) -> None:
        self.same(lambda books: books.ledger.identify(self.callers[who].key_digest))
        self.same(lambda books: books.ledger.balance(self.accounts[who]))
        self.same(lambda books: sorted(key.digest for key in books.register.keys(self.accounts[who])))

    def teardown(self) -> None:
        for who in range(2):
            self.same(lambda books, who=who: sorted(c for _, c in books.rows(self.accounts[who])))  # type: ignore[misc]
            self.look(who)


def test_both_ledgers_answer_alike(dynoxide_books: Books) -> None:
    class AlikeHere(Alike):
        real = dynoxide_books

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        AlikeHere,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
