"""Who signs in, on DynamoDB.

    identity   credential -> ADDRESS#<hmac>: account_id, email, epoch, created_at, call_id; deleted with the account
                         CODE#<hmac of the address>: code, tries, expires_at
                         SESSION#<sha256 of the token>: account_id, address, epoch, created_at, expires_at
                         CLAIM#<hmac of the mailbox>: claim_id, created_at; for ever
               what has expires_at is deleted by DynamoDB late, so whoever reads compares it

A session is good while its address has the same account and the same epoch. Signing out everywhere is one step of
the epoch, and deleting the account is deleting the address: both end every session at once, with nothing to list.
"""

import hmac
import math
import uuid
from typing import Any, Final, Unpack

from botocore.exceptions import ClientError

from portrait import tariff
from portrait.dynamo.store import (
    Item,
    Place,
    Store,
    answering,
    is_failed_condition,
    number,
    number_of,
    row_key,
    text,
    text_of,
)
from portrait.dynamo.transaction import Change, Committer, Done, Found, Times
from portrait.identity import Allowance, Member, digest, make_account_id
from portrait.problems import NotSignedIn, RateLimited, Unavailable, WrongCode

WITHIN_S: Final = 5.0
"""How long a change is tried for a page. The last attempt and a last look may add 2 s each; the function has 10."""


class DynamoIdentities:
    """`portrait.identity.Registry` on the tables and the table `table`."""

    def __init__(self, where: Place | Store, table: str, **times: Unpack[Times]) -> None:
        self.store = where if isinstance(where, Store) else Store.at(where)
        self.table = table
        self.committer = Committer(self.store, **times)
        self.clock = self.committer.clock

    # ---- sessions ------------------------------------------------------------------------------

    def identify(self, token: str, now: float) -> Member:
        session = self.store.read(self.table, _session_key(token))
        if session is None or number_of(session, "expires_at") <= now:
            raise NotSignedIn()
        address = self.store.read(self.table, _address_key(text_of(session, "address")))
        if address is None or any(address[name] != session[name] for name in ("account_id", "epoch")):
            raise NotSignedIn()
        return _member(address, session)

    def open_session(self, address: str, email: str, token: str, now: float) -> Member:
        owner = self._owner(address, email, now)
        session = {
            **_session_key(token),
            "account_id": owner["account_id"],
            "address": text(address),
            "epoch": owner["epoch"],
            "created_at": number(int(now)),
            "expires_at": number(int(now) + tariff.SESSION_S),
        }
        with answering():
            self.store.patient.put_item(TableName=self.table, Item=session)
        return _member(owner, session)

    def end_session(self, token: str) -> None:
        with answering():
            self.store.patient.delete_item(TableName=self.table, Key=_session_key(token))

    def end_sessions(self, member: Member) -> None:
        """An answer that is lost makes botocore step once more, which ends nothing that has not ended."""
        self._changes_address(
            self.store.patient.update_item, member, UpdateExpression="ADD epoch :one", values={":one": number(1)}
        )

    def forget(self, member: Member) -> None:
        self._changes_address(self.store.patient.delete_item, member)

    def _changes_address(self, operation: Any, member: Member, values: Item | None = None, **request: Any) -> None:
        """Where the address is still this account's; else there is nothing left to do."""
        with answering():
            try:
                operation(
                    TableName=self.table,
                    Key=_address_key(member.address),
                    ConditionExpression="account_id = :account",
                    ExpressionAttributeValues={":account": text(member.account_id), **(values or {})},
                    **request,
                )
            except ClientError as error:
                if not is_failed_condition(error):
                    raise

    # ---- accounts ------------------------------------------------------------------------------

    def _owner(self, address: str, email: str, now: float) -> Item:
        """The item of the address. Where there is none it is written, together with the account that it owns."""
        found = self.store.read(self.table, _address_key(address))
        if found is not None:
            return found
        account_id, at = make_account_id(), number(int(now))
        owner = {
            **_address_key(address),
            "account_id": text(account_id),
            "email": text(email),
            "epoch": number(0),
            "created_at": at,
            "call_id": text(str(uuid.uuid4())),
        }
        account = {**row_key(account_id), "credits": number(0), "live_keys": number(0), "created_at": at}
        change = Change(
            account=None,
            proof=_put(self.table, owner, "credential"),
            beside=(_put(self.store.ledger_table, account, "account_id"),),
            table=self.table,
            key=_address_key(address),
            attribute="call_id",
        )
        outcome = self.committer.commit(change, self.clock() + WITHIN_S)
        if isinstance(outcome, Found):
            return outcome.proof  # another browser was faster
        if not isinstance(outcome, Done):
            raise Unavailable()
        return owner

    def has_claimed(self, claim_digest: str) -> bool:
        return self.store.read(self.table, claim_key(claim_digest)) is not None

    # ---- codes ---------------------------------------------------------------------------------

    def put_code(self, address: str, code_digest: str, now: float) -> None:
        code = {
            **_code_key(address),
            "code": text(code_digest),
            "tries": number(0),
            "expires_at": number(int(now) + tariff.CODE_GOOD_S),
        }
        with answering():
            self.store.patient.put_item(TableName=self.table, Item=code)

    def take_code(self, address: str, code_digest: str, now: float) -> None:
        """Counted, then compared, then deleted: of any number of tries at once five are compared, and one wins.

        A code whose deletion lost its answer is gone; its owner is told that it is wrong, and asks for another.
        """
        code = self._tried(address, now)
        is_right = hmac.compare_digest(code, code_digest)  # in constant time, whatever there is to compare with
        if not (is_right and self._deletes_code(address, code_digest)):
            raise WrongCode()

    def _tried(self, address: str, now: float) -> str:
        """The digest of the live code, this try counted; empty where there is none, or no try left."""
        with answering():
            try:
                answer = self.store.patient.update_item(
                    TableName=self.table,
                    Key=_code_key(address),
                    UpdateExpression="ADD tries :one",
                    ConditionExpression="expires_at > :now AND tries < :most",
                    ExpressionAttributeValues={
                        ":one": number(1),
                        ":now": number(int(now)),
                        ":most": number(tariff.CODE_TRIES),
                    },
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if is_failed_condition(error):
                    return ""
                raise
        return text_of(dict(answer["Attributes"]), "code")

    def _deletes_code(self, address: str, code_digest: str) -> bool:
        with answering():
            try:
                self.store.patient.delete_item(
                    TableName=self.table,
                    Key=_code_key(address),
                    ConditionExpression="code = :code",
                    ExpressionAttributeValues={":code": text(code_digest)},
                )
            except ClientError as error:
                if is_failed_condition(error):
                    return False
                raise
        return True

    def count(self, allowance: Allowance, now: float) -> None:
        window = int(now // allowance.within_s)
        ends_at = (window + 1) * allowance.within_s
        with answering():
            answer = self.store.patient.update_item(
                TableName=self.store.counters_table,
                Key={"counter": text(f"ALLOWED#{allowance.name}#{allowance.within_s}#{window}")},
                UpdateExpression="SET expires_at = :expires_at ADD #used :one",
                ExpressionAttributeNames={"#used": "used"},
                ExpressionAttributeValues={":expires_at": number(ends_at), ":one": number(1)},
                ReturnValues="UPDATED_NEW",
            )
        if number_of(answer["Attributes"], "used") > allowance.times:
            raise RateLimited(max(1, math.ceil(ends_at - now)))


def claim_key(claim_digest: str) -> Item:
    return {"credential": text(f"CLAIM#{claim_digest}")}


def _address_key(address: str) -> Item:
    return {"credential": text(f"ADDRESS#{address}")}


def _code_key(address: str) -> Item:
    return {"credential": text(f"CODE#{address}")}


def _session_key(token: str) -> Item:
    return {"credential": text(f"SESSION#{digest(token)}")}


def _put(table: str, item: Item, key: str) -> dict[str, Any]:
    return {
        "Put": {
            "TableName": table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({key})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _member(owner: Item, session: Item) -> Member:
    return Member(
        account_id=text_of(owner, "account_id"),
        address=text_of(session, "address"),
        email=text_of(owner, "email"),
        created_at=number_of(owner, "created_at"),
        expires_at=number_of(session, "expires_at"),
    )
