"""What the ledger's tests open and race with."""

import itertools
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import TypeVar

from portrait import keys
from portrait.dynamo import DynamoLedger, DynamoRegister
from portrait.ledger import Caller, Charge, Ledger, Receipt
from portrait.problems import Problem
from portrait.register import Register
from tests.store.servers import LocalPlace

T = TypeVar("T")
WITHIN_S = 20.0


@dataclass(frozen=True)
class Books:
    """The two sides of one store."""

    ledger: Ledger
    register: Register

    @classmethod
    def at(cls, place: LocalPlace) -> "Books":
        store = place.store()
        return cls(DynamoLedger(store), DynamoRegister(store))

    def account(self, credits: int = 0) -> str:
        """A new account that holds so many credits."""
        account_id = f"account-{uuid.uuid4()}"
        self.register.create_account(account_id, time.time())
        if credits:
            self.register.grant(account_id, credits, "test", time.time())
        return account_id

    def key(self, account_id: str) -> str:
        """A new key's text."""
        text = keys.make()
        self.register.add_key(account_id, text, "test", time.time())
        return text

    def caller(self, credits: int = 0) -> Caller:
        """The owner of a new key of a new account that holds so many credits."""
        return self.ledger.identify(keys.digest(self.key(self.account(credits))))

    def debit(self, caller: Caller, charge: Charge) -> Receipt:
        now = time.time()
        return self.ledger.debit(caller, charge, now, now + WITHIN_S)

    def rows(self, account_id: str) -> list[tuple[str, int]]:
        return [(entry.row, entry.credits) for entry in self.register.statement(account_id)]

    def is_balanced(self, account_id: str) -> bool:
        """Rows, balance and audit agree."""
        differs = any(difference.account_id == account_id for difference in self.register.audit())
        summed = sum(credits for _, credits in self.rows(account_id))
        return not differs and summed == self.register.balance(account_id)


def plain(credits: int = 1) -> Charge:
    return Charge.of_call(str(uuid.uuid4()), credits)


def idempotent(key: str, fingerprint: str = "f") -> Charge:
    """The same request under the same key, by a new call each time."""
    return Charge.of_idempotent_call(str(uuid.uuid4()), 1, key, fingerprint)


def at_once(count: int, action: Callable[[int], T], threads: int | None = None) -> list[T | Exception]:
    """Run `action(0)` to `action(count - 1)` on threads that begin together; what each gave or raised."""
    workers = threads or count
    barrier = Barrier(workers)
    results: list[T | Exception] = []
    numbers = itertools.count()

    def work() -> None:
        barrier.wait()
        while (number := next(numbers)) < count:
            try:
                results.append(action(number))
            except Exception as error:
                results.append(error)

    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(work) for _ in range(workers)]:
            future.result()
    return results


def kinds(results: list[T | Exception]) -> dict[str, int]:
    """How often what came out: a class of error, or `ok`."""
    names = [type(result).__name__ if isinstance(result, Exception) else "ok" for result in results]
    return {name: names.count(name) for name in names}


def problem(action: Callable[[], object]) -> type[Problem] | None:
    """The class of the problem that an action ends in, if it does."""
    try:
        action()
    except Problem as raised:
        return type(raised)
    return None
