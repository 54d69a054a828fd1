"""The client, and items in and out of DynamoDB's typed form."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portrait.problems import Unavailable
from portrait.settings import Settings

Item = Mapping[str, Any]
"""An item as DynamoDB writes it: {"credits": {"N": "100"}}."""

CONNECT_S: Final = 1.0
READ_S: Final = 2.0
"""DynamoDB answers in milliseconds; what takes seconds is lost, and a caller is waiting."""

THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "TransactionConflictException",
    }
)
"""Refused for now and not done: safe to send again."""

BUSY: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""The same, as the reasons of a cancelled transaction write it."""

FAILED: Final = frozenset(
    {"InternalServerError", "InternalFailure", "ServiceUnavailable", "TransactionInProgressException"}
)
"""Failed on the other side, done or not."""


def connect(settings: Settings, attempts: int) -> Any:
    """boto3's client, which tries each request so many times."""
    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.client("dynamodb", region_name=settings.region, endpoint_url=settings.dynamodb_endpoint, config=config)


def item(**values: str | int) -> dict[str, dict[str, str]]:
    """Strings and numbers in DynamoDB's typed form."""
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in values.items()}


def text(values: Item, name: str) -> str:
    """An attribute's string; empty where it is not there."""
    return str(values.get(name, {}).get("S", ""))


def number(values: Item, name: str) -> int:
    """An attribute's number; 0 where it is not there."""
    return int(values.get(name, {}).get("N", 0))


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def is_refused_condition(error: ClientError) -> bool:
    return code(error) == "ConditionalCheckFailedException"


def cancellations(error: ClientError) -> list[str]:
    """Why each part of a transaction was refused; `None` for a part that was not. Empty for any other error."""
    return [str(reason.get("Code", "None")) for reason in error.response.get("CancellationReasons", [])]


@contextmanager
def answering() -> Iterator[None]:
    """A store that does not answer, or refuses for now, is Unavailable. For work that may be done twice, or not at all.

    Conditions that were not met, and mistakes of ours, pass through.
    """
    try:
        yield
    except ClientError as error:
        if code(error) in THROTTLED | FAILED:
            raise Unavailable() from error
        raise
    except BotoCoreError as error:
        raise Unavailable() from error
