"""Holdings, Registry and Mail in memory, and a small function that stands on them.

They keep the promises of those on DynamoDB and SES; the same tests hold all of them to it (tests/contract).
"""

import hmac
import json
import math
import re
import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from account.handler import Handler
from account.signing import Signing
from portrait import tariff
from portrait.door import Door
from portrait.holdings import Page, Usage
from portrait.identity import Allowance, Member, Seal, digest, make_account_id
from portrait.mail import Undeliverable
from portrait.problems import NotSignedIn, RateLimited, Unavailable, WrongCode
from portrait.register import AlreadyThere, Entry, Key, NotThere
from portrait.settings import Settings
from tests.fakes import NOW, FakeLedger, Row

SITE_URL = "https://portrait-depth.example"
ORIGIN_SECRET = "what only the distribution knows"


@dataclass
class Code:
    digest: str
    expires_at: float
    tries: int = 0


@dataclass
class Owner:
    account_id: str
    email: str
    created_at: int
    epoch: int = 0


@dataclass
class FakeRegistry:
    ledger: FakeLedger
    owners: dict[str, Owner] = field(default_factory=dict)
    sessions: dict[str, tuple[Member, int]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    counted: dict[str, int] = field(default_factory=dict)

    def identify(self, token: str, now: float) -> Member:
        member, epoch = self.sessions.get(digest(token), (None, 0))
        if member is None or member.expires_at <= now:
            raise NotSignedIn()
        owner = self.owners.get(member.address)
        if owner is None or (owner.account_id, owner.epoch) != (member.account_id, epoch):
            raise NotSignedIn()
        return member

    def count(self, allowance: Allowance, now: float) -> None:
        window = int(now // allowance.within_s)
        name = f"{allowance.name}#{allowance.within_s}#{window}"
        with self.ledger.lock:
            self.counted[name] = used = self.counted.get(name, 0) + 1
        if used > allowance.times:
            raise RateLimited(max(1, math.ceil((window + 1) * allowance.within_s - now)))

    def put_code(self, address: str, code_digest: str, now: float) -> None:
        self.codes[address] = Code(code_digest, int(now) + tariff.CODE_GOOD_S)

    def take_code(self, address: str, code_digest: str, now: float) -> None:
        with self.ledger.lock:
            code = self.codes.get(address)
            if code is None or code.expires_at <= int(now) or code.tries >= tariff.CODE_TRIES:
                raise WrongCode()
            code.tries += 1
            if not hmac.compare_digest(code.digest, code_digest):
                raise WrongCode()
            del self.codes[address]

    def open_session(self, address: str, email: str, token: str, now: float) -> Member:
        with self.ledger.lock:
            if address not in self.owners:
                self.owners[address] = Owner(make_account_id(), email, int(now))
                self.ledger.create_account(self.owners[address].account_id, now)
            owner = self.owners[address]
            expires_at = int(now) + tariff.SESSION_S
            member = Member(owner.account_id, address, owner.email, owner.created_at, expires_at)
            self.sessions[digest(token)] = (member, owner.epoch)
            return member

    def end_session(self, token: str) -> None:
        self.sessions.pop(digest(token), None)

    def end_sessions(self, member: Member) -> None:
        if self._is_owned_by(member):
            self.owners[member.address].epoch += 1

    def has_claimed(self, claim_digest: str) -> bool:
        return claim_digest in self.claims

    def forget(self, member: Member) -> None:
        if self._is_owned_by(member):
            del self.owners[member.address]

    def _is_owned_by(self, member: Member) -> bool:
        owner = self.owners.get(member.address)
        return owner is not None and owner.account_id == member.account_id


@dataclass
class FakeHoldings:
    """`is_down`: closing an account finds the store silent."""

    ledger: FakeLedger
    claims: set[str] = field(default_factory=set)
    is_down: bool = False

    def balance(self, account_id: str) -> int:
        return self.ledger.balance(account_id)

    def keys(self, account_id: str) -> list[Key]:
        return self.ledger.keys(account_id)[::-1]

    def add_key(self, account_id: str, key_text: str, name: str, now: float) -> Key:
        return self.ledger.add_key(account_id, key_text, name, now)

    def rename_key(self, account_id: str, key_digest: str, name: str) -> Key:
        self._own(account_id, key_digest)
        return self.ledger.rename_key(key_digest, name)

    def revoke_key(self, account_id: str, key_digest: str, now: float) -> Key:
        self._own(account_id, key_digest)
        return self.ledger.revoke_key(key_digest, now)

    def _own(self, account_id: str, key_digest: str) -> None:
        if self.ledger.key(key_digest).account_id != account_id:
            raise NotThere(key_digest)

    def claim(self, account_id: str, claim_digest: str, now: float) -> int:
        with self.ledger.lock:
            account = self.ledger.accounts.get(account_id)
            if account is None or account.closed_at:
                raise NotThere(account_id)
            if claim_digest in self.claims or "CLAIM" in account.rows:
                raise AlreadyThere(account_id)
            self.claims.add(claim_digest)
            account.rows["CLAIM"] = Row(Entry("CLAIM", tariff.FREE_CREDITS, int(now), "free credits"))
            account.credits += tariff.FREE_CREDITS
            return account.credits

    def page(self, account_id: str, entries: int, after: Entry | None) -> Page:
        found = list(self.ledger.statement(account_id))[::-1]
        if after:
            found = [entry for entry in found if (entry.at, entry.row) < (after.at, after.row)]
        return Page(tuple(found[:entries]), found[entries - 1] if len(found) > entries else None)

    def usage(self, account_id: str, days: list[date]) -> list[Usage]:
        known = self.ledger.accounts[account_id].days
        return [known.get(day, Usage(day)) for day in days]

    def close(self, account_id: str, now: float) -> None:
        if self.is_down:
            raise Unavailable()
        with self.ledger.lock:
            account = self.ledger.accounts.get(account_id)
            if account is None:
                raise NotThere(account_id)
            account.closed_at = account.closed_at or int(now)
            for key in self.ledger.keys(account_id):
                self.ledger.revoke_key(key.digest, now)


@dataclass
class FakeMail:
    """Keeps what was sent, as pairs of address and subject. `refuses`: addresses that no mail is sent to."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    is_down: bool = False

    def send(self, to: str, subject: str, text: str) -> None:
        if self.is_down:
            raise Unavailable()
        if to in self.refuses:
            raise Undeliverable()
        self.sent.append((to, subject, text))

    def code(self) -> str:
        """The code in the newest message."""
        found = re.search(r"\b\d{6}\b", self.sent[-1][1])
        assert found
        return found[0]


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Office:
    """The small function with everything behind it in memory."""

    def __init__(self, settings: Settings) -> None:
        self.ledger = FakeLedger()
        self.mail = FakeMail()
        self.clock = Clock()
        self.registry = FakeRegistry(self.ledger)
        self.holdings = FakeHoldings(self.ledger, self.registry.claims)
        self.handler = Handler(
            Door(settings, f"office-{uuid.uuid4()}"),  # powertools' loggers keep the stream that they were born with
            settings,
            ledger=self.ledger,
            holdings=self.holdings,
            signing=Signing(self.registry, self.mail, Seal(b"a secret of tests")),
            origin_secret=ORIGIN_SECRET,
            clock=self.clock,
        )

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        cookie: str = "",
        sender: str = "127.0.0.1",
        **headers: str,
    ) -> Answer:
        """One call, as a page of the site makes it. `body`: JSON, or bytes as they are. `headers`: with `_` for `-`."""
        told = {"x-requested-with": "portrait", "Sec-Fetch-Site": "same-origin"} if method != "GET" else {}
        if body is not None:
            told["Content-Type"] = "application/json"
        if cookie:
            told["Cookie"] = f"theme=dark; __Host-session={cookie}"
        path, _, query = path.partition("?")
        event = {
            "httpMethod": method,
            "path": path,
            "headers": {**told, **{name.replace("_", "-"): text for name, text in headers.items()}},
            "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&")) if query else None,
            "requestContext": {"requestId": "an-id", "identity": {"sourceIp": sender}},
            "body": body.decode("latin-1") if isinstance(body, bytes) else body and json.dumps(body),
        }
        if body == {}:
            event["body"] = "{}"
        answered = self.handler(event, None)
        return Answer(answered["statusCode"], answered["headers"], answered["body"])

    def code_for(self, email: str, **changes: Any) -> str:
        """The code that was mailed."""
        answer = self.ask("POST", "/session/v1/code", {"email": email}, **changes)
        assert answer.status == 202, answer.text
        return self.mail.code()

    def signed_in(self, email: str = "ada@example.com", **changes: Any) -> str:
        """The session's token."""
        code = self.code_for(email, **changes)
        answer = self.ask("POST", "/session/v1", {"email": email, "code": code}, **changes)
        assert answer.status == 200, answer.text
        return token_in(answer)

    def key(self, cookie: str, name: str = "test") -> dict[str, Any]:
        answer = self.ask("POST", "/account/v1/keys", {"name": name}, cookie=cookie)
        assert answer.status == 201, answer.text
        made: dict[str, Any] = answer.json
        return made

    def account_of(self, cookie: str) -> str:
        return str(self.ask("GET", "/session/v1", cookie=cookie).json["account_id"])


def token_in(answer: Answer) -> str:
    found = re.match(r"__Host-session=([\w-]*);", answer.headers["Set-Cookie"])
    assert found
    return found[1]
