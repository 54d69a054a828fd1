"""Who calls, and may they, this minute? The first question of every call that needs a key."""

from portrait import keys
from portrait.ledger import Caller, Ledger
from portrait.problems import InvalidApiKey, MissingApiKey, RateLimited
from portrait.trail import Trail


def admit(ledger: Ledger, key_text: str, endpoint: str, now: float, trail: Trail) -> Caller:
    """The owner of a key, this call counted in its minute. Garbage is refused without a read of the store.

    Raises MissingApiKey, InvalidApiKey, RevokedApiKey, RateLimited.
    """
    key = key_text.strip()
    if not key:
        raise MissingApiKey()
    if not keys.is_well_formed(key):
        raise InvalidApiKey()
    trail.caller = ledger.identify(keys.digest(key))
    trail.window = ledger.count(trail.caller, endpoint, now)
    if trail.window.is_full:
        raise RateLimited(trail.window.resets_in_s)
    return trail.caller
