"""The front, the Runtime API and workers around the stand-in, in this process, for tests to talk to over sockets."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from infra.local import machine, server, template
from infra.local.front import Front
from infra.local.gateway import Gateway, Limits
from infra.local.pool import Pool
from infra.local.site import Site
from infra.local.template import Template

ROOT = Path(__file__).parents[2]
PLAN = template.read(ROOT / "tests/unit/local_stand_in.yaml", {})
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "AWS_REGION": "us-east-1", "TZ": "UTC"}

T = TypeVar("T")


@dataclass
class Answer:
    status: int
    headers: dict[str, list[str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def one(self, name: str) -> str:
        (value,) = self.headers[name]
        return value


class Wire:
    """One TCP connection: what a test sends is what goes out."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def send(self, *parts: bytes | str) -> "Wire":
        for part in parts:
            self.socket.sendall(part if isinstance(part, bytes) else part.encode("latin-1"))
        return self

    def receive(self, has_body: bool = True) -> Answer:
        status = int(self.reader.readline().split()[1])
        headers: dict[str, list[str]] = {}
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        length = int(headers.get("content-length", ["0"])[0]) if has_body else 0
        return Answer(status, headers, self.reader.read(length))

    def is_closed(self) -> bool:
        return self.reader.read(1) == b""

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


@dataclass
class Local:
    """A running front, and its event loop in a thread of its own."""

    port: int
    pools: dict[str, Pool]
    loop: asyncio.AbstractEventLoop
    told: list[str] = field(default_factory=list)
    logged: list[tuple[str, bytes]] = field(default_factory=list)

    @contextlib.contextmanager
    def wire(self) -> Iterator[Wire]:
        wire = Wire(self.port)
        try:
            yield wire
        finally:
            wire.close()

    def post(self, do: str = "echo", body: bytes = b"", *lines: str) -> Answer:
        with self.wire() as wire:
            return wire.send(head(do, f"Content-Length: {len(body)}", *lines), body).receive()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


def head(do: str = "echo", *lines: str, method: str = "POST", path: str = "/depth/v1") -> str:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", "x-api-key: k", f"x-do: {do}", *lines, "", ""])


@contextlib.contextmanager
def local(
    limits: Limits | None = None, plan: Template = PLAN, workers: int = 1, site: Site | None = None
) -> Iterator[Local]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    here = Local(0, {}, loop)
    begun = _started(here, limits or Limits(), plan, workers, site)
    try:
        here.run(begun.__aenter__())
        try:
            yield here
        finally:
            here.run(begun.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.asynccontextmanager
async def _started(here: Local, limits: Limits, plan: Template, workers: int, site: Site | None):  # type: ignore[no-untyped-def]
    def log(function: str, line: bytes) -> None:
        here.logged.append((function, line))

    here.pools = {
        name: Pool(function, workers if function.is_image else 1, ENVIRONMENT, ROOT, log)
        for name, function in plan.functions.items()
    }
    front = Front(Gateway(plan.routes, plan.responses), here.pools, limits, here.told.append, site)
    with server.listening(0) as listener:
        here.port = listener.getsockname()[1]
        async with machine.working(here.pools.values()), server.serving(front, listener):
            yield here
