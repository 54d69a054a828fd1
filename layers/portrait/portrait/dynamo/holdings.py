"""What an account's owner asks of the store, on DynamoDB."""

from datetime import date
from itertools import islice
from typing import Any, Final, Unpack

from botocore.exceptions import ClientError

from portrait import tariff
from portrait.dynamo.booking import Booking, moved, written
from portrait.dynamo.identity import WITHIN_S, claim_key
from portrait.dynamo.register import DynamoRegister
from portrait.dynamo.store import (
    DAY_ROW,
    Item,
    Place,
    Store,
    answering,
    day_row,
    is_failed_condition,
    number,
    number_of,
    row_key,
    text,
    text_of,
)
from portrait.dynamo.transaction import Change, Committer, Done, Found, Outcome, Refused, Times, Unknown
from portrait.holdings import Page, Usage
from portrait.identity import make_token
from portrait.problems import Unavailable
from portrait.register import AlreadyThere, Entry, Key, NotThere

CLOSE_LOOKS: Final = 5
LOOK_AGAIN_S: Final = 0.2
"""How often a closing account is asked whether a key still lives. The list of keys lags behind by moments."""


class DynamoHoldings:
    """`portrait.holdings.Holdings` on the tables and the table `identity_table`."""

    def __init__(self, where: Place | Store, identity_table: str, **times: Unpack[Times]) -> None:
        self.store = where if isinstance(where, Store) else Store.at(where)
        self.identity_table = identity_table
        self.register = DynamoRegister(self.store, within_s=WITHIN_S, **times)
        self.committer = Committer(self.store, **times)
        self.clock = self.committer.clock
        self.sleep = self.committer.sleep

    def balance(self, account_id: str) -> int:
        return self.register.balance(account_id)

    # ---- keys ----------------------------------------------------------------------------------

    def keys(self, account_id: str) -> list[Key]:
        return self.register.keys(account_id)[::-1]

    def add_key(self, account_id: str, key_text: str, name: str, now: float) -> Key:
        return self.register.add_key(account_id, key_text, name, now)

    def rename_key(self, account_id: str, key_digest: str, name: str) -> Key:
        self._own(account_id, key_digest)
        return self.register.rename_key(key_digest, name)

    def revoke_key(self, account_id: str, key_digest: str, now: float) -> Key:
        self._own(account_id, key_digest)
        return self.register.revoke_key(key_digest, now)

    def _own(self, account_id: str, key_digest: str) -> None:
        """A key never changes hands, so whose it is can be asked before."""
        if self.register.key(key_digest).account_id != account_id:
            raise NotThere("There is no such key.")

    # ---- credits -------------------------------------------------------------------------------

    def claim(self, account_id: str, claim_digest: str, now: float) -> int:
        """One transaction: the balance, the account's row CLAIM, and the mailbox's mark, which outlives the account."""
        claim_id = make_token()
        row = Booking(account_id, "CLAIM", tariff.FREE_CREDITS, int(now), claim_id, "free credits")
        change = Change(
            account=moved(self.store, account_id, tariff.FREE_CREDITS, only_open=True),
            proof=self._marked(claim_digest, claim_id, int(now)),
            beside=(written(self.store, row),),
            table=self.identity_table,
            key=claim_key(claim_digest),
            attribute="claim_id",
        )
        outcome = self.committer.commit(change, self.clock() + WITHIN_S)
        if isinstance(outcome, Unknown):
            raise Unavailable()
        if isinstance(outcome, Refused):
            raise NotThere(f"There is no open account {account_id}.")
        if not isinstance(outcome, Done) and not _is_ours(outcome, claim_id):
            raise AlreadyThere("The free credits were claimed before.")
        return self.balance(account_id)

    def _marked(self, claim_digest: str, claim_id: str, now: int) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self.identity_table,
                "Item": {**claim_key(claim_digest), "claim_id": text(claim_id), "created_at": number(now)},
                "ConditionExpression": "attribute_not_exists(claim_id)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def page(self, account_id: str, entries: int, after: Entry | None) -> Page:
        """One more than asked for is read: it tells whether there is a next page."""
        request: dict[str, Any] = {
            "TableName": self.store.ledger_table,
            "IndexName": "by_time",
            "KeyConditionExpression": "account_id = :account",
            "ExpressionAttributeValues": {":account": text(account_id)},
            "ScanIndexForward": False,
            "Limit": entries + 1,
        }
        if after:
            request["ExclusiveStartKey"] = {**row_key(account_id, after.row), "at": number(after.at)}
        found = [_entry(item) for item in islice(self.store.pages(self.store.patient.query, **request), entries + 1)]
        return Page(tuple(found[:entries]), found[entries - 1] if len(found) > entries else None)

    def usage(self, account_id: str, days: list[date]) -> list[Usage]:
        found = self.store.pages(
            self.store.patient.query,
            TableName=self.store.ledger_table,
            KeyConditionExpression="account_id = :account AND #row BETWEEN :first AND :last",
            ExpressionAttributeNames={"#row": "row"},
            ExpressionAttributeValues={
                ":account": text(account_id),
                ":first": text(day_row(days[0])),
                ":last": text(day_row(days[-1])),
            },
            ConsistentRead=True,
        )
        known = {usage.day: usage for usage in map(_usage, found)}
        return [known.get(day, Usage(day)) for day in days]

    # ---- the end -------------------------------------------------------------------------------

    def close(self, account_id: str, now: float) -> None:
        """Closed first, so that no key is made any more; then keys are revoked until the account counts none."""
        self._mark_closed(account_id, int(now))
        for _ in range(CLOSE_LOOKS):
            for key in self.keys(account_id):
                if not key.revoked_at:
                    self.register.revoke_key(key.digest, now)
            account = self.store.read(self.store.ledger_table, row_key(account_id))
            if not number_of(account, "live_keys"):
                return
            self.sleep(LOOK_AGAIN_S)
        raise Unavailable()

    def _mark_closed(self, account_id: str, now: int) -> None:
        with answering():
            try:
                self.store.patient.update_item(
                    TableName=self.store.ledger_table,
                    Key=row_key(account_id),
                    UpdateExpression="SET closed_at = if_not_exists(closed_at, :now)",
                    ConditionExpression="attribute_exists(account_id)",
                    ExpressionAttributeValues={":now": number(now)},
                )
            except ClientError as error:
                if is_failed_condition(error):
                    raise NotThere(f"There is no account {account_id}.") from error
                raise


def _is_ours(outcome: Outcome, claim_id: str) -> bool:
    """Done by an attempt of ours whose answer was lost."""
    return isinstance(outcome, Found) and text_of(outcome.proof, "claim_id") == claim_id


def _entry(item: Item) -> Entry:
    return Entry(text_of(item, "row"), number_of(item, "credits"), number_of(item, "at"), text_of(item, "note"))


def _usage(item: Item) -> Usage:
    day = date.fromisoformat(text_of(item, "row").removeprefix(DAY_ROW))
    return Usage(day, number_of(item, "calls"), number_of(item, "spent"))
