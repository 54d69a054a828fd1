"""The door of buying: three routes, of which one is for Stripe alone."""

from collections.abc import Callable
from typing import Any, Final

from payments.ports import Members
from payments.service import Service
from portrait import site, tariff
from portrait.door import Door, Reply, Request
from portrait.identity import Allowance
from portrait.problems import InvalidSignature, UnknownUrl
from portrait.trail import Trail

PACK_CHARACTERS: Final = 64


class Handler:
    """What Lambda calls: `handler(event, context)`."""

    def __init__(
        self, door: Door, service: Service, members: Members, site_url: str, clock: Callable[[], float]
    ) -> None:
        self.door = door
        self.service = service
        self.members = members
        self.site_url = site_url
        self.clock = clock

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        return self.door.answer(event, self._story)

    def _story(self, request: Request, trail: Trail) -> Reply:
        if request.route == "/account/v1/packs":
            return Reply.of_json(self.service.price_list())
        if request.route == "/account/v1/checkout":
            return self._checkout(request)
        if request.route == "/payments/v1/webhook":
            return self._webhook(request, trail)
        raise UnknownUrl()

    def _checkout(self, request: Request) -> Reply:
        site.check_origin(request, self.site_url)
        now = self.clock()
        member = site.member_of(request, self.members, self.site_url, now)
        pack_id = site.fields(request, pack=PACK_CHARACTERS)["pack"]
        self.members.count(Allowance(f"CHECKOUTS#{member.account_id}", tariff.CHECKOUTS_AN_HOUR, 3600), now)
        return Reply.of_json({"url": self.service.checkout(member, pack_id)}, status=201)

    def _webhook(self, request: Request, trail: Trail) -> Reply:
        """Neither a cookie nor where it comes from matters: it is signed, and the signature is over the very bytes."""
        signature = request.headers.get("stripe-signature", "")
        try:
            self.service.hear(request.body, signature, self.clock(), trail)
        except InvalidSignature:
            if signature:  # a stranger without one is no sign of a wrong secret
                trail.facts["refused_signature"] = True
            raise
        return Reply.of_json({"received": True})
