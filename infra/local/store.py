"""A DynamoDB-compatible store for this machine: started, asked whether it is there, given its tables, stopped.

Two are known; which one runs is a matter of what could be installed here. See docs/adr on the embedded store.
"""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import processes
from infra.local.intrinsics import PSEUDO_PARAMETERS
from infra.local.template import Table

REGION: Final = str(PSEUDO_PARAMETERS["AWS::Region"])
START_WITHIN_S: Final = 20.0
DUMMY_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
"""For our own store only: it asks for a signature and looks at none."""


class StoreError(Exception):
    """The store cannot be used. One sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    """A store that can be started here, and what may be expected of it."""

    name: str
    keeps: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


def choose(directory: Path | None, port: int, packages: Path) -> Program:
    """The best store that is installed. `directory` keeps the data; None: in memory. `packages`: node_modules."""
    found = sorted(packages.glob("@dynoxide/*/dynoxide"))
    if found:
        kept = ("--db-path", str(directory / "dynoxide.db")) if directory else ()
        return Program(
            name="dynoxide",
            keeps="every acknowledged write, also over kill -9" if directory else "nothing: it is in memory",
            command=(str(found[0]), "--host", "127.0.0.1", "--port", str(port), *kept),
            environment={},
        )
    kept_state = {"PERSIST_STATE": "1", "STATE_DIR": str(directory)} if directory else {}
    return Program(
        name="ministack (dynoxide is not installed)",
        keeps="its data over a clean stop only, NOT over kill -9" if directory else "nothing: it is in memory",
        command=(processes.PYTHON, "-m", "ministack"),
        environment={"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "dynamodb", **kept_state},
    )


class Store:
    """A running store: where it answers, as what one signs there, and how it is stopped."""

    def __init__(self, endpoint: str, region: str, credentials: Mapping[str, str], told: str) -> None:
        self.endpoint = endpoint
        self.region = region
        self.credentials = credentials
        self.told = told
        self.process: asyncio.subprocess.Process | None = None

    @classmethod
    async def start(cls, directory: Path | None, root: Path, log: Path) -> "Store":
        """Start the embedded store on a free port. Raises StoreError."""
        if directory:
            directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        program = choose(directory, port, root / "node_modules")
        told = f"{program.name}, keeps {program.keeps}"
        store = cls(f"http://127.0.0.1:{port}", REGION, DUMMY_CREDENTIALS, told)
        with log.open("ab") as output:
            store.process = await processes.start(
                program.command, {**_surroundings(), **program.environment}, root, output
            )
        try:
            await _answering(store.process, port, program.name, log)
        except BaseException:
            await store.stop()
            raise
        return store

    @classmethod
    def elsewhere(cls, endpoint: str, environment: Mapping[str, str]) -> "Store":
        """A store that somebody else runs: DynamoDB Local, or AWS. Signed for with the caller's own credentials."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "HOME")
        credentials = {name: environment[name] for name in names if name in environment}
        return cls(endpoint, environment.get("AWS_REGION", REGION), credentials, "of somebody else")

    async def stop(self) -> None:
        if self.process:
            await processes.stop(self.process)


class Tables(Protocol):
    """The calls of boto3's DynamoDB client that make tables."""

    def list_tables(self) -> Any: ...
    def create_table(self, **arguments: Any) -> Any: ...
    def describe_table(self, **arguments: Any) -> Any: ...
    def update_table(self, **arguments: Any) -> Any: ...
    def update_time_to_live(self, **arguments: Any) -> Any: ...
    def get_waiter(self, name: Any) -> Any: ...


def client(endpoint: str, credentials: Mapping[str, str], region: str) -> Any:
    """boto3's DynamoDB client for a store."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=credentials.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=credentials.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3}),
    )


def make_tables(dynamodb: Tables, tables: Sequence[Table], only_look: bool = False) -> None:
    """Create what is not there: tables, and indexes of tables that an earlier release made.

    `only_look`, where tables belong to a deployment: one that is missing is an error.
    Raises StoreError, also where the store does not answer or the credentials are not good.
    """
    try:
        there = set(dynamodb.list_tables()["TableNames"])
        missing = [table for table in tables if table.name not in there]
        if missing and only_look:
            raise StoreError(f"The store has no table {missing[0].name}: KEYS_TABLE and the like name others.")
        for table in missing:
            _make_table(dynamodb, table)
        for table in tables:
            if not only_look:
                _make_indexes(dynamodb, table)
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"The store cannot be used: {error}") from error


def _make_table(dynamodb: Tables, table: Table) -> None:
    dynamodb.create_table(**table.definition)
    dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    if table.expires_by:
        expiry = {"Enabled": True, "AttributeName": table.expires_by}
        dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=expiry)


def _make_indexes(dynamodb: Tables, table: Table) -> None:
    """One at a time, as DynamoDB wants it. Items that are there are in the index as soon as it is made."""
    known = dynamodb.describe_table(TableName=table.name)["Table"].get("GlobalSecondaryIndexes", [])
    names = {index["IndexName"] for index in known}
    for index in table.definition.get("GlobalSecondaryIndexes", []):
        if index["IndexName"] not in names:
            dynamodb.update_table(
                TableName=table.name,
                AttributeDefinitions=table.definition["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _surroundings() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


async def _answering(process: asyncio.subprocess.Process, port: int, name: str, log: Path) -> None:
    """Wait until the port is open. Raises StoreError where the process ends or is too slow."""
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
    except TimeoutError:
        pass
    raise StoreError(f"The store ({name}) did not start: {log} tells why.")
