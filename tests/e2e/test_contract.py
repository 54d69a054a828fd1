"""The running machine held to infra/openapi.yaml: every operation, with thousands of requests, right ones and wrong.

Statuses, content types, headers and bodies are those that are described; what is described as wrong is refused; no
request makes a 5xx. `contract_hooks.py` tells schemathesis what it cannot know, `schemathesis.toml` how to go about it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portrait import keys
from portrait.ledger import Register
from tests.e2e.local_machine import Machine

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/e2e/schemathesis.toml"]
COMMAND += ["run", "infra/openapi.yaml", "--warnings", "off"]

pytestmark = pytest.mark.e2e


@pytest.fixture
def tireless_key(register: Register, key: str) -> str:
    """A key whose minute is never full and whose account never runs dry."""
    digest = keys.digest(key)
    register.set_rate(digest, 100_000)
    register.grant(register.key(digest).account_id, 10_000, "for many calls", 0)
    return key


def held_to_the_contract(machine: Machine, key: str, *filters: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MACHINE_URL": machine.url, "MACHINE_KEY": key}
    return subprocess.run(
        [*COMMAND, *filters], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_machine_does_what_is_described(machine: Machine, tireless_key: str) -> None:
    told = held_to_the_contract(machine, tireless_key, "--include-tag", "depth", "--include-path", "/health")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "No issues found" in told.stdout
