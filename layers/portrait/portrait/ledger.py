"""Credits and calls: the values, and what a call asks of whoever keeps them. Pure.

The ledger of an account is append-only. Each row moves `credits` (negative: spent) and the balance is their sum:

    CALL#<uuid>               a call without an Idempotency-Key            -1
    IDEM#<sha256 of the key>  a call with one, and its fingerprint         -1
    GRANT#<uuid>              credits given by the operator                +n
    CLAIM                     the free credits, once for each account      +100
    PAY#, REFUND#, DISPUTE#   see portrait.payments                      +n, -n

The name of a row is what makes a charge happen once: a row that is there cannot be written again. Text that a
caller chose never becomes a name; its hash does.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a key belongs to, as it stood when the call began."""

    account_id: str
    key_digest: str
    key_prefix: str
    calls_per_minute: int
    last_used_at: int = 0
    """As it was noted last, s since 1970; 0: never."""


@dataclass(frozen=True, slots=True)
class Window:
    """A key's current minute at one endpoint, this call counted. `used` may pass `allowed`: then it is refused."""

    allowed: int
    used: int
    resets_in_s: int

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)

    @property
    def is_full(self) -> bool:
        return self.used > self.allowed


@dataclass(frozen=True, slots=True)
class Charge:
    """What one call will cost, under the name that makes it happen once.

    `fingerprint` is the request's (picture and options) where the caller gave an Idempotency-Key, else empty.
    """

    row: str
    call_id: str
    credits: int
    fingerprint: str = ""

    @classmethod
    def of_call(cls, call_id: str, credits: int) -> "Charge":
        """The charge of a call without an Idempotency-Key. `call_id` is a UUID of ours."""
        return cls(f"CALL#{call_id}", call_id, credits)

    @classmethod
    def of_idempotent_call(cls, call_id: str, credits: int, key: str, fingerprint: str) -> "Charge":
        """The charge of a call that may be repeated under the caller's Idempotency-Key."""
        return cls(f"IDEM#{hashlib.sha256(key.encode()).hexdigest()}", call_id, credits, fingerprint)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account could pay when it was asked, and whether this very request was charged before."""

    credits: int
    charged_before: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a call cost in the end. `certain` is False where the store never told whether it took the charge."""

    consumed: int
    remaining: int
    certain: bool = True


class Ledger(Protocol):
    """What a call needs of the store. Every method may raise `problems.Unavailable`."""

    def identify(self, key_digest: str) -> Caller:
        """The owner of a key, read consistently. Raises InvalidApiKey, RevokedApiKey."""
        ...

    def count(self, caller: Caller, endpoint: str, now: float) -> Window:
        """Count this call in the minute of `now` (seconds since 1970) and tell how the minute stands.

        The key's time of last use is noted, at most once in `tariff.USE_NOTED_S`.
        """
        ...

    def balance(self, account_id: str) -> int:
        """Credits left, read consistently."""
        ...

    def standing(self, caller: Caller, charge: Charge, now: float) -> Standing:
        """Look before work begins. A request charged before is counted as a repeat.

        Raises IdempotencyKeyReused where the row holds another fingerprint, or was repeated too often.
        """
        ...

    def debit(self, caller: Caller, charge: Charge, now: float, deadline: float) -> Receipt:
        """Take the credits, once, in one conditional transaction; give up waiting at `deadline` (s since 1970).

        A row that another call wrote meanwhile with the same fingerprint makes this call a repeat: nothing is taken.
        A reply that was lost is resolved by reading the row; if that fails too, the receipt is not `certain`.
        Raises NoCredits, IdempotencyKeyReused; Unavailable and Timeout only while it is certain that nothing was
        taken.
        """
        ...
