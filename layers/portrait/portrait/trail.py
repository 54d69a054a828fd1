"""What becomes known while a call is answered. The log line, the metrics and the rate headers are made of it."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from portrait.ledger import Caller, Receipt, Window


@dataclass(slots=True)
class Trail:
    """Filled in as the story goes on, so that an answer cut short tells how far it came.

    `call_id` is a UUID of ours and names the call in the ledger. Nothing in here comes out of a picture's content.
    """

    call_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    caller: Caller | None = None
    window: Window | None = None
    receipt: Receipt | None = None
    facts: dict[str, str | int | float | bool] = field(default_factory=dict)
    stages_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside, in milliseconds."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent_ms = 1000 * (time.perf_counter() - begin)
            self.stages_ms[name] = round(self.stages_ms.get(name, 0) + spent_ms, 1)
