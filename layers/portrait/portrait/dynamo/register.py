"""What the operator needs of the store, on DynamoDB. Reads whole accounts: nothing here belongs into a call."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Unpack

from botocore.exceptions import ClientError

from portrait import keys, tariff
from portrait.dynamo.booking import Booking, booked
from portrait.dynamo.store import (
    ACCOUNT_ROW,
    Item,
    Place,
    Store,
    answering,
    is_failed_condition,
    key_key,
    number,
    number_of,
    row_key,
    text,
    text_of,
)
from portrait.dynamo.transaction import Change, Committer, Done, Found, Overtaken, Refused, Times, Unknown
from portrait.problems import Unavailable
from portrait.register import AlreadyThere, Difference, Entry, Key, NotThere, TooFewCredits, TooManyKeys

WITHIN_S: Final = 20.0
"""How long one order of the operator may take."""


class DynamoRegister:
    """`portrait.register.Register` on three tables."""

    def __init__(self, where: Place | Store, *, within_s: float = WITHIN_S, **times: Unpack[Times]) -> None:
        self.store = where if isinstance(where, Store) else Store.at(where)
        self.committer = Committer(self.store, **times)
        self.clock = self.committer.clock
        self.within_s = within_s

    # ---- accounts and credits ------------------------------------------------------------------

    def create_account(self, account_id: str, now: float) -> None:
        account = {
            **row_key(account_id),
            "credits": number(0),
            "live_keys": number(0),
            "created_at": number(int(now)),
        }
        with answering():
            try:
                self.store.patient.put_item(
                    TableName=self.store.ledger_table,
                    Item=account,
                    ConditionExpression="attribute_not_exists(account_id)",
                )
            except ClientError as error:
                if is_failed_condition(error):
                    raise AlreadyThere(f"Account {account_id} is there already.") from error
                raise

    def claim_free_credits(self, account_id: str, now: float) -> int:
        return self._book(account_id, "CLAIM", tariff.FREE_CREDITS, "free credits", now)

    def grant(self, account_id: str, credits: int, note: str, now: float) -> int:
        return self._book(account_id, f"GRANT#{uuid.uuid4()}", credits, note, now)

    def _book(self, account_id: str, row: str, credits: int, note: str, now: float) -> int:
        booking = Booking(account_id, row, credits, int(now), call_id=str(uuid.uuid4()), note=note)
        outcome = self._commit(booked(self.store, booking))
        if isinstance(outcome, Refused):
            if outcome.account is None:
                raise NotThere(f"There is no account {account_id}.")
            raise TooFewCredits(f"Account {account_id} holds {number_of(outcome.account, 'credits')} credits.")
        if isinstance(outcome, Found) and text_of(outcome.proof, "call_id") != booking.call_id:
            raise AlreadyThere(f"Account {account_id} has claimed its free credits.")
        return self.balance(account_id)

    def balance(self, account_id: str) -> int:
        account = self.store.read(self.store.ledger_table, row_key(account_id))
        if account is None:
            raise NotThere(f"There is no account {account_id}.")
        return number_of(account, "credits")

    # ---- keys ----------------------------------------------------------------------------------

    def add_key(self, account_id: str, key_text: str, name: str, now: float) -> Key:
        key = Key(
            digest=keys.digest(key_text),
            prefix=keys.prefix(key_text),
            account_id=account_id,
            name=name,
            calls_per_minute=tariff.CALLS_PER_MINUTE,
            created_at=int(now),
            revoked_at=0,
        )
        call_id = str(uuid.uuid4())
        outcome = self._commit(_key_added(self.store, key, call_id))
        if isinstance(outcome, Refused):
            if outcome.account is None or "closed_at" in outcome.account:
                raise NotThere(f"There is no open account {account_id}.")
            raise TooManyKeys(f"Account {account_id} has {tariff.LIVE_KEYS} live keys: revoke one first.")
        if isinstance(outcome, Found) and text_of(outcome.proof, "call_id") != call_id:
            raise AlreadyThere("This key is there already.")
        return key

    def key(self, key_digest: str) -> Key:
        item = self.store.read(self.store.keys_table, key_key(key_digest))
        if item is None:
            raise NotThere("There is no such key.")
        return _key(item)

    def keys(self, account_id: str) -> list[Key]:
        """By the index, which lags behind by moments; what it lists is then read from the table itself."""
        listed = self.store.pages(
            self.store.patient.query,
            TableName=self.store.keys_table,
            IndexName="by_account",
            KeyConditionExpression="account_id = :account",
            ExpressionAttributeValues={":account": text(account_id)},
        )
        digests = [key_key(text_of(item, "key_digest")) for item in listed]
        found = {key.digest: key for key in map(_key, self.store.read_all(self.store.keys_table, digests))}
        return [found[text_of(digest, "key_digest")] for digest in digests]

    def revoke_key(self, key_digest: str, now: float) -> Key:
        key = self.key(key_digest)
        if not key.revoked_at:
            self._commit(_key_revoked(self.store, key, int(now)))  # Found: another was faster, and that is as good
        return self.key(key_digest)

    def rename_key(self, key_digest: str, name: str) -> Key:
        return self._changed(key_digest, "name", text(name))

    def set_rate(self, key_digest: str, calls_per_minute: int) -> Key:
        return self._changed(key_digest, "calls_per_minute", number(calls_per_minute))

    def _changed(self, key_digest: str, attribute: str, value: Item) -> Key:
        with answering():
            try:
                answer = self.store.patient.update_item(
                    TableName=self.store.keys_table,
                    Key=key_key(key_digest),
                    UpdateExpression="SET #attribute = :value",
                    ConditionExpression="attribute_exists(key_digest)",
                    ExpressionAttributeNames={"#attribute": attribute},
                    ExpressionAttributeValues={":value": value},
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if is_failed_condition(error):
                    raise NotThere("There is no such key.") from error
                raise
        return _key(dict(answer["Attributes"]))

    # ---- books ---------------------------------------------------------------------------------

    def statement(self, account_id: str) -> Iterator[Entry]:
        """Rows are named by chance, so all of an account's are held and sorted: some 200 bytes each."""
        rows = list(self._rows_of(account_id))
        if not rows:
            raise NotThere(f"There is no account {account_id}.")
        entries = [_entry(item) for item in rows if "at" in item]
        yield from sorted(entries, key=lambda entry: (entry.at, entry.row))

    def audit(self) -> Iterator[Difference]:
        """One pass over the table sums everything; what differs may have moved meanwhile and is looked at alone."""
        stored: dict[str, int] = defaultdict(int)
        summed: dict[str, int] = defaultdict(int)
        scan = self.store.patient.scan
        for item in self.store.pages(scan, TableName=self.store.ledger_table, ConsistentRead=True):
            book = stored if text_of(item, "row") == ACCOUNT_ROW else summed
            book[text_of(item, "account_id")] += number_of(item, "credits")
        for account_id in sorted(stored.keys() | summed.keys()):
            if stored.get(account_id, 0) != summed.get(account_id, 0):
                yield from self._difference(account_id)

    def _difference(self, account_id: str) -> Iterator[Difference]:
        """Rows summed between two looks at the balance that agree: nothing was booked meanwhile, or it was undone."""
        key = row_key(account_id)
        while True:
            before = self.store.read(self.store.ledger_table, key)
            rows = [item for item in self._rows_of(account_id) if text_of(item, "row") != ACCOUNT_ROW]
            if self.store.read(self.store.ledger_table, key) == before:
                break
        stored, recomputed = number_of(before, "credits"), sum(number_of(item, "credits") for item in rows)
        if recomputed != stored:
            yield Difference(account_id, stored, recomputed)

    def _rows_of(self, account_id: str) -> Iterator[Item]:
        return self.store.pages(
            self.store.patient.query,
            TableName=self.store.ledger_table,
            KeyConditionExpression="account_id = :account",
            ExpressionAttributeValues={":account": text(account_id)},
            ConsistentRead=True,
        )

    def _commit(self, change: Change) -> Done | Found | Refused:
        outcome = self.committer.commit(change, self.clock() + self.within_s)
        if isinstance(outcome, Unknown | Overtaken):
            raise Unavailable()
        return outcome


def _key_added(store: Store, key: Key, call_id: str) -> Change:
    return Change(
        account={
            "Update": {
                "TableName": store.ledger_table,
                "Key": row_key(key.account_id),
                "UpdateExpression": "ADD live_keys :one",
                "ConditionExpression": "attribute_exists(account_id) AND live_keys < :most "
                "AND attribute_not_exists(closed_at)",
                "ExpressionAttributeValues": {":one": number(1), ":most": number(tariff.LIVE_KEYS)},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        proof={
            "Put": {
                "TableName": store.keys_table,
                "Item": {
                    **key_key(key.digest),
                    "account_id": text(key.account_id),
                    "prefix": text(key.prefix),
                    "name": text(key.name),
                    "calls_per_minute": number(key.calls_per_minute),
                    "created_at": number(key.created_at),
                    "call_id": text(call_id),
                },
                "ConditionExpression": "attribute_not_exists(key_digest)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        table=store.keys_table,
        key=key_key(key.digest),
        attribute="call_id",
    )


def _key_revoked(store: Store, key: Key, now: int) -> Change:
    return Change(
        account={
            "Update": {
                "TableName": store.ledger_table,
                "Key": row_key(key.account_id),
                "UpdateExpression": "ADD live_keys :less",
                "ConditionExpression": "attribute_exists(account_id)",
                "ExpressionAttributeValues": {":less": number(-1)},
            }
        },
        proof={
            "Update": {
                "TableName": store.keys_table,
                "Key": key_key(key.digest),
                "UpdateExpression": "SET revoked_at = :now",
                "ConditionExpression": "attribute_exists(key_digest) AND attribute_not_exists(revoked_at)",
                "ExpressionAttributeValues": {":now": number(now)},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        table=store.keys_table,
        key=key_key(key.digest),
        attribute="revoked_at",
    )


def _key(item: Item) -> Key:
    return Key(
        digest=text_of(item, "key_digest"),
        prefix=text_of(item, "prefix"),
        account_id=text_of(item, "account_id"),
        name=text_of(item, "name"),
        calls_per_minute=number_of(item, "calls_per_minute"),
        created_at=number_of(item, "created_at"),
        revoked_at=number_of(item, "revoked_at"),
        last_used_at=number_of(item, "last_used_at"),
    )


def _entry(item: Item) -> Entry:
    return Entry(
        row=text_of(item, "row"),
        credits=number_of(item, "credits"),
        at=number_of(item, "at"),
        note=text_of(item, "note"),
    )
