"""The running machine held to infra/openapi.yaml: every operation, with thousands of requests, right ones and wrong.

Statuses, content types, headers and bodies are those that are described; what is described as wrong is refused; no
request makes a 5xx. `contract_hooks.py` tells schemathesis what it cannot know, `schemathesis.toml` how to go about it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portrait import keys
from tests.e2e import local_machine
from tests.e2e.local_machine import Machine
from tests.e2e.visitor import Visitor

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/e2e/schemathesis.toml"]
COMMAND += ["run", "infra/openapi.yaml", "--warnings", "off"]
ENDS_THE_SESSION = "signOut"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine of its own: every limit for a sender is reached here."""
    with local_machine.started(tmp_path_factory.mktemp("machine"), "--in-memory") as machine:
        yield machine


@pytest.fixture(scope="module")
def tireless_key(machine: Machine) -> str:
    """A key whose minute is never full, of an account that never runs dry."""
    text, now = keys.make(), time.time()
    with local_machine.operating(machine) as register:
        register.create_account("tireless", now)
        register.grant("tireless", 100_000, "for many calls", now)
        register.add_key("tireless", text, "tireless", now)
        register.set_rate(keys.digest(text), 100_000)
    return text


def held_to_the_contract(
    machine: Machine, key: str, person: Visitor, *filters: str
) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MACHINE_URL": machine.url,
        "MACHINE_KEY": key,
        "MACHINE_SESSION": person.token,
        "MACHINE_KEY_ID": person.key()["id"],
    }
    return subprocess.run(
        [*COMMAND, *filters], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )


@pytest.mark.parametrize(
    "filters",
    [
        ("--exclude-operation-id", ENDS_THE_SESSION),
        ("--include-operation-id", ENDS_THE_SESSION),
    ],
)
def test_the_machine_does_what_is_described(machine: Machine, tireless_key: str, filters: tuple[str, ...]) -> None:
    told = held_to_the_contract(machine, tireless_key, Visitor(machine).sign_in(), *filters)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "No issues found" in told.stdout
