"""Packs are what a buyer takes them for."""

from itertools import pairwise

from portrait import tariff


def test_a_credit_costs_less_in_a_larger_pack() -> None:
    for smaller, larger in pairwise(tariff.PACKS):
        assert smaller.credits < larger.credits
        assert smaller.price_cents < larger.price_cents
        assert smaller.cents_per_credit > larger.cents_per_credit


def test_packs_have_the_sizes_that_are_promised() -> None:
    assert [pack.credits for pack in tariff.PACKS] == [500, 1_000, 5_000, 10_000, 50_000]
    assert len({pack.pack_id for pack in tariff.PACKS}) == len(tariff.PACKS)


def test_every_price_can_be_paid_by_card() -> None:
    """Stripe takes 50 cents at least and 999,999.99 dollars at most in one payment."""
    for pack in tariff.PACKS:
        assert 50 <= pack.price_cents <= 99_999_999
