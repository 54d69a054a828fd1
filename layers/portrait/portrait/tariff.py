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
