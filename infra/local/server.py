"""The front on a port of this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

import uvicorn

from infra.local.connection import Connection
from infra.local.front import Front

STOP_WITHIN_S: Final = 5
"""How long calls in flight may take to finish when the machine is told to stop."""


class PortTaken(Exception):
    """Another program listens there. One sentence that says what to do."""


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A port that is ours from now on; connections wait until the front serves them."""
    # asyncio sends small packets without delay only where TCP is named: an answer would else take 40 ms longer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(256)
        except OSError as error:
            raise PortTaken(f"Port {port} is taken: PORT={port + 1} make run uses another.") from error
        yield listener


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: this machine has more to stop than the front."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(front: Front, listener: socket.socket) -> AsyncIterator[None]:
    """The front on a socket that listens already. On the way out calls in flight get 5 s to finish."""
    config = uvicorn.Config(
        front,
        http=Connection,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
