"""The form of a key: what is made is accepted, what was altered is refused without a read of the store."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portrait import keys

FOREIGN = 48 * "a7"


def test_a_key_that_was_made_is_well_formed_and_new() -> None:
    made = {keys.make() for _ in range(200)}
    assert len(made) == 200
    assert all(keys.is_well_formed(key) and not keys.is_foreign(key) for key in made)


def test_a_key_holds_at_least_128_random_bits() -> None:
    key = keys.make()
    assert len(key) == len(keys.LIVE) + keys.RANDOM_CHARACTERS + keys.CHECKSUM_CHARACTERS
    assert len(keys.ALPHABET) ** keys.RANDOM_CHARACTERS >= 2**128


@given(place=st.integers(0, 29), character=st.sampled_from(keys.ALPHABET))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    key = keys.make()
    at = len(keys.LIVE) + place
    altered = key[:at] + character + key[at + 1 :]
    assert keys.is_well_formed(altered) == (altered == key)


@given(first=st.integers(0, 28))
def test_two_swapped_characters_are_noticed(first: int) -> None:
    key = keys.make()
    at = len(keys.LIVE) + first
    swapped = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
    assert keys.is_well_formed(swapped) == (swapped == key)


@pytest.mark.parametrize("text", ["", " ", "undefined", "null", "YOUR_API_KEY", "pd_live_", "pd_live_" + 30 * "0"])
def test_garbage_is_no_key(text: str) -> None:
    assert not keys.is_well_formed(text)


@pytest.mark.parametrize("text", [FOREIGN[:-1], FOREIGN + "0", 48 * "g7", FOREIGN + "\n", 96 * "\u0661"])
def test_what_is_not_96_hexadecimal_digits_is_no_imported_key(text: str) -> None:
    assert not keys.is_well_formed(text)


@pytest.mark.parametrize("change", ["{}0", "{}\n", " {}", "{}{}", "{}\u0661"])
def test_a_key_with_anything_around_it_is_no_key(change: str) -> None:
    assert not keys.is_well_formed(change.replace("{}", keys.make()))


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda key: key[:-1], lambda key: key[1:]])
def test_a_key_that_was_badly_copied_is_no_key(change: Callable[[str], str]) -> None:
    assert not keys.is_well_formed(change(keys.make()))


@given(st.text(max_size=120))
def test_any_text_may_be_asked(text: str) -> None:
    assert keys.is_well_formed(text) in (True, False)


def test_an_imported_key_is_96_hexadecimal_digits_in_either_case() -> None:
    assert keys.is_well_formed(FOREIGN) and keys.is_foreign(FOREIGN.upper())


def test_the_store_knows_a_key_by_its_sha_256() -> None:
    assert keys.digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_is_shown_of_a_key_does_not_give_it_away() -> None:
    key = keys.make()
    assert keys.prefix(key) == key[:14]
    assert keys.prefix(FOREIGN) == FOREIGN[:6]
    hidden = keys.RANDOM_CHARACTERS - (len(keys.prefix(key)) - len(keys.LIVE))
    assert len(keys.ALPHABET) ** hidden > 2**100
    assert set(key[len(keys.LIVE) :]) <= set(string.ascii_letters + string.digits)
