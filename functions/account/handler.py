"""Signing in, accounts, keys, health, and what answers everything that is no depth call: unknown urls, preflights."""

from collections.abc import Callable
from typing import Any, Final

from account import answers
from account.owner import Owner
from account.signing import Signing
from portrait import site, tariff
from portrait.admission import admit
from portrait.door import Door, Reply, Request
from portrait.holdings import Holdings
from portrait.identity import EMAIL_CHARACTERS, Member
from portrait.ledger import Ledger
from portrait.problems import InvalidOption, UnknownUrl
from portrait.settings import Settings
from portrait.trail import Trail

ENDPOINT: Final = "account/v1"
CODE_CHARACTERS: Final = 32


class Handler:
    """What Lambda calls: `handler(event, context)`."""

    def __init__(
        self,
        door: Door,
        settings: Settings,
        *,
        ledger: Ledger,
        holdings: Holdings,
        signing: Signing,
        origin_secret: str,
        clock: Callable[[], float],
    ) -> None:
        self.door = door
        self.ledger = ledger
        self.holdings = holdings
        self.signing = signing
        self.registry = signing.registry
        self.site_url = settings.site_url
        self.settings = settings
        self.origin_secret = origin_secret
        self.clock = clock
        owner = Owner(holdings, signing, self._sender, clock)
        self.open: dict[tuple[str, str], Callable[[Request, Trail], Reply]] = {
            ("GET", "/health"): self._health,
            ("GET", "/account/v1"): self._account,
            ("POST", "/session/v1/code"): self._send_code,
            ("POST", "/session/v1"): self._sign_in,
        }
        self.signed_in: dict[tuple[str, str], Callable[[Request, Member], Reply]] = {
            ("GET", "/session/v1"): self._session,
            ("DELETE", "/session/v1"): self._sign_out,
            ("GET", "/account/v1/keys"): owner.keys,
            ("POST", "/account/v1/keys"): owner.create_key,
            ("PATCH", "/account/v1/keys/{id}"): owner.rename_key,
            ("DELETE", "/account/v1/keys/{id}"): owner.revoke_key,
            ("POST", "/account/v1/claim"): owner.claim,
            ("GET", "/account/v1/statement"): owner.statement,
            ("GET", "/account/v1/statement.csv"): owner.statement_table,
            ("GET", "/account/v1/usage"): owner.usage,
            ("DELETE", "/account/v1"): lambda request, member: self._out(owner.delete_account(request, member)),
        }

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        return self.door.answer(event, self._story)

    def _story(self, request: Request, trail: Trail) -> Reply:
        method = "GET" if request.method == "HEAD" else request.method
        call = (method, request.route)
        if call not in self.open and call not in self.signed_in:
            raise UnknownUrl()  # the gateway routes it to another function
        if method != "GET":
            site.check_origin(request, self.site_url)
        if call in self.open:
            return self.open[call](request, trail)
        member = site.member_of(request, self.registry, self.site_url, self.clock())
        trail.facts["account"] = member.account_id
        return self.signed_in[call](request, member)

    # ---- for everybody, and with a key ---------------------------------------------------------

    def _health(self, request: Request, trail: Trail) -> Reply:
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

    # ---- signing in and out --------------------------------------------------------------------

    def _send_code(self, request: Request, trail: Trail) -> Reply:
        told = site.fields(request, email=EMAIL_CHARACTERS)
        self.signing.send_code(told["email"], self._sender(request), self.clock(), trail)
        return Reply.of_json({"sent": True, "expires_in_s": tariff.CODE_GOOD_S}, 202)

    def _sign_in(self, request: Request, trail: Trail) -> Reply:
        told = site.fields(request, email=EMAIL_CHARACTERS, code=CODE_CHARACTERS)
        old_token = site.token_of(request, self.site_url)
        member, token = self.signing.open_session(
            told["email"], told["code"], self._sender(request), old_token, self.clock()
        )
        trail.facts["account"] = member.account_id
        return _with(self._session(request, member), site.cookie(token, self.site_url))

    def _session(self, request: Request, member: Member) -> Reply:
        credits = self.holdings.balance(member.account_id)
        has_claimed = self.registry.has_claimed(self.signing.claim_digest(member))
        return Reply.of_json(answers.session(member, credits, has_claimed))

    def _sign_out(self, request: Request, member: Member) -> Reply:
        if _switch(request, "everywhere"):
            self.registry.end_sessions(member)
        self.registry.end_session(site.token_of(request, self.site_url))
        return self._out(Reply(204))

    def _out(self, reply: Reply) -> Reply:
        """The browser forgets its session too."""
        return _with(reply, site.cookie("", self.site_url))

    def _sender(self, request: Request) -> str:
        return site.sender_of(request, self.origin_secret)


def _switch(request: Request, name: str) -> bool:
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise InvalidOption(name, ("true", "false"))
    return text == "true"


def _with(reply: Reply, headers: dict[str, str]) -> Reply:
    return Reply(reply.status, {**reply.headers, **headers}, reply.body)
