"""Stripe's events as its documentation shows them, with what is read of them and a little more; signed as it signs."""

import itertools
import json
from typing import Any

import stripe

from payments.cashier import Secrets

SITE = "https://portrait-depth.example"
SECRETS = Secrets("sk_test_of_the_tests", "whsec_of_the_tests")
CREATED = 1_790_000_000
NUMBERS = itertools.count()


def event(kind: str, about: dict[str, Any], created: int = CREATED) -> dict[str, Any]:
    return {
        "id": f"evt_{next(NUMBERS)}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": created,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": {"object": about},
    }


def session(account_id: str, payment_id: str = "pi_1", **changes: Any) -> dict[str, Any]:
    """A checkout of 500 credits for 10.00 dollars that is paid."""
    told = {
        "site": SITE,
        "account": account_id,
        "pack": "pack-500",
        "credits": "500",
        "price_cents": "1000",
        "currency": "usd",
    }
    return {
        "id": "cs_live_1",
        "object": "checkout.session",
        "amount_subtotal": 1000,
        "amount_total": 1000,
        "currency": "usd",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": payment_id,
        "client_reference_id": account_id,
        "metadata": told,
        **changes,
    }


def refund(cents: int = 1000, status: str = "succeeded", payment_id: str | None = "pi_1", **changes: Any) -> Any:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": cents,
        "charge": "ch_1",
        "currency": "usd",
        "metadata": {},
        "payment_intent": payment_id,
        "status": status,
        **changes,
    }


def dispute(status: str, cents: int = 1000, payment_id: str = "pi_1", **changes: Any) -> dict[str, Any]:
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": cents,
        "charge": "ch_1",
        "currency": "usd",
        "is_charge_refundable": False,
        "metadata": {},
        "payment_intent": payment_id,
        "reason": "fraudulent",
        "status": status,
        **changes,
    }


def signed(about: dict[str, Any], secret: str = SECRETS.webhook_secret, at: int | None = None) -> tuple[str, str]:
    """The body and its Stripe-Signature."""
    body = json.dumps(about)
    header: str = stripe.WebhookSignature.generate_signature_header(body, secret, at)
    return body, header
