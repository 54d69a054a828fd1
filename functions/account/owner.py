"""What the owner of an account asks of it: keys, free credits, statement, usage, and its end."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from account import answers
from account.signing import DAY_S, HOUR_S, Signing
from portrait import keys, site, tariff
from portrait.door import Reply, Request
from portrait.holdings import Holdings, days_until
from portrait.identity import EMAIL_CHARACTERS, Address, Allowance, Member
from portrait.problems import AlreadyClaimed, InvalidBody, InvalidEmail, KeysFull, NotSignedIn, UnknownKey
from portrait.register import AlreadyThere, NotThere, TooManyKeys

HIDDEN: Final = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of what no name holds: control characters, halves of characters, line and paragraph breaks."""


class Owner:
    """Answers calls of who is signed in. `sender`: whose IP address a request comes from."""

    def __init__(
        self, holdings: Holdings, signing: Signing, sender: Callable[[Request], str], clock: Callable[[], float]
    ) -> None:
        self.holdings = holdings
        self.signing = signing
        self.registry = signing.registry
        self.sender = sender
        self.clock = clock

    # ---- keys ----------------------------------------------------------------------------------

    def keys(self, request: Request, member: Member) -> Reply:
        return Reply.of_json({"keys": [answers.key(key) for key in self.holdings.keys(member.account_id)]})

    def create_key(self, request: Request, member: Member) -> Reply:
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

    def rename_key(self, request: Request, member: Member) -> Reply:
        name = _name(request)
        try:
            return Reply.of_json(answers.key(self.holdings.rename_key(member.account_id, _key_id(request), name)))
        except NotThere as error:
            raise UnknownKey() from error

    def revoke_key(self, request: Request, member: Member) -> Reply:
        try:
            revoked = self.holdings.revoke_key(member.account_id, _key_id(request), self.clock())
        except NotThere as error:
            raise UnknownKey() from error
        return Reply.of_json(answers.key(revoked))

    # ---- credits -------------------------------------------------------------------------------

    def claim(self, request: Request, member: Member) -> Reply:
        site.fields(request)
        digest, now = self.signing.claim_digest(member), self.clock()
        if self.registry.has_claimed(digest):
            raise AlreadyClaimed()  # before it counts as one of the sender's
        self.signing.count_claim(self.sender(request), now)
        try:
            credits = self.holdings.claim(member.account_id, digest, now)
        except AlreadyThere as error:
            raise AlreadyClaimed() from error
        except NotThere as error:
            raise NotSignedIn() from error
        return Reply.of_json({"credits": credits, "claimed": tariff.FREE_CREDITS})

    def statement(self, request: Request, member: Member) -> Reply:
        entries = answers.number(request.query, "limit", tariff.STATEMENT_PAGE, tariff.STATEMENT_PAGE_MOST)
        after = answers.place(request.query["cursor"]) if request.query.get("cursor") else None
        page = self.holdings.page(member.account_id, entries, after)
        return Reply.of_json(
            {
                "entries": [answers.entry(entry) for entry in page.entries],
                "next_cursor": answers.cursor(page.last) if page.last else None,
            }
        )

    def statement_table(self, request: Request, member: Member) -> Reply:
        allowance = Allowance(f"TABLES#{member.account_id}", tariff.STATEMENT_TABLES_AN_HOUR, HOUR_S)
        self.registry.count(allowance, self.clock())
        page = self.holdings.page(member.account_id, tariff.STATEMENT_TABLE_ENTRIES, None)
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="statement.csv"',
        }
        return Reply(200, headers, answers.table(page.entries))

    def usage(self, request: Request, member: Member) -> Reply:
        count = answers.number(request.query, "days", tariff.USAGE_DAYS, tariff.USAGE_DAYS_MOST)
        found = self.holdings.usage(member.account_id, days_until(self.clock(), count))
        return Reply.of_json({"days": [answers.usage(usage) for usage in found]})

    # ---- the end -------------------------------------------------------------------------------

    def delete_account(self, request: Request, member: Member) -> Reply:
        """Keys first, the address last: whoever is cut off in between is still signed in, and can ask again."""
        told = site.fields(request, confirm=EMAIL_CHARACTERS)
        if not _is_same_address(told["confirm"], member.email):
            raise InvalidBody("confirm, the address of the account")
        self.holdings.close(member.account_id, self.clock())
        self.registry.forget(member)
        return Reply(204)


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


def _is_same_address(text: str, email: str) -> bool:
    try:
        return Address.parse(text).identity == Address.parse(email).identity
    except InvalidEmail:
        return False
