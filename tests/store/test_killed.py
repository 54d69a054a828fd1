"""The embedded store killed in the middle of load, and started again on what it had written."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from portrait.ledger import Charge
from portrait.problems import Problem
from tests.store import servers
from tests.store.books import Books, plain

THREADS = 8
ENOUGH = 120
"""Acknowledged charges before the kill."""


def test_kill_9_in_the_middle_of_load_loses_no_acknowledged_charge(tmp_path: Path) -> None:
    with servers.running("dynoxide", tmp_path) as (place, process):
        books = Books.at(place)
        caller = books.caller(credits=100_000)
        acknowledged: list[str] = []
        unsure: list[str] = []
        is_enough = threading.Event()

        def charge_on_and_on() -> None:
            while True:
                charge = plain()
                now = time.time()
                try:
                    receipt = books.ledger.debit(caller, charge, now, now + 0.2)
                except Problem:
                    return
                (acknowledged if receipt.certain else unsure).append(charge.row)
                if len(acknowledged) >= ENOUGH:
                    is_enough.set()
                if not receipt.certain:
                    return

        with ThreadPoolExecutor(THREADS) as pool:
            loads = [pool.submit(charge_on_and_on) for _ in range(THREADS)]
            assert is_enough.wait(60)
            process.send_signal(signal.SIGKILL)
            process.wait()
            for load in loads:
                load.result()

        again = servers.start("dynoxide", urlsplit(place.dynamodb_endpoint).port or 0, tmp_path)
        try:
            after = Books.at(place)
            charged = {row for row, credits in after.rows(caller.account_id) if credits == -1}
            assert charged >= set(acknowledged)
            assert charged <= set(acknowledged) | set(unsure)
            assert list(after.register.audit()) == []
            assert after.ledger.balance(caller.account_id) == 100_000 - len(charged)
            assert after.debit(after.ledger.identify(caller.key_digest), Charge.of_call("after", 1)).certain
        finally:
            again.kill()
            again.wait()
