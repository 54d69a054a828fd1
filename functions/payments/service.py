"""The story of buying: what there is, where to pay, and what came of it.

Credits are booked when Stripe tells that a payment is through, and never because a browser came back from paying.
"""

from collections.abc import Mapping
from typing import Any, Final

from payments import notices
from payments.notices import Mispaid
from payments.ports import Cashier
from portrait import tariff
from portrait.identity import Address, Member
from portrait.payments import Payments, Sale
from portrait.problems import BuyingOff, InvalidSignature, UnknownPack
from portrait.register import NotThere
from portrait.tariff import Pack
from portrait.trail import Trail

BOOK_WITHIN_S: Final = 8.0
"""Stripe waits longer for an answer, and repeats what got none."""

PACKS: Final = {pack.pack_id: pack for pack in tariff.PACKS}


class Service:
    """Buying. `cashier` None: there is none. Where `buying` is off, what was sold before is booked all the same."""

    def __init__(self, cashier: Cashier | None, payments: Payments, site_url: str, *, buying: bool) -> None:
        self.cashier = cashier
        self.payments = payments
        self.site_url = site_url
        self.buying = buying and cashier is not None

    def price_list(self) -> dict[str, Any]:
        """Every pack, smallest first, and whether it can be bought."""
        return {
            "currency": tariff.CURRENCY,
            "buying": self.buying,
            "packs": [_line(pack) for pack in tariff.PACKS],
        }

    def checkout(self, member: Member, pack_id: str) -> str:
        """Where the member pays for a pack. Raises BuyingOff, UnknownPack, Unavailable."""
        if not self.buying or self.cashier is None:
            raise BuyingOff()
        pack = PACKS.get(pack_id)
        if pack is None:
            raise UnknownPack()
        sale = Sale(member.account_id, pack_id, pack.credits, pack.price_cents, tariff.CURRENCY)
        return self.cashier.open_checkout(sale, Address.parse(member.email).ascii)

    def hear(self, body: bytes, signature: str, now: float, trail: Trail) -> None:
        """Take what Stripe tells, once. What is left undone raises, and Stripe tells it again for three days.

        A payment that no repeat would book is left to a person: `odd_payment` in the log, and an alarm.
        Raises InvalidSignature, Unavailable, Timeout.
        """
        if self.cashier is None:
            raise InvalidSignature()
        event = self.cashier.hear(body, signature)
        trail.facts |= {"event": event["id"], "event_type": event["type"]}
        try:
            self._book(event, now, trail)
        except Mispaid as mispaid:
            trail.facts["odd_payment"] = str(mispaid)
        except NotThere:
            if notices.was_sold_at(event, self.site_url):
                trail.facts["odd_payment"] = "the buyer has no account here"

    def _book(self, event: Mapping[str, Any], now: float, trail: Trail) -> None:
        notice = notices.read(event, self.site_url)
        if notice is None:
            return
        trail.facts["payment"] = notice.payment_id
        booked = self.payments.book(notice, now, now + BOOK_WITHIN_S)
        trail.facts |= {"account": booked.account_id, "credits_booked": booked.credits}
        # A sale that is told again is told of again: the first time may have ended between the booking and this line.
        if booked.is_closed and (booked.credits > 0 or isinstance(notice.fact, Sale)):
            trail.facts["odd_payment"] = "credits came to an account that was deleted"


def _line(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.pack_id,
        "credits": pack.credits,
        "price_cents": pack.price_cents,
        "cents_per_credit": pack.cents_per_credit,
    }
