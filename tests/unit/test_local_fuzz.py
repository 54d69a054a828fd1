"""Requests with bytes changed, lost and added, whole and in pieces: the front answers or closes, and never stumbles."""

import contextlib
import logging
import random
import socket

import pytest

from infra.local.gateway import Limits
from tests.unit.local_front import head, local

SEED = 20  # any; a failing run is repeated by its number
CASES = 1500
GOOD = [
    head("echo", "Content-Length: 5") + "hello",
    head("echo", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n",
    head("binary", "Expect: 100-continue", "Content-Length: 3") + "abc",
    head("echo", "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 2") + "hi",
    head(method="GET", path="/health?a=%zz&b=%c3%28"),
    head(method="HEAD", path="/nowhere"),
]
INSERTED = [b"\r\n", b"\r\n\r\n", b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n", b"\n", b" " * 50]


def changed(random_: random.Random) -> bytes:
    """One or two good requests with up to five changes."""
    data = bytearray("".join(random_.choices(GOOD, k=random_.choice([1, 1, 2]))), "latin-1")
    for _ in range(random_.choice([0, 1, 1, 2, 5])):
        place = random_.randrange(len(data))
        match random_.randrange(4):
            case 0:
                data[place] = random_.randrange(256)
            case 1:
                del data[place : place + random_.randrange(1, 20)]
            case 2:
                data[place:place] = random_.randbytes(5)
            case _:
                data[place:place] = random_.choice(INSERTED)
        data = data or bytearray(b"x")
    return bytes(data)


def exchange(wire: socket.socket, data: bytes, random_: random.Random) -> bytes:
    """Send in two pieces, perhaps close that half; the first bytes of the answer. A front that hangs times out."""
    cut = random_.randrange(len(data) + 1)
    wire.sendall(data[:cut])
    wire.sendall(data[cut:])
    if random_.random() < 0.5:
        with contextlib.suppress(OSError):  # closed by the other side already
            wire.shutdown(socket.SHUT_WR)
    return wire.recv(9)


def test_whatever_comes_is_answered_or_closed(caplog: pytest.LogCaptureFixture) -> None:
    random_ = random.Random(SEED)
    with local(Limits(head_s=0.1, silence_s=0.1, body_s=0.3)) as here, caplog.at_level(logging.ERROR):
        for case in range(CASES):
            data = changed(random_)
            with (
                socket.create_connection(("127.0.0.1", here.port), timeout=10) as wire,
                contextlib.suppress(ConnectionError),  # closed while we still sent: that is an answer, too
            ):
                assert exchange(wire, data, random_) in (b"", b"HTTP/1.1 "), (case, data)
        assert here.post("echo").status == 200
    assert not caplog.records, caplog.text
