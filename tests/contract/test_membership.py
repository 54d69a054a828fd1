"""What a Registry and Holdings promise, asked of those in memory and of those on each store."""

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest

from portrait import keys, tariff
from portrait.dynamo import DynamoLedger, DynamoRegister
from portrait.dynamo.holdings import DynamoHoldings
from portrait.dynamo.identity import DynamoIdentities
from portrait.holdings import Holdings, Usage, day_of, days_until
from portrait.identity import Allowance, Member, Registry, make_token
from portrait.problems import NotSignedIn, RateLimited, RevokedApiKey, WrongCode
from portrait.register import AlreadyThere, Entry, Key, NotThere, TooManyKeys
from tests.fakes import FakeLedger
from tests.membership import FakeHoldings, FakeRegistry
from tests.store.books import Books, at_once, idempotent, kinds, plain
from tests.store.servers import LocalPlace

NOW = float(int(time.time()))
HOUR_S = 3600


@dataclass(frozen=True)
class House:
    """Registry and Holdings of one store, and its books."""

    registry: Registry
    holdings: Holdings
    books: Books

    @classmethod
    def at(cls, place: LocalPlace) -> "House":
        store = place.store()
        return cls(
            DynamoIdentities(store, "IdentityTable"),
            DynamoHoldings(store, "IdentityTable"),
            Books(DynamoLedger(store), DynamoRegister(store)),
        )

    def member(self, address: str = "", now: float = NOW) -> Member:
        return self.registry.open_session(address or digest(), "ada@example.com", make_token(), now)

    def key(self, member: Member, name: str = "one", now: float = NOW) -> Key:
        return self.holdings.add_key(member.account_id, keys.make(), name, now)


@pytest.fixture(scope="session")
def dynoxide_house(dynoxide: LocalPlace) -> House:
    return House.at(dynoxide)


@pytest.fixture(scope="session")
def ministack_house(ministack: LocalPlace) -> House:
    return House.at(ministack)


@pytest.fixture(params=["fake", "dynoxide_house", "ministack_house"])
def house(request: pytest.FixtureRequest) -> House:
    if request.param == "fake":
        ledger = FakeLedger()
        registry = FakeRegistry(ledger)
        return House(registry, FakeHoldings(ledger, registry.claims), Books(ledger, ledger))
    found: House = request.getfixturevalue(request.param)
    return found


def digest() -> str:
    """Of an address, a code or a mailbox that no other test has."""
    return uuid.uuid4().hex


# ---- codes --------------------------------------------------------------------------------------------


def test_a_code_is_good_once(house: House) -> None:
    address, code = digest(), digest()
    house.registry.put_code(address, code, NOW)
    house.registry.take_code(address, code, NOW)
    with pytest.raises(WrongCode):
        house.registry.take_code(address, code, NOW)


def test_a_code_that_was_never_sent_is_as_wrong_as_any(house: House) -> None:
    with pytest.raises(WrongCode):
        house.registry.take_code(digest(), digest(), NOW)


def test_a_code_is_good_for_its_address_alone(house: House) -> None:
    address, code = digest(), digest()
    house.registry.put_code(address, code, NOW)
    with pytest.raises(WrongCode):
        house.registry.take_code(digest(), code, NOW)


def test_a_code_is_good_for_ten_minutes(house: House) -> None:
    address, code = digest(), digest()
    house.registry.put_code(address, code, NOW)
    with pytest.raises(WrongCode):
        house.registry.take_code(address, code, NOW + tariff.CODE_GOOD_S)
    house.registry.take_code(address, code, NOW + tariff.CODE_GOOD_S - 1)


def test_the_fifth_try_may_be_the_right_one_and_the_sixth_not(house: House) -> None:
    for wrong, is_good in ((tariff.CODE_TRIES - 1, True), (tariff.CODE_TRIES, False)):
        address, code = digest(), digest()
        house.registry.put_code(address, code, NOW)
        for _ in range(wrong):
            with pytest.raises(WrongCode):
                house.registry.take_code(address, digest(), NOW)
        results = at_once(1, lambda _, a=address, c=code: house.registry.take_code(a, c, NOW))  # type: ignore[misc]
        assert kinds(results) == {"ok" if is_good else "WrongCode": 1}


def test_a_new_code_ends_the_one_before_it_and_has_its_own_tries(house: House) -> None:
    address, old, new = digest(), digest(), digest()
    house.registry.put_code(address, old, NOW)
    for _ in range(tariff.CODE_TRIES):
        with pytest.raises(WrongCode):
            house.registry.take_code(address, digest(), NOW)
    house.registry.put_code(address, new, NOW)
    with pytest.raises(WrongCode):
        house.registry.take_code(address, old, NOW)
    house.registry.take_code(address, new, NOW)


def test_of_a_hundred_guesses_at_once_five_are_judged(house: House) -> None:
    """The right one is the last of them, so a store that lost a count would let it pass."""
    address, code = digest(), digest()
    house.registry.put_code(address, code, NOW)
    wrong = at_once(99, lambda _: house.registry.take_code(address, digest(), NOW), threads=16)
    assert kinds(wrong) == {"WrongCode": 99}
    with pytest.raises(WrongCode):
        house.registry.take_code(address, code, NOW)


def test_a_right_code_sent_twenty_times_at_once_signs_in_once(house: House) -> None:
    address, code = digest(), digest()
    house.registry.put_code(address, code, NOW)
    results = at_once(20, lambda _: house.registry.take_code(address, code, NOW))
    assert kinds(results) == {"ok": 1, "WrongCode": 19}


# ---- allowances ---------------------------------------------------------------------------------------


def test_an_allowance_is_counted_in_its_time_and_under_its_name(house: House) -> None:
    allowance, begin = Allowance(f"TRIES#{digest()}", 2, HOUR_S), HOUR_S * (NOW // HOUR_S)
    house.registry.count(allowance, begin)
    house.registry.count(allowance, begin + 10)
    with pytest.raises(RateLimited) as refused:
        house.registry.count(allowance, begin + HOUR_S - 42)
    assert refused.value.headers["Retry-After"] == "42"
    house.registry.count(Allowance(f"TRIES#{digest()}", 2, HOUR_S), begin)
    house.registry.count(allowance, begin + HOUR_S)


def test_the_same_name_in_an_hour_and_in_a_day_is_counted_twice(house: House) -> None:
    name = f"CODES#{digest()}"
    house.registry.count(Allowance(name, 1, HOUR_S), NOW)
    house.registry.count(Allowance(name, 1, 24 * HOUR_S), NOW)


def test_of_forty_at_once_twenty_are_allowed(house: House) -> None:
    allowance = Allowance(f"TRIES#{digest()}", 20, HOUR_S)
    assert kinds(at_once(40, lambda _: house.registry.count(allowance, NOW))) == {"ok": 20, "RateLimited": 20}


# ---- sessions -----------------------------------------------------------------------------------------


def test_a_session_tells_whose_it_is(house: House) -> None:
    address, token = digest(), make_token()
    member = house.registry.open_session(address, "Ada@example.com", token, NOW)
    assert house.registry.identify(token, NOW) == member
    assert (member.address, member.email, member.created_at) == (address, "Ada@example.com", int(NOW))
    assert member.expires_at == int(NOW) + tariff.SESSION_S
    assert house.holdings.balance(member.account_id) == 0


def test_a_token_that_nobody_was_given_is_nobodys(house: House) -> None:
    with pytest.raises(NotSignedIn):
        house.registry.identify(make_token(), NOW)


def test_a_session_ends_after_thirty_days(house: House) -> None:
    token = make_token()
    house.registry.open_session(digest(), "e", token, NOW)
    house.registry.identify(token, NOW + tariff.SESSION_S - 1)
    with pytest.raises(NotSignedIn):
        house.registry.identify(token, NOW + tariff.SESSION_S)


def test_an_address_has_one_account_however_often_it_signs_in(house: House) -> None:
    address = digest()
    first, second = house.member(address), house.member(address, NOW + 100)
    assert (first.account_id, first.created_at) == (second.account_id, second.created_at)
    assert house.member().account_id != first.account_id


def test_twenty_browsers_that_sign_in_at_once_open_one_account(house: House) -> None:
    address = digest()
    members = at_once(20, lambda _: house.member(address))
    assert len({member.account_id for member in members}) == 1  # type: ignore[union-attr]


def test_signing_out_ends_one_session(house: House) -> None:
    address, here, there = digest(), make_token(), make_token()
    for token in (here, there):
        house.registry.open_session(address, "e", token, NOW)
    for _ in range(2):
        house.registry.end_session(here)
    with pytest.raises(NotSignedIn):
        house.registry.identify(here, NOW)
    house.registry.identify(there, NOW)


def test_signing_out_everywhere_ends_all_sessions_and_no_later_one(house: House) -> None:
    address, tokens = digest(), [make_token() for _ in range(3)]
    for token in tokens:
        member = house.registry.open_session(address, "e", token, NOW)
    other = make_token()
    house.registry.open_session(digest(), "e", other, NOW)
    house.registry.end_sessions(member)
    for token in tokens:
        with pytest.raises(NotSignedIn):
            house.registry.identify(token, NOW)
    house.registry.identify(other, NOW)
    later = make_token()
    house.registry.open_session(address, "e", later, NOW)
    assert house.registry.identify(later, NOW).account_id == member.account_id


def test_a_forgotten_address_opens_another_account_and_its_old_sessions_stay_ended(house: House) -> None:
    address, old, new = digest(), make_token(), make_token()
    member = house.registry.open_session(address, "e", old, NOW)
    house.registry.forget(member)
    with pytest.raises(NotSignedIn):
        house.registry.identify(old, NOW)
    again = house.registry.open_session(address, "e", new, NOW)
    assert again.account_id != member.account_id
    for late in (house.registry.forget, house.registry.end_sessions):
        late(member)  # of the account before: it must not touch the new one
    assert house.registry.identify(new, NOW) == again
    with pytest.raises(NotSignedIn):
        house.registry.identify(old, NOW)


# ---- claims -------------------------------------------------------------------------------------------


def test_a_claim_books_the_free_credits_once(house: House) -> None:
    member, mailbox = house.member(), digest()
    assert not house.registry.has_claimed(mailbox)
    assert house.holdings.claim(member.account_id, mailbox, NOW) == tariff.FREE_CREDITS
    assert house.registry.has_claimed(mailbox)
    with pytest.raises(AlreadyThere):
        house.holdings.claim(member.account_id, mailbox, NOW)
    assert house.books.rows(member.account_id) == [("CLAIM", tariff.FREE_CREDITS)]
    assert house.books.is_balanced(member.account_id)


def test_fifty_claims_at_once_book_the_free_credits_once(house: House) -> None:
    member, mailbox = house.member(), digest()
    results = at_once(50, lambda _: house.holdings.claim(member.account_id, mailbox, NOW), threads=16)
    assert kinds(results) == {"ok": 1, "AlreadyThere": 49}
    assert house.holdings.balance(member.account_id) == tariff.FREE_CREDITS
    assert house.books.is_balanced(member.account_id)


def test_twenty_accounts_of_one_mailbox_claim_once_among_them(house: House) -> None:
    members, mailbox = [house.member() for _ in range(20)], digest()
    results = at_once(20, lambda number: house.holdings.claim(members[number].account_id, mailbox, NOW))
    assert kinds(results) == {"ok": 1, "AlreadyThere": 19}
    assert sum(house.holdings.balance(member.account_id) for member in members) == tariff.FREE_CREDITS


def test_an_account_claims_once_also_with_another_mailbox(house: House) -> None:
    member, other = house.member(), digest()
    house.holdings.claim(member.account_id, digest(), NOW)
    with pytest.raises(AlreadyThere):
        house.holdings.claim(member.account_id, other, NOW)
    assert not house.registry.has_claimed(other)


def test_a_claim_outlives_its_account(house: House) -> None:
    address, mailbox = digest(), digest()
    member = house.member(address)
    house.holdings.claim(member.account_id, mailbox, NOW)
    house.holdings.close(member.account_id, NOW)
    house.registry.forget(member)
    again = house.member(address)
    with pytest.raises(AlreadyThere):
        house.holdings.claim(again.account_id, mailbox, NOW)
    assert house.holdings.balance(again.account_id) == 0


# ---- keys ---------------------------------------------------------------------------------------------


def test_keys_are_listed_newest_first_with_what_became_of_them(house: House) -> None:
    member = house.member()
    made = [house.key(member, name, NOW + age) for age, name in enumerate(("first", "second", "third"))]
    house.holdings.rename_key(member.account_id, made[0].digest, "<b>1st</b>")
    house.holdings.revoke_key(member.account_id, made[1].digest, NOW + 9)
    listed = house.holdings.keys(member.account_id)
    assert [(key.name, key.revoked_at) for key in listed] == [
        ("third", 0),
        ("second", int(NOW) + 9),
        ("<b>1st</b>", 0),
    ]


def test_nobody_touches_a_key_of_somebody_else(house: House) -> None:
    owner, thief = house.member(), house.member()
    key = house.key(owner)
    for touch in (
        lambda: house.holdings.rename_key(thief.account_id, key.digest, "mine"),
        lambda: house.holdings.revoke_key(thief.account_id, key.digest, NOW),
    ):
        with pytest.raises(NotThere):
            touch()
    assert house.holdings.keys(owner.account_id) == [key]
    assert house.holdings.keys(thief.account_id) == []


def test_a_key_that_is_not_there_is_not_there(house: House) -> None:
    member = house.member()
    with pytest.raises(NotThere):
        house.holdings.revoke_key(member.account_id, keys.digest(keys.make()), NOW)


def test_a_use_is_noted_once_an_hour(house: House) -> None:
    text = keys.make()
    member = house.member()
    house.holdings.add_key(member.account_id, text, "one", NOW)

    def call(at: float) -> int:
        house.books.ledger.count(house.books.ledger.identify(keys.digest(text)), "a", at)
        [key] = house.holdings.keys(member.account_id)
        return key.last_used_at

    assert house.holdings.keys(member.account_id)[0].last_used_at == 0
    noted = [call(NOW + later_s) for later_s in (0, 60, tariff.USE_NOTED_S - 1, tariff.USE_NOTED_S)]
    assert noted == [int(NOW)] * 3 + [int(NOW) + tariff.USE_NOTED_S]


def test_a_call_that_took_long_sets_no_later_use_back(house: House) -> None:
    text = keys.make()
    member = house.member()
    house.holdings.add_key(member.account_id, text, "one", NOW)
    caller = house.books.ledger.identify(keys.digest(text))
    for at in (NOW + 60, NOW):
        house.books.ledger.count(caller, "a", at)
    assert house.holdings.keys(member.account_id)[0].last_used_at == NOW + 60


# ---- statements ---------------------------------------------------------------------------------------


def test_a_statement_is_read_in_pages_and_misses_nothing(house: House) -> None:
    """More entries than a page within one second, and pages of every size."""
    member = house.member()
    house.books.register.grant(member.account_id, 10, "a gift", NOW - 5)
    for number in range(7):
        house.books.register.grant(member.account_id, number + 1, f"{number}", NOW)
    house.books.register.grant(member.account_id, 10, "the last", NOW + 5)
    whole = house.holdings.page(member.account_id, 100, None)
    assert [entry.note for entry in whole.entries[::8]] == ["the last", "a gift"]
    assert whole.last is None
    assert sorted(whole.entries, key=str) == sorted(house.books.register.statement(member.account_id), key=str)
    for size in (1, 2, 3, 8, 9):
        found: list[Entry] = []
        after = None
        while True:
            page = house.holdings.page(member.account_id, size, after)
            assert 0 < len(page.entries) <= size
            found += page.entries
            if page.last is None:
                break
            after = Entry(page.last.row, 0, page.last.at, "")
        assert found == list(whole.entries)


def test_a_statement_holds_the_owners_rows_alone(house: House) -> None:
    mine, other = house.member(), house.member()
    house.books.register.grant(other.account_id, 5, "not mine", NOW)
    assert house.holdings.page(mine.account_id, 10, None).entries == ()
    [entry] = house.holdings.page(other.account_id, 10, None).entries
    assert house.holdings.page(mine.account_id, 10, entry).entries == ()


# ---- usage --------------------------------------------------------------------------------------------


def test_usage_is_counted_by_the_day_of_the_call(house: House) -> None:
    member, text = house.member(), keys.make()
    house.holdings.add_key(member.account_id, text, "one", NOW)
    house.books.register.grant(member.account_id, 100, "", NOW)
    caller = house.books.ledger.identify(keys.digest(text))
    midnight = 86400 * (NOW // 86400)
    for at, credits in ((midnight - 86400, 2), (midnight - 1, 1), (midnight, 1), (midnight + 1, 3)):
        house.books.ledger.debit(caller, plain(credits), at, time.time() + 20)
    today = day_of(midnight)
    assert house.holdings.usage(member.account_id, days_until(midnight, 4)) == [
        Usage(today - timedelta(3)),
        Usage(today - timedelta(2)),
        Usage(today - timedelta(1), calls=2, credits=3),
        Usage(today, calls=2, credits=4),
    ]
    assert house.books.is_balanced(member.account_id)


def test_a_repeat_and_a_call_that_could_not_pay_are_no_usage(house: House) -> None:
    member, text = house.member(), keys.make()
    house.holdings.add_key(member.account_id, text, "one", NOW)
    house.books.register.grant(member.account_id, 1, "", NOW)
    caller = house.books.ledger.identify(keys.digest(text))
    for charge in (idempotent("k"), idempotent("k"), plain(5)):
        at_once(1, lambda _, charge=charge: house.books.ledger.debit(caller, charge, NOW, time.time() + 20))  # type: ignore[misc]
    [usage] = house.holdings.usage(member.account_id, days_until(NOW, 1))
    assert (usage.calls, usage.credits) == (1, 1)


def test_calls_at_once_are_all_counted(house: House) -> None:
    member, text = house.member(), keys.make()
    house.holdings.add_key(member.account_id, text, "one", NOW)
    house.books.register.grant(member.account_id, 30, "", NOW)
    caller = house.books.ledger.identify(keys.digest(text))
    results = at_once(40, lambda _: house.books.ledger.debit(caller, plain(), NOW, time.time() + 20), threads=16)
    assert kinds(results) == {"ok": 30, "NoCredits": 10}
    assert house.holdings.usage(member.account_id, days_until(NOW, 1)) == [Usage(day_of(NOW), 30, 30)]


# ---- the end ------------------------------------------------------------------------------------------


def test_a_closed_account_has_no_live_key_and_gets_none_and_keeps_its_books(house: House) -> None:
    member, text = house.member(), keys.make()
    house.holdings.add_key(member.account_id, text, "one", NOW)
    house.key(member, "two")
    house.books.register.grant(member.account_id, 5, "", NOW)
    caller = house.books.ledger.identify(keys.digest(text))
    for _ in range(2):
        house.holdings.close(member.account_id, NOW)
    assert all(key.revoked_at for key in house.holdings.keys(member.account_id))
    with pytest.raises(RevokedApiKey):
        house.books.ledger.identify(keys.digest(text))
    with pytest.raises(NotThere):
        house.key(member, "three")
    with pytest.raises(NotThere):
        house.holdings.claim(member.account_id, digest(), NOW)
    assert house.books.debit(caller, plain()).remaining == 4  # in flight when it was closed
    assert house.books.is_balanced(member.account_id)


def test_keys_made_while_an_account_is_closed_do_not_stay_live(house: House) -> None:
    member = house.member()

    def act(number: int) -> None:
        if number == 5:
            house.holdings.close(member.account_id, NOW)
        else:
            house.key(member, str(number))

    results = at_once(12, act)
    assert set(kinds(results)) <= {"ok", "NotThere", "TooManyKeys"}
    house.holdings.close(member.account_id, NOW)
    assert all(key.revoked_at for key in house.holdings.keys(member.account_id))


def test_what_was_never_opened_cannot_be_closed(house: House) -> None:
    with pytest.raises(NotThere):
        house.holdings.close("acct_nobody", NOW)


def test_an_account_has_at_most_ten_live_keys(house: House) -> None:
    member = house.member()
    results = at_once(15, lambda number: house.key(member, str(number)))
    assert kinds(results) == {"ok": tariff.LIVE_KEYS, "TooManyKeys": 5}
    with pytest.raises(TooManyKeys):
        house.key(member)
