"""Stripe's events as notices of ours. Everything in here was signed by Stripe; what is not as expected is a fault.

    checkout.session.completed, .async_payment_succeeded         a sale, once it is paid
    refund.created, .updated, .failed                            a refund as it stands
    charge.dispute.created, .updated, .closed, .funds_...        a dispute as it stands

An event of another kind, of another shop on the same Stripe account, or of a payment that is not through yet is of no
concern. Refunds and disputes do not say whose they are: they wait for their payment, and those of other shops for ever.

The site's address travels with a sale, but a sale under another one may be ours all the same: sites are renamed while
people pay. Accounts are named by chance, so the books know: an account that is there is ours.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from portrait.payments import Notice, Reversal, Sale, Stage

Event = Mapping[str, Any]

REFUND: Final = {
    "pending": (Stage.OPEN, True),
    "requires_action": (Stage.OPEN, True),
    "succeeded": (Stage.OPEN, True),
    "failed": (Stage.CLOSED, False),
    "canceled": (Stage.CLOSED, False),
}
"""A refund's status -> how far it has come, and whether the money is gone. One that succeeded may still fail later."""

DISPUTE: Final = {
    "warning_needs_response": (Stage.ASKED, False),
    "warning_under_review": (Stage.ASKED, False),
    "needs_response": (Stage.OPEN, True),
    "under_review": (Stage.OPEN, True),
    "warning_closed": (Stage.CLOSED, False),
    "prevented": (Stage.CLOSED, False),
    "won": (Stage.CLOSED, False),
    "lost": (Stage.CLOSED, True),
    "appeal_needs_response": (Stage.CLOSED, True),
    "appeal_under_review": (Stage.CLOSED, True),
}
"""The same for a dispute. Stripe takes the money when the bank does, and gives it back when the dispute is won. An
appeal comes after it was lost: of what is told of a closed one, the latest counts."""


class Mispaid(Exception):
    """A payment for something of ours that is not what was agreed at checkout. A person has to look at it."""


def metadata(sale: Sale, site_url: str) -> dict[str, str]:
    """What travels with a checkout, and comes back with its payment."""
    return {
        "site": site_url,
        "account": sale.account_id,
        "pack": sale.pack_id,
        "credits": str(sale.credits),
        "price_cents": str(sale.price_cents),
        "currency": sale.currency,
    }


def was_sold_at(event: Event, site_url: str) -> bool:
    """Whether a sale was made under this very address."""
    return bool((event["data"]["object"].get("metadata") or {}).get("site") == site_url)


def read(event: Event, site_url: str) -> Notice | None:
    """The notice in an event, None where it is of no concern. Raises Mispaid; KeyError for what Stripe never sends."""
    reader = READERS.get(event["type"])
    return reader(event, site_url) if reader else None


def _paid(event: Event, site_url: str) -> Notice | None:
    """A session is completed before a slow payment (a transfer) is through: then a later event tells of it."""
    session = event["data"]["object"]
    told = session.get("metadata") or {}
    if "site" not in told or session["mode"] != "payment" or session["payment_status"] == "unpaid":
        return None
    paid = (session["amount_total"], session["currency"])
    sale = _sale(told)
    if sale is None or paid != (sale.price_cents, sale.currency):
        if was_sold_at(event, site_url):
            raise Mispaid(f"{paid[0]} {paid[1]} were paid for {told.get('pack')}")
        return None
    return _notice(event, _id(session["payment_intent"]), sale)


def _sale(told: Mapping[str, str]) -> Sale | None:
    """The sale in metadata; None where somebody has edited it, or where it is another shop's."""
    try:
        sale = Sale(
            account_id=told["account"],
            pack_id=told["pack"],
            credits=int(told["credits"]),
            price_cents=int(told["price_cents"]),
            currency=told["currency"],
        )
    except (KeyError, ValueError):
        return None
    return sale if sale.credits > 0 and sale.price_cents > 0 else None


def _refunded(event: Event, site_url: str) -> Notice | None:
    return _reversed(event, f"REFUND#{event['data']['object']['id']}", REFUND, "refund")


def _disputed(event: Event, site_url: str) -> Notice | None:
    return _reversed(event, f"DISPUTE#{event['data']['object']['id']}", DISPUTE, "dispute")


def _reversed(event: Event, row: str, statuses: Mapping[str, tuple[Stage, bool]], word: str) -> Notice | None:
    told = event["data"]["object"]
    if not told.get("payment_intent"):
        return None  # of a payment that no checkout has made
    stage, holds = statuses[told["status"]]
    note = f"{word} {told['status'].replace('_', ' ')}" if stage == Stage.CLOSED else word
    reversal = Reversal(row, told["amount"], told["currency"], stage, holds, event["created"], note)
    return _notice(event, _id(told["payment_intent"]), reversal)


def _notice(event: Event, payment_id: str, fact: Sale | Reversal) -> Notice:
    return Notice(event["id"], payment_id, event["created"], fact)


def _id(reference: str | Mapping[str, Any]) -> str:
    """Stripe writes another object as its id or, where someone asked for it, as the object itself."""
    return reference if isinstance(reference, str) else str(reference["id"])


Reader = Callable[[Event, str], Notice | None]
READERS: Final[Mapping[str, Reader]] = {
    "checkout.session.completed": _paid,
    "checkout.session.async_payment_succeeded": _paid,
    "refund.created": _refunded,
    "refund.updated": _refunded,
    "refund.failed": _refunded,
    "charge.dispute.created": _disputed,
    "charge.dispute.updated": _disputed,
    "charge.dispute.closed": _disputed,
    "charge.dispute.funds_withdrawn": _disputed,
    "charge.dispute.funds_reinstated": _disputed,
}
"""The events to subscribe to; docs/deploy.md lists the same."""
