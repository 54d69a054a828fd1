"""What a signed-in person asks of the store about their account: its keys, what moved its credits, its usage. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from portrait.register import Entry, Key


@dataclass(frozen=True, slots=True)
class Page:
    """Entries of a statement, newest first, and what the next page begins after; None: there is none."""

    entries: tuple[Entry, ...]
    last: Entry | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls that were charged on a day (UTC), and the credits that they took."""

    day: date
    calls: int = 0
    credits: int = 0


class Holdings(Protocol):
    """Every method may raise `problems.Unavailable`; NotThere where the account is closed or was never opened."""

    def balance(self, account_id: str) -> int:
        """Credits left, read consistently."""
        ...

    def keys(self, account_id: str) -> list[Key]:
        """All keys of the account, newest first, revoked ones too."""
        ...

    def add_key(self, account_id: str, key_text: str, name: str, now: float) -> Key:
        """Raises register.TooManyKeys."""
        ...

    def rename_key(self, account_id: str, key_digest: str, name: str) -> Key:
        """Raises NotThere, also for a key of somebody else."""
        ...

    def revoke_key(self, account_id: str, key_digest: str, now: float) -> Key:
        """Repeating it changes nothing. Raises NotThere, also for a key of somebody else."""
        ...

    def claim(self, account_id: str, claim_digest: str, now: float) -> int:
        """Book the free credits, once for each mailbox ever; the new balance. Raises register.AlreadyThere."""
        ...

    def page(self, account_id: str, entries: int, after: Entry | None) -> Page:
        """At most so many entries, newest first, from the one that comes after `after` (its `at` and `row` count)."""
        ...

    def usage(self, account_id: str, days: list[date]) -> list[Usage]:
        """Each of the days, in their order. `days`: without a gap."""
        ...

    def close(self, account_id: str, now: float) -> None:
        """No new keys, no claim; all keys revoked. Rows and balance stay. Repeating it changes nothing."""
        ...


def day_of(at: float) -> date:
    """The day (UTC) that a time falls on, s since 1970."""
    return datetime.fromtimestamp(at, UTC).date()


def days_until(at: float, count: int) -> list[date]:
    """So many days, the last of them the one that `at` falls on."""
    today = day_of(at)
    return [today - timedelta(days=ago) for ago in reversed(range(count))]
