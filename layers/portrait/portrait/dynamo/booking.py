"""One row of an account's ledger, and the balance that moves with it."""

from dataclasses import dataclass, replace
from typing import Any

from portrait.dynamo.store import Item, Store, day_row, number, row_key, text
from portrait.dynamo.transaction import Change
from portrait.holdings import day_of
from portrait.ledger import Caller, Charge


@dataclass(frozen=True, slots=True)
class Booking:
    """A row to be. `credits` is signed; `call_id` is whose row it is; `at` in whole seconds since 1970."""

    account_id: str
    row: str
    credits: int
    at: int
    call_id: str
    note: str
    fingerprint: str = ""

    @classmethod
    def of_charge(cls, caller: Caller, charge: Charge, now: float) -> "Booking":
        return cls(
            account_id=caller.account_id,
            row=charge.row,
            credits=-charge.credits,
            at=int(now),
            call_id=charge.call_id,
            note=caller.key_prefix,
            fingerprint=charge.fingerprint,
        )


def charged(store: Store, booking: Booking) -> Change:
    """A call's booking, counted among the calls of its day."""
    return replace(booked(store, booking), beside=(_counted(store, booking),))


def booked(store: Store, booking: Booking) -> Change:
    """The balance moves where the account has enough, and the row is written where there is none of its name."""
    return Change(
        account=moved(store, booking.account_id, booking.credits),
        proof=written(store, booking),
        table=store.ledger_table,
        key=row_key(booking.account_id, booking.row),
        attribute="call_id",
    )


def written(store: Store, booking: Booking) -> dict[str, Any]:
    """The row, where there is none of its name."""
    return {
        "Put": {
            "TableName": store.ledger_table,
            "Item": {**row_key(booking.account_id, booking.row), **_attributes(booking)},
            "ConditionExpression": "attribute_not_exists(account_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def moved(
    store: Store, account_id: str, credits: int, *, may_overdraw: bool = False, only_open: bool = False
) -> dict[str, Any]:
    """The balance. Credits are added to whatever the account holds; they are taken only where they are there.

    `may_overdraw`: they are taken in any case, and the account owes them: a payment was taken back.
    `only_open`: not where the account was closed.
    """
    condition, values = "attribute_exists(account_id)", {":moved": number(credits)}
    if only_open:
        condition += " AND attribute_not_exists(closed_at)"
    if credits < 0 and not may_overdraw:
        condition += " AND #credits >= :taken"
        values[":taken"] = number(-credits)
    return {
        "Update": {
            "TableName": store.ledger_table,
            "Key": row_key(account_id),
            "UpdateExpression": "ADD #credits :moved",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#credits": "credits"},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _counted(store: Store, booking: Booking) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": store.ledger_table,
            "Key": row_key(booking.account_id, day_row(day_of(booking.at))),
            "UpdateExpression": "ADD calls :one, spent :taken",
            "ExpressionAttributeValues": {":one": number(1), ":taken": number(-booking.credits)},
        }
    }


def _attributes(booking: Booking) -> Item:
    item = {
        "credits": number(booking.credits),
        "at": number(booking.at),
        "call_id": text(booking.call_id),
        "note": text(booking.note),
    }
    return {**item, "fingerprint": text(booking.fingerprint)} if booking.fingerprint else item
