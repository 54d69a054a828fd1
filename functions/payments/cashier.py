"""Stripe: opens checkouts, proves messages. The home of stripe.

What was sold travels along as metadata, on the session and on its payment, and comes back in signed events: nothing
has to be remembered between a checkout and its payment, and prices may change in between.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import stripe

from payments import notices
from payments.notices import Event
from portrait.payments import Sale
from portrait.problems import InvalidSignature, Unavailable

TIMEOUT_S: Final = 5.0
RETRIES: Final = 1
"""Stripe answers in half a second. Twice this long, and the buyer is better told to try again."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The API's key (`sk_...`, better a restricted `rk_...`) and the webhook's secret (`whsec_...`)."""

    api_key: str
    webhook_secret: str

    @classmethod
    def parse(cls, text: str) -> "Secrets":
        """Out of `{"api_key": "...", "webhook_secret": "..."}`. Raises ValueError, and does not say what it read."""
        try:
            told = json.loads(text)
            return cls(str(told["api_key"]), str(told["webhook_secret"]))
        except (ValueError, KeyError, TypeError):
            raise ValueError("Stripe's secret is no JSON object with api_key and webhook_secret") from None


class StripeCashier:
    """`payments.ports.Cashier` on Stripe.

    `read_secrets` is asked at the first need, and once: a list of prices needs none. `api_url` None: Stripe's own.
    """

    def __init__(self, read_secrets: Callable[[], str], site_url: str, api_url: str | None = None) -> None:
        self.read_secrets = read_secrets
        self.site_url = site_url
        self.api_url = api_url

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets.parse(self.read_secrets())

    @cached_property
    def client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.secrets.api_key,
            base_addresses={"api": self.api_url} if self.api_url else {},
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
            max_network_retries=RETRIES,
        )

    def open_checkout(self, sale: Sale, email: str) -> str:
        metadata = notices.metadata(sale, self.site_url)
        try:
            session = self.client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "line_items": [{"quantity": 1, "price_data": _price(sale)}],
                    "client_reference_id": sale.account_id,
                    "customer_email": email,
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
                    "success_url": f"{self.site_url}/account/?bought={sale.pack_id}",
                    "cancel_url": f"{self.site_url}/account/",
                    # The buyer pays the price that is checked when the payment is told: no local currencies.
                    "adaptive_pricing": {"enabled": False},
                }
            )
        except stripe.StripeError as error:
            raise Unavailable() from error
        if not session.url:
            raise Unavailable()
        return session.url

    def hear(self, body: bytes, signature: str) -> Event:
        tolerance_s = stripe.Webhook.DEFAULT_TOLERANCE
        try:
            stripe.WebhookSignature.verify_header(body, signature, self.secrets.webhook_secret, tolerance_s)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError) as error:
            raise InvalidSignature() from error  # no UTF-8 in the body, no ASCII in the signature: not Stripe's
        event: Event = json.loads(body)
        return event


def _price(sale: Sale) -> Any:
    return {
        "currency": sale.currency,
        "unit_amount": sale.price_cents,
        "product_data": {"name": f"{sale.credits:,} credits"},
    }
