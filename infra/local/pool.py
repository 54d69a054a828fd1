"""The workers of one function: who waits for one, and what becomes of a call whose worker is lost.

caller              pool                     slot                        child
invoke(event) ----> queue ----------------> takes a call when its
                                            child waits for one ------> /next
        <---------------------------------- result, or whichever <----- /response, /error
                                            comes first: exit, time-out
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from infra.local import processes
from infra.local.runtime import Call
from infra.local.template import Function
from infra.local.workers import Worker, before

INTEGRATION_S: Final = 29.0
"""API Gateway's integration time-out: how long a call may wait for a worker and its answer together."""

QUEUED_CALLS: Final = 32
"""Calls that may wait for a worker. Each may hold 30 MB of picture."""

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
"""A function that cannot be initialised is tried again after 0.5 s, 1 s, 2 s ... up to half a minute."""


class WorkerDied(Exception):
    """The process ended during the call, or none can be started."""


class FunctionTimedOut(Exception):
    """The template's timeout, or the gateway's, passed."""


class TooManyWaiting(Exception):
    """More calls wait than are allowed to."""


class Pool:
    """The workers of one function. One call at a time for each; a worker that is lost is replaced at once."""

    def __init__(
        self,
        function: Function,
        size: int,
        environment: Mapping[str, str],
        directory: Path,
        log: Callable[[str, bytes], None],
    ) -> None:
        self.function = function
        self.size = size
        self.cold_starts = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._environment = environment
        self._directory = directory
        self._log = log
        self._calls: asyncio.Queue[Call] = asyncio.Queue(QUEUED_CALLS)
        self._alive = 0
        self._failure = ""
        self._slots: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers; `ready` tells when the first one waits for calls, or why none can."""
        self._slots = [asyncio.create_task(self._keep_a_worker()) for _ in range(self.size)]

    async def stop(self) -> None:
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)

    async def invoke(self, event: bytes) -> bytes:
        """Send an event (JSON) through the function; its answer (JSON).

        Raises runtime.FunctionError, WorkerDied, FunctionTimedOut, TooManyWaiting.
        """
        if self._failure and not self._alive:
            raise WorkerDied(self._failure)
        call = Call(str(uuid.uuid4()), event)
        try:
            self._calls.put_nowait(call)
        except asyncio.QueueFull as error:
            raise TooManyWaiting from error
        try:
            return await asyncio.wait_for(asyncio.shield(call.result), INTEGRATION_S)
        except TimeoutError as error:
            call.given_up = True
            raise FunctionTimedOut from error

    async def _keep_a_worker(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            if await self._worked():
                pause_s = FIRST_PAUSE_S
                continue
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _worked(self) -> bool:
        """The life of one worker, from start to end; whether it could be initialised."""
        worker = await Worker.start(
            self.function, self._environment, self._directory, lambda line: self._log(self.function.name, line)
        )
        try:
            if await worker.is_idle():
                await self._serve(worker)
                return True
            self._cannot_start(await worker.why_it_ended())
            return False
        finally:
            await worker.end()

    async def _serve(self, worker: Worker) -> None:
        """Give the worker calls until its process ends."""
        self.cold_starts += 1
        self._alive += 1
        self._failure = ""
        if not self.ready.done():
            self.ready.set_result(None)
        try:
            while await worker.is_idle() and (call := await self._next_call(worker)):
                await self._run(worker, call)
        finally:
            self._alive -= 1

    async def _next_call(self, worker: Worker) -> Call | None:
        """The next call that somebody still waits for; None where the worker ended first."""
        while True:
            taking = asyncio.ensure_future(self._calls.get())
            if not await before(taking, worker.exit):
                return None
            call = taking.result()
            if worker.exit.done():  # both in the same moment: the call was not begun, so another worker may have it
                self._requeue(call)
                return None
            if not call.given_up:
                return call

    def _requeue(self, call: Call) -> None:
        try:
            self._calls.put_nowait(call)
        except asyncio.QueueFull:
            _fail(call, WorkerDied(f"{self.function.name}: its worker ended"))

    async def _run(self, worker: Worker, call: Call) -> None:
        worker.api.hand_over(call, self.function.timeout_s)
        first: set[asyncio.Future[Any]] = {call.result, worker.exit}
        await asyncio.wait(first, timeout=self.function.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if call.result.done():
            return
        if worker.exit.done():
            _fail(call, WorkerDied(f"{self.function.name}: exit status {worker.process.returncode}"))
        else:
            _fail(call, FunctionTimedOut(f"{self.function.name}: over {self.function.timeout_s:g} s"))
            await processes.kill(worker.process)

    def _cannot_start(self, reason: str) -> None:
        self._failure = f"{self.function.name} cannot start: {reason}"
        if self.ready.done():
            self._log(self.function.name, f"cannot start: {reason}\n".encode())
        else:
            self.ready.set_exception(WorkerDied(self._failure))
        while not self._alive and not self._calls.empty():
            _fail(self._calls.get_nowait(), WorkerDied(self._failure))


def _fail(call: Call, error: Exception) -> None:
    if not call.given_up and not call.result.done():
        call.result.set_exception(error)
