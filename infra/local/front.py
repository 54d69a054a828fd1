"""The HTTP front: what API Gateway does with a request, as a bare ASGI application."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, Final, Protocol

from infra.local import event
from infra.local.event import HttpAnswer, HttpRequest, MalformedAnswer
from infra.local.gateway import Gateway, Limits, Match, Refused
from infra.local.pool import FunctionTimedOut, TooManyWaiting, WorkerDied
from infra.local.runtime import FunctionError
from infra.local.site import Site

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

OURS: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that belong to the connection: a function cannot set them."""

LINGER_S: Final = 5.0
LINGER_BYTES: Final = 64 * 1024 * 1024
"""How long, and for how much, a refused body is still taken in. A client that is cut off while it sends loses
the answer with the connection."""


CATCH_ALL: Final = frozenset({"/", "/{proxy+}"})
"""Routes of whatever no other route names: a file of the site goes before them."""


class Functions(Protocol):
    """Where a function's calls go."""

    async def invoke(self, event: bytes) -> bytes: ...


class Front:
    """Answers HTTP requests with functions and with the files of a site. `tell` is given a line for each call that a
    function failed."""

    def __init__(
        self,
        gateway: Gateway,
        functions: Mapping[str, Functions],
        limits: Limits,
        tell: Callable[[str], None],
        site: Site | None = None,
    ) -> None:
        self.gateway = gateway
        self.functions = functions
        self.limits = limits
        self.tell = tell
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _head(scope)
        is_read = not _has_body(request)
        try:
            match = self._admit(request)
            if not is_read:
                request = replace(request, body=await self._body(receive))
                is_read = True
            answer = self._of_site(match, request) or await self._invoke(match, request)
        except Refused as refused:
            answer = self.gateway.answer(refused, request)
        except ConnectionError:
            return
        if is_read:
            await _send(send, answer)
        else:
            await _send_before_the_body(send, receive, answer, _header(request, "expect") != "")

    def refuse(self, status: int, sentence: str) -> HttpAnswer:
        """The answer to what is not even a request."""
        nothing = HttpRequest("", "", "", (), b"", "")
        return self.gateway.answer(Refused("DEFAULT_4XX", status, sentence), nothing)

    def _admit(self, request: HttpRequest) -> Match:
        """Everything that can be refused before the body is read, cheapest first."""
        if _head_bytes(request) > self.limits.header_bytes:
            raise Refused("DEFAULT_4XX", 431, "The request headers are too large")
        match = self.gateway.match(request.method, request.path)
        self.gateway.validate(match.route, _by_name(request))
        if int(_header(request, "content-length") or 0) > self.limits.request_bytes:
            raise self._too_large()
        return match

    def _too_large(self) -> Refused:
        return Refused("REQUEST_TOO_LARGE", sentence=self.limits.too_large)

    async def _body(self, receive: Receive) -> bytearray:
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_s):
                while True:
                    async with asyncio.timeout(self.limits.silence_s):
                        message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ConnectionError("the client went away")
                    body += message["body"]
                    if len(body) > self.limits.request_bytes:
                        raise self._too_large()
                    if not message["more_body"]:
                        return body
        except TimeoutError as error:
            raise Refused("DEFAULT_4XX", 408, "The request was not complete in time") from error

    def _of_site(self, match: Match, request: HttpRequest) -> HttpAnswer | None:
        if self.site is None or match.route.path not in CATCH_ALL:
            return None
        return self.site.answer(request.method, request.path, _by_name(request))

    async def _invoke(self, match: Match, request: HttpRequest) -> HttpAnswer:
        """Send the request through its function; a function that fails is the gateway's 502, a slow one its 504."""
        text = event.of_request(request, match.route.path, match.parameters)
        if self.limits.event_bytes and len(text) > self.limits.event_bytes:
            raise self._too_large()
        try:
            result = await self.functions[match.route.function].invoke(text)
            if self.limits.answer_bytes and len(result) > self.limits.answer_bytes:
                raise MalformedAnswer(f"{len(result)} bytes are more than Lambda hands on")
            return event.answer_of(result)
        except FunctionTimedOut as error:
            raise self._fault("INTEGRATION_TIMEOUT", match, request, error) from error
        except (FunctionError, MalformedAnswer, TooManyWaiting, WorkerDied) as error:
            raise self._fault("INTEGRATION_FAILURE", match, request, error) from error

    def _fault(self, kind: str, match: Match, request: HttpRequest, error: Exception) -> Refused:
        """The route is told, not the path: what a caller wrote there may be anything, also a key."""
        reason = str(error) or type(error).__name__
        self.tell(f"{request.method} {match.route.path} {kind} ({reason}) {request.request_id}")
        return Refused(kind)


def _head(scope: Scope) -> HttpRequest:
    """Request line and headers. Names are as sent where the connection kept them."""
    pairs = scope.get("headers_as_sent", scope["headers"])
    return HttpRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("ascii"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs),
        body=b"",
        source_ip=scope["client"][0] if scope["client"] else "",
    )


def _by_name(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers}


def _header(request: HttpRequest, wanted: str) -> str:
    return next((value for name, value in request.headers if name.lower() == wanted), "")


def _has_body(request: HttpRequest) -> bool:
    return _header(request, "transfer-encoding") != "" or int(_header(request, "content-length") or 0) > 0


def _head_bytes(request: HttpRequest) -> int:
    target = len(request.path) + len(f"?{request.query}" if request.query else "")
    line = len(request.method) + target + len("  HTTP/1.1\r\n\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in request.headers)


def encoded_headers(answer: HttpAnswer) -> list[tuple[bytes, bytes]]:
    """An answer's own headers, and its length where a length may stand (RFC 9110, 8.6)."""
    pairs = [(name, value) for name, value in answer.headers if name.lower() not in OURS]
    if not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", "application/json"))  # API Gateway's default
    if answer.status not in (204, 304):
        pairs.append(("Content-Length", str(len(answer.body))))
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs]


async def _send(send: Send, answer: HttpAnswer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded_headers(answer)})
    await send({"type": "http.response.body", "body": answer.body})


async def _send_before_the_body(send: Send, receive: Receive, answer: HttpAnswer, asks_first: bool) -> None:
    """Answer now; then let the client finish sending. One that waits to be asked (Expect) will hardly send."""
    headers = [*encoded_headers(answer), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    await _discard(receive, 1.0 if asks_first else LINGER_S)
    await send({"type": "http.response.body", "body": b""})


async def _discard(receive: Receive, within_s: float) -> None:
    taken = 0
    try:
        async with asyncio.timeout(within_s):
            while taken <= LINGER_BYTES:
                message = await receive()
                if not message.get("more_body"):
                    return
                taken += len(message["body"])
    except TimeoutError:
        return
