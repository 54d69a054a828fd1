"""Accounts, keys, credits and calls: the values, and what is asked of whoever keeps them. Pure.

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
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol


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


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its owner and the operator see it. Times are seconds since 1970; 0: not revoked, not used."""

    digest: str
    prefix: str
    account_id: str
    name: str
    calls_per_minute: int
    created_at: int
    revoked_at: int
    last_used_at: int = 0


KINDS: Final = {
    "CALL": "call",
    "IDEM": "call",
    "GRANT": "grant",
    "CLAIM": "claim",
    "PAY": "payment",
    "REFUND": "refund",
    "DISPUTE": "dispute",
}
"""The first word of a row's name -> what the statement calls it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of an account's ledger."""

    row: str
    credits: int
    at: int
    note: str

    @property
    def kind(self) -> str:
        """What the row is, in a word for its owner."""
        return KINDS[self.row.partition("#")[0]]


@dataclass(frozen=True, slots=True)
class Difference:
    """An account whose stored balance is not the sum of its rows."""

    account_id: str
    stored: int
    recomputed: int


class Register(Protocol):
    """What the operator's command needs of the store.

    Every method may raise `problems.Unavailable`: no answer came, and what was asked for may be done or not.
    """

    def create_account(self, account_id: str, now: float) -> None:
        """Open an account without credits. Raises AlreadyThere."""
        ...

    def claim_free_credits(self, account_id: str, now: float) -> int:
        """Book the free credits, once for each account ever; the new balance. Raises NotThere, AlreadyThere."""
        ...

    def grant(self, account_id: str, credits: int, note: str, now: float) -> int:
        """Book credits (negative to take back) under a fresh name; the new balance. Raises NotThere, TooFewCredits."""
        ...

    def balance(self, account_id: str) -> int:
        """Credits left, read consistently. Raises NotThere."""
        ...

    def add_key(self, account_id: str, key_text: str, name: str, now: float) -> Key:
        """Store the digest of a key that was just made or is imported.

        Raises NotThere (account), AlreadyThere (key), TooManyKeys.
        """
        ...

    def key(self, key_digest: str) -> Key:
        """One key, read consistently. Raises NotThere."""
        ...

    def keys(self, account_id: str) -> list[Key]:
        """All keys of an account, oldest first, revoked ones too."""
        ...

    def revoke_key(self, key_digest: str, now: float) -> Key:
        """Refuse the key from the next call on. Repeating it changes nothing. Raises NotThere."""
        ...

    def rename_key(self, key_digest: str, name: str) -> Key:
        """Raises NotThere."""
        ...

    def set_rate(self, key_digest: str, calls_per_minute: int) -> Key:
        """Change what a key may do in a minute. Raises NotThere."""
        ...

    def statement(self, account_id: str) -> Iterator[Entry]:
        """The rows of an account's ledger, oldest first. Raises NotThere."""
        ...

    def audit(self) -> Iterator[Difference]:
        """Recompute every balance from its rows."""
        ...


class BookError(Exception):
    """The operator asked for something that the books do not allow."""


class NotThere(BookError):
    """No such account or key."""


class AlreadyThere(BookError):
    """The account, key or claim exists."""


class TooManyKeys(BookError):
    """The account has as many live keys as it may have."""


class TooFewCredits(BookError):
    """More is to be taken back than the account holds."""
