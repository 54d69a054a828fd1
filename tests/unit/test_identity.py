"""Addresses, the hashes that stand for them, codes and tokens."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portrait import tariff
from portrait.identity import Address, Seal, digest, make_account_id, make_code, make_token
from portrait.problems import InvalidEmail

SEAL = Seal(b"a secret")
ADA = Address.parse("ada@example.com")


@pytest.mark.parametrize(
    ("text", "shown", "ascii"),
    [
        ("ada@example.com", "ada@example.com", "ada@example.com"),
        (" Ada@Example.COM\n", "Ada@example.com", "Ada@example.com"),
        ("o'hara+tag@sub.example.co.uk", "o'hara+tag@sub.example.co.uk", "o'hara+tag@sub.example.co.uk"),
        ("ada@B\u00fccher.example", "ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada\uff20example.com", None, None),
        ("ada@example\uff0ecom", "ada@example.com", "ada@example.com"),
    ],
)
def test_an_address_has_one_form_to_be_read_and_one_to_be_mailed_to(
    text: str, shown: str | None, ascii: str | None
) -> None:
    if shown is None:
        with pytest.raises(InvalidEmail):
            Address.parse(text)
    else:
        assert Address.parse(text) == Address(shown, ascii or "")


@given(st.text(st.characters(codec=None), max_size=80) | st.from_regex(r"[a-z+.@\r\n<>\"]{0,40}@[a-z.]{1,20}"))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        address = Address.parse(text)
    except InvalidEmail:
        return
    assert re.fullmatch(r"[!-~]+@[!-~]+", address.ascii), "nothing that could end a header's line"
    assert len(address.ascii) <= 254
    assert Address.parse(address.text) == address


@pytest.mark.parametrize(
    ("one", "other", "same_owner", "same_mailbox"),
    [
        ("ADA@example.com", "ada@EXAMPLE.com", True, True),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example", True, True),
        ("ada+1@example.com", "ada+2@example.com", False, True),
        ("a.da@gmail.com", "ada+x@gmail.com", False, True),
        ("ada@gmail.com", "a.da@googlemail.com", False, True),
        ("a.da@example.com", "ada@example.com", False, False),
        ("ada@example.com", "ada@example.org", False, False),
        ("+ada@example.com", "+eve@example.com", False, False),
    ],
)
def test_who_owns_an_address_and_whose_mailbox_it_is(
    one: str, other: str, same_owner: bool, same_mailbox: bool
) -> None:
    first, second = Address.parse(one), Address.parse(other)
    assert (SEAL.of_address(first) == SEAL.of_address(second)) is same_owner
    assert (SEAL.of_claim(first) == SEAL.of_claim(second)) is same_mailbox


def test_a_hash_is_of_its_kind_and_of_its_key() -> None:
    other = Seal(b"another secret")
    hashes = [
        SEAL.of_address(ADA),
        SEAL.of_claim(ADA),
        SEAL.of_sender(ADA.identity),
        SEAL.of_code(ADA.identity, ""),
        SEAL.of_code("ada", "123456"),
        SEAL.of_code("eve", "123456"),
        other.of_address(ADA),
        other.of_code("ada", "123456"),
    ]
    assert len(set(hashes)) == len(hashes)
    assert all(re.fullmatch("[0-9a-f]{64}", found) for found in hashes)


def test_hashes_are_those_that_accounts_are_found_by() -> None:
    """Another way of hashing would leave every account without its owner."""
    assert SEAL.of_address(ADA) == "0ca76f0d504e65184f1d28020907cf4bfc5de1d98c796bf0bef289c1b1e2b026"
    assert SEAL.of_claim(ADA) == "f40fcc3a33458636458ae91bc8a65a02f466a3ade6732b69d9e618e9ff173f3a"
    assert digest("token") == "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"


def test_codes_are_six_digits_of_every_kind() -> None:
    codes = {make_code() for _ in range(2000)}
    assert all(re.fullmatch(rf"[0-9]{{{tariff.CODE_DIGITS}}}", code) for code in codes)
    assert len(codes) > 1900
    assert any(code.startswith("0") for code in codes)


def test_tokens_and_accounts_are_random_and_fit_where_they_go() -> None:
    tokens, accounts = {make_token() for _ in range(100)}, {make_account_id() for _ in range(100)}
    assert len(tokens) == len(accounts) == 100
    assert all(set(token) <= set(string.ascii_letters + string.digits + "-_") and len(token) == 43 for token in tokens)
    assert all(re.fullmatch(r"acct_[0-9A-Za-z]{24}", account) for account in accounts)
