"""The two DynamoDB-compatible servers that hold the ledger to its promises, with the tables of template.yaml."""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local import store as local_store
from infra.local import template
from portrait.dynamo.store import Store

ROOT = Path(__file__).parents[2]
CREDENTIALS = ("local", "local")
START_WITHIN_S = 30


@dataclass(frozen=True)
class LocalPlace:
    """A `portrait.dynamo.store.Place`: the names that template.yaml's tables have on this machine."""

    dynamodb_endpoint: str
    keys_table: str = "KeysTable"
    ledger_table: str = "LedgerTable"
    counters_table: str = "CountersTable"
    region: str = local_store.REGION

    def store(self, **timeouts: float) -> Store:
        """Clients of one's own: what a test does to the wire of one store, no other sees."""
        return Store.at(self, CREDENTIALS, **timeouts)


@contextlib.contextmanager
def running(name: str, directory: Path | None = None) -> Iterator[tuple[LocalPlace, "subprocess.Popen[bytes]"]]:
    """A server by name, in memory or with its data in `directory`, and its tables."""
    port = local_store.free_port()
    process = start(name, port, directory)
    try:
        place = LocalPlace(f"http://127.0.0.1:{port}")
        local_store.make_tables(client(place), template.read(ROOT / "template.yaml", {}).tables)
        yield place, process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def start(name: str, port: int, directory: Path | None) -> "subprocess.Popen[bytes]":
    """Start a server and wait until its port is open. Skips the test where the server is not installed."""
    packages = ROOT / ("node_modules" if name == "dynoxide" else "nowhere")
    program = local_store.choose(directory, port, packages)
    if not program.name.startswith(name):
        pytest.skip(f"{name} is not installed on this platform")
    environment = {"PATH": "/usr/bin:/bin", **program.environment}
    process = subprocess.Popen(program.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    give_up_at = time.monotonic() + START_WITHIN_S
    while time.monotonic() < give_up_at and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"{name} did not start: status {process.wait()}")


def client(place: LocalPlace) -> Any:
    """A plain client, to look behind the ledger's back."""
    access, secret = CREDENTIALS
    credentials = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
    return local_store.client(place.dynamodb_endpoint, credentials, place.region)
