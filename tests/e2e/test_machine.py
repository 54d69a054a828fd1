"""`make run` as a developer meets it: it starts, says what it is, keeps what it promised, and leaves nothing behind."""

import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.e2e import local_machine
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import Visitor

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.e2e


def get(url: str, key: str = "") -> dict[str, object]:
    request = urllib.request.Request(url, headers={"x-api-key": key} if key else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        told = json.load(answer)
    assert isinstance(told, dict)
    return told


def children(machine: Machine) -> list[int]:
    """Process ids of everything that the machine has started."""
    pid = machine.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def curl_line(machine: Machine) -> str:
    return next(line for line in machine.said if line.startswith("curl"))


def demo_key(machine: Machine) -> str:
    return (machine.data / "demo.key").read_text().strip()


def test_health_tells_what_is_running(machine: Machine) -> None:
    health = get(f"{machine.url}/health")
    assert health["status"] == "ready"
    assert health["release"]
    served = {path.stem for path in (ROOT / "models").glob("*.json")}
    assert {model["name"] for model in health["models"]} == served  # type: ignore[attr-defined]


def test_the_printed_line_is_all_one_needs(machine: Machine, portrait: Path, tmp_path: Path) -> None:
    line = curl_line(machine).replace("-o depth.jpg", f"-o {tmp_path / 'depth.jpg'} -w '%{{http_code}}'")
    told = subprocess.run(shlex.split(line), cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    assert told.stdout == "200"
    assert (tmp_path / "depth.jpg").read_bytes().startswith(b"\xff\xd8")


def test_what_the_store_keeps_is_said_at_the_start(machine: Machine) -> None:
    assert any("Store: " in line and "in memory" in line for line in machine.said)


def test_a_second_machine_on_the_same_data_says_so_in_a_sentence(machine: Machine) -> None:
    command = [sys.executable, "-m", "infra.local", "--port", "0", "--data", str(machine.data)]
    second = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert second.stderr.startswith("Another local machine is running on ")
    assert len(second.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_said_in_a_sentence(machine: Machine, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.local", "--data", str(tmp_path)]
    environment = {**os.environ, "PORT": str(machine.port)}
    second = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert second.stderr == f"Port {machine.port} is taken: PORT={machine.port + 1} make run uses another.\n"


def test_keys_credits_and_demo_key_survive_kill_9_and_nothing_is_left_running(tmp_path: Path) -> None:
    with local_machine.started(tmp_path, environment={"WORKERS": "1"}) as machine:
        if "also over kill -9" not in "".join(machine.said):
            pytest.skip("the store that is installed here makes no such promise")
        key = demo_key(machine)
        credits = get(f"{machine.url}/account/v1", key)["credits"]
        watched = [os.pidfd_open(child) for child in children(machine)]
        assert len(watched) >= 3  # store, depth, account
        machine.stop(signal.SIGKILL)
        poll = select.poll()
        for ended in watched:
            poll.register(ended)
            assert poll.poll(5000)
            poll.unregister(ended)
            os.close(ended)
    with local_machine.started(tmp_path, environment={"WORKERS": "1"}) as machine:
        assert demo_key(machine) == key
        assert get(f"{machine.url}/account/v1", key)["credits"] == credits


def test_who_is_signed_in_stays_so_over_kill_9_and_secrets_are_the_owners_alone(tmp_path: Path) -> None:
    """Accounts are found by a secret of this machine: another one at the next start would leave them without owners."""
    with local_machine.started(tmp_path, environment={"WORKERS": "1"}) as machine:
        if "also over kill -9" not in "".join(machine.said):
            pytest.skip("the store that is installed here makes no such promise")
        ada = Visitor(machine).sign_in()
        account = ada.call("GET", "/session/v1").json()
        for name in ("identity.secret", "demo.key", "outbox"):
            assert (machine.data / name).stat().st_mode & 0o077 == 0, name
        machine.stop(signal.SIGKILL)
    with local_machine.started(tmp_path, environment={"WORKERS": "1"}) as machine:
        ada.machine = machine
        assert ada.call("GET", "/session/v1").json() == account
        assert (
            Visitor(machine, ada.address).sign_in().call("GET", "/session/v1").json()["account_id"]
            == account["account_id"]
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_told_with_everything_it_started(tmp_path: Path, number: int) -> None:
    with local_machine.started(tmp_path, "--in-memory", environment={"WORKERS": "1"}) as machine:
        watched = children(machine)
        assert machine.stop(number) == 0
        for child in watched:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", machine.port), timeout=5)
        assert not (tmp_path / "endpoint").exists()
    assert "Stopped." in machine.said[-1]


def test_a_store_of_somebody_else_can_be_used(tmp_path: Path) -> None:
    """The first machine's store is somebody else's for the second one: both know the second one's key."""
    with local_machine.started(tmp_path / "first", "--in-memory", environment={"WORKERS": "1"}) as first:
        theirs = {"DYNAMODB_ENDPOINT": first.store, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        with local_machine.started(tmp_path / "second", environment={"WORKERS": "1", **theirs}) as second:
            assert any("Store: of somebody else" in line for line in second.said)
            told = [get(f"{url}/account/v1", demo_key(second))["credits"] for url in (first.url, second.url)]
    assert told == [100, 100]


def test_aws_s_limits_can_be_seen_here(tmp_path: Path) -> None:
    with (
        local_machine.started(tmp_path, "--in-memory", environment={"WORKERS": "1", "AWS_LIMITS": "1"}) as machine,
        socket.create_connection(("127.0.0.1", machine.port), timeout=30) as wire,
    ):
        size = 5 * 1024 * 1024  # fits the gateway, but not the function as base64
        lines = ["POST /portrait-depth-estimation/v1 HTTP/1.1", "Host: localhost", "x-api-key: x"]
        head = "\r\n".join([*lines, f"Content-Length: {size}", "", ""])
        wire.sendall(head.encode() + bytes(size))
        assert wire.recv(65536).startswith(b"HTTP/1.1 400")
