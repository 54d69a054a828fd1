"""Ledger and Register in memory. They keep the promises of those on DynamoDB; the same tests hold all of them to it."""

import math
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self

from portrait import keys, tariff
from portrait.holdings import Usage, day_of
from portrait.ledger import Caller, Charge, Receipt, Standing, Window
from portrait.payments import Booked, Notice, Payment
from portrait.problems import IdempotencyKeyReused, InvalidApiKey, NoCredits, RevokedApiKey, Timeout
from portrait.register import AlreadyThere, Difference, Entry, Key, NotThere, TooFewCredits, TooManyKeys

NOW = 1_800_000_000.0


@dataclass
class Row:
    entry: Entry
    call_id: str = ""
    fingerprint: str = ""


@dataclass
class Account:
    credits: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    days: dict[date, Usage] = field(default_factory=dict)
    closed_at: int = 0


@dataclass
class Repeats:
    """The calls that repeated one request, and when counting begins anew (s since 1970)."""

    ends_at: float
    call_ids: set[str] = field(default_factory=set)


@dataclass
class FakeLedger:
    """Both sides at once. One lock stands for the store's transactions; `now` stands for the clock."""

    accounts: dict[str, Account] = field(default_factory=dict)
    held: dict[str, Key] = field(default_factory=dict)
    minutes: dict[str, int] = field(default_factory=dict)
    repeats: dict[str, Repeats] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def with_key(cls, credits: int) -> tuple[Self, str]:
        """A ledger with one account that has so many credits, and the text of its key."""
        ledger, text = cls(), keys.make()
        ledger.create_account("acct", NOW)
        if credits:
            ledger.grant("acct", credits, "test", NOW)
        ledger.add_key("acct", text, "test", NOW)
        return ledger, text

    def credits(self) -> int:
        """Of all accounts together."""
        return sum(account.credits for account in self.accounts.values())

    def revoke_text(self, text: str, now: float) -> None:
        self.revoke_key(keys.digest(text), now)

    # ---- Ledger ----

    def identify(self, key_digest: str) -> Caller:
        key = self.held.get(key_digest)
        if key is None:
            raise InvalidApiKey()
        if key.revoked_at:
            raise RevokedApiKey()
        return Caller(key.account_id, key_digest, key.prefix, key.calls_per_minute, key.last_used_at)

    def count(self, caller: Caller, endpoint: str, now: float) -> Window:
        minute = int(now // tariff.WINDOW_S)
        ends_at = (minute + 1) * tariff.WINDOW_S
        name = f"{caller.key_digest}#{endpoint}#{minute}"
        with self.lock:
            self.minutes[name] = used = self.minutes.get(name, 0) + 1
            key = self.held[caller.key_digest]
            if now - caller.last_used_at >= tariff.USE_NOTED_S and int(now) > key.last_used_at:
                self.held[caller.key_digest] = replace(key, last_used_at=int(now))
        return Window(caller.calls_per_minute, used, max(1, math.ceil(ends_at - now)))

    def balance(self, account_id: str) -> int:
        return self._account(account_id).credits

    def standing(self, caller: Caller, charge: Charge, now: float) -> Standing:
        with self.lock:
            row = self._account(caller.account_id).rows.get(charge.row) if charge.fingerprint else None
            if row is not None:
                self._check_repeat(caller, charge, row, now)
            return Standing(self.balance(caller.account_id), row is not None)

    def debit(self, caller: Caller, charge: Charge, now: float, deadline: float) -> Receipt:
        if now >= deadline:
            raise Timeout()
        with self.lock:
            account = self._account(caller.account_id)
            row = account.rows.get(charge.row)
            if row is not None and row.call_id != charge.call_id:
                self._check_repeat(caller, charge, row, now)
                return Receipt(0, account.credits)
            if row is None:
                if account.credits < charge.credits:
                    raise NoCredits()
                account.credits -= charge.credits
                entry = Entry(charge.row, -charge.credits, int(now), caller.key_prefix)
                account.rows[charge.row] = Row(entry, charge.call_id, charge.fingerprint)
                account.days[day_of(now)] = _one_more(account.days, day_of(now), charge.credits)
            return Receipt(charge.credits, account.credits)

    def _check_repeat(self, caller: Caller, charge: Charge, row: Row, now: float) -> None:
        if not charge.fingerprint or row.fingerprint != charge.fingerprint:
            raise IdempotencyKeyReused()
        name = f"{caller.account_id}#{charge.row}"
        repeats = self.repeats.get(name)
        if repeats is None or repeats.ends_at <= int(now):
            self.repeats[name] = repeats = Repeats(int(now) + tariff.IDEMPOTENT_WITHIN_S)
        if len(repeats.call_ids | {charge.call_id}) > tariff.IDEMPOTENT_REPEATS:
            raise IdempotencyKeyReused("Idempotency-Key was repeated too often")
        repeats.call_ids.add(charge.call_id)

    # ---- Register ----

    def create_account(self, account_id: str, now: float) -> None:
        with self.lock:
            if account_id in self.accounts:
                raise AlreadyThere(account_id)
            self.accounts[account_id] = Account()

    def claim_free_credits(self, account_id: str, now: float) -> int:
        return self._book(account_id, "CLAIM", tariff.FREE_CREDITS, "free credits", now)

    def grant(self, account_id: str, credits: int, note: str, now: float) -> int:
        return self._book(account_id, f"GRANT#{uuid.uuid4()}", credits, note, now)

    def _book(self, account_id: str, row: str, credits: int, note: str, now: float) -> int:
        with self.lock:
            account = self._account(account_id)
            if row in account.rows:
                raise AlreadyThere(row)
            if account.credits + credits < 0:
                raise TooFewCredits(account_id)
            account.rows[row] = Row(Entry(row, credits, int(now), note))
            account.credits += credits
            return account.credits

    def add_key(self, account_id: str, key_text: str, name: str, now: float) -> Key:
        digest = keys.digest(key_text)
        with self.lock:
            account = self._account(account_id)
            if digest in self.held:
                raise AlreadyThere(digest)
            if account.closed_at:
                raise NotThere(account_id)
            if sum(not key.revoked_at for key in self.keys(account_id)) >= tariff.LIVE_KEYS:
                raise TooManyKeys(account_id)
            key = Key(digest, keys.prefix(key_text), account_id, name, tariff.CALLS_PER_MINUTE, int(now), 0)
            self.held[digest] = key
            return key

    def key(self, key_digest: str) -> Key:
        if key_digest not in self.held:
            raise NotThere(key_digest)
        return self.held[key_digest]

    def keys(self, account_id: str) -> list[Key]:
        found = [key for key in self.held.values() if key.account_id == account_id]
        return sorted(found, key=lambda key: key.created_at)

    def revoke_key(self, key_digest: str, now: float) -> Key:
        with self.lock:
            key = self.key(key_digest)
            if not key.revoked_at:
                self.held[key_digest] = key = replace(key, revoked_at=int(now))
            return key

    def rename_key(self, key_digest: str, name: str) -> Key:
        with self.lock:
            self.held[key_digest] = key = replace(self.key(key_digest), name=name)
            return key

    def set_rate(self, key_digest: str, calls_per_minute: int) -> Key:
        with self.lock:
            self.held[key_digest] = key = replace(self.key(key_digest), calls_per_minute=calls_per_minute)
            return key

    def statement(self, account_id: str) -> Iterator[Entry]:
        entries = [row.entry for row in self._account(account_id).rows.values()]
        yield from sorted(entries, key=lambda entry: (entry.at, entry.row))

    def audit(self) -> Iterator[Difference]:
        for account_id, account in self.accounts.items():
            recomputed = sum(row.entry.credits for row in account.rows.values())
            if recomputed != account.credits:
                yield Difference(account_id, account.credits, recomputed)

    def _account(self, account_id: str) -> Account:
        if account_id not in self.accounts:
            raise NotThere(account_id)
        return self.accounts[account_id]


def _one_more(days: dict[date, Usage], day: date, credits: int) -> Usage:
    known = days.get(day, Usage(day))
    return Usage(day, known.calls + 1, known.credits + credits)


@dataclass
class FakePayments:
    """What is known of payments, in memory, over a ledger in memory. `closed`: accounts that their owners deleted."""

    ledger: FakeLedger
    known: dict[str, Payment] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def book(self, notice: Notice, now: float, deadline: float) -> Booked:
        if now >= deadline:
            raise Timeout()
        with self.ledger.lock:
            after, movements = self.known.get(notice.payment_id, Payment(notice.payment_id)).after(notice)
            account_id = after.sale.account_id if after.sale else ""
            if movements:
                account = self.ledger._account(account_id)
                for movement in movements:
                    assert movement.row not in account.rows
                    account.rows[movement.row] = Row(
                        Entry(movement.row, movement.credits, int(now), movement.note), notice.notice_id
                    )
                    account.credits += movement.credits
            self.known[notice.payment_id] = after
            return Booked(account_id, movements, is_closed=account_id in self.closed)
