"""Signing in by mail, and out again: the story of codes and sessions, told in order."""

from dataclasses import dataclass
from typing import Final

from portrait import tariff
from portrait.identity import Address, Allowance, Member, Registry, Seal, make_code, make_token
from portrait.mail import Mail, Undeliverable
from portrait.trail import Trail

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

MESSAGE: Final = """\
{code} is your code to sign in to Portrait depth. It works for {minutes} minutes.

We will never ask you for it. If you did not request it, ignore this message: nobody can sign in without the code.
"""


@dataclass(frozen=True, slots=True)
class Signing:
    """`sender`: whose IP address asks, empty for this machine's own, which is not counted."""

    registry: Registry
    mail: Mail
    seal: Seal

    def send_code(self, email: str, sender: str, now: float, trail: Trail) -> None:
        """Mail a code. The same is done for an address that is known and one that is not, so it also takes as long.

        Raises InvalidEmail, RateLimited.
        """
        address = Address.parse(email)
        owner = self.seal.of_address(address)
        self._count_sender("CODES", sender, tariff.SENDER_CODES_AN_HOUR, HOUR_S, now)
        self.registry.count(Allowance(f"CODES#{owner}", tariff.CODES_AN_HOUR, HOUR_S), now)
        self.registry.count(Allowance(f"CODES#{owner}", tariff.CODES_A_DAY, DAY_S), now)
        code = make_code()
        self.registry.put_code(owner, self.seal.of_code(owner, code), now)
        try:
            self.mail.send(address.ascii, f"{code} is your code to sign in", _message(code))
        except Undeliverable:
            trail.facts["refused_mail"] = True  # for us; who asked is told nothing about the address

    def open_session(self, email: str, code: str, sender: str, old_token: str, now: float) -> tuple[Member, str]:
        """Who is signed in now, and the token of the session: always a new one, never one that a browser brought.

        Raises InvalidEmail, RateLimited, WrongCode.
        """
        address = Address.parse(email)
        owner = self.seal.of_address(address)
        self._count_sender("TRIES", sender, tariff.SENDER_TRIES_AN_HOUR, HOUR_S, now)
        self.registry.take_code(owner, self.seal.of_code(owner, "".join(code.split())), now)
        if old_token:
            self.registry.end_session(old_token)
        token = make_token()
        return self.registry.open_session(owner, address.text, token, now), token

    def claim_digest(self, member: Member) -> str:
        """What the claim of a member's mailbox is kept under."""
        return self.seal.of_claim(Address.parse(member.email))

    def count_claim(self, sender: str, now: float) -> None:
        """Raises RateLimited."""
        self._count_sender("CLAIMS", sender, tariff.SENDER_CLAIMS_A_DAY, DAY_S, now)

    def _count_sender(self, what: str, sender: str, times: int, within_s: int, now: float) -> None:
        if sender:
            self.registry.count(Allowance(f"{what}#{self.seal.of_sender(sender)}", times, within_s), now)


def _message(code: str) -> str:
    return MESSAGE.format(code=code, minutes=tariff.CODE_GOOD_S // 60)
