"""One machine for all end-to-end tests of a run; an account of its own, with the free credits, for each test."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from portrait import keys
from portrait.register import Register
from tests.e2e import local_machine
from tests.e2e.local_machine import Machine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with local_machine.started(tmp_path_factory.mktemp("machine"), "--in-memory") as machine:
        yield machine


@pytest.fixture(scope="session")
def register(machine: Machine) -> Iterator[Register]:
    with local_machine.operating(machine) as register:
        yield register


@pytest.fixture
def key(register: Register) -> str:
    """A live key of a fresh account with the free credits."""
    account_id, text, now = f"e2e-{uuid.uuid4()}", keys.make(), time.time()
    register.create_account(account_id, now)
    register.claim_free_credits(account_id, now)
    register.add_key(account_id, text, "e2e", now)
    return text


@pytest.fixture(scope="session")
def portrait() -> Path:
    return ROOT / "examples" / "portrait.jpg"
