"""Signing in, accounts, keys, health, and what answers everything that is no depth call: unknown urls, preflights."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from account import answers
from account.signing import DAY_S, Signing
from portrait import keys, site, tariff
from portrait.admission import admit
from portrait.door import Door, Reply, Request
from portrait.holdings import Holdings, days_until
from portrait.identity import Address, Allowance, Member
from portrait.ledger import AlreadyThere, Ledger, NotThere, TooManyKeys
from portrait.problems import (
    AlreadyClaimed,
    InvalidBody,
    InvalidEmail,
    InvalidOption,
    KeysFull,
    NotSignedIn,
    UnknownKey,
    UnknownUrl,
)
from portrait.settings import Settings
from portrait.trail import Trail

ENDPOINT: Final = "account/v1"
EMAIL_CHARACTERS: Final = 254
"""Longest address (RFC 5321, 4.5.3.1.3)."""
CODE_CHARACTERS: Final = 32
HIDDEN: Final = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of what no name holds: control characters, halves of characters, line and paragraph breaks."""


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
        self.settings = settings
        self.origin_secret = origin_secret
        self.clock = clock
        self.open: dict[tuple[str, str], Callable[[Request, Trail], Reply]] = {
            ("GET", "/health"): self._health,
            ("GET", "/account/v1"): self._account,
            ("POST", "/session/v1/code"): self._send_code,
            ("POST", "/session/v1"): self._sign_in,
        }
        self.signed_in: dict[tuple[str, str], Callable[[Request, Member], Reply]] = {
            ("GET", "/session/v1"): self._session,
            ("DELETE", "/session/v1"): self._sign_out,
            ("GET", "/account/v1/keys"): self._keys,
            ("POST", "/account/v1/keys"): self._create_key,
            ("PATCH", "/account/v1/keys/{id}"): self._rename_key,
            ("DELETE", "/account/v1/keys/{id}"): self._revoke_key,
            ("POST", "/account/v1/claim"): self._claim,
            ("GET", "/account/v1/statement"): self._statement,
            ("GET", "/account/v1/statement.csv"): self._statement_table,
            ("GET", "/account/v1/usage"): self._usage,
            ("DELETE", "/account/v1"): self._delete_account,
        }

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        return self.door.answer(event, self._story)

    def _story(self, request: Request, trail: Trail) -> Reply:
        method = "GET" if request.method == "HEAD" else request.method
        call = (method, request.route)
        if call in self.open:
            return self.open[call](request, trail)
        if call not in self.signed_in:
            raise UnknownUrl()  # the gateway routes it to another function
        if method != "GET":
            site.check_origin(request, self.settings.site_url)
        member = site.member_of(request, self.registry, self.settings.site_url, self.clock())
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
        site.check_origin(request, self.settings.site_url)
        told = site.fields(request, email=EMAIL_CHARACTERS)
        self.signing.send_code(told["email"], self._sender(request), self.clock(), trail)
        return Reply.of_json({"sent": True, "expires_in_s": tariff.CODE_GOOD_S}, 202)

    def _sign_in(self, request: Request, trail: Trail) -> Reply:
        site.check_origin(request, self.settings.site_url)
        told = site.fields(request, email=EMAIL_CHARACTERS, code=CODE_CHARACTERS)
        old_token = site.token_of(request, self.settings.site_url)
        member, token = self.signing.open_session(
            told["email"], told["code"], self._sender(request), old_token, self.clock()
        )
        trail.facts["account"] = member.account_id
        return _with(self._session(request, member), site.cookie(token, self.settings.site_url))

    def _session(self, request: Request, member: Member) -> Reply:
        credits = self.holdings.balance(member.account_id)
        has_claimed = self.registry.has_claimed(self._claim_digest(member))
        return Reply.of_json(answers.session(member, credits, has_claimed))

    def _sign_out(self, request: Request, member: Member) -> Reply:
        if _switch(request, "everywhere"):
            self.registry.end_sessions(member)
        self.registry.end_session(site.token_of(request, self.settings.site_url))
        return Reply(204, site.cookie("", self.settings.site_url))

    # ---- keys ----------------------------------------------------------------------------------

    def _keys(self, request: Request, member: Member) -> Reply:
        return Reply.of_json({"keys": [answers.key(key) for key in self.holdings.keys(member.account_id)]})

    def _create_key(self, request: Request, member: Member) -> Reply:
        name, now = _name(request), self.clock()
        self.registry.count(Allowance(f"KEYS#{member.account_id}", tariff.KEYS_A_DAY, DAY_S), now)
        text = keys.make()
        try:
            made = self.holdings.add_key(member.account_id, text, name, now)
        except TooManyKeys as error:
            raise KeysFull() from error
        except NotThere as error:
            raise NotSignedIn() from error  # the account was closed in this moment
        return Reply.of_json({**answers.key(made), "key": text}, 201)

    def _rename_key(self, request: Request, member: Member) -> Reply:
        name = _name(request)
        try:
            return Reply.of_json(answers.key(self.holdings.rename_key(member.account_id, _key_id(request), name)))
        except NotThere as error:
            raise UnknownKey() from error

    def _revoke_key(self, request: Request, member: Member) -> Reply:
        try:
            revoked = self.holdings.revoke_key(member.account_id, _key_id(request), self.clock())
        except NotThere as error:
            raise UnknownKey() from error
        return Reply.of_json(answers.key(revoked))

    # ---- credits -------------------------------------------------------------------------------

    def _claim(self, request: Request, member: Member) -> Reply:
        site.fields(request)
        digest, now = self._claim_digest(member), self.clock()
        if self.registry.has_claimed(digest):
            raise AlreadyClaimed()  # before it counts as one of the sender's
        self.signing.count_claim(self._sender(request), now)
        try:
            credits = self.holdings.claim(member.account_id, digest, now)
        except AlreadyThere as error:
            raise AlreadyClaimed() from error
        except NotThere as error:
            raise NotSignedIn() from error
        return Reply.of_json({"credits": credits, "claimed": tariff.FREE_CREDITS})

    def _statement(self, request: Request, member: Member) -> Reply:
        entries = answers.number(request.query, "limit", tariff.STATEMENT_PAGE, tariff.STATEMENT_PAGE_MOST)
        after = answers.place(request.query["cursor"]) if request.query.get("cursor") else None
        page = self.holdings.page(member.account_id, entries, after)
        return Reply.of_json(
            {
                "entries": [answers.entry(entry) for entry in page.entries],
                "next_cursor": answers.cursor(page.last) if page.last else None,
            }
        )

    def _statement_table(self, request: Request, member: Member) -> Reply:
        page = self.holdings.page(member.account_id, tariff.STATEMENT_TABLE_ENTRIES, None)
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="statement.csv"',
        }
        return Reply(200, headers, answers.table(page.entries))

    def _usage(self, request: Request, member: Member) -> Reply:
        count = answers.number(request.query, "days", tariff.USAGE_DAYS, tariff.USAGE_DAYS_MOST)
        found = self.holdings.usage(member.account_id, days_until(self.clock(), count))
        return Reply.of_json({"days": [answers.usage(usage) for usage in found]})

    # ---- the end -------------------------------------------------------------------------------

    def _delete_account(self, request: Request, member: Member) -> Reply:
        """Keys first, the address last: whoever is cut off in between is still signed in, and can ask again."""
        told = site.fields(request, confirm=EMAIL_CHARACTERS)
        if not _is_same_address(told["confirm"], member.email):
            raise InvalidBody("confirm, the address of the account")
        self.holdings.close(member.account_id, self.clock())
        self.registry.forget(member)
        return Reply(204, site.cookie("", self.settings.site_url))

    def _claim_digest(self, member: Member) -> str:
        return self.signing.seal.of_claim(Address.parse(member.email))

    def _sender(self, request: Request) -> str:
        return site.sender_of(request, self.origin_secret)


def _name(request: Request) -> str:
    name = site.fields(request, name=tariff.KEY_NAME_CHARACTERS)["name"].strip()
    if not name or any(unicodedata.category(character) in HIDDEN for character in name):
        raise InvalidBody("name, a text without control characters")
    return name


def _key_id(request: Request) -> str:
    """Anything else than a digest is no key's, and is not looked up. Raises NotThere."""
    text = request.parameters["id"]
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise NotThere("There is no such key.")
    return text


def _switch(request: Request, name: str) -> bool:
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise InvalidOption(name, ("true", "false"))
    return text == "true"


def _is_same_address(text: str, email: str) -> bool:
    try:
        return Address.parse(text).identity == Address.parse(email).identity
    except InvalidEmail:
        return False


def _with(reply: Reply, headers: dict[str, str]) -> Reply:
    return Reply(reply.status, {**reply.headers, **headers}, reply.body)
