"""Whose key finds the accounts: this machine's own, or that of the deployment whose tables it serves."""

import stat
from pathlib import Path

import pytest

from infra.local.machine import MachineError, Options, identity_secret
from infra.local.store import Store

HERE = Store.elsewhere("http://127.0.0.1:8000", {})
AWS = Store.elsewhere("https://dynamodb.eu-west-1.amazonaws.com", {})
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:IdentitySecret-AbCdEf"


def options(data: Path, **environment: str) -> Options:
    return Options(root=data, data=data, port=0, workers=1, environment=environment)


def test_this_machines_own_key_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    first, second = (identity_secret(options(tmp_path), HERE) for _ in range(2))
    file = Path(first.removeprefix("file:"))
    key = file.read_text()
    assert first == second and len(key.strip()) == 64
    assert identity_secret(options(tmp_path), HERE) == first and file.read_text() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_tables_of_a_deployment_need_its_own_key(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="IDENTITY_SECRET"):
        identity_secret(options(tmp_path), AWS)
    assert list(tmp_path.iterdir()) == []
    assert identity_secret(options(tmp_path, IDENTITY_SECRET=ARN), AWS) == ARN
