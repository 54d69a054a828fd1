"""What is known of payments, on DynamoDB: one item for each payment, moved on together with the ledger.

    payments   payment_id -> version, notices (the set of those that are known); once it was paid: account_id, pack_id,
                             credits, price_cents, currency; reversals: row -> cents, currency, stage, holds, at, note,
                             moves

Two notices of one payment that come in the same millisecond read the same version. One of them writes the next; the
other is overtaken, reads again, and decides again. The same notice twice is found by its id, and moves nothing.
"""

from typing import Any, Unpack

from portrait.dynamo.booking import Booking, moved, written
from portrait.dynamo.store import Item, Place, Store, number, number_of, row_key, text, text_of
from portrait.dynamo.transaction import Change, Committer, Outcome, Overtaken, Refused, Times, Unknown, bounds
from portrait.payments import Booked, Movement, Notice, Payment, Reversal, Sale, Stage
from portrait.problems import Unavailable
from portrait.register import NotThere


class DynamoPayments:
    """`portrait.payments.Payments` on the ledger and the table `table`."""

    def __init__(self, where: Place | Store, table: str, **times: Unpack[Times]) -> None:
        self.store = where if isinstance(where, Store) else Store.at(where)
        self.table = table
        self.committer = Committer(self.store, **times)

    def book(self, notice: Notice, now: float, deadline: float) -> Booked:
        waits = bounds()
        while (booked := self._tried(notice, now, deadline)) is None:
            self.committer.wait(next(waits), deadline)
        return booked

    def _tried(self, notice: Notice, now: float, deadline: float) -> Booked | None:
        """None where another notice was faster."""
        item = self.store.read(self.table, _key(notice.payment_id))
        known = _payment(notice.payment_id, item)
        if notice.notice_id in known.notices:
            return self._told(known, ())
        after, movements = known.after(notice)
        change = self._change(number_of(item, "version"), after, movements, notice, now)
        outcome = self.committer.commit(change, deadline)
        return None if isinstance(outcome, Overtaken) else self._booked(outcome, after, movements)

    def _booked(self, outcome: Outcome, after: Payment, movements: tuple[Movement, ...]) -> Booked:
        """An answer that was lost may have been a yes; so Unknown is told as a failure, and the notice comes again."""
        if isinstance(outcome, Refused):
            raise NotThere(f"There is no account {_account_of(after)}.")
        if isinstance(outcome, Unknown):
            raise Unavailable()
        return self._told(after, movements)

    def _told(self, payment: Payment, movements: tuple[Movement, ...]) -> Booked:
        account_id = _account_of(payment)
        account = self.store.read(self.store.ledger_table, row_key(account_id)) if account_id else None
        return Booked(account_id, movements, is_closed="closed_at" in (account or {}))

    def _change(
        self, version: int, after: Payment, movements: tuple[Movement, ...], notice: Notice, now: float
    ) -> Change:
        account_id = _account_of(after)
        rows = [
            Booking(account_id, movement.row, movement.credits, int(now), notice.notice_id, movement.note)
            for movement in movements
        ]
        credits = sum(row.credits for row in rows)
        return Change(
            account=moved(self.store, account_id, credits, may_overdraw=True) if rows else None,
            proof=self._known(version, after),
            beside=tuple(written(self.store, row) for row in rows),
            table=self.table,
            key=_key(after.payment_id),
            attribute="notices",
            element=notice.notice_id,
        )

    def _known(self, version: int, payment: Payment) -> dict[str, Any]:
        """The payment as it is known now, where nobody has moved it on since it was read."""
        put: dict[str, Any] = {
            "TableName": self.table,
            "Item": _item(payment, version + 1),
            "ConditionExpression": "attribute_not_exists(payment_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if version:
            put["ConditionExpression"] = "version = :read"
            put["ExpressionAttributeValues"] = {":read": number(version)}
        return {"Put": put}


def _account_of(payment: Payment) -> str:
    return payment.sale.account_id if payment.sale else ""


def _key(payment_id: str) -> Item:
    return {"payment_id": text(payment_id)}


def _item(payment: Payment, version: int) -> Item:
    item = {
        **_key(payment.payment_id),
        "version": number(version),
        "notices": {"SS": sorted(payment.notices)},
        "reversals": {"M": {row: {"M": _reversal_item(known)} for row, known in payment.reversals.items()}},
    }
    return {**item, **_sale_item(payment.sale)} if payment.sale else item


def _sale_item(sale: Sale) -> Item:
    return {
        "account_id": text(sale.account_id),
        "pack_id": text(sale.pack_id),
        "credits": number(sale.credits),
        "price_cents": number(sale.price_cents),
        "currency": text(sale.currency),
    }


def _reversal_item(reversal: Reversal) -> Item:
    return {
        "cents": number(reversal.cents),
        "currency": text(reversal.currency),
        "stage": number(reversal.stage),
        "holds": {"BOOL": reversal.holds},
        "at": number(reversal.at),
        "note": text(reversal.note),
        "moves": number(reversal.moves),
    }


def _payment(payment_id: str, item: Item | None) -> Payment:
    if item is None:
        return Payment(payment_id)
    return Payment(
        payment_id,
        sale=_sale(item) if "account_id" in item else None,
        reversals={row: _reversal(row, value["M"]) for row, value in item["reversals"]["M"].items()},
        notices=frozenset(item["notices"]["SS"]),
    )


def _sale(item: Item) -> Sale:
    return Sale(
        account_id=text_of(item, "account_id"),
        pack_id=text_of(item, "pack_id"),
        credits=number_of(item, "credits"),
        price_cents=number_of(item, "price_cents"),
        currency=text_of(item, "currency"),
    )


def _reversal(row: str, item: Item) -> Reversal:
    return Reversal(
        row=row,
        cents=number_of(item, "cents"),
        currency=text_of(item, "currency"),
        stage=Stage(number_of(item, "stage")),
        holds=bool(item["holds"]["BOOL"]),
        at=number_of(item, "at"),
        note=text_of(item, "note"),
        moves=number_of(item, "moves"),
    )
