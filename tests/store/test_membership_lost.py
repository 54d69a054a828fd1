"""Conflicts, lost answers and silence while somebody signs in, claims or leaves: done once, or told that it was not."""

import json
import time
import uuid
from dataclasses import dataclass

import pytest

from portrait import keys, tariff
from portrait.dynamo import DynamoLedger
from portrait.dynamo.holdings import DynamoHoldings
from portrait.dynamo.identity import DynamoIdentities
from portrait.holdings import day_of
from portrait.identity import Member, make_token
from portrait.problems import Unavailable
from portrait.register import AlreadyThere
from tests.store import servers, wire
from tests.store.books import Books
from tests.store.servers import LocalPlace
from tests.store.wire import Hands, Wire

WRITE, READ, UPDATE, LIST = "TransactWriteItems", "GetItem", "UpdateItem", "Query"
NOW = float(int(time.time()))


@dataclass
class Hall:
    """Registry and Holdings whose wire and clock are in the test's hands, over a store that works."""

    registry: DynamoIdentities
    holdings: DynamoHoldings
    ledger: DynamoLedger
    wire: Wire
    hands: Hands
    place: LocalPlace
    calm: Books

    def member(self) -> Member:
        member = self.registry.open_session(uuid.uuid4().hex, "ada@example.com", make_token(), NOW)
        self.wire.sent.clear()
        return member


@pytest.fixture(params=["dynoxide", "ministack"])
def hall(request: pytest.FixtureRequest) -> Hall:
    place: LocalPlace = request.getfixturevalue(request.param)
    store, hands = place.store(), Hands()
    times = {"clock": hands.clock, "sleep": hands.sleep, "chance": hands.chance}
    return Hall(
        DynamoIdentities(store, "IdentityTable", **times),  # type: ignore[arg-type]
        DynamoHoldings(store, "IdentityTable", **times),  # type: ignore[arg-type]
        DynamoLedger(store, **times),  # type: ignore[arg-type]
        Wire(store),
        hands,
        place,
        request.getfixturevalue(f"{request.param}_books"),
    )


def test_a_claim_whose_answer_is_lost_is_booked_once_and_told_as_done(hall: Hall) -> None:
    member, mailbox = hall.member(), uuid.uuid4().hex
    hall.wire.lose_answers[WRITE] = 1
    assert hall.holdings.claim(member.account_id, mailbox, NOW) == tariff.FREE_CREDITS
    assert hall.calm.is_balanced(member.account_id)
    with pytest.raises(AlreadyThere):
        hall.holdings.claim(member.account_id, mailbox, NOW)


def test_a_claim_that_nobody_answers_may_be_sent_again(hall: Hall) -> None:
    member, mailbox = hall.member(), uuid.uuid4().hex
    hall.wire.forever = {WRITE: wire.never_arrives, READ: wire.never_arrives}
    with pytest.raises(Unavailable):
        hall.holdings.claim(member.account_id, mailbox, NOW)
    hall.wire.forever = {}
    assert hall.holdings.claim(member.account_id, mailbox, NOW) == tariff.FREE_CREDITS


def test_a_store_that_stays_busy_is_given_up_before_the_function_is(hall: Hall) -> None:
    """The function has 10 s: what it was not told by then would be the gateway's to explain."""
    member = hall.member()
    hall.wire.forever = {WRITE: wire.CONFLICT}
    for change in (
        lambda: hall.holdings.claim(member.account_id, uuid.uuid4().hex, NOW),
        lambda: hall.holdings.add_key(member.account_id, keys.make(), "one", NOW),
        lambda: hall.registry.open_session(uuid.uuid4().hex, "ada@example.com", make_token(), NOW),
    ):
        begin = hall.hands.now
        with pytest.raises(Unavailable):
            change()
        assert 4 < hall.hands.now - begin < 6


def test_a_conflict_while_claiming_is_waited_out(hall: Hall) -> None:
    member = hall.member()
    hall.wire.fates[WRITE] = [wire.CONFLICT, wire.THROTTLED, wire.CONFLICT]
    assert hall.holdings.claim(member.account_id, uuid.uuid4().hex, NOW) == tariff.FREE_CREDITS
    assert len(hall.hands.naps) == 3


def test_an_account_whose_opening_lost_its_answer_is_opened_once(hall: Hall) -> None:
    address, token = uuid.uuid4().hex, make_token()
    hall.wire.lose_answers[WRITE] = 1
    member = hall.registry.open_session(address, "ada@example.com", token, NOW)
    assert hall.registry.identify(token, NOW) == member
    assert hall.holdings.balance(member.account_id) == 0
    again = hall.registry.open_session(address, "ada@example.com", make_token(), NOW)
    assert again.account_id == member.account_id


def test_a_store_that_does_not_answer_signs_nobody_in(hall: Hall) -> None:
    hall.wire.forever = {WRITE: wire.BROKEN, READ: wire.BROKEN}
    with pytest.raises(Unavailable):
        hall.registry.open_session(uuid.uuid4().hex, "ada@example.com", make_token(), NOW)
    with pytest.raises(Unavailable):
        hall.registry.identify(make_token(), NOW)


def test_every_read_that_decides_or_is_exact_is_consistent(hall: Hall) -> None:
    """No local server shows a read that is not. The list of keys and the statement come by an index, and say so."""
    member, token = hall.member(), make_token()
    hall.registry.open_session(member.address, "ada@example.com", token, NOW)
    hall.wire.sent.clear()
    hall.registry.identify(token, NOW)
    hall.registry.has_claimed("a mailbox")
    hall.holdings.add_key(member.account_id, keys.make(), "one", NOW)
    hall.holdings.keys(member.account_id)
    hall.holdings.balance(member.account_id)
    reads = [request for operation, request in hall.wire.sent if operation == READ]
    assert len(reads) == 4
    assert all(request["ConsistentRead"] is True for request in reads)
    [batch] = [request for operation, request in hall.wire.sent if operation == "BatchGetItem"]
    assert batch["RequestItems"]["KeysTable"]["ConsistentRead"] is True
    hall.wire.sent.clear()
    hall.holdings.usage(member.account_id, [day_of(NOW)])
    [(_, usage)] = hall.wire.sent
    assert usage["ConsistentRead"] is True


def test_a_list_of_keys_goes_on_where_the_store_stopped(hall: Hall) -> None:
    """DynamoDB answers as much of a batch as it likes."""
    member = hall.member()
    for number in range(3):
        hall.holdings.add_key(member.account_id, keys.make(), f"{number}", NOW + number)

    def answers_one(url: str) -> wire.AWSResponse | None:
        if hall.wire.attempts("BatchGetItem") > 1:
            return None
        _, request = hall.wire.sent[-1]
        first, *others = request["RequestItems"]["KeysTable"]["Keys"]
        item = servers.client(hall.place).get_item(TableName="KeysTable", Key=first)["Item"]
        left = {"KeysTable": {"Keys": others, "ConsistentRead": True}}
        body = json.dumps({"Responses": {"KeysTable": [item]}, "UnprocessedKeys": left}).encode()
        return wire.AWSResponse(url, 200, {"Content-Type": "application/x-amz-json-1.0"}, wire.Body(body))

    hall.wire.forever["BatchGetItem"] = answers_one
    assert [key.name for key in hall.holdings.keys(member.account_id)] == ["2", "1", "0"]
    assert hall.wire.attempts("BatchGetItem") == 2


def test_a_use_that_cannot_be_noted_costs_the_call_nothing(hall: Hall) -> None:
    caller = hall.calm.caller(credits=5)

    def loses_notes(url: str) -> wire.AWSResponse | None:
        _, request = hall.wire.sent[-1]
        return wire.never_arrives(url) if request["TableName"] == "KeysTable" else None

    hall.wire.forever[UPDATE] = loses_notes
    assert hall.ledger.count(caller, "a", NOW).used == 1
    assert [request["TableName"] for operation, request in hall.wire.sent if operation == UPDATE] == [
        "CountersTable",
        "KeysTable",
    ]


def test_a_use_is_written_down_by_one_call_an_hour(hall: Hall) -> None:
    caller = hall.calm.caller(credits=5)
    for later_s in range(0, 3600, 600):
        hall.ledger.count(hall.ledger.identify(caller.key_digest), "a", NOW + later_s)
    notes = [request for operation, request in hall.wire.sent if operation == UPDATE and "Key" in request]
    assert [request["TableName"] for request in notes].count("KeysTable") == 1


def test_an_account_that_was_cut_off_while_it_closed_is_closed_when_asked_again(hall: Hall) -> None:
    """The address is forgotten last, so its owner is still signed in and can ask again."""
    member, text = hall.member(), keys.make()
    hall.holdings.add_key(member.account_id, text, "one", NOW)
    hall.wire.forever[LIST] = wire.BROKEN
    with pytest.raises(Unavailable):
        hall.holdings.close(member.account_id, NOW)
    assert not hall.calm.register.key(keys.digest(text)).revoked_at
    hall.wire.forever = {}
    hall.holdings.close(member.account_id, NOW)
    assert hall.calm.register.key(keys.digest(text)).revoked_at


def test_a_key_that_the_list_does_not_show_yet_is_looked_for_again(hall: Hall) -> None:
    """An index lags behind by moments; the account's own count of live keys does not."""
    member, text = hall.member(), keys.make()
    hall.holdings.add_key(member.account_id, text, "one", NOW)

    def shows_nothing_at_first(url: str) -> wire.AWSResponse | None:
        if hall.wire.attempts(LIST) > 2:
            return None
        body = json.dumps({"Items": [], "Count": 0}).encode()
        return wire.AWSResponse(url, 200, {"Content-Type": "application/x-amz-json-1.0"}, wire.Body(body))

    hall.wire.forever[LIST] = shows_nothing_at_first
    hall.holdings.close(member.account_id, NOW)
    assert hall.calm.register.key(keys.digest(text)).revoked_at
    assert len(hall.hands.naps) == 2


def test_the_text_of_a_token_is_stored_nowhere(hall: Hall) -> None:
    token = make_token()
    hall.registry.open_session(uuid.uuid4().hex, "ada@example.com", token, NOW)
    for page in servers.client(hall.place).get_paginator("scan").paginate(TableName="IdentityTable"):
        assert token not in json.dumps(page["Items"])


def test_sessions_and_codes_expire_by_themselves_and_claims_never(hall: Hall) -> None:
    address, token, mailbox = uuid.uuid4().hex, make_token(), uuid.uuid4().hex
    member = hall.registry.open_session(address, "ada@example.com", token, NOW)
    hall.registry.put_code(address, "a code", NOW)
    hall.holdings.claim(member.account_id, mailbox, NOW)
    found = {}
    for page in servers.client(hall.place).get_paginator("scan").paginate(TableName="IdentityTable"):
        for item in page["Items"]:
            kind, _, name = item["credential"]["S"].partition("#")
            if name in (address, mailbox) or item.get("address", {}).get("S") == address:
                found[kind] = int(item["expires_at"]["N"]) - int(NOW) if "expires_at" in item else None
    assert found == {"ADDRESS": None, "CODE": tariff.CODE_GOOD_S, "SESSION": tariff.SESSION_S, "CLAIM": None}
