"""The environment as one frozen value; the only reader of it. template.yaml sets every name used here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

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
    payments_table: str
    """What is known of payments; empty in functions that book none."""
    buying: bool
    """Whether packs are sold. Payments and refunds of what was sold before are booked all the same."""
    stripe_secret: str
    """Where Stripe's two secrets are: an ARN of Secrets Manager, or `file:` and a path; empty: there is no Stripe."""
    stripe_url: str | None
    """Of Stripe's API; None: Stripe's own."""
    tracing: bool
    """Whether spans go to AWS X-Ray; off on this machine."""
    answer_bytes: int
    """Largest body of an answer before base64, bytes; 0 where nothing bounds it."""
    site_url: str
    """Where pages and calls are seen by a browser: scheme, host and port, no path. Empty in functions without pages."""
    identity_table: str
    """Addresses, codes and sessions; empty in functions that ask for none."""
    identity_secret: str
    """Where the key of keyed hashes is: an ARN of Secrets Manager, or `file:` and a path."""
    origin_secret: str
    """Where the secret is that CloudFront proves itself with; empty where there is no CloudFront."""
    mail_from: str
    mail_outbox: Path | None
    """A folder that mail is put into instead of being sent; None on AWS."""

    def needed(self, name: str) -> str:
        """A setting that not every function has, for one that does. Raises SettingsError."""
        text = str(getattr(self, name))
        if not text:
            raise SettingsError(f"{name.upper()} is not set")
        return text

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
            payments_table=environment.get("PAYMENTS_TABLE", ""),
            buying=value("BUYING", _switch, "0"),
            stripe_secret=environment.get("STRIPE_SECRET", ""),
            stripe_url=environment.get("STRIPE_URL") or None,
            tracing=value("TRACING", _switch, "0"),
            answer_bytes=value("ANSWER_BYTES", _count, "0"),
            site_url=value("SITE_URL", _origin, ""),
            identity_table=environment.get("IDENTITY_TABLE", ""),
            identity_secret=environment.get("IDENTITY_SECRET", ""),
            origin_secret=environment.get("ORIGIN_SECRET", ""),
            mail_from=environment.get("MAIL_FROM", ""),
            mail_outbox=Path(environment["MAIL_OUTBOX"]) if environment.get("MAIL_OUTBOX") else None,
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


def _origin(text: str) -> str:
    """As browsers write it in `Origin`, which it is compared with: lower case, and no port where it is https's own."""
    if text and urlsplit(_url(text))._replace(scheme="", netloc="").geturl():
        raise ValueError("expected scheme and host alone")
    if text != text.lower() or text.endswith(":443") or not text.isascii():
        raise ValueError("expected what browsers send as Origin: lower case, no :443, other scripts in punycode")
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
