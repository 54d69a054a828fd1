"""The whole machine: process start to first answer, what front and runtime add to a call, one worker beside two."""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from infra.local.store import DUMMY_CREDENTIALS
from tests.bench import pictures
from tests.e2e import local_machine
from tests.e2e.local_machine import Machine
from tests.unit.test_settings import GOOD

SMALL_CALLS = 200
CALLS = 24
CALLERS = 4
STARTS = 5
ROOT = Path(__file__).resolve().parents[2]
TABLES = {"KEYS_TABLE": "KeysTable", "LEDGER_TABLE": "LedgerTable", "COUNTERS_TABLE": "CountersTable"}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def rows() -> Iterator[dict[str, Any]]:
    yield overhead()
    yield cold_start()
    one, two = (throughput(workers) for workers in (1, 2))
    for workers, rate in ((1, one), (2, two)):
        yield {"case": f"{workers} worker(s), 2 MP jpeg", "note": f"{rate:.2f} calls a second"}
    yield {"case": "two workers beside one", "ratio": round(two / one, 2)}


def overhead() -> dict[str, Any]:
    """A call that a function answers at once (health): all of its time is front, runtime client and sockets."""
    with tempfile.TemporaryDirectory() as data, local_machine.started(Path(data), "--in-memory") as machine:
        session = requests.Session()
        spent = [_milliseconds(session, f"{machine.url}/health") for _ in range(SMALL_CALLS)]
    return {"case": "front + runtime, small call", "call_ms": round(statistics.median(spent), 2)}


def cold_start() -> dict[str, Any]:
    """From the start of a fresh process, bytecode compiled, to its first answer: a small portrait, a real store."""
    with (
        tempfile.TemporaryDirectory() as data,
        local_machine.started(Path(data), "--in-memory") as machine,
    ):
        key = (machine.data / "demo.key").read_text().strip()
        environment = os.environ | GOOD | TABLES | DUMMY_CREDENTIALS | ONE_THREAD
        environment |= {"DYNAMODB_ENDPOINT": machine.store, "PYTHONPATH": "functions:layers/portrait"}
        command = [sys.executable, "tests/bench/start.py", "examples/portrait.jpg", key]
        spent = []
        for _ in range(STARTS):
            begin = time.perf_counter()
            subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
            spent.append(1000 * (time.perf_counter() - begin))
    return {"case": "process start to first answer", "call_ms": round(min(spent)), "note": "   (the fastest of 5)"}


def throughput(workers: int) -> float:
    """Calls a second, four callers at a time, after one call that warms each worker."""
    file = pictures.file("jpeg", 2)
    environment = {"WORKERS": str(workers)}
    with (
        tempfile.TemporaryDirectory() as data,
        local_machine.started(Path(data), "--in-memory", environment=environment) as machine,
    ):
        key = (machine.data / "demo.key").read_text().strip()
        _call_together(machine, key, file, CALLERS)
        begin = time.perf_counter()
        _call_together(machine, key, file, CALLS)
        return CALLS / (time.perf_counter() - begin)


def _call_together(machine: Machine, key: str, file: bytes, calls: int) -> None:
    """So many calls by CALLERS threads; any answer but 200 fails the benchmark."""
    statuses: list[int] = []

    def work() -> None:
        for _ in range(calls // CALLERS):
            files = {"image_file": ("portrait.jpg", file)}
            answer = requests.post(machine.depth_url, headers={"x-api-key": key}, files=files, timeout=60)
            statuses.append(answer.status_code)

    threads = [threading.Thread(target=work) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}, statuses


def _milliseconds(session: requests.Session, url: str) -> float:
    begin = time.perf_counter()
    assert session.get(url, timeout=10).status_code == 200
    return 1000 * (time.perf_counter() - begin)
