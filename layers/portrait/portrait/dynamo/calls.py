"""What a call needs of the store, on DynamoDB."""

import contextlib
import math
from typing import Final, Unpack

from botocore.exceptions import BotoCoreError, ClientError

from portrait import tariff
from portrait.dynamo.booking import Booking, charged
from portrait.dynamo.store import (
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
from portrait.dynamo.transaction import Committer, Done, Found, Refused, Times
from portrait.ledger import Caller, Charge, Receipt, Standing, Window
from portrait.problems import IdempotencyKeyReused, InvalidApiKey, NoCredits, RevokedApiKey, Unavailable

COUNTER_KEPT_S: Final = 3600
"""How long a minute's counter stays after it ended: nothing reads it, and whoever looks into a complaint may."""


class DynamoLedger:
    """`portrait.ledger.Ledger` on three tables. Safe to share between threads."""

    def __init__(self, where: Place | Store, **times: Unpack[Times]) -> None:
        self.store = where if isinstance(where, Store) else Store.at(where)
        self.committer = Committer(self.store, **times)
        self.last_known = ("", 0)
        """The account and balance last read: told only when a call was charged and its new balance cannot be read."""

    def identify(self, key_digest: str) -> Caller:
        key = self.store.read(self.store.keys_table, key_key(key_digest))
        if key is None:
            raise InvalidApiKey()
        if "revoked_at" in key:
            raise RevokedApiKey()
        return Caller(
            account_id=text_of(key, "account_id"),
            key_digest=key_digest,
            key_prefix=text_of(key, "prefix"),
            calls_per_minute=number_of(key, "calls_per_minute"),
            last_used_at=number_of(key, "last_used_at"),
        )

    def count(self, caller: Caller, endpoint: str, now: float) -> Window:
        """A reply that is lost makes botocore count once more: a call too many in a minute, and never one too few."""
        minute = int(now // tariff.WINDOW_S)
        ends_at = (minute + 1) * tariff.WINDOW_S
        with answering():
            answer = self.store.patient.update_item(
                TableName=self.store.counters_table,
                Key={"counter": text(f"RATE#{caller.key_digest}#{endpoint}#{minute}")},
                UpdateExpression="SET expires_at = :expires_at ADD #used :one",
                ExpressionAttributeNames={"#used": "used"},
                ExpressionAttributeValues={":expires_at": number(ends_at + COUNTER_KEPT_S), ":one": number(1)},
                ReturnValues="UPDATED_NEW",
            )
        if now - caller.last_used_at >= tariff.USE_NOTED_S:
            self._note_use(caller, int(now))
        used = number_of(answer["Attributes"], "used")
        return Window(caller.calls_per_minute, used, max(1, math.ceil(ends_at - now)))

    def _note_use(self, caller: Caller, now: int) -> None:
        """Once an hour, by the first call that sees it. No call waits for a second attempt, and none fails over it."""
        with contextlib.suppress(BotoCoreError, ClientError):
            self.store.single.update_item(
                TableName=self.store.keys_table,
                Key=key_key(caller.key_digest),
                UpdateExpression="SET last_used_at = :now",
                ConditionExpression="attribute_exists(key_digest) AND "
                "(attribute_not_exists(last_used_at) OR last_used_at < :now)",
                ExpressionAttributeValues={":now": number(now)},
            )

    def balance(self, account_id: str) -> int:
        credits = number_of(self.store.read(self.store.ledger_table, row_key(account_id)), "credits")
        self.last_known = (account_id, credits)
        return credits

    def standing(self, caller: Caller, charge: Charge, now: float) -> Standing:
        """The balance is read before the row: a twin that takes the last credit in between is then seen by its row."""
        credits = self.balance(caller.account_id)
        if not charge.fingerprint:
            return Standing(credits, charged_before=False)
        row = self.store.read(self.store.ledger_table, row_key(caller.account_id, charge.row))
        if row is None:
            return Standing(credits, charged_before=False)
        self._check_repeat(caller, charge, row, now)
        return Standing(credits, charged_before=True)

    def debit(self, caller: Caller, charge: Charge, now: float, deadline: float) -> Receipt:
        booking = Booking.of_charge(caller, charge, now)
        outcome = self.committer.commit(charged(self.store, booking), deadline)
        if isinstance(outcome, Refused):
            raise NoCredits()
        if isinstance(outcome, Done):
            return self._charged(caller, charge)
        if isinstance(outcome, Found):
            if text_of(outcome.proof, "call_id") == charge.call_id:
                return self._charged(caller, charge)
            self._check_repeat(caller, charge, outcome.proof, now)
            return Receipt(0, self._remaining(caller, moved=0))
        return Receipt(charge.credits, self._guess(caller, -charge.credits), certain=False)

    def _charged(self, caller: Caller, charge: Charge) -> Receipt:
        return Receipt(charge.credits, self._remaining(caller, moved=-charge.credits))

    def _remaining(self, caller: Caller, moved: int) -> int:
        """What is left, for the answer's header. A call that was charged never fails over it."""
        try:
            account = self.store.read_once(self.store.ledger_table, row_key(caller.account_id))
        except Unavailable:
            return self._guess(caller, moved)
        return number_of(account, "credits")

    def _guess(self, caller: Caller, moved: int) -> int:
        account_id, credits = self.last_known
        return max(0, credits + moved) if account_id == caller.account_id else 0

    def _check_repeat(self, caller: Caller, charge: Charge, row: Item, now: float) -> None:
        """Is `row`, which is there, this very request's, and may it be computed once more?"""
        if not charge.fingerprint or text_of(row, "fingerprint") != charge.fingerprint:
            raise IdempotencyKeyReused()
        if not self._counts_repeat(caller, charge, int(now)):
            raise IdempotencyKeyReused(
                f"Idempotency-Key was repeated {tariff.IDEMPOTENT_REPEATS} times within "
                f"{tariff.IDEMPOTENT_WITHIN_S // 3600} h: use a new one"
            )

    def _counts_repeat(self, caller: Caller, charge: Charge, now: int) -> bool:
        """Count this call among the repeats, or not where there were too many. Counting it again changes nothing.

        The day begins with the first repeat. A day that is over is replaced by the first call that sees it.
        """
        with answering():
            while True:
                old = self._adds_repeat(caller, charge, now)
                if old is None:
                    return True
                if number_of(old, "expires_at") > now:
                    return False
                if self._begins_day(caller, charge, now):
                    return True

    def _adds_repeat(self, caller: Caller, charge: Charge, now: int) -> Item | None:
        """None where it was counted, else the counter as it is: full, or of a day that is over."""
        try:
            self.store.patient.update_item(
                TableName=self.store.counters_table,
                Key=_repeats(caller, charge),
                UpdateExpression="SET expires_at = if_not_exists(expires_at, :end) ADD call_ids :calls",
                ConditionExpression="attribute_not_exists(call_ids) OR (expires_at > :now AND "
                "(size(call_ids) < :most OR contains(call_ids, :call)))",
                ExpressionAttributeValues={
                    ":calls": {"SS": [charge.call_id]},
                    ":call": text(charge.call_id),
                    ":end": number(now + tariff.IDEMPOTENT_WITHIN_S),
                    ":now": number(now),
                    ":most": number(tariff.IDEMPOTENT_REPEATS),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if is_failed_condition(error):
                return dict(error.response["Item"])  # type: ignore[typeddict-item]
            raise
        return None

    def _begins_day(self, caller: Caller, charge: Charge, now: int) -> bool:
        """False where another call was faster."""
        try:
            self.store.patient.update_item(
                TableName=self.store.counters_table,
                Key=_repeats(caller, charge),
                UpdateExpression="SET expires_at = :end, call_ids = :calls",
                ConditionExpression="attribute_not_exists(expires_at) OR expires_at <= :now",
                ExpressionAttributeValues={
                    ":calls": {"SS": [charge.call_id]},
                    ":end": number(now + tariff.IDEMPOTENT_WITHIN_S),
                    ":now": number(now),
                },
            )
        except ClientError as error:
            if is_failed_condition(error):
                return False
            raise
        return True


def _repeats(caller: Caller, charge: Charge) -> Item:
    return {"counter": text(f"REPEAT#{caller.account_id}#{charge.row}")}
