"""What happens to requests on their way to a store and to answers on their way back, by the vendor's own events."""

import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from portrait.dynamo.store import Store

Fate = Callable[[str], AWSResponse | None]
"""What becomes of a request, by its URL: an answer made here, an exception, or None: it goes its way."""


class Body(io.BytesIO):
    """As much of urllib3's body as botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def answer(status: int, code: str, **members: Any) -> Fate:
    """DynamoDB's own error, without asking a server."""
    text = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **members}).encode()
    return lambda url: AWSResponse(url, status, {"Content-Type": "application/x-amz-json-1.0"}, Body(text))


def cancelled(account: str, proof: str) -> Fate:
    reasons = [{"Code": account}, {"Code": proof}]
    return answer(400, "TransactionCanceledException", CancellationReasons=reasons)


CONFLICT = cancelled("TransactionConflict", "None")
TWIN = cancelled("ConditionalCheckFailed", "TransactionConflict")
THROTTLED = answer(400, "ProvisionedThroughputExceededException")
THROTTLED_INSIDE = cancelled("ThrottlingError", "None")
IN_PROGRESS = answer(400, "TransactionInProgressException")
DENIED = answer(400, "AccessDeniedException")
BROKEN = answer(500, "InternalServerError")


def never_arrives(url: str) -> AWSResponse | None:
    """The request is lost, and its sender waits in vain."""
    raise ReadTimeoutError(endpoint_url=url)


def no_connection(url: str) -> AWSResponse | None:
    raise ConnectTimeoutError(endpoint_url=url)


def passes(url: str) -> AWSResponse | None:
    return None


@dataclass
class Wire:
    """The fates of a store's requests by operation, in order; when they are used up, requests pass.

    `forever` is a fate for all that follow. `lose_answers` counts answers that are lost after the store has acted.
    """

    store: Store
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    forever: dict[str, Fate] = field(default_factory=dict)
    lose_answers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for client in (self.store.patient, self.store.single):
            client.meta.events.register_first("before-send.dynamodb", self._before_send)
            client.meta.events.register_first("after-call.dynamodb", self._after_call)

    def attempts(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.sent)

    def _before_send(self, request: AWSRequest, **_: Any) -> AWSResponse | None:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).split(".")[1]
        body = request.body
        self.sent.append((operation, json.loads(body if isinstance(body, str | bytes) else body.read())))
        waiting = self.fates.get(operation)
        fate = waiting.pop(0) if waiting else self.forever.get(operation, passes)
        return fate(request.url)

    def _after_call(self, model: Any, **_: Any) -> None:
        if self.lose_answers.get(model.name, 0) > 0:
            self.lose_answers[model.name] -= 1
            raise ReadTimeoutError(endpoint_url="lost on the way back")


@dataclass
class Hands:
    """A clock that only sleeping moves, and a chance that is always the worst."""

    now: float = field(default_factory=time.time)
    naps: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += max(seconds, 0.001)

    def chance(self) -> float:
        return 1.0
