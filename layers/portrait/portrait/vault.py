"""Secrets, read once at cold start. The home of boto3's Secrets Manager."""

from pathlib import Path

import boto3
from botocore.config import Config

from portrait.settings import SettingsError


def secret(where: str, region: str, name: str) -> str:
    """The secret that the setting `name` points to: an ARN of Secrets Manager, or on this machine `file:` and a path.

    Raises SettingsError where nothing is; the vendor's errors, and OSError, come out as they are.
    """
    if not where:
        raise SettingsError(f"{name} is not set")
    found = _of_file(where) if where.startswith("file:") else _of_aws(where, region)
    if not found:
        raise SettingsError(f"{name} points to an empty secret")
    return found


def _of_file(where: str) -> str:
    return Path(where.removeprefix("file:")).read_text().strip()


def _of_aws(where: str, region: str) -> str:
    config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
    client = boto3.client("secretsmanager", region_name=region, config=config)
    return str(client.get_secret_value(SecretId=where)["SecretString"])
