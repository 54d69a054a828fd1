"""The three tables, and how they are reached.

    keys       key_digest -> account_id, prefix, name, calls_per_minute, created_at, call_id; revoked_at once revoked;
                             last_used_at, noted once an hour
               index by_account (account_id, created_at), for lists: it lags behind, so no call reads it
    ledger     account_id, row -> the account itself in row ACCOUNT: credits, live_keys, created_at; closed_at
                                  its usage in row DAY#<date, UTC>: calls, spent
                                  every other row, see portrait.ledger: credits, at, call_id, note; fingerprint
               index by_time (account_id, at) holds those, for statements: what has no `at` is not in it
    counters   counter -> RATE#<key digest>#<endpoint>#<minute>: used
                          REPEAT#<account_id>#<row>: call_ids, a set, so that counting a call twice counts it once
                          ALLOWED#<what, by whom>#<seconds>#<window>: used
               all with expires_at, which DynamoDB obeys hours late: whoever reads compares it

Times are whole seconds since 1970.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portrait.problems import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT_ROW: Final = "ACCOUNT"
DAY_ROW: Final = "DAY#"
CONNECT_S: Final = 1.0
READ_S: Final = 2.0
"""DynamoDB answers in milliseconds. What takes this long is lost, and there is time to ask again."""
READ_ATTEMPTS: Final = 3
BATCH: Final = 100
"""Items that one BatchGetItem may ask for."""

Item = dict[str, Any]
"""An item or a key in DynamoDB's own notation."""


class Place(Protocol):
    """Where the tables are: `Settings`, or whatever else knows. `dynamodb_endpoint` None: AWS's own."""

    @property
    def keys_table(self) -> str: ...
    @property
    def ledger_table(self) -> str: ...
    @property
    def counters_table(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def dynamodb_endpoint(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Store:
    """Table names, and two clients: one that tries again by itself, one that leaves that to us."""

    keys_table: str
    ledger_table: str
    counters_table: str
    patient: "DynamoDBClient"
    """For reads and counters: botocore's standard retries, with their jitter."""
    single: "DynamoDBClient"
    """For transactions: one attempt. Whether another may follow, and until when, is decided by who sends it."""

    @classmethod
    def at(
        cls,
        place: Place,
        credentials: tuple[str, str] | None = None,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
    ) -> "Store":
        """Connect to nothing yet: the clients do at their first request.

        `credentials`: access key and its secret, where they are not those of the environment or the machine's role.
        """
        access_key, secret = credentials or (None, None)
        session = boto3.session.Session(access_key, secret, region_name=place.region)

        def client(attempts: int) -> "DynamoDBClient":
            config = Config(
                connect_timeout=connect_s,
                read_timeout=read_s,
                retries={"mode": "standard", "total_max_attempts": attempts},
                tcp_keepalive=True,
            )
            return session.client("dynamodb", endpoint_url=place.dynamodb_endpoint, config=config)

        return cls(
            place.keys_table, place.ledger_table, place.counters_table, client(READ_ATTEMPTS), client(attempts=1)
        )

    def read(self, table: str, key: Item) -> Item | None:
        """One item, consistently; None where there is none. Raises Unavailable."""
        return _read(self.patient, table, key)

    def read_once(self, table: str, key: Item) -> Item | None:
        """The same in one attempt: after a debit was sent, a caller waits and the clock runs out."""
        return _read(self.single, table, key)

    def read_all(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """Those items that are there, consistently, in any order. Raises Unavailable."""
        found: list[Item] = []
        for begin in range(0, len(keys), BATCH):
            wanted: dict[str, Any] = {table: {"Keys": keys[begin : begin + BATCH], "ConsistentRead": True}}
            while wanted:
                with answering():
                    answer = self.patient.batch_get_item(RequestItems=wanted)
                found += answer["Responses"].get(table, [])
                wanted = cast(dict[str, Any], answer["UnprocessedKeys"])
        return found

    def pages(self, operation: Callable[..., Any], **request: Any) -> Iterator[Item]:
        """The items of a Query or Scan, page after page. Raises Unavailable."""
        while True:
            with answering():
                page = operation(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _read(client: "DynamoDBClient", table: str, key: Item) -> Item | None:
    with answering():
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return cast(Item | None, found.get("Item"))


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """The vendor's errors, told as ours. Only around what changes nothing that must be certain."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unavailable() from error


def text(value: str) -> Item:
    return {"S": value}


def number(value: int) -> Item:
    return {"N": str(value)}


def text_of(item: Item, name: str) -> str:
    """An attribute, empty where the item has none."""
    return str(item.get(name, {}).get("S", ""))


def number_of(item: Item | None, name: str) -> int:
    """An attribute, 0 where the item has none or there is no item."""
    return int((item or {}).get(name, {}).get("N", 0))


def key_key(key_digest: str) -> Item:
    return {"key_digest": text(key_digest)}


def row_key(account_id: str, row: str = ACCOUNT_ROW) -> Item:
    return {"account_id": text(account_id), "row": text(row)}


def day_row(day: date) -> str:
    return f"{DAY_ROW}{day.isoformat()}"


def is_failed_condition(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
