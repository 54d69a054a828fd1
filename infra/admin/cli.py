"""Accounts, keys and credits, by the operator's hand.

It speaks to the store that the environment names (KEYS_TABLE, LEDGER_TABLE, COUNTERS_TABLE, AWS_REGION,
DYNAMODB_ENDPOINT); without one, to the store of the `make run` that is running here. A key is printed once, when it is
made, and cannot be shown again.
"""

import argparse
import contextlib
import csv
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from infra.admin.store import NoStore, open_register
from portrait import keys, tariff
from portrait.problems import Problem
from portrait.register import AlreadyThere, BookError, Key, NotThere, Register
from portrait.settings import SettingsError

DEMO: Final = "demo"
DEMO_KEY_NAME: Final = "demo-key"

Command = Callable[[Register, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """0, or 1 with one sentence on stderr; `audit` is 1 where a balance differs."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(open_register(environment), options)
    except (BookError, NoStore, SettingsError, OSError) as error:
        print(error, file=sys.stderr)
    except Problem:
        print("The store did not answer, or refused these credentials: look before you repeat it.", file=sys.stderr)
    return 1


# ---- accounts and credits -----------------------------------------------------------------------------


def create_account(register: Register, options: argparse.Namespace) -> int:
    register.create_account(options.account, time.time())
    if not options.without_free_credits:
        register.claim_free_credits(options.account, time.time())
    print(f"{options.account}: {register.balance(options.account)} credits")
    return 0


def grant(register: Register, options: argparse.Namespace) -> int:
    balance = register.grant(options.account, options.credits, options.note, time.time())
    print(f"{options.account}: {balance} credits")
    return 0


def statement(register: Register, options: argparse.Namespace) -> int:
    """Every row of the account, oldest first, with the balance after it."""
    balance, lines = 0, []
    for entry in register.statement(options.account):
        balance += entry.credits
        lines.append((_time(entry.at), entry.credits, balance, entry.row, entry.note))
    if options.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("at", "credits", "balance", "row", "note"))
        writer.writerows(lines)
    else:
        for at, credits, after, row, note in lines:
            print(f"{at}  {credits:+7}  {after:7}  {row}  {note}")
        print(f"{options.account}: {register.balance(options.account)} credits")
    return 0


def audit(register: Register, options: argparse.Namespace) -> int:
    """Recompute every balance from the ledger."""
    differences = list(register.audit())
    for difference in differences:
        print(f"{difference.account_id}: {difference.stored} stored, {difference.recomputed} by its rows")
    print(f"{len(differences)} differences")
    return 1 if differences else 0


# ---- keys ---------------------------------------------------------------------------------------------


def create_key(register: Register, options: argparse.Namespace) -> int:
    text = keys.make()
    register.add_key(options.account, text, options.name, time.time())
    print(text)
    return 0


def import_key(register: Register, options: argparse.Namespace) -> int:
    """Never from an argument, which would stand in the shell's history and in the list of processes."""
    text = (options.file.read_text() if options.file else sys.stdin.readline()).strip()
    if not keys.is_well_formed(text):
        raise BookError("That is no key: 96 hexadecimal digits, or one of ours, are expected.")
    print(_line(register.add_key(options.account, text, options.name, time.time())))
    return 0


def list_keys(register: Register, options: argparse.Namespace) -> int:
    register.balance(options.account)  # a misspelt account is not one without keys
    for key in register.keys(options.account):
        print(_line(key))
    return 0


def revoke_key(register: Register, options: argparse.Namespace) -> int:
    print(_line(register.revoke_key(_one_key(register, options).digest, time.time())))
    return 0


def set_rate(register: Register, options: argparse.Namespace) -> int:
    print(_line(register.set_rate(_one_key(register, options).digest, options.calls_per_minute)))
    return 0


def demo_key(register: Register, options: argparse.Namespace) -> int:
    """The demo account's key, kept in a file beside the data. Its free credits come once, as everyone's do.

    An account that has spent them stays as it is: whoever tries out the service should meet the 402 that a customer
    would. `grant demo 100` goes on.
    """
    with contextlib.suppress(AlreadyThere):
        register.create_account(DEMO, time.time())
    with contextlib.suppress(AlreadyThere):  # asked for alone: the line above may have been the last of an earlier run
        register.claim_free_credits(DEMO, time.time())
    text = options.file.read_text().strip() if options.file.exists() else ""
    if not _is_live(register, text):
        text = _new_demo_key(register, options.file)
    if register.balance(DEMO) < tariff.CALL_CREDITS:
        print("The demo account has no credits left: `portrait-depth-admin grant demo 100` adds some.", file=sys.stderr)
    print(text)
    return 0


def _new_demo_key(register: Register, file: Path) -> str:
    """Replaces the ones before it: their texts are lost with their file, and an account may have only so many."""
    for key in register.keys(DEMO):
        if key.name == DEMO_KEY_NAME and not key.revoked_at:
            register.revoke_key(key.digest, time.time())
    text = keys.make()
    register.add_key(DEMO, text, DEMO_KEY_NAME, time.time())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text + "\n")
    return text


def _is_live(register: Register, text: str) -> bool:
    try:
        return not register.key(keys.digest(text)).revoked_at
    except NotThere:
        return False


def _one_key(register: Register, options: argparse.Namespace) -> Key:
    """The one key of an account that is shown or known by what was given. Raises NotThere, BookError."""
    found = [key for key in register.keys(options.account) if options.key in (key.digest, key.prefix)]
    if not found:
        raise NotThere(f"Account {options.account} has no key {options.key}.")
    if len(found) > 1:
        raise BookError(f"{len(found)} keys begin with {options.key}: name one by its digest.")
    return found[0]


def _line(key: Key) -> str:
    state = f"revoked {_time(key.revoked_at)}" if key.revoked_at else "live"
    return f"{key.prefix:14}  {state:28}  {key.calls_per_minute:5} a minute  {key.name or '-':16}  {key.digest}"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the command line ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="portrait-depth-admin", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str, account: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        if account:
            sub.add_argument("account", type=_account_id)
        return sub

    opening = add("create-account", create_account, f"open an account with {tariff.FREE_CREDITS} free credits")
    opening.add_argument("--without-free-credits", action="store_true")
    giving = add("grant", grant, "give an account credits; a negative number takes them back")
    giving.add_argument("credits", type=_credits)
    giving.add_argument("--note", default="", help="why; stands in the statement")
    telling = add("statement", statement, "every row of an account's ledger, with the balance after it")
    telling.add_argument("--csv", action="store_true", help="for a spreadsheet")
    add("audit", audit, "recompute every balance from the ledger; status 1 where one differs", account=False)
    making = add("create-key", create_key, "make a key and print it, once")
    importing = add("import-key", import_key, "take over a key of another service, read from standard input")
    importing.add_argument("--file", type=Path, help="read it from a file instead")
    for sub in (making, importing):
        sub.add_argument("--name", default="", help="what the key is for")
    add("list-keys", list_keys, "the keys of an account, oldest first: their beginnings and digests")
    revoking = add("revoke-key", revoke_key, "refuse a key from its next call on")
    rating = add("set-rate", set_rate, f"calls that a key may make a minute ({tariff.CALLS_PER_MINUTE} at first)")
    for sub in (revoking, rating):
        sub.add_argument("key", help="its beginning as list-keys shows it, or its digest")
    rating.add_argument("calls_per_minute", type=_positive)
    demo = add("demo-key", demo_key, "the key of this machine's demo account, made where there is none", account=False)
    demo.add_argument("--file", type=Path, required=True, help="where its text is kept")
    return parser


def _account_id(text: str) -> str:
    if not 1 <= len(text) <= 128 or not text.isprintable() or "#" in text:
        raise argparse.ArgumentTypeError("1 to 128 printable characters, without #")
    return text


def _credits(text: str) -> int:
    number = int(text)
    if not number:
        raise argparse.ArgumentTypeError("not 0")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
