"""Payments, refunds and disputes: what is known of a payment, and the credits that move when more becomes known. Pure.

Notices of one payment come late, twice and in any order. So none of them is an order to move credits. Each is a fact
that joins what is known already, and what is known is worth this many credits:

    what was bought, less the share of its price that went back to the buyer (rounded down: in the buyer's favour)

The difference is what moves. It is a row of the account's ledger, and is named after the fact that moved it:

    PAY#<payment id>        credits that were bought                          +n
    REFUND#<refund id>      money that was given back                         -n
    DISPUTE#<dispute id>    money that the buyer's bank took back             -n
    ...#2, ...#3            a refund that failed, a dispute that was won ...  +n

Whatever the order of the notices, the sum is the same in the end. A refund that is known before its payment waits for
it. Credits that went back may have been spent: then the balance falls below 0, and calls answer 402.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sale:
    """What was bought, by whom, for how much, as it stood at checkout. Cents are the currency's smallest unit."""

    account_id: str
    pack_id: str
    credits: int
    price_cents: int
    currency: str

    def cents_of(self, reversal: "Reversal") -> int:
        """How much of the price went back. A bank may dispute in another currency: that counts for all of it."""
        return reversal.cents if reversal.currency == self.currency else self.price_cents


class Stage(IntEnum):
    """How far a refund or a dispute has come. A later stage is never undone by a notice of an earlier one."""

    ASKED = 0
    """A bank asks, or a refund is being made ready: it may come to nothing."""
    OPEN = 1
    CLOSED = 2


@dataclass(frozen=True, slots=True)
class Reversal:
    """Money that goes back to the buyer, by a refund or a dispute. `row` is its name in the ledger.

    `holds`: the money is gone from us (as far as is known). `at`: when this was so, in seconds since 1970.
    `moves`: how many rows of the ledger it has caused.
    """

    row: str
    cents: int
    currency: str
    stage: Stage
    holds: bool
    at: int
    note: str
    moves: int = 0

    def joined(self, other: "Reversal") -> "Reversal":
        """What is known after both, in whichever order they came."""
        newest = max(self, other, key=lambda known: (known.stage, known.at, known.holds, known.cents, known.note))
        return replace(newest, moves=max(self.moves, other.moves))


@dataclass(frozen=True, slots=True)
class Notice:
    """One fact about one payment. `notice_id` and `payment_id` are the payment provider's own."""

    notice_id: str
    payment_id: str
    at: int
    fact: Sale | Reversal


@dataclass(frozen=True, slots=True)
class Movement:
    """One row to be: credits (signed) under the name that makes them move once."""

    row: str
    credits: int
    note: str


@dataclass(frozen=True, slots=True)
class Payment:
    """What is known of one payment. `sale` is None while only its refunds or disputes are known."""

    payment_id: str
    sale: Sale | None = None
    reversals: Mapping[str, Reversal] = field(default_factory=dict)
    notices: frozenset[str] = frozenset()

    def after(self, notice: Notice) -> tuple["Payment", tuple[Movement, ...]]:
        """What is known once `notice` is, and the credits that move by it. A fact that was known moves none."""
        heard = replace(self, notices=self.notices | {notice.notice_id})
        if isinstance(notice.fact, Reversal):
            return heard._reversed(notice.fact)
        return heard._sold(notice.fact) if self.sale is None else (heard, ())

    @property
    def credits_taken(self) -> int:
        """Credits of the sale that its reversals are worth."""
        if self.sale is None:
            return 0
        gone_cents = sum(self.sale.cents_of(reversal) for reversal in self.reversals.values() if reversal.holds)
        return self.sale.credits * min(gone_cents, self.sale.price_cents) // self.sale.price_cents

    def _sold(self, sale: Sale) -> tuple["Payment", tuple[Movement, ...]]:
        """The sale is booked, and then whatever was waiting for it, one after the other."""
        known = replace(self, sale=sale, reversals={})
        movements = [Movement(f"PAY#{self.payment_id}", sale.credits, sale.pack_id)]
        for _, waiting in sorted(self.reversals.items()):
            known, moved = known._reversed(waiting)
            movements += moved
        return known, tuple(movements)

    def _reversed(self, fact: Reversal) -> tuple["Payment", tuple[Movement, ...]]:
        before = self.reversals.get(fact.row)
        reversal = before.joined(fact) if before else fact
        known = replace(self, reversals={**self.reversals, fact.row: reversal})
        credits = self.credits_taken - known.credits_taken
        if not credits:
            return known, ()
        row = f"{fact.row}#{reversal.moves + 1}" if reversal.moves else fact.row
        reversal = replace(reversal, moves=reversal.moves + 1)
        known = replace(known, reversals={**known.reversals, fact.row: reversal})
        return known, (Movement(row, credits, reversal.note),)


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of a notice. No movements: it was known, or waits for its payment, or is worth no whole credit.

    `account_id` is empty while nobody knows whose payment it is. `is_closed`: its owner has deleted that account.
    """

    account_id: str
    movements: tuple[Movement, ...]
    is_closed: bool = False

    @property
    def credits(self) -> int:
        return sum(movement.credits for movement in self.movements)


class Payments(Protocol):
    """Who keeps what is known of payments, in one transaction with the ledger."""

    def book(self, notice: Notice, now: float, deadline: float) -> Booked:
        """Join a notice to what is known, and move the credits, once; no attempt starts at `deadline` (s since 1970).

        Raises NotThere (the buyer's account; nothing is kept then), Unavailable, Timeout: send the notice again.
        """
        ...
