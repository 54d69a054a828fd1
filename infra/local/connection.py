"""One TCP connection to the front: uvicorn's HTTP/1.1 protocol with the bounds that it leaves to others."""

import asyncio
import contextlib
from http import HTTPStatus
from typing import Final, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from infra.local.front import Front, encoded_headers

LINGER_S: Final = 1.0
"""After a refusal: time for the client to read it before the connection closes."""


class Connection(HttpToolsProtocol):
    """Bounds how long and how large a request's head may be, answers garbage in our JSON, and keeps what uvicorn does
    not: header names as sent, the body behind an offer of HTTP/2, and the answer to a client that has closed its
    sending half."""

    _deadline: asyncio.TimerHandle | None = None
    _in_head = False
    _in_body = False
    _head_bytes = 0
    _is_refused = False
    _current: RequestResponseCycle | None = None
    """The request that is being answered; `cycle` is the last one that was read."""

    @property
    def front(self) -> Front:
        return cast(Front, self.config.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        was_in_body = self._in_body
        self._parse(data)
        if self._in_head and not was_in_body:
            self._head_bytes += len(data)
            if self._head_bytes > self.front.limits.header_bytes:
                self._refuse(431, "The request headers are too large")

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client may close its sending half and still wait for its answer."""
        current = self._current
        if current is None or current.more_body or current.response_complete:
            return False
        last = current if self.cycle.more_body else self.cycle
        last.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["headers_as_sent"] = []  # type: ignore[typeddict-unknown-key]
        self._in_head = True
        self._head_bytes = 0
        self._start_deadline()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self.scope["headers_as_sent"].append((name, value))  # type: ignore[typeddict-item]

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # parsed again, without the offer
        self._in_head = False
        self._in_body = True
        self._stop_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._in_body = False
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "The request is not valid HTTP")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._current = cycle
        super()._start_asgi_task(cycle, app)

    def _parse(self, data: bytes) -> None:
        """uvicorn's own step, but for offers of HTTP/2 (Java's client makes one on each first request)."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("")

    def _decline(self, rest: bytes) -> None:
        """Read the request as one without an offer.

        With it the parser takes the end of the headers for the end of the request, and would read the body as
        the next one.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("")
            return
        kept = [pair for pair in self.scope["headers_as_sent"] if pair[0].lower() != b"upgrade"]  # type: ignore[typeddict-item]
        lines = [method + b" " + self.url + b" HTTP/1.1", *(name + b": " + value for name, value in kept)]
        self.parser = httptools.HttpRequestParser(self)
        self._parse(b"\r\n".join([*lines, b"", rest]))

    def _start_deadline(self) -> None:
        self._stop_deadline()
        self._deadline = self.loop.call_later(self.front.limits.head_s, self._head_is_late)

    def _stop_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _head_is_late(self) -> None:
        if self._current is not None and not self._current.response_complete:
            self._start_deadline()  # an answer is on its way: the next request may come after it
        elif self._in_head:
            self._refuse(408, "The request was not complete in time")
        else:
            self.transport.close()

    def _refuse(self, status: int, sentence: str) -> None:
        self._is_refused = True
        self._stop_deadline()
        if self._has_answer_on_its_way():
            return
        answer = self.front.refuse(status, sentence)
        lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
        lines += [name + b": " + value for name, value in [*encoded_headers(answer), (b"Connection", b"close")]]
        self.transport.write(b"\r\n".join([*lines, b"", answer.body]))
        with contextlib.suppress(OSError):  # the client is gone already
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def _has_answer_on_its_way(self) -> bool:
        """What becomes of the request before the refused bytes: if it was complete, its answer is the last one here;
        if they were part of its body, it is no request any more."""
        self.pipeline.clear()
        cycle = self._current
        if cycle is None or cycle.response_complete:
            return False
        if cycle.response_started or not cycle.more_body:
            cycle.keep_alive = False
            return True
        cycle.disconnected = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        return False
