"""What a Ledger and a Register promise, asked of the one in memory and of the one on each store."""

import re
import time
from collections import Counter

import pytest

from portrait import keys, tariff
from portrait.ledger import Receipt, Standing
from portrait.problems import IdempotencyKeyReused, InvalidApiKey, NoCredits, RevokedApiKey, Timeout
from portrait.register import AlreadyThere, NotThere, TooFewCredits, TooManyKeys
from tests.store.books import Books, at_once, idempotent, kinds, plain

NOW = time.time()
DAY_S = tariff.IDEMPOTENT_WITHIN_S


# ---- keys ---------------------------------------------------------------------------------------------


def test_a_key_leads_to_its_account(books: Books) -> None:
    account_id = books.account()
    text = books.key(account_id)
    caller = books.ledger.identify(keys.digest(text))
    assert (caller.account_id, caller.key_digest) == (account_id, keys.digest(text))
    assert (caller.key_prefix, caller.calls_per_minute) == (text[:14], tariff.CALLS_PER_MINUTE)


def test_an_unknown_key_is_refused(books: Books) -> None:
    with pytest.raises(InvalidApiKey):
        books.ledger.identify(keys.digest(keys.make()))


def test_a_revoked_key_is_refused_from_the_next_call_on(books: Books) -> None:
    digest = books.caller().key_digest
    assert books.register.revoke_key(digest, NOW).revoked_at == int(NOW)
    with pytest.raises(RevokedApiKey):
        books.ledger.identify(digest)


def test_revoking_again_changes_nothing(books: Books) -> None:
    account_id = books.account()
    texts = [books.key(account_id) for _ in range(tariff.LIVE_KEYS)]
    for later in range(3):
        assert books.register.revoke_key(keys.digest(texts[0]), NOW + later).revoked_at == int(NOW)
    books.key(account_id)
    with pytest.raises(TooManyKeys):
        books.key(account_id)


def test_a_call_in_flight_when_its_key_is_revoked_is_charged(books: Books) -> None:
    caller = books.caller(credits=5)
    books.register.revoke_key(caller.key_digest, NOW)
    assert books.debit(caller, plain()) == Receipt(1, 4)


def test_a_key_is_stored_once(books: Books) -> None:
    text = books.key(books.account())
    with pytest.raises(AlreadyThere):
        books.register.add_key(books.account(), text, "again", NOW)


def test_an_imported_key_works_like_ours(books: Books) -> None:
    foreign = keys.digest(keys.make()) + "0" * 32
    account_id = books.account()
    assert books.register.add_key(account_id, foreign, "old", NOW).prefix == foreign[:6]
    assert books.ledger.identify(keys.digest(foreign)).account_id == account_id


def test_a_key_needs_an_account(books: Books) -> None:
    with pytest.raises(NotThere):
        books.register.add_key("nobody", keys.make(), "", NOW)


def test_a_refused_key_takes_no_place(books: Books) -> None:
    account_id = books.account()
    text = books.key(account_id)
    for _ in range(tariff.LIVE_KEYS):
        with pytest.raises(AlreadyThere):
            books.register.add_key(account_id, text, "", NOW)
    for _ in range(tariff.LIVE_KEYS - 1):
        books.key(account_id)


def test_of_thirty_keys_made_at_once_ten_live(books: Books) -> None:
    account_id = books.account()
    results = at_once(30, lambda _: books.key(account_id))
    assert kinds(results) == {"ok": tariff.LIVE_KEYS, "TooManyKeys": 20}
    assert len(books.register.keys(account_id)) == tariff.LIVE_KEYS


def test_a_key_revoked_twenty_times_at_once_frees_one_place(books: Books) -> None:
    account_id = books.account()
    texts = [books.key(account_id) for _ in range(tariff.LIVE_KEYS)]
    at_once(20, lambda _: books.register.revoke_key(keys.digest(texts[0]), NOW))
    assert kinds(at_once(5, lambda _: books.key(account_id))) == {"ok": 1, "TooManyKeys": 4}


def test_keys_are_listed_oldest_first_with_the_revoked_ones(books: Books) -> None:
    account_id = books.account()
    for age in (3, 1, 2):
        books.register.add_key(account_id, keys.make(), f"{age} old", NOW - age)
    listed = books.register.keys(account_id)
    assert [key.name for key in listed] == ["3 old", "2 old", "1 old"]
    books.register.revoke_key(listed[1].digest, NOW)
    assert [bool(key.revoked_at) for key in books.register.keys(account_id)] == [False, True, False]
    assert books.register.keys(books.account()) == []


def test_a_rate_is_changed_for_one_key(books: Books) -> None:
    caller, other = books.caller(), books.caller()
    assert books.register.set_rate(caller.key_digest, 600).calls_per_minute == 600
    assert books.ledger.identify(caller.key_digest).calls_per_minute == 600
    assert books.ledger.identify(other.key_digest).calls_per_minute == tariff.CALLS_PER_MINUTE


def test_what_is_not_there_cannot_be_changed(books: Books) -> None:
    digest = keys.digest(keys.make())
    with pytest.raises(NotThere):
        books.register.key(digest)
    with pytest.raises(NotThere):
        books.register.revoke_key(digest, NOW)
    with pytest.raises(NotThere):
        books.register.set_rate(digest, 1)
    with pytest.raises(InvalidApiKey):
        books.ledger.identify(digest)


# ---- the minute ---------------------------------------------------------------------------------------


def test_a_minute_is_counted_for_each_key_and_endpoint(books: Books) -> None:
    caller, other = books.caller(), books.caller()
    minute = 60 * (NOW // 60)
    assert [books.ledger.count(caller, "a", minute + 1).used for _ in range(3)] == [1, 2, 3]
    assert books.ledger.count(caller, "b", minute + 1).used == 1
    assert books.ledger.count(other, "a", minute + 1).used == 1
    assert books.ledger.count(caller, "a", minute + 59.9).used == 4
    assert books.ledger.count(caller, "a", minute + 60).used == 1


@pytest.mark.parametrize(("second", "left_s"), [(0, 60), (0.2, 60), (42, 18), (59.9, 1)])
def test_a_window_tells_when_it_ends(books: Books, second: float, left_s: int) -> None:
    window = books.ledger.count(books.caller(), "a", 60 * (NOW // 60) + second)
    assert (window.allowed, window.used, window.resets_in_s) == (60, 1, left_s)


def test_of_eighty_calls_at_once_sixty_pass(books: Books) -> None:
    caller = books.caller()
    results = at_once(80, lambda _: books.ledger.count(caller, "a", NOW), threads=16)
    assert Counter(window.is_full for window in results) == {False: 60, True: 20}  # type: ignore[union-attr]


# ---- charges ------------------------------------------------------------------------------------------


def test_a_charge_takes_its_credits_and_leaves_a_row(books: Books) -> None:
    caller = books.caller(credits=10)
    charge = plain(credits=3)
    assert books.ledger.standing(caller, charge, NOW) == Standing(credits=10, charged_before=False)
    assert books.debit(caller, charge) == Receipt(consumed=3, remaining=7, certain=True)
    assert books.ledger.balance(caller.account_id) == 7
    assert (charge.row, -3) in books.rows(caller.account_id)
    assert books.is_balanced(caller.account_id)


def test_a_charge_that_the_account_cannot_pay_leaves_no_trace(books: Books) -> None:
    caller = books.caller(credits=2)
    with pytest.raises(NoCredits):
        books.debit(caller, plain(credits=3))
    assert [credits for _, credits in books.rows(caller.account_id)] == [2]
    assert books.ledger.balance(caller.account_id) == 2


def test_a_charge_may_take_all_there_is(books: Books) -> None:
    caller = books.caller(credits=3)
    assert books.debit(caller, plain(credits=3)).remaining == 0


def test_one_call_debited_twice_is_charged_once(books: Books) -> None:
    caller, charge = books.caller(credits=10), plain()
    assert [books.debit(caller, charge) for _ in range(3)] == [Receipt(1, 9)] * 3
    assert books.is_balanced(caller.account_id)


def test_no_charge_is_tried_after_its_deadline(books: Books) -> None:
    caller, now = books.caller(credits=10), time.time()
    with pytest.raises(Timeout):
        books.ledger.debit(caller, plain(), now, now - 0.001)
    assert books.ledger.balance(caller.account_id) == 10


def test_sixteen_threads_get_a_hundred_credits_out_of_a_hundred(books: Books) -> None:
    caller = books.caller(credits=100)
    results = at_once(160, lambda _: books.debit(caller, plain()), threads=16)
    assert kinds(results) == {"ok": 100, "NoCredits": 60}
    assert Counter(credits for _, credits in books.rows(caller.account_id)) == {100: 1, -1: 100}
    assert books.ledger.balance(caller.account_id) == 0
    assert books.is_balanced(caller.account_id)


def test_the_last_credit_is_taken_once(books: Books) -> None:
    for _ in range(5):
        caller = books.caller(credits=1)
        assert kinds(at_once(8, lambda _, caller=caller: books.debit(caller, plain()))) == {"ok": 1, "NoCredits": 7}  # type: ignore[misc]
        assert books.is_balanced(caller.account_id)


def test_calls_in_flight_finish_and_later_ones_are_refused_while_a_key_is_revoked(books: Books) -> None:
    caller = books.caller(credits=100)

    def call(number: int) -> Receipt:
        if number == 20:
            books.register.revoke_key(caller.key_digest, NOW)
        return books.debit(books.ledger.identify(caller.key_digest), plain())

    outcomes = kinds(at_once(60, call, threads=8))
    assert outcomes["ok"] + outcomes["RevokedApiKey"] == 60
    assert outcomes["RevokedApiKey"] >= 60 - 20 - 8
    assert books.ledger.balance(caller.account_id) == 100 - outcomes["ok"]


# ---- repeats ------------------------------------------------------------------------------------------


def test_a_repeat_is_seen_before_the_work_and_costs_nothing(books: Books) -> None:
    caller = books.caller(credits=1)
    books.debit(caller, idempotent("k"))
    assert books.ledger.standing(caller, idempotent("k"), NOW) == Standing(credits=0, charged_before=True)
    assert books.debit(caller, idempotent("k")) == Receipt(consumed=0, remaining=0)
    assert books.is_balanced(caller.account_id)


def test_another_request_under_the_same_key_is_refused(books: Books) -> None:
    caller = books.caller(credits=5)
    books.debit(caller, idempotent("k", "one picture"))
    with pytest.raises(IdempotencyKeyReused, match="with another request"):
        books.ledger.standing(caller, idempotent("k", "another picture"), NOW)
    with pytest.raises(IdempotencyKeyReused, match="with another request"):
        books.debit(caller, idempotent("k", "another picture"))
    assert books.ledger.balance(caller.account_id) == 4


def test_the_same_key_of_another_account_is_another_key(books: Books) -> None:
    first, second = books.caller(credits=5), books.caller(credits=5)
    books.debit(first, idempotent("k"))
    assert books.debit(second, idempotent("k", "other")) == Receipt(1, 4)


def test_a_request_is_repeated_five_times_a_day(books: Books) -> None:
    caller = books.caller(credits=5)
    books.debit(caller, idempotent("k"))
    for repeat in range(tariff.IDEMPOTENT_REPEATS):
        assert books.ledger.standing(caller, idempotent("k"), NOW + repeat).charged_before
    with pytest.raises(IdempotencyKeyReused, match="repeated"):
        books.ledger.standing(caller, idempotent("k"), NOW + DAY_S - 1)
    for repeat in range(tariff.IDEMPOTENT_REPEATS):
        assert books.ledger.standing(caller, idempotent("k"), NOW + DAY_S + repeat).charged_before
    with pytest.raises(IdempotencyKeyReused, match="repeated"):
        books.ledger.standing(caller, idempotent("k"), NOW + DAY_S + 100)


def test_a_new_day_of_repeats_owes_nothing_to_the_one_before(books: Books) -> None:
    caller = books.caller(credits=5)
    books.debit(caller, idempotent("k"))
    for _ in range(tariff.IDEMPOTENT_REPEATS - 2):
        books.ledger.standing(caller, idempotent("k"), NOW)
    for _ in range(tariff.IDEMPOTENT_REPEATS):
        assert books.ledger.standing(caller, idempotent("k"), NOW + DAY_S).charged_before
    with pytest.raises(IdempotencyKeyReused, match="repeated"):
        books.ledger.standing(caller, idempotent("k"), NOW + DAY_S)


def test_a_repeat_is_counted_once_however_often_it_asks(books: Books) -> None:
    caller = books.caller(credits=5)
    books.debit(caller, idempotent("k"))
    for _ in range(tariff.IDEMPOTENT_REPEATS):
        repeat = idempotent("k")
        for _ in range(3):
            assert books.ledger.standing(caller, repeat, NOW).charged_before
        assert books.debit(caller, repeat).consumed == 0
    with pytest.raises(IdempotencyKeyReused):
        books.ledger.standing(caller, idempotent("k"), NOW)


def test_one_idempotency_key_sent_twenty_times_at_once_charges_once(books: Books) -> None:
    caller = books.caller(credits=100)
    results = at_once(20, lambda _: books.debit(caller, idempotent("k")))
    consumed = Counter(result.consumed for result in results if isinstance(result, Receipt))
    assert consumed == {1: 1, 0: tariff.IDEMPOTENT_REPEATS}
    assert kinds(results)["IdempotencyKeyReused"] == 20 - 1 - tariff.IDEMPOTENT_REPEATS
    assert books.ledger.balance(caller.account_id) == 99
    assert books.is_balanced(caller.account_id)


@pytest.mark.parametrize("hostile", ["ACCOUNT", "CLAIM", "GRANT#1", "\x00", "k" * 255, "\u00e9"])
def test_what_a_caller_wrote_never_names_a_row(books: Books, hostile: str) -> None:
    caller = books.caller(credits=5)
    assert books.debit(caller, idempotent(hostile)) == Receipt(1, 4)
    (row,) = [row for row, credits in books.rows(caller.account_id) if credits == -1]
    assert re.fullmatch("IDEM#[0-9a-f]{64}", row)


# ---- accounts -----------------------------------------------------------------------------------------


def test_an_account_is_opened_once_and_empty(books: Books) -> None:
    account_id = books.account()
    assert books.register.balance(account_id) == 0
    books.register.grant(account_id, 5, "", NOW)
    with pytest.raises(AlreadyThere):
        books.register.create_account(account_id, NOW)
    assert books.register.balance(account_id) == 5


def test_free_credits_are_claimed_once_even_by_twenty_at_once(books: Books) -> None:
    account_id = books.account()
    results = at_once(20, lambda _: books.register.claim_free_credits(account_id, NOW))
    assert kinds(results) == {"ok": 1, "AlreadyThere": 19}
    assert books.rows(account_id) == [("CLAIM", tariff.FREE_CREDITS)]
    assert books.register.balance(account_id) == tariff.FREE_CREDITS


def test_a_grant_gives_and_takes_but_not_more_than_there_is(books: Books) -> None:
    account_id = books.account()
    assert books.register.grant(account_id, 50, "sorry", NOW) == 50
    assert books.register.grant(account_id, -20, "too many", NOW + 1) == 30
    with pytest.raises(TooFewCredits):
        books.register.grant(account_id, -31, "far too many", NOW + 2)
    entries = list(books.register.statement(account_id))
    assert [(entry.credits, entry.note, entry.at) for entry in entries] == [
        (50, "sorry", int(NOW)),
        (-20, "too many", int(NOW) + 1),
    ]
    assert books.is_balanced(account_id)


def test_an_account_that_is_not_there_gets_nothing(books: Books) -> None:
    with pytest.raises(NotThere):
        books.register.grant("nobody", 5, "", NOW)
    with pytest.raises(NotThere):
        books.register.claim_free_credits("nobody", NOW)
    with pytest.raises(NotThere):
        books.register.balance("nobody")
    with pytest.raises(NotThere):
        list(books.register.statement("nobody"))


def test_a_statement_is_oldest_first_and_complete(books: Books) -> None:
    caller = books.caller()
    for age in (3, 9, 1):
        books.register.grant(caller.account_id, age, f"{age} s ago", NOW - age)
    books.ledger.debit(caller, plain(), NOW + 5, time.time() + 20)
    entries = list(books.register.statement(caller.account_id))
    assert [entry.credits for entry in entries] == [9, 3, 1, -1]
    assert entries[-1].note == caller.key_prefix
