"""Each function may do in its tables what its calls do there, and nothing else: template.yaml against real requests."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from portrait import keys, tariff
from portrait.dynamo import DynamoLedger, DynamoRegister
from portrait.problems import IdempotencyKeyReused
from tests.store.books import Books, idempotent, plain
from tests.store.servers import LocalPlace

ROOT = Path(__file__).parents[2]

Grants = set[tuple[str, str]]
"""Pairs of a table's logical id and an action."""


def granted(role: str) -> Grants:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    [policy] = template["Resources"][role]["Properties"]["Policies"]
    found: Grants = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        if "Fn::If" in statement:
            continue
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found |= {(resource_of(statement), action) for action in actions if action.startswith("dynamodb:")}
    return found


def resource_of(statement: dict[str, Any]) -> str:
    target = statement["Resource"]["Fn::GetAtt"]
    return str(target.split(".")[0] if isinstance(target, str) else target[0])


class Recorded:
    """A ledger on a real store, and what its requests need of IAM. Tables are named as in the template here."""

    def __init__(self, place: LocalPlace) -> None:
        store = place.store()
        self.ledger = DynamoLedger(store)
        self.needed: Grants = set()
        for client in (store.patient, store.single):
            client.meta.events.register("before-parameter-build.dynamodb.*", self.note)

    def note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        if model.name != "TransactWriteItems":
            self.needed.add((params["TableName"], f"dynamodb:{model.name}"))
            return
        for item in params["TransactItems"]:
            [(operation, request)] = item.items()
            action = "ConditionCheckItem" if operation == "ConditionCheck" else f"{operation}Item"
            self.needed.add((request["TableName"], f"dynamodb:{action}"))


@pytest.fixture
def recorded(dynoxide: LocalPlace) -> Recorded:
    return Recorded(dynoxide)


@pytest.fixture
def key(dynoxide: LocalPlace) -> Iterator[str]:
    """A key of an account that holds ten credits; made by the operator, whose requests are not the functions'."""
    store = dynoxide.store()
    books = Books(DynamoLedger(store), DynamoRegister(store))
    yield books.key(books.account(credits=10))


def test_the_depth_function_may_do_what_its_calls_do_and_nothing_else(recorded: Recorded, key: str) -> None:
    ledger, now = recorded.ledger, time.time()
    caller = ledger.identify(keys.digest(key))
    for endpoint in (tariff.DEPTH_ENDPOINT, tariff.NORMALS_ENDPOINT):
        ledger.count(caller, endpoint, now)
    ledger.standing(caller, plain(), now)
    ledger.debit(caller, plain(), now, now + 20)
    ledger.debit(caller, idempotent("again"), now, now + 20)
    for _ in range(tariff.IDEMPOTENT_REPEATS):
        ledger.standing(caller, idempotent("again"), now)
    with pytest.raises(IdempotencyKeyReused):
        ledger.standing(caller, idempotent("again"), now)
    ledger.standing(caller, idempotent("again"), now + tariff.IDEMPOTENT_WITHIN_S + 60)  # a new day's first repeat
    assert recorded.needed == granted("DepthRole")


def test_the_account_function_may_do_what_its_calls_do_and_nothing_else(recorded: Recorded, key: str) -> None:
    ledger = recorded.ledger
    caller = ledger.identify(keys.digest(key))
    ledger.count(caller, "account/v1", time.time())
    ledger.balance(caller.account_id)
    assert recorded.needed == granted("AccountRole")
