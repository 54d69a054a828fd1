"""What is answered about an account: values as JSON and as a table, and a place in a statement as text."""

import base64
import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from portrait.holdings import Usage
from portrait.identity import Member
from portrait.problems import InvalidOption
from portrait.register import Entry, Key

COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a cell instead of showing it (OWASP, CSV Injection)."""

CURSOR_CHARACTERS: Final = 512
"""More than any of ours has: the longest names of rows hold an id of Stripe's. DynamoDB takes 1,024 bytes for a key."""


def session(member: Member, credits: int, has_claimed: bool) -> dict[str, Any]:
    return {
        "email": member.email,
        "account_id": member.account_id,
        "credits": credits,
        "free_credits_claimed": has_claimed,
        "created_at": member.created_at,
        "expires_at": member.expires_at,
    }


def key(found: Key) -> dict[str, Any]:
    return {
        "id": found.digest,
        "prefix": found.prefix,
        "name": found.name,
        "created_at": found.created_at,
        "last_used_at": found.last_used_at or None,
        "revoked_at": found.revoked_at or None,
        "calls_per_minute": found.calls_per_minute,
    }


def entry(found: Entry) -> dict[str, Any]:
    return {"at": found.at, "kind": found.kind, "credits": found.credits, "note": found.note}


def usage(found: Usage) -> dict[str, Any]:
    return {"date": found.day.isoformat(), "calls": found.calls, "credits": found.credits}


def table(entries: Iterable[Entry]) -> bytes:
    """The statement as CSV (RFC 4180), UTF-8. No text in it is computed by a spreadsheet."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("at", "kind", "credits", "note"))
    for found in entries:
        at = datetime.fromtimestamp(found.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer.writerow((at, found.kind, found.credits, _shown(found.note)))
    return file.getvalue().encode()


def cursor(last: Entry) -> str:
    return base64.urlsafe_b64encode(f"{last.at} {last.row}".encode()).decode().rstrip("=")


def place(text: str) -> Entry:
    """Where the page before ended: `at` and `row` of an entry. Raises InvalidOption.

    Whose statement it is, is never in it: somebody else's cursor is a place in one's own.
    """
    if len(text) > CURSOR_CHARACTERS:
        raise _no_cursor()
    try:
        told = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise _no_cursor() from error
    found = re.fullmatch(r"(\d{1,12}) ([A-Z]+(?:#[\w-]{1,200})*)", told, re.ASCII)
    if not found:
        raise _no_cursor()
    return Entry(row=found[2], credits=0, at=int(found[1]), note="")


def number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A number of the query, 1 to `most`. Raises InvalidOption."""
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise InvalidOption(name, (f"1 to {most}",))
    return int(text)


def _no_cursor() -> InvalidOption:
    return InvalidOption("cursor", ("the next_cursor of the page before",))


def _shown(text: str) -> str:
    return f"'{text}" if text.startswith(COMPUTED) else text
