"""What tests of payments open: an account, the book of payments over it, and notices as a provider would send them."""

import itertools
import time
import uuid
from dataclasses import dataclass, field

from portrait.dynamo import DynamoLedger, DynamoRegister
from portrait.dynamo.payments import DynamoPayments
from portrait.dynamo.store import Store
from portrait.payments import Booked, Notice, Payments, Reversal, Sale, Stage
from tests.fakes import FakeLedger, FakePayments
from tests.store.books import Books
from tests.store.servers import LocalPlace

TABLE = "PaymentsTable"
"""The name that template.yaml's table has on this machine."""

NUMBERS = itertools.count()


@dataclass(frozen=True)
class Till:
    """The book of payments and the ledger beneath it."""

    payments: Payments
    books: Books

    @classmethod
    def at(cls, place: LocalPlace) -> "Till":
        return cls.over(place.store())

    @classmethod
    def over(cls, store: Store) -> "Till":
        return cls(DynamoPayments(store, TABLE), Books(DynamoLedger(store), DynamoRegister(store)))

    @classmethod
    def in_memory(cls) -> "Till":
        ledger = FakeLedger()
        return cls(FakePayments(ledger), Books(ledger, ledger))

    def book(self, notice: Notice) -> Booked:
        now = time.time()
        return self.payments.book(notice, now, now + 20)

    def balance(self, account_id: str) -> int:
        return self.books.register.balance(account_id)


@dataclass
class Purchase:
    """One payment of an account, and the notices about it. 500 credits for 10.00 dollars, unless said otherwise."""

    account_id: str
    credits: int = 500
    price_cents: int = 10_00
    payment_id: str = field(default_factory=lambda: f"pi_{uuid.uuid4().hex}")

    def paid(self) -> Notice:
        sale = Sale(self.account_id, f"pack-{self.credits}", self.credits, self.price_cents, "usd")
        return self._notice(sale)

    def refunded(self, refund_id: str, cents: int, *, failed: bool = False, at: int = 1_000) -> Notice:
        stage = Stage.CLOSED if failed else Stage.OPEN
        row = f"REFUND#{self.payment_id}.{refund_id}"
        return self._notice(Reversal(row, cents, "usd", stage, not failed, at, "refund"))

    def disputed(
        self, dispute_id: str, cents: int, stage: Stage, *, holds: bool, at: int = 1_000, currency: str = "usd"
    ) -> Notice:
        row = f"DISPUTE#{self.payment_id}.{dispute_id}"
        return self._notice(Reversal(row, cents, currency, stage, holds, at, "dispute"))

    def _notice(self, fact: Sale | Reversal) -> Notice:
        return Notice(f"evt_{next(NUMBERS)}", self.payment_id, 1_000, fact)
