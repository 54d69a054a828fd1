"""The operator's command, as typed: against a store of its own kind, the books looked at from behind."""

import csv
import io
import re
import secrets
import stat
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.admin import cli
from portrait import keys, tariff
from portrait.problems import RevokedApiKey
from portrait.register import Key
from tests.fakes import FakeLedger
from tests.store.books import Books, idempotent, plain
from tests.store.servers import LocalPlace
from tests.store.test_books import moved


@dataclass
class Terminal:
    """Types commands; tells status, output and what was said on stderr."""

    environment: dict[str, str]
    books: Books
    read: Callable[[], tuple[str, str]]

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        status = cli.main(arguments, self.environment)
        return (status, *self.read())

    def ok(self, *arguments: str) -> str:
        status, output, said = self(*arguments)
        assert (status, said) == (0, "")
        return output

    def refused(self, *arguments: str) -> str:
        status, output, said = self(*arguments)
        assert (status, output) == (1, "")
        assert said.endswith(".\n") and said.count("\n") == 1
        return said


@pytest.fixture
def terminal(
    dynoxide: LocalPlace, dynoxide_books: Books, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """Finds the store as a terminal beside a running machine does: by the file that the machine wrote."""
    (tmp_path / "endpoint").write_text(dynoxide.dynamodb_endpoint + "\n")

    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return Terminal({"LOCAL_DATA": str(tmp_path)}, dynoxide_books, read)


@pytest.fixture
def account(terminal: Terminal) -> str:
    name = f"account-{secrets.token_hex(8)}"
    terminal.ok("create-account", name)
    return name


def only_key(terminal: Terminal, account: str) -> Key:
    (key,) = terminal.books.register.keys(account)
    return key


# ---- accounts and credits -----------------------------------------------------------------------------


def test_a_new_account_has_its_free_credits_once(terminal: Terminal, account: str) -> None:
    assert terminal.books.register.balance(account) == tariff.FREE_CREDITS
    assert "there already" in terminal.refused("create-account", account)
    assert terminal.books.register.balance(account) == tariff.FREE_CREDITS


def test_an_account_may_be_opened_without_free_credits(terminal: Terminal) -> None:
    name = secrets.token_hex(8)
    assert terminal.ok("create-account", name, "--without-free-credits") == f"{name}: 0 credits\n"


@pytest.mark.parametrize("name", ["", "a#b", "a\nb", 129 * "a"])
def test_an_account_needs_a_name_that_can_be_told(terminal: Terminal, name: str) -> None:
    with pytest.raises(SystemExit):
        terminal("create-account", name)


def test_credits_are_given_and_taken_back(terminal: Terminal, account: str) -> None:
    assert terminal.ok("grant", account, "50", "--note", "sorry") == f"{account}: 150 credits\n"
    assert terminal.ok("grant", account, "-150") == f"{account}: 0 credits\n"
    assert "holds 0 credits" in terminal.refused("grant", account, "-1")
    assert "no account" in terminal.refused("grant", "nobody", "5")
    with pytest.raises(SystemExit):
        terminal("grant", account, "0")


def test_a_statement_tells_every_row_and_the_balance_after_it(terminal: Terminal, account: str) -> None:
    caller = terminal.books.ledger.identify(keys.digest(terminal.ok("create-key", account).strip()))
    now = time.time() + 1
    for charge in (plain(), idempotent("k")):
        terminal.books.ledger.debit(caller, charge, now, now + 20)
        now += 1
    rows = list(csv.DictReader(io.StringIO(terminal.ok("statement", account, "--csv"))))
    assert [(row["credits"], row["balance"]) for row in rows] == [("100", "100"), ("-1", "99"), ("-1", "98")]
    assert [row["row"].split("#")[0] for row in rows] == ["CLAIM", "CALL", "IDEM"]
    assert rows[1]["note"] == caller.key_prefix
    text = terminal.ok("statement", account)
    assert len(text.splitlines()) == 4
    assert text.endswith(f"{account}: 98 credits\n")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["at"]) for row in rows)
    assert "no account" in terminal.refused("statement", "nobody")


def test_an_audit_is_status_1_where_a_balance_differs(terminal: Terminal, account: str, dynoxide: LocalPlace) -> None:
    assert terminal.ok("audit") == "0 differences\n"
    moved(dynoxide, account, 7)
    status, output, _ = terminal("audit")
    moved(dynoxide, account, -7)
    assert (status, output) == (1, f"{account}: 107 stored, 100 by its rows\n1 differences\n")


# ---- keys ---------------------------------------------------------------------------------------------


def test_a_key_is_printed_once_and_works(terminal: Terminal, account: str) -> None:
    text = terminal.ok("create-key", account, "--name", "laptop").strip()
    assert terminal.books.ledger.identify(keys.digest(text)).account_id == account
    listed = terminal.ok("list-keys", account)
    assert text not in listed
    assert listed.startswith(f"{text[:14]}  live")
    assert "laptop" in listed and keys.digest(text) in listed


def test_a_foreign_key_comes_by_standard_input_or_file(
    terminal: Terminal, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, own = secrets.token_hex(48), secrets.token_hex(48), keys.make()
    monkeypatch.setattr("sys.stdin", io.StringIO(first + "\n"))
    assert first not in terminal.ok("import-key", account)
    for text in (second, own):
        (tmp_path / "key").write_text(text + "\n")
        terminal.ok("import-key", account, "--file", str(tmp_path / "key"), "--name", "old")
    for text in (first, second, own):
        assert terminal.books.ledger.identify(keys.digest(text)).account_id == account
    assert "there already" in terminal.refused("import-key", account, "--file", str(tmp_path / "key"))


def test_what_is_no_key_is_not_imported(terminal: Terminal, account: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("undefined\n")
    assert "That is no key" in terminal.refused("import-key", account, "--file", str(tmp_path / "key"))
    with pytest.raises(SystemExit):
        terminal("import-key", account, secrets.token_hex(48))
    terminal.read()
    assert terminal.ok("list-keys", account) == ""


@pytest.mark.parametrize("name", ["prefix", "digest"])
def test_a_key_is_revoked_and_rated_by_what_is_shown_of_it(terminal: Terminal, account: str, name: str) -> None:
    terminal.ok("create-key", account)
    key = only_key(terminal, account)
    shown = str(getattr(key, name))
    assert "600 a minute" in terminal.ok("set-rate", account, shown, "600")
    assert "revoked" in terminal.ok("revoke-key", account, shown)
    with pytest.raises(RevokedApiKey):
        terminal.books.ledger.identify(key.digest)
    assert "has no key" in terminal.refused("revoke-key", account, "pd_live_nobody")


def test_a_beginning_that_two_keys_share_is_refused(terminal: Terminal, account: str) -> None:
    for _ in range(2):
        terminal.books.register.add_key(account, "abcdef" + secrets.token_hex(45), "", time.time())
    assert "2 keys begin with abcdef" in terminal.refused("revoke-key", account, "abcdef")
    assert all(not key.revoked_at for key in terminal.books.register.keys(account))


def test_a_key_of_another_account_is_out_of_reach(terminal: Terminal, account: str) -> None:
    terminal.ok("create-key", account)
    assert "has no key" in terminal.refused("revoke-key", "another", only_key(terminal, account).prefix)


def test_an_eleventh_key_is_refused(terminal: Terminal, account: str) -> None:
    for _ in range(tariff.LIVE_KEYS):
        terminal.ok("create-key", account)
    assert "10 live keys" in terminal.refused("create-key", account)


def test_a_misspelt_account_is_not_one_without_keys(terminal: Terminal) -> None:
    assert "no account" in terminal.refused("list-keys", "nobody")


# ---- the demo key -------------------------------------------------------------------------------------


def test_the_demo_key_stays_the_same_until_it_is_revoked_or_lost(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "kept" / "demo.key"

    def demo() -> str:
        return terminal.ok("demo-key", "--file", str(file)).strip()

    first = demo()
    assert terminal.books.ledger.identify(keys.digest(first)).account_id == "demo"
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (first + "\n", 0o600)
    assert demo() == first
    terminal.books.register.revoke_key(keys.digest(first), time.time())
    second = demo()
    assert second != first
    for _ in range(tariff.LIVE_KEYS + 1):  # the account never fills up with keys whose text is lost
        file.unlink()
        assert terminal.books.ledger.identify(keys.digest(demo()))
    with pytest.raises(RevokedApiKey):
        terminal.books.ledger.identify(keys.digest(second))


def test_the_demo_account_gets_its_free_credits_once_and_says_when_they_are_spent(
    terminal: Terminal, tmp_path: Path
) -> None:
    arguments = ("demo-key", "--file", str(tmp_path / "demo.key"))
    terminal(*arguments)
    left = terminal.books.register.balance("demo")
    terminal.ok("grant", "demo", str(-left))
    status, output, said = terminal(*arguments)
    assert (status, keys.is_well_formed(output.strip())) == (0, True)
    assert "no credits left" in said
    assert terminal.books.register.balance("demo") == 0
    terminal.ok("grant", "demo", "100")


def test_free_credits_are_claimed_where_an_earlier_run_was_cut_off(tmp_path: Path) -> None:
    fake = FakeLedger()
    fake.create_account("demo", time.time())
    options = Namespace(file=tmp_path / "demo.key")
    for _ in range(2):
        assert cli.demo_key(fake, options) == 0
    assert fake.balance("demo") == tariff.FREE_CREDITS


# ---- the store ----------------------------------------------------------------------------------------


def test_without_a_store_one_sentence_says_what_to_do(terminal: Terminal, tmp_path: Path) -> None:
    terminal.environment = {"LOCAL_DATA": str(tmp_path / "nowhere")}
    assert "make run" in terminal.refused("audit")


def test_a_store_that_does_not_answer_is_said_in_one_sentence(terminal: Terminal) -> None:
    terminal.environment["DYNAMODB_ENDPOINT"] = "http://127.0.0.1:1"
    assert "did not answer" in terminal.refused("audit")


def test_a_deployment_is_named_by_its_whole_environment(terminal: Terminal) -> None:
    terminal.environment = {"KEYS_TABLE": "KeysTable", "LEDGER_TABLE": "LedgerTable"}
    assert "COUNTERS_TABLE is not set" in terminal("audit")[2]
    terminal.environment |= {"COUNTERS_TABLE": "CountersTable"}
    assert "AWS_REGION is not set" in terminal("audit")[2]
