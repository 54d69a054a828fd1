"""Prices, limits and sizes: the numbers that a business person changes. docs and openapi.yaml are held to them."""

from dataclasses import dataclass
from typing import Final

MEGABYTE: Final = 1024 * 1024

CALL_CREDITS: Final = 1
"""Credits that one successful call costs."""

FREE_CREDITS: Final = 100
"""Credits that an account may claim, once."""

CALLS_PER_MINUTE: Final = 60
"""Calls that one key may make a minute to one endpoint, unless the operator raised it."""

WINDOW_S: Final = 60
"""Seconds in the window that calls are counted in."""

LIVE_KEYS: Final = 10
"""Keys of one account that may be live at the same time."""

KEYS_A_DAY: Final = 50
"""Keys that one account may make in a day: lists of keys hold the revoked ones too, and stay short enough to read."""

KEY_NAME_CHARACTERS: Final = 64
"""Longest name of a key."""

USE_NOTED_S: Final = 3600
"""How far a key's time of last use may lie behind its last call: it is written down once in this time, not by each."""

CODE_DIGITS: Final = 6
CODE_GOOD_S: Final = 600
CODE_TRIES: Final = 5
"""Digits of a code to sign in with, how long it is good, and how often it may be tried."""

CODES_AN_HOUR: Final = 5
CODES_A_DAY: Final = 10
"""Codes for one address. A day of guessing is 10 x 5 tries then, from wherever: 1 in 20,000 to hit."""

SENDER_CODES_AN_HOUR: Final = 20
SENDER_TRIES_AN_HOUR: Final = 60
SENDER_CLAIMS_A_DAY: Final = 3
"""What one IP address may do: ask for codes, try them, claim free credits."""

SESSION_S: Final = 30 * 24 * 3600
"""How long a session lasts."""

BODY_BYTES: Final = 16 * 1024
"""Largest JSON body of the site's own calls."""

STATEMENT_PAGE: Final = 50
STATEMENT_PAGE_MOST: Final = 100
"""Entries on a page of the statement, and the most that may be asked for."""

STATEMENT_TABLE_ENTRIES: Final = 10_000
"""Entries in the statement as a file: they are read and written within one answer."""

STATEMENT_TABLES_AN_HOUR: Final = 20
"""Files of one account: each keeps a function busy for seconds."""

USAGE_DAYS: Final = 30
USAGE_DAYS_MOST: Final = 90
"""Days of usage, and the most that may be asked for."""

FILE_BYTES: Final = 30 * MEGABYTE
"""Largest picture file."""

PIXELS: Final = 25_000_000
"""Largest picture, width times height."""

ANSWER_WITHIN_S: Final = 25.0
"""When an answer is out, counted from the request's own time: clients give up at 30 s."""

DEBIT_WITHIN_S: Final = 17.0
"""No debit starts later than this. A store that falls silent in its middle takes up to 8 s to be given up: the send,
2 s of looking and sending again, and a last look, each with 2 s to answer."""

IDEMPOTENT_REPEATS: Final = 5
"""Times that a charged request may be computed again for its Idempotency-Key ..."""

IDEMPOTENT_WITHIN_S: Final = 24 * 3600
"""... within this time from the first repeat."""

IDEMPOTENCY_KEY_CHARACTERS: Final = 255
"""Longest Idempotency-Key."""

DEPTH_ENDPOINT: Final = "portrait-depth-estimation/v1"
NORMALS_ENDPOINT: Final = "portrait-surface-normals/v1"
"""Each endpoint as its path and as the name that its calls are counted under."""

CHECKOUTS_AN_HOUR: Final = 20
"""Checkouts that one account may open: each is a call to Stripe, who limits all of ours together."""

CURRENCY: Final = "usd"
"""What packs are paid in, as Stripe writes it (ISO 4217, lower case)."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Credits that are bought together, at one price (cents of CURRENCY)."""

    credits: int
    price_cents: int

    @property
    def pack_id(self) -> str:
        return f"pack-{self.credits}"

    @property
    def cents_per_credit(self) -> float:
        return self.price_cents / self.credits


PACKS: Final = (
    Pack(500, 10_00),
    Pack(1_000, 18_00),
    Pack(5_000, 75_00),
    Pack(10_000, 120_00),
    Pack(50_000, 450_00),
)
"""What can be bought, smallest first. A credit costs less in a larger pack."""
