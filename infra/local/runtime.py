"""Lambda's Runtime API (2018-06-01), one for each worker on a port of its own.

The runtime client in the worker asks here for its next call and hands in the result. An API of one worker's own ties
each waiting `/next` to its child: shared, the socket of a child that was just killed can take the next call with it.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX: Final = "/2018-06-01/runtime/"


class FunctionError(Exception):
    """The function raised, or could not be initialised: type and message as the runtime client reported them."""


@dataclass
class Call:
    """One invocation: the event as JSON bytes in, the function's answer as JSON bytes out."""

    call_id: str
    event: bytes
    result: "asyncio.Future[bytes]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    given_up: bool = False
    """Whoever waited has left: a call that is still queued is not begun."""


class RuntimeApi:
    """What one worker sees of Lambda."""

    def __init__(self, function: str, region: str) -> None:
        self.arn = f"arn:aws:lambda:{region}:000000000000:function:{function}"
        self.init_error: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._offered: asyncio.Queue[tuple[Call, float] | None] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._current: Call | None = None
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        """Listen on a free port of this machine; the value for AWS_LAMBDA_RUNTIME_API."""
        config = uvicorn.Config(
            self,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=24 * 3600,  # the runtime client keeps one connection for as long as it lives
        )
        config.load()
        state = ServerState()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        return "{}:{}".format(*self._server.sockets[0].getsockname())

    def close(self) -> None:
        """Stop listening; a `/next` that still waits for a call comes to its end."""
        if self._server:
            self._server.close()
        self._offered.put_nowait(None)

    async def idle(self) -> None:
        """Return once the worker waits for a call: initialised, and the last answer handed in."""
        await self._idle.wait()

    def hand_over(self, call: Call, timeout_s: float) -> None:
        """Give the waiting worker its call; it has `timeout_s` from now."""
        self._idle.clear()
        self._offered.put_nowait((call, time.time() + timeout_s))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ConnectionError):  # the child ended while it spoke: its exit is what counts
            await self._answer_child(scope, receive, send)

    async def _answer_child(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["method"], scope["path"].removeprefix(PREFIX).split("/"):
            case "GET", ["invocation", "next"]:
                await self._next(send)
            case "POST", ["invocation", call_id, "response"]:
                self._settle(call_id, await read_body(receive))
                await _answer(send, 202)
            case "POST", ["invocation", call_id, "error"]:
                self._settle(call_id, FunctionError(_description(await read_body(receive))))
                await _answer(send, 202)
            case "POST", ["init", "error"]:
                description = _description(await read_body(receive))
                if not self.init_error.done():
                    self.init_error.set_result(description)
                await _answer(send, 202)
            case _:
                await _answer(send, 404)

    async def _next(self, send: Send) -> None:
        self._idle.set()
        offered = await self._offered.get()
        if offered is None:
            await _answer(send, 500)
            return
        call, deadline = offered
        self._current = call
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": call.call_id,
            "lambda-runtime-deadline-ms": str(int(deadline * 1000)),
            "lambda-runtime-invoked-function-arn": self.arn,
            "lambda-runtime-trace-id": f"Root=1-{int(time.time()):08x}-{call.call_id.replace('-', '')[:24]};Sampled=0",
        }
        await _answer(send, 200, headers, call.event)

    def _settle(self, call_id: str, outcome: bytes | FunctionError) -> None:
        call = self._current
        if call is None or call.call_id != call_id or call.result.done():
            return  # an answer to a call that was given up meanwhile
        if isinstance(outcome, bytes):
            call.result.set_result(outcome)
        else:
            call.result.set_exception(outcome)


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request. Raises ConnectionError where the other side went away."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the connection ended before the body did")
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)


def _description(body: bytes) -> str:
    """`Type: message` of an error as the runtime client reports it."""
    try:
        error = json.loads(body)
        return f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


async def _answer(send: Send, status: int, headers: MutableMapping[str, str] | None = None, body: bytes = b"") -> None:
    fields = [*(headers or {}).items(), ("content-length", str(len(body)))]
    pairs = [(name.encode(), text.encode()) for name, text in fields]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
