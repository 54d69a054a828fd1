"""The embedded store: which one, its tables, and what is left of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local import processes, store, template
from infra.local.store import Store, StoreError

ROOT = Path(__file__).parents[2]
TABLES = template.read(ROOT / "tests/unit/local_stand_in.yaml", {}).tables
ITEM = {"key_digest": {"S": "a"}}


def installed() -> list[Path]:
    """Roots under which one of the two stores is chosen; the second always can be, it is a Python package."""
    return [ROOT, Path("/nonexistent")]


@asynccontextmanager
async def running(directory: Path | None, root: Path, tmp_path: Path) -> AsyncIterator[tuple[Store, Any]]:
    packages = ROOT if root == ROOT else tmp_path
    there = await Store.start(directory, packages, tmp_path / "store.log")
    try:
        yield there, store.client(there.endpoint, there.credentials, "us-east-1")
    finally:
        await there.stop()


@pytest.mark.parametrize("root", installed(), ids=["first choice", "second choice"])
def test_tables_of_the_template_are_made_once(root: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(None, root, tmp_path) as (_, dynamodb):
            store.make_tables(dynamodb, TABLES)
            dynamodb.put_item(TableName="KeysTable", Item=ITEM)
            store.make_tables(dynamodb, TABLES)
            assert dynamodb.get_item(TableName="KeysTable", Key=ITEM)["Item"] == ITEM
            made = dynamodb.describe_table(TableName="KeysTable")["Table"]
            assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == ["by_account"]
            expiry = dynamodb.describe_time_to_live(TableName="KeysTable")["TimeToLiveDescription"]
            assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")

    asyncio.run(story())


@pytest.mark.parametrize("root", installed(), ids=["first choice", "second choice"])
def test_a_table_of_an_earlier_release_is_given_the_index_that_it_lacks(root: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(None, root, tmp_path) as (_, dynamodb):
            [keys] = [table for table in TABLES if table.name == "KeysTable"]
            older = {name: value for name, value in keys.definition.items() if name != "GlobalSecondaryIndexes"}
            hashed = [own for own in older["AttributeDefinitions"] if own["AttributeName"] == "key_digest"]
            dynamodb.create_table(**{**older, "AttributeDefinitions": hashed})
            item = {**ITEM, "account_id": {"S": "one"}, "created_at": {"N": "7"}}
            dynamodb.put_item(TableName="KeysTable", Item=item)
            store.make_tables(dynamodb, TABLES)
            store.make_tables(dynamodb, TABLES)
            found = dynamodb.query(
                TableName="KeysTable",
                IndexName="by_account",
                KeyConditionExpression="account_id = :one",
                ExpressionAttributeValues={":one": {"S": "one"}},
            )
            assert found["Items"] == [item]

    asyncio.run(story())


@pytest.mark.parametrize("root", installed(), ids=["first choice", "second choice"])
def test_data_is_there_after_a_clean_stop(root: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path / "data", root, tmp_path) as (_, dynamodb):
            store.make_tables(dynamodb, TABLES)
            dynamodb.put_item(TableName="KeysTable", Item=ITEM)
        async with running(tmp_path / "data", root, tmp_path) as (_, dynamodb):
            assert dynamodb.get_item(TableName="KeysTable", Key=ITEM)["Item"] == ITEM

    asyncio.run(story())


def test_the_first_choice_keeps_what_it_says_it_keeps_over_a_kill(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path / "data", ROOT, tmp_path) as (there, dynamodb):
            if "kill -9" not in there.told or "NOT" in there.told:
                pytest.skip("the store that is installed here makes no such promise")
            store.make_tables(dynamodb, TABLES)
            dynamodb.put_item(TableName="KeysTable", Item=ITEM)
            assert there.process
            await processes.kill(there.process)
        async with running(tmp_path / "data", ROOT, tmp_path) as (_, dynamodb):
            assert dynamodb.get_item(TableName="KeysTable", Key=ITEM)["Item"] == ITEM

    asyncio.run(story())


def test_a_deployment_s_tables_are_looked_for_and_never_made(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(None, ROOT, tmp_path) as (_, dynamodb):
            with pytest.raises(StoreError, match="KeysTable"):
                store.make_tables(dynamodb, TABLES, only_look=True)
            assert dynamodb.list_tables()["TableNames"] == []

    asyncio.run(story())


def test_a_store_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "dynoxide.db").write_bytes(b"no database" * 100)

    async def story() -> None:
        if not list((ROOT / "node_modules").glob("@dynoxide/*/dynoxide")):
            pytest.skip("the first choice is not installed here")
        with pytest.raises(StoreError, match=r"did not start: .*store\.log"):
            await Store.start(directory, ROOT, tmp_path / "store.log")

    asyncio.run(story())


def test_a_store_that_does_not_answer_is_said_in_a_sentence() -> None:
    dynamodb = store.client(f"http://127.0.0.1:{store.free_port()}", store.DUMMY_CREDENTIALS, "us-east-1")
    with pytest.raises(StoreError, match=r"The store cannot be used: .*127\.0\.0\.1"):
        store.make_tables(dynamodb, TABLES)


def test_a_store_elsewhere_is_signed_for_with_the_caller_s_own_credentials() -> None:
    given = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "EDITOR": "vi",
    }
    there = Store.elsewhere("https://dynamodb.eu-west-1.amazonaws.com", given)
    assert there.region == "eu-west-1"
    assert there.credentials == {"AWS_ACCESS_KEY_ID": "theirs", "AWS_SECRET_ACCESS_KEY": "secret"}
