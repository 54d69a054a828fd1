"""The stores that tests share: started when a test first asks, in memory, one of each for the whole run."""

from collections.abc import Iterator

import pytest

from tests.fakes import FakeLedger
from tests.store import servers
from tests.store.books import Books
from tests.store.servers import LocalPlace


@pytest.fixture(scope="session")
def dynoxide() -> Iterator[LocalPlace]:
    with servers.running("dynoxide") as (place, _):
        yield place


@pytest.fixture(scope="session")
def ministack() -> Iterator[LocalPlace]:
    with servers.running("ministack") as (place, _):
        yield place


@pytest.fixture(params=["dynoxide", "ministack"])
def place(request: pytest.FixtureRequest) -> LocalPlace:
    """Each server in turn."""
    found: LocalPlace = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def dynoxide_books(dynoxide: LocalPlace) -> Books:
    return Books.at(dynoxide)


@pytest.fixture(scope="session")
def ministack_books(ministack: LocalPlace) -> Books:
    return Books.at(ministack)


@pytest.fixture(params=["fake", "dynoxide_books", "ministack_books"])
def books(request: pytest.FixtureRequest) -> Books:
    """Every Ledger and Register there is, in turn."""
    if request.param == "fake":
        fake = FakeLedger()
        return Books(fake, fake)
    found: Books = request.getfixturevalue(request.param)
    return found
