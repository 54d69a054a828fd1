"""A few conditional writes as one, and what became of them when no answer came.

A change moves a number of an account and leaves a proof: an item that is there afterwards and was not before. The proof
decides everything that a network can make uncertain. Other items may be written beside them.

    send ──► Done
      │
      ├─► cancelled: the proof is there already ──────────────► Found(item)   the caller tells whose it is
      ├─► cancelled: the account's condition failed ──────────► Refused(account)
      ├─► cancelled: what is there is not what was expected ──► Overtaken()   read again, decide again
      ├─► cancelled: a conflict; throttled; not connected ────► surely not done: wait with jitter, send again
      └─► no answer; a 5xx; still at work ────────────────────► it may be done: read the proof
                                                                  ├─► there ──────► Found(item)
                                                                  ├─► not there ──► send again: the condition makes
                                                                  │                 that safe
                                                                  └─► no answer ──► the same, until the deadline:
                                                                                    Unknown

Once an answer was lost, "not there" is no proof of "never will be": a request can still be on its way. So then the end
at the deadline is Unknown, and never an error that would say that nothing happened. (Refused stays Refused: the lost
request would have to meet an account that was topped up in the same second.)
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from portrait.dynamo.store import Item, Store
from portrait.problems import Timeout, Unavailable

FIRST_WAIT_S: Final = 0.025
LONGEST_WAIT_S: Final = 0.8
"""Full jitter: the wait is anything from 0 to a bound that doubles from the first of these to the second."""

IN_DOUBT_S: Final = 2.0
"""How long a lost answer is asked for: the caller's result is ready, and no answer at all would be worse for both."""

NEVER_SENT: Final = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ParamValidationError)
CONDITION_FAILED: Final = "ConditionalCheckFailed"
BUSY: Final = frozenset(
    {
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
"""Codes of cancellation reasons and of errors that say: not done, and another time it may be."""

IN_PROGRESS: Final = "TransactionInProgressException"
"""An attempt is still at work on the other side. It may be done in the end."""


@dataclass(frozen=True, slots=True)
class Done:
    """This attempt was acknowledged."""


@dataclass(frozen=True, slots=True)
class Found:
    """The proof was there: by another, or by an attempt of ours whose answer was lost."""

    proof: Item


@dataclass(frozen=True, slots=True)
class Refused:
    """The account does not allow it: as it is, or None where there is no account."""

    account: Item | None


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Something that this change builds on is not as it was read: another was faster."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer until the deadline: done or not."""


Outcome = Done | Found | Refused | Overtaken | Unknown


@dataclass(frozen=True, slots=True)
class NotDone:
    """Surely not done by this attempt; it may be sent again."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody knows."""


@dataclass(frozen=True, slots=True)
class Change:
    """The members of a TransactWriteItems, each with its condition: `account` (None: none moves), `proof`, `beside`.

    The proof of the change is the item `key` of `table`, once it has `attribute` - and where `element` is given, once
    that set of texts holds it.
    """

    account: Mapping[str, Any] | None
    proof: Mapping[str, Any]
    table: str
    key: Item
    attribute: str
    element: str = ""
    beside: tuple[Mapping[str, Any], ...] = ()

    @property
    def members(self) -> list[Mapping[str, Any]]:
        return [*([self.account] if self.account else []), self.proof, *self.beside]

    def is_proved_by(self, item: Item | None) -> bool:
        if item is None or self.attribute not in item:
            return False
        return not self.element or self.element in item[self.attribute].get("SS", ())


class Times(TypedDict, total=False):
    """Time and chance, where they are not the real ones: no test has to wait for them."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    chance: Callable[[], float]


class Committer:
    """Commits changes. `clock`, `sleep` and `chance` are `Times`."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.store = store
        self.clock = clock
        self.sleep = sleep
        self.chance = chance

    def commit(self, change: Change, deadline: float) -> Outcome:
        """Do it once. No attempt starts at `deadline` (s since 1970) or later.

        Raises Timeout (nothing was sent) and Unavailable, both only while it is certain that nothing was done.
        """
        is_in_doubt, attempts = False, 0
        for bound_s in bounds():
            if self.clock() >= deadline:
                break
            attempts += 1
            try:
                answer = self._send(change)
            except Unavailable:
                if not is_in_doubt:
                    raise
                break
            if isinstance(answer, NoAnswer):
                if not is_in_doubt:
                    deadline = min(deadline, self.clock() + IN_DOUBT_S)
                is_in_doubt = True
                answer = self._look(change)
            if not isinstance(answer, NotDone | NoAnswer):
                return answer
            self.wait(bound_s, deadline)
        if is_in_doubt:
            return self._last_look(change)
        raise Unavailable() if attempts else Timeout()

    def _send(self, change: Change) -> Outcome | NotDone | NoAnswer:
        """One attempt. Raises Unavailable where another would fare no better."""
        try:
            self.store.single.transact_write_items(TransactItems=change.members)  # type: ignore[arg-type]
        except ClientError as error:
            return self._judge(change, error)
        except NEVER_SENT:
            return NotDone()
        except BotoCoreError:
            return NoAnswer()
        return Done()

    def _judge(self, change: Change, error: ClientError) -> Outcome | NotDone | NoAnswer:
        code = error.response["Error"]["Code"]
        if code == "TransactionCanceledException":
            return self._judge_reasons(change, error)
        if code in BUSY:
            return NotDone()
        if code == IN_PROGRESS or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            return NoAnswer()
        raise Unavailable() from error

    def _judge_reasons(self, change: Change, error: ClientError) -> Outcome | NotDone | NoAnswer:
        """The proof is asked first, then conflicts: a twin may be writing that very proof. The account is last."""
        reasons = cast(list[Item], error.response["CancellationReasons"])
        account, proof, *beside = reasons if change.account else [{}, *reasons]
        if proof.get("Code") == CONDITION_FAILED:
            item = proof.get("Item")
            if item and not change.is_proved_by(item):
                return Overtaken()
            return Found(item) if item else self._look(change)
        if BUSY & {reason.get("Code") for reason in reasons}:
            return NotDone()
        if any(reason.get("Code") == CONDITION_FAILED for reason in beside):
            return Overtaken()
        if account.get("Code") == CONDITION_FAILED:
            return Refused(account.get("Item"))
        raise Unavailable() from error

    def _look(self, change: Change) -> Found | NotDone | NoAnswer:
        try:
            item = self.store.read_once(change.table, change.key)
        except Unavailable:
            return NoAnswer()
        return Found(item) if item is not None and change.is_proved_by(item) else NotDone()

    def _last_look(self, change: Change) -> Found | Unknown:
        answer = self._look(change)
        return answer if isinstance(answer, Found) else Unknown()

    def wait(self, bound_s: float, deadline: float) -> None:
        """Let others go first: for a chance of `bound_s`, but not past the deadline."""
        left_s = max(0.0, deadline - self.clock())
        self.sleep(min(self.chance() * bound_s, left_s))


def bounds() -> Iterator[float]:
    """The longest wait after each attempt, s."""
    return (min(FIRST_WAIT_S * 2 ** min(attempt, 16), LONGEST_WAIT_S) for attempt in itertools.count())
