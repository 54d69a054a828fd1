"""Secrets are read from where a setting points."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from portrait import vault
from portrait.settings import SettingsError

ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:IdentitySecret-a1b2c3"


class SecretsManager(BaseHTTPRequestHandler):
    """As much of AWS's service as answers one question, over a real socket."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.headers["X-Amz-Target"], body["SecretId"]))
        answer = json.dumps({"Name": "x", "SecretString": "of AWS"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[SecretsManager]]:
    server = HTTPServer(("127.0.0.1", 0), SecretsManager)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    yield SecretsManager
    server.shutdown()
    server.server_close()


def test_a_secret_of_aws_is_asked_for_by_its_arn(secrets_manager: type[SecretsManager]) -> None:
    assert vault.secret(ARN, "eu-central-1", "IDENTITY_SECRET") == "of AWS"
    assert secrets_manager.asked == [("secretsmanager.GetSecretValue", ARN)]


def test_a_secret_of_this_machine_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "identity.secret"
    file.write_text("of this machine\n")
    assert vault.secret(f"file:{file}", "eu-central-1", "IDENTITY_SECRET") == "of this machine"


def test_an_empty_secret_hashes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "identity.secret"
    file.write_text("\n")
    with pytest.raises(SettingsError, match="IDENTITY_SECRET points to an empty secret"):
        vault.secret(f"file:{file}", "eu-central-1", "IDENTITY_SECRET")


def test_a_secret_that_is_nowhere_ends_the_cold_start() -> None:
    with pytest.raises(SettingsError, match="IDENTITY_SECRET is not set"):
        vault.secret("", "eu-central-1", "IDENTITY_SECRET")
    with pytest.raises(OSError):
        vault.secret("file:/nowhere", "eu-central-1", "IDENTITY_SECRET")
