"""What the operator reads: statements of any length, audits that are right while calls go on, and no key anywhere."""

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from portrait import keys
from portrait.dynamo import DynamoRegister
from portrait.register import Difference
from tests.store import servers
from tests.store.books import Books, idempotent, plain
from tests.store.servers import LocalPlace
from tests.store.wire import Wire


def moved(place: LocalPlace, account_id: str, by: int) -> None:
    """Change a balance as no program of ours would: without a row."""
    servers.client(place).update_item(
        TableName=place.ledger_table,
        Key={"account_id": {"S": account_id}, "row": {"S": "ACCOUNT"}},
        UpdateExpression="ADD credits :by",
        ExpressionAttributeValues={":by": {"N": str(by)}},
    )


def test_an_audit_finds_a_balance_that_its_rows_do_not_explain(place: LocalPlace) -> None:
    books = Books.at(place)
    good, bad = books.account(credits=10), books.account(credits=10)
    moved(place, bad, 3)
    found = list(books.register.audit())
    moved(place, bad, -3)
    assert Difference(bad, stored=13, recomputed=10) in found
    assert good not in {difference.account_id for difference in found}
    assert list(books.register.audit()) == []


def test_an_audit_finds_rows_without_an_account(place: LocalPlace) -> None:
    books = Books.at(place)
    key = {"account_id": {"S": "a ghost"}, "row": {"S": "CALL#1"}}
    client = servers.client(place)
    client.put_item(TableName=place.ledger_table, Item={**key, "credits": {"N": "-1"}})
    found = list(books.register.audit())
    client.delete_item(TableName=place.ledger_table, Key=key)
    assert Difference("a ghost", stored=0, recomputed=-1) in found


def test_an_audit_is_clean_while_calls_go_on(place: LocalPlace) -> None:
    books = Books.at(place)
    callers = [books.caller(credits=10_000) for _ in range(4)]
    is_over = Event()

    def spend(number: int) -> None:
        while not is_over.is_set():
            books.debit(callers[number], plain())

    with ThreadPoolExecutor(len(callers)) as pool:
        loads = [pool.submit(spend, number) for number in range(len(callers))]
        try:
            for _ in range(5):
                assert list(books.register.audit()) == []
        finally:
            is_over.set()
        for load in loads:
            load.result()


def test_a_statement_and_an_audit_go_on_from_page_to_page(place: LocalPlace) -> None:
    """DynamoDB hands out 1 MB at a time."""
    store = place.store()
    wire, register = Wire(store), DynamoRegister(store)
    account_id = Books.at(place).account()
    for _ in range(30):
        register.grant(account_id, 1, 50_000 * "x", time.time())
    wire.sent.clear()
    assert sum(entry.credits for entry in register.statement(account_id)) == 30
    assert wire.attempts("Query") >= 2
    assert list(register.audit()) == []
    assert wire.attempts("Scan") >= 2


def test_a_charge_between_two_pages_is_no_difference(place: LocalPlace) -> None:
    """The account's balance stands on a page that was read before, the new row on one that is read after."""
    calm, store = Books.at(place), place.store()
    wire, register = Wire(store), DynamoRegister(store)
    caller = calm.caller(credits=100)
    for _ in range(30):
        calm.register.grant(caller.account_id, 1, 50_000 * "x", time.time())

    def charge_before_each_page(url: str) -> None:
        calm.debit(caller, idempotent(secrets.token_hex(8)))

    wire.forever["Scan"] = charge_before_each_page
    assert list(register.audit()) == []
    assert wire.attempts("Query") >= 1


@pytest.mark.parametrize("make", [keys.make, lambda: secrets.token_hex(48)], ids=["ours", "imported"])
def test_the_text_of_a_key_is_stored_nowhere(place: LocalPlace, make: Callable[[], str]) -> None:
    books, text = Books.at(place), make()
    books.register.add_key(books.account(credits=5), text, "", time.time())
    caller = books.ledger.identify(keys.digest(text))
    books.ledger.count(caller, "a", time.time())
    books.debit(caller, plain())
    for table in (place.keys_table, place.ledger_table, place.counters_table):
        for page in servers.client(place).get_paginator("scan").paginate(TableName=table):
            assert text not in json.dumps(page["Items"], default=str)


def test_counters_expire_by_themselves(place: LocalPlace) -> None:
    books = Books.at(place)
    caller, now = books.caller(), int(time.time())
    books.ledger.count(caller, "a", now)
    name = f"RATE#{caller.key_digest}#a#{now // 60}"
    item = servers.client(place).get_item(TableName=place.counters_table, Key={"counter": {"S": name}})["Item"]
    assert now + 3600 <= int(item["expires_at"]["N"]) <= now + 3660
    assert item["used"] == {"N": "1"}
