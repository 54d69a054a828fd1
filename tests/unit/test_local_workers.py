"""What happens to a call when its worker fails it, with real runtime clients in real processes."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.pool import QUEUED_CALLS, WorkerDied
from infra.local.template import Template
from tests.unit.local_front import PLAN, Local, head, local


@pytest.fixture(scope="module")
def here() -> Iterator[Local]:
    with local() as running:
        yield running


@pytest.fixture(scope="module")
def pair() -> Iterator[Local]:
    with local(workers=2) as running:
        yield running


def with_variable(name: str, value: str) -> Template:
    """The stand-in's template with one more variable for the image function."""
    function = PLAN.functions["DepthFunction"]
    changed = replace(function, environment={**function.environment, name: value})
    return replace(PLAN, functions={**PLAN.functions, "DepthFunction": changed})


def test_a_handler_that_raises_costs_one_call_and_no_worker(here: Local) -> None:
    pid = here.post("echo").json["pid"]
    answer = here.post("raises")
    assert (answer.status, answer.json["code"]) == (502, "gateway")
    assert "the stand-in raised" in here.told[-1]
    assert here.post("echo").json["pid"] == pid


@pytest.mark.parametrize(("death", "status"), [("leaves", 3), ("segfault", -signal.SIGSEGV)])
def test_a_worker_that_dies_is_seen_at_once_and_replaced(here: Local, death: str, status: int) -> None:
    pid = here.post("echo").json["pid"]
    starts = here.pools["DepthFunction"].cold_starts
    begin = time.monotonic()
    answer = here.post(death)
    assert (answer.status, answer.json["code"]) == (502, "gateway")
    assert time.monotonic() - begin < 0.9  # the function's time-out is 1 s: it was not waited for
    assert f"exit status {status}" in here.told[-1]
    assert here.post("echo").json["pid"] != pid
    assert here.pools["DepthFunction"].cold_starts == starts + 1


def test_a_call_that_hangs_ends_with_504_and_its_worker_with_it(here: Local) -> None:
    pid = here.post("echo").json["pid"]
    begin = time.monotonic()
    answer = here.post("hangs")
    assert (answer.status, answer.json["code"]) == (504, "gateway")
    assert 0.9 < time.monotonic() - begin < 5
    assert here.post("echo").json["pid"] != pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_worker_killed_between_two_calls_costs_none(here: Local) -> None:
    for _ in range(3):
        os.kill(here.post("echo").json["pid"], signal.SIGKILL)
        while here.post("echo").status != 200:  # the kill itself may meet the next call, but only that one
            pass
        assert here.post("echo").status == 200


def test_a_call_waits_for_a_worker_and_each_worker_has_one_call(pair: Local, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(4) as callers:
        busy = [callers.submit(pair.post, f"wait {gate}") for _ in range(2)]
        while len(list(tmp_path.glob("gate.*"))) < 2:
            pass  # until both workers have one
        queued = [callers.submit(pair.post, "echo") for _ in range(2)]
        assert not any(call.done() for call in queued)
        gate.touch()
        answers = [call.result() for call in busy + queued]
    assert [answer.status for answer in answers] == [200] * 4
    assert len({answer.json["pid"] for answer in answers[:2]}) == 2
    assert len({answer.json["call_id"] for answer in answers}) == 4


def test_more_callers_than_may_wait_are_turned_away(here: Local, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    statuses: list[int] = []
    turned_away = threading.Event()

    def call() -> None:
        statuses.append(here.post(f"wait {gate}").status)
        turned_away.set()

    with ThreadPoolExecutor(QUEUED_CALLS + 4) as callers:
        for _ in range(QUEUED_CALLS + 4):
            callers.submit(call)
        assert turned_away.wait(10)
        gate.touch()
    assert statuses[0] == 502
    assert sorted(set(statuses)) == [200, 502]
    assert statuses.count(200) in (QUEUED_CALLS, QUEUED_CALLS + 1)


def test_a_caller_that_left_does_not_stop_the_worker(here: Local) -> None:
    with here.wire() as wire:
        wire.send(head("hangs"))
    assert here.post("echo").status in (200, 504)
    assert here.post("echo").status == 200


@pytest.mark.parametrize(
    ("init", "reason"), [("raise", "RuntimeError: KEYS_TABLE is not set"), ("exit", "exit status 7")]
)
def test_a_function_that_cannot_start_says_why(init: str, reason: str) -> None:
    with (
        pytest.raises(WorkerDied, match=f"DepthFunction cannot start: {reason}"),
        local(plan=with_variable("STAND_IN_INIT", init)),
    ):
        pass


def test_a_function_that_can_no_longer_start_is_refused_at_once_and_comes_back(tmp_path: Path) -> None:
    trouble = tmp_path / "trouble"
    with local(plan=with_variable("STAND_IN_INIT_FAILS_WITH", str(trouble))) as here:
        assert here.post("echo").status == 200
        trouble.touch()
        assert here.post("leaves").status == 502
        assert here.post("echo").status == 502  # this one waited for the worker that could not start
        begin = time.monotonic()
        assert here.post("echo").status == 502
        assert time.monotonic() - begin < 0.4  # and this one did not wait for the next try, half a second later
        assert "RuntimeError: the file is there" in here.told[-1]
        trouble.unlink()
        while here.post("echo").status != 200:
            pass  # it is tried again after half a second


def test_what_a_worker_writes_is_logged_under_its_function_s_name(here: Local) -> None:
    here.post("raises")
    here.post("echo")
    assert any(name == "DepthFunction" and b"the stand-in raised" in line for name, line in here.logged)
