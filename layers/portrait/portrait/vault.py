"""Secrets, read once at cold start. The home of boto3's Secrets Manager."""

from pathlib import Path

import boto3
from botocore.config import Config

from portrait.settings import SettingsError


def secret(where: str, region: str, name: str) -> str:
    """The secret that the setting `name` points to: an ARN of Secrets Manager, or on this machine `file:` and a path.

    Raises SettingsError where it points nowhere; the vendor's errors, and OSError, come out as they are.
    """
    if not where:
        raise SettingsError(f"{name} is not set")
    if where.startswith("file:"):
        return Path(where.removeprefix("file:")).read_text().strip()
    config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
    client = boto3.client("secretsmanager", region_name=region, config=config)
    return str(client.get_secret_value(SecretId=where)["SecretString"])
