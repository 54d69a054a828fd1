"""Starts the local machine for the end-to-end tests, as `make run` does, on a free port and data of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.admin.store import open_register
from infra.local.store import DUMMY_CREDENTIALS
from portrait.register import Register

ROOT = Path(__file__).parents[2]
READY = re.compile(r"Ready\. Health: http://127\.0\.0\.1:(\d+)/health")
START_WITHIN_S = 60


@dataclass
class Machine:
    """A running machine: where it answers, where it keeps its data, and what it has said so far."""

    process: "subprocess.Popen[str]"
    data: Path
    port: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def depth_url(self) -> str:
        return f"{self.url}/portrait-depth-estimation/v1"

    @property
    def store(self) -> str:
        """The store's endpoint, as the operator's command finds it."""
        return (self.data / "endpoint").read_text().strip()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@contextlib.contextmanager
def started(data: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Machine]:
    """Start a machine and hand it over when it says that it is ready. Fails with all it said if it does not."""
    command = [sys.executable, "-m", "infra.local", "--port", "0", "--data", str(data), *arguments]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    machine = Machine(process, data)
    is_decided = threading.Event()
    listener = threading.Thread(target=_listen, args=(machine, is_decided))
    listener.start()
    try:
        is_decided.wait(START_WITHIN_S)
        assert machine.port, "".join(machine.said)
        yield machine
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        listener.join()


@contextlib.contextmanager
def operating(machine: Machine) -> Iterator[Register]:
    """The operator's side of a machine's store."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in DUMMY_CREDENTIALS.items():
            environment.setenv(name, value)
        yield open_register({"LOCAL_DATA": str(machine.data)})


def _listen(machine: Machine, is_decided: threading.Event) -> None:
    """Read what the machine says to its end, so that it never waits for a reader."""
    output = machine.process.stdout
    assert output
    with output:
        for line in output:
            machine.said.append(line)
            if found := READY.match(line):
                machine.port = int(found[1])
            if line.startswith("curl"):  # the last line of the welcome
                is_decided.set()
    is_decided.set()
