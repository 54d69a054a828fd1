"""One purchase at the test checkout: what can happen to it next, and the event by which Stripe would tell of it."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Purchase:
    """One purchase, and what has become of it. `told`: the form that the function sent, by Stripe's names."""

    told: Mapping[str, str]
    session_id: str = field(default_factory=lambda: fresh("cs_test"))
    payment_id: str = field(default_factory=lambda: fresh("pi_test"))
    dispute_id: str = field(default_factory=lambda: fresh("dp_test"))
    is_paid: bool = False
    refunded_cents: int = 0
    dispute: str = ""
    last_event: dict[str, Any] = field(default_factory=dict)

    @property
    def price_cents(self) -> int:
        return int(self.told["line_items[0][price_data][unit_amount]"])

    @property
    def currency(self) -> str:
        return self.told["line_items[0][price_data][currency]"]

    @property
    def metadata(self) -> dict[str, str]:
        names = {name: name[len("metadata[") : -1] for name in self.told if name.startswith("metadata[")}
        return {plain: self.told[name] for name, plain in names.items()}


def state(purchase: Purchase) -> str:
    if not purchase.is_paid:
        return "Not paid yet."
    parts = ["Paid."]
    if purchase.refunded_cents:
        parts.append(f"${purchase.refunded_cents / 100:,.2f} refunded.")
    if purchase.dispute:
        parts.append(f"Dispute: {purchase.dispute.replace('_', ' ')}.")
    return " ".join(parts)


def actions(purchase: Purchase) -> dict[str, str]:
    """What can happen next -> what its button says."""
    if not purchase.is_paid:
        return {"pay": f"Pay ${purchase.price_cents / 100:,.2f}", "cancel": "Cancel"}
    following = {"again": "Send the last event again"}
    if purchase.refunded_cents < purchase.price_cents and not purchase.dispute:
        following |= {"refund": "Refund what is left", "half": "Refund half of it", "dispute": "Dispute"}
    if purchase.dispute == "needs_response":
        following |= {"won": "The dispute is won", "lost": "The dispute is lost"}
    return following


def event_of(purchase: Purchase, action: str) -> dict[str, Any]:
    """The event of what a button does; the purchase is then as it is after it."""
    if action != "again":
        purchase.last_event = _moved(purchase, action)
    return purchase.last_event


def _moved(purchase: Purchase, action: str) -> dict[str, Any]:
    if action == "pay":
        purchase.is_paid = True
        return _event("checkout.session.completed", _session(purchase))
    if action in ("refund", "half"):
        left_cents = purchase.price_cents - purchase.refunded_cents
        cents = left_cents if action == "refund" else -(-left_cents // 2)
        purchase.refunded_cents += cents
        return _event("refund.created", _back(purchase, fresh("re_test"), "refund", cents, "succeeded"))
    purchase.dispute = "needs_response" if action == "dispute" else action
    cents = purchase.price_cents - purchase.refunded_cents
    told = _back(purchase, purchase.dispute_id, "dispute", cents, purchase.dispute)
    return _event(f"charge.dispute.{'created' if action == 'dispute' else 'closed'}", told)


def _session(purchase: Purchase) -> dict[str, Any]:
    return {
        "id": purchase.session_id,
        "object": "checkout.session",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": purchase.payment_id,
        "client_reference_id": purchase.told["client_reference_id"],
        "amount_total": purchase.price_cents,
        "currency": purchase.currency,
        "metadata": purchase.metadata,
    }


def _back(purchase: Purchase, own_id: str, kind: str, cents: int, status: str) -> dict[str, Any]:
    return {
        "id": own_id,
        "object": kind,
        "payment_intent": purchase.payment_id,
        "amount": cents,
        "currency": purchase.currency,
        "status": status,
        "metadata": {},
    }


def _event(kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": fresh("evt_test"),
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": about},
    }


def fresh(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(16)}"
