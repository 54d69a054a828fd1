"""What buying needs from outside."""

from collections.abc import Mapping
from typing import Any, Protocol

from portrait.identity import Allowance, Identities
from portrait.payments import Sale


class Members(Identities, Protocol):
    """Who is signed in, and how often they may do something."""

    def count(self, allowance: Allowance, now: float) -> None:
        """Count this time. Raises RateLimited where it was one too many."""
        ...


class Cashier(Protocol):
    """Who takes the money. Never a card's number: that is between the buyer and the cashier."""

    def open_checkout(self, sale: Sale, email: str) -> str:
        """The address of a page where the buyer pays for this sale. Raises Unavailable."""
        ...

    def hear(self, body: bytes, signature: str) -> Mapping[str, Any]:
        """The event in a message, where the cashier signed it lately. Raises InvalidSignature."""
        ...
