"""Which store the operator's command speaks to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from portrait.dynamo import DynamoRegister
from portrait.dynamo.store import Store
from portrait.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
LOCAL_TABLES: Final = {"KEYS_TABLE": "KeysTable", "LEDGER_TABLE": "LedgerTable", "COUNTERS_TABLE": "CountersTable"}
"""The names that the local machine gives its tables: their logical ids in template.yaml."""


LOCAL_REGION: Final = "us-east-1"
LOCAL_CREDENTIALS: Final = ("local", "local")
"""The local store wants a signature and checks none."""


class NoStore(Exception):
    """Neither the environment nor a running local machine names a store."""


def open_register(environment: Mapping[str, str]) -> DynamoRegister:
    """The store of the environment, else of the local machine. Raises NoStore, SettingsError."""
    if "KEYS_TABLE" in environment:  # a deployment's, or a worker's surroundings: all of it is named
        return DynamoRegister(_settings(environment))
    file = Path(environment.get("LOCAL_DATA") or ROOT / ".local") / "endpoint"
    endpoint = environment.get("DYNAMODB_ENDPOINT") or (file.read_text().strip() if file.exists() else "")
    if not endpoint:
        raise NoStore("No store: start `make run` first, or set KEYS_TABLE, LEDGER_TABLE and COUNTERS_TABLE.")
    place = _settings({"AWS_REGION": LOCAL_REGION, **environment, **LOCAL_TABLES, "DYNAMODB_ENDPOINT": endpoint})
    has_own = "AWS_ACCESS_KEY_ID" in environment or "AWS_PROFILE" in environment
    return DynamoRegister(Store.at(place, None if has_own else LOCAL_CREDENTIALS))


def _settings(environment: Mapping[str, str]) -> Settings:
    """The functions' settings, with stand-ins for what a terminal does not need."""
    stand_ins = {"RELEASE": "-", "MODELS": "-@" + 64 * "0", "DOCS_URL": "https://localhost"}
    return Settings.read({**stand_ins, **environment})
