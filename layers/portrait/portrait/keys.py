"""The form of an API key: make, check, hash. Pure.

    pd_live_ 0a1B2c3D4e5F6g7H8i9J0k1L aBcDeF
    kind     random, 24 base62        CRC-32 of all before it, 6 base62

24 base62 characters hold 142 random bits, so a plain SHA-256 identifies a key: there is nothing to guess that a salt
or a slow hash would protect. The checksum lets garbage (`undefined`, a truncated paste) be refused without a
read of the store; it is no secret. Keys imported from elsewhere are 96 hexadecimal digits.
"""

import hashlib
import re
import secrets
import zlib
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LIVE: Final = "pd_live_"
RANDOM_CHARACTERS: Final = 24
CHECKSUM_CHARACTERS: Final = 6
SHOWN_CHARACTERS: Final = 14
"""How much of a key is shown in lists and logs: its kind and 6 of its 24 random characters."""

OWN = re.compile(rf"{LIVE}[0-9A-Za-z]{{{RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}}")
FOREIGN = re.compile(r"[0-9a-fA-F]{96}")
TOLD = re.compile(rf"{LIVE}[0-9A-Za-z]{{{RANDOM_CHARACTERS // 2}}}|{FOREIGN.pattern}")


def make() -> str:
    """A new key: shown to its owner once and never stored."""
    body = LIVE + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return body + _checksum(body)


def is_well_formed(text: str) -> bool:
    """Whether `text` can be a key at all: ours with a right checksum, or an imported one."""
    if OWN.fullmatch(text):
        return _checksum(text[:-CHECKSUM_CHARACTERS]) == text[-CHECKSUM_CHARACTERS:]
    return is_foreign(text)


def is_foreign(text: str) -> bool:
    """Whether `text` has the form of a key that another service issued: 96 hexadecimal digits."""
    return FOREIGN.fullmatch(text) is not None


def is_told_in(text: str) -> bool:
    """Whether a key, or the beginning of one that is worth guessing on, stands anywhere in `text`."""
    return TOLD.search(text) is not None


def digest(text: str) -> str:
    """SHA-256 of a key in hexadecimal: the name under which the store knows it."""
    return hashlib.sha256(text.encode()).hexdigest()


def prefix(text: str) -> str:
    """The part of a key that people may see."""
    return text[:SHOWN_CHARACTERS] if text.startswith(LIVE) else text[:6]


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_CHARACTERS):
        value, digit = divmod(value, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
