"""Health, balance, and what answers everything that is not a depth call: unknown urls, wrong methods, preflights."""

from collections.abc import Callable
from typing import Any

from portrait import tariff
from portrait.admission import admit
from portrait.door import Door, Reply, Request
from portrait.ledger import Ledger
from portrait.problems import UnknownUrl
from portrait.settings import Settings
from portrait.trail import Trail

ENDPOINT = "account/v1"


class Handler:
    """What Lambda calls: `handler(event, context)`."""

    def __init__(self, door: Door, ledger: Ledger, settings: Settings, clock: Callable[[], float]) -> None:
        self.door = door
        self.ledger = ledger
        self.settings = settings
        self.clock = clock

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        return self.door.answer(event, self._story)

    def _story(self, request: Request, trail: Trail) -> Reply:
        if request.path == "/health":
            return self._health()
        if request.path == "/account/v1":
            return self._account(request, trail)
        raise UnknownUrl()  # a POST to the depth call never gets here: the gateway routes it to its own function

    def _health(self) -> Reply:
        """Ready, which release, which networks. Needs no key and reads nothing."""
        models = [{"name": name, "sha256": sha256} for name, sha256 in self.settings.models]
        return Reply.of_json({"status": "ready", "release": self.settings.release, "models": models})

    def _account(self, request: Request, trail: Trail) -> Reply:
        """Balance and rate of the key's account. Costs nothing; counted in a minute of its own."""
        caller = admit(self.ledger, request.headers.get("x-api-key", ""), ENDPOINT, self.clock(), trail)
        return Reply.of_json(
            {
                "credits": self.ledger.balance(caller.account_id),
                "credits_per_call": tariff.CALL_CREDITS,
                "calls_per_minute": caller.calls_per_minute,
                "key": caller.key_prefix,
            }
        )
