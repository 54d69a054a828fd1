"""The environment as one frozen value; the only reader of it. template.yaml sets every name used here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class SettingsError(Exception):
    """A variable is missing or malformed. Names it; raised at cold start, so a bad deployment never serves."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment: where its tables are, which release it is, how large its answers may be."""

    keys_table: str
    ledger_table: str
    counters_table: str
    region: str
    dynamodb_endpoint: str | None
    release: str
    models: tuple[tuple[str, str], ...]
    """Names and SHA-256 (hexadecimal) of the served networks, in the order of template.yaml."""
    models_dir: Path
    """Where the manifests and networks lie; a relative path starts at the function's own folder."""
    docs_url: str
    tracing: bool
    """Whether spans go to AWS X-Ray; off on this machine."""
    answer_bytes: int
    """Largest body of an answer before base64, bytes; 0 where nothing bounds it."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check every variable. Raises SettingsError."""

        def value(name: str, parse: Callable[[str], T], default: str | None = None) -> T:
            text = environment.get(name, "") or default
            if text is None:
                raise SettingsError(f"{name} is not set")
            try:
                return parse(text)
            except ValueError as error:
                raise SettingsError(f"{name} is malformed: {error}") from error

        return cls(
            keys_table=value("KEYS_TABLE", str),
            ledger_table=value("LEDGER_TABLE", str),
            counters_table=value("COUNTERS_TABLE", str),
            region=value("AWS_REGION", str),
            dynamodb_endpoint=environment.get("DYNAMODB_ENDPOINT") or None,
            release=value("RELEASE", str),
            models=value("MODELS", _models),
            models_dir=value("MODELS_DIR", Path, "models"),
            docs_url=value("DOCS_URL", _url),
            tracing=value("TRACING", _switch, "0"),
            answer_bytes=value("ANSWER_BYTES", _count, "0"),
        )


def _models(text: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple(tuple(part.strip().split("@")) for part in text.split(","))
    for pair in pairs:
        if len(pair) != 2 or len(pair[1]) != 64:
            raise ValueError("expected name@sha256,name@sha256")
    return tuple((name, sha256) for name, sha256 in pairs)


def _url(text: str) -> str:
    if not text.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ValueError("expected an https URL")
    return text


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("expected 0 or 1")
    return text == "1"


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("expected 0 or more")
    return number
