"""Who signs in: addresses, codes and sessions, and what is asked of whoever keeps them. The home of email-validator.

Nobody has a password. An address gets six digits by mail, the digits open a session, and the session's token is a
cookie. What is kept tells little to who steals it:

    address    HMAC of the address, with the address as its owner wrote it, until the account is deleted
    code       HMAC of the digits, for 600 s and 5 tries
    session    SHA-256 of the token: 256 random bits leave nothing to guess
    claim      HMAC of the mailbox behind the address, for ever: free credits are given once

The HMACs' key is the deployment's, and stays the same for as long as its accounts do.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from email_validator import EmailNotValidError, validate_email

from portrait import keys, tariff
from portrait.problems import InvalidEmail

ACCOUNT: Final = "acct_"
EMAIL_CHARACTERS: Final = 254
"""Longest address (RFC 5321, 4.5.3.1.3)."""
GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
"""Two domains of the same mailboxes. Dots in the name make no other one."""


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address. `text` as people read it; `ascii` as mail is sent there: the domain in punycode."""

    text: str
    ascii: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises InvalidEmail. Names before the @ are ASCII: the mail service carries no others."""
        try:
            found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
        except (EmailNotValidError, UnicodeError) as error:
            raise InvalidEmail() from error
        return cls(found.normalized, found.ascii_email or found.normalized)

    @property
    def identity(self) -> str:
        """Whose account it is. Upper and lower case do not differ; anything else may be another person's mailbox."""
        return self.ascii.lower()

    @property
    def mailbox(self) -> str:
        """What most mail services deliver it to, without its tag: good enough to count free credits by."""
        name, _, domain = self.identity.rpartition("@")
        name = name.partition("+")[0] or name
        return f"{name.replace('.', '')}@gmail.com" if domain in GMAIL else f"{name}@{domain}"


@dataclass(frozen=True, slots=True)
class Seal:
    """Keyed hashes (HMAC-SHA256, in hexadecimal). Each kind of thing has its own: one never passes for another."""

    secret: bytes

    def of_address(self, address: Address) -> str:
        return self._of("address", address.identity)

    def of_claim(self, address: Address) -> str:
        return self._of("claim", address.mailbox)

    def of_code(self, address_digest: str, code: str) -> str:
        return self._of("code", f"{address_digest} {code}")

    def of_sender(self, sender: str) -> str:
        """An IP address is a person's datum; what calls are counted by need not be."""
        return self._of("sender", sender)

    def _of(self, kind: str, text: str) -> str:
        return hmac.digest(self.secret, f"{kind} {text}".encode("utf-8", "replace"), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Member:
    """Who is signed in. `address` is the address's digest; times are seconds since 1970: of account and session."""

    account_id: str
    address: str
    email: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often something may be done within a time, by whom `name` says. Caller-chosen text in it is hashed."""

    name: str
    times: int
    within_s: int


class Identities(Protocol):
    """What a call of a signed-in browser needs. Every method may raise `problems.Unavailable`."""

    def identify(self, token: str, now: float) -> Member:
        """Whose session it is, read consistently. Raises NotSignedIn."""
        ...


class Registry(Identities, Protocol):
    """What signing in and out needs. `address` is an address's digest; every method may raise Unavailable."""

    def count(self, allowance: Allowance, now: float) -> None:
        """Count this time. Raises RateLimited where it was one too many."""
        ...

    def put_code(self, address: str, code_digest: str, now: float) -> None:
        """The one code of this address from now on, for `tariff.CODE_GOOD_S` and `tariff.CODE_TRIES`."""
        ...

    def take_code(self, address: str, code_digest: str, now: float) -> None:
        """Use the code up. A try is counted before it is judged. Raises WrongCode."""
        ...

    def open_session(self, address: str, email: str, token: str, now: float) -> Member:
        """A session for the owner of the address; the account is opened where there is none."""
        ...

    def end_session(self, token: str) -> None:
        """Sign out one browser. Repeating it changes nothing."""
        ...

    def end_sessions(self, member: Member) -> None:
        """Sign out all of them at once."""
        ...

    def has_claimed(self, claim_digest: str) -> bool:
        """Whether free credits were ever given to this mailbox."""
        ...

    def forget(self, member: Member) -> None:
        """The address, and with it all sessions. Repeating it changes nothing."""
        ...


def make_code() -> str:
    """Six digits: 1 of 1,000,000, so tries are few."""
    return f"{secrets.randbelow(10**tariff.CODE_DIGITS):0{tariff.CODE_DIGITS}}"


def make_token() -> str:
    """A session's token: 256 random bits in 43 characters that a cookie may hold."""
    return secrets.token_urlsafe(32)


def make_account_id() -> str:
    return ACCOUNT + "".join(secrets.choice(keys.ALPHABET) for _ in range(24))


def digest(token: str) -> str:
    """SHA-256 of a token in hexadecimal: the name under which the store knows the session."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
