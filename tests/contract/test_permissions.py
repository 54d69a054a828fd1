"""Each function may do in its tables what its calls do there, and nothing else: template.yaml against real requests."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from portrait import keys, tariff
from portrait.dynamo import DynamoLedger, DynamoRegister
from portrait.dynamo.holdings import DynamoHoldings
from portrait.dynamo.identity import DynamoIdentities
from portrait.dynamo.payments import DynamoPayments
from portrait.holdings import days_until
from portrait.identity import Allowance
from portrait.problems import IdempotencyKeyReused
from tests.store.books import Books, idempotent, plain
from tests.store.servers import LocalPlace
from tests.store.tills import Purchase

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
    """A table's logical id, or `Table/index/name`."""
    if "Fn::Sub" in statement["Resource"]:
        return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", statement["Resource"]["Fn::Sub"])
    target = statement["Resource"]["Fn::GetAtt"]
    return str(target.split(".")[0] if isinstance(target, str) else target[0])


class Recorded:
    """A ledger on a real store, and what its requests need of IAM. Tables are named as in the template here."""

    def __init__(self, place: LocalPlace) -> None:
        store = place.store()
        self.ledger = DynamoLedger(store)
        self.holdings = DynamoHoldings(store, "IdentityTable")
        self.registry = DynamoIdentities(store, "IdentityTable")
        self.payments = DynamoPayments(store, "PaymentsTable")
        self.needed: Grants = set()
        for client in (store.patient, store.single):
            client.meta.events.register("before-parameter-build.dynamodb.*", self.note)

    def note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        if model.name == "BatchGetItem":
            self.needed |= {(table, "dynamodb:BatchGetItem") for table in params["RequestItems"]}
            return
        if model.name != "TransactWriteItems":
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            self.needed.add((params["TableName"] + index, f"dynamodb:{model.name}"))
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
    ledger, registry, holdings, now = recorded.ledger, recorded.registry, recorded.holdings, time.time()
    caller = ledger.identify(keys.digest(key))
    ledger.count(caller, "account/v1", now)
    registry.count(Allowance("CODES#somebody", 1, 3600), now)
    registry.put_code("an address", "a code", now)
    registry.take_code("an address", "a code", now)
    member = registry.open_session("an address", "ada@example.com", "a token", now)
    assert registry.identify("a token", now) == member
    assert not registry.has_claimed("a mailbox")
    assert holdings.claim(member.account_id, "a mailbox", now) == tariff.FREE_CREDITS
    made = holdings.add_key(member.account_id, keys.make(), "one", now)
    holdings.rename_key(member.account_id, made.digest, "another")
    holdings.keys(member.account_id)
    holdings.page(member.account_id, 10, None)
    holdings.usage(member.account_id, days_until(now, 7))
    holdings.revoke_key(member.account_id, made.digest, now)
    holdings.close(member.account_id, now)
    registry.end_sessions(member)
    registry.end_session("a token")
    registry.forget(member)
    assert recorded.needed == granted("AccountRole")


def test_the_payments_function_may_do_what_its_calls_do_and_nothing_else(recorded: Recorded, key: str) -> None:
    registry, now = recorded.registry, time.time()
    member = registry.open_session("a buyer", "ada@example.com", "a buyer's token", now)
    recorded.needed.clear()
    registry.identify("a buyer's token", now)
    registry.count(Allowance("CHECKOUTS#somebody", 1, 3600), now)
    purchase = Purchase(member.account_id)
    recorded.payments.book(purchase.refunded("a", 1_00), now, now + 20)
    recorded.payments.book(purchase.paid(), now, now + 20)
    recorded.payments.book(purchase.refunded("b", 1_00), now, now + 20)
    assert recorded.needed == granted("PaymentsRole")
