"""Accounts, their keys and statements: the values, and what is asked of whoever keeps them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol


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
