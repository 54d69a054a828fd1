"""A bad deployment fails at cold start and says which variable is wrong."""

from pathlib import Path

import pytest

from portrait.settings import Settings, SettingsError

GOOD = {
    "KEYS_TABLE": "keys",
    "LEDGER_TABLE": "ledger",
    "COUNTERS_TABLE": "counters",
    "AWS_REGION": "eu-central-1",
    "RELEASE": "0.1.0",
    "MODELS": f"depth@{'a' * 64},matte@{'b' * 64}",
    "DOCS_URL": "https://example.com/docs",
}


def test_a_good_environment_is_read_with_its_defaults() -> None:
    settings = Settings.read(GOOD)
    assert settings.models == (("depth", "a" * 64), ("matte", "b" * 64))
    assert settings.models_dir == Path("models")
    assert (settings.dynamodb_endpoint, settings.answer_bytes, settings.tracing) == (None, 0, False)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        Settings.read({**GOOD, name: ""})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MODELS", "depth"),
        ("MODELS", "depth@123"),
        ("DOCS_URL", "http://example.com"),
        ("ANSWER_BYTES", "many"),
        ("ANSWER_BYTES", "-1"),
        ("TRACING", "yes"),
        ("SITE_URL", "http://example.com"),
        ("SITE_URL", "https://example.com/"),
        ("SITE_URL", "https://example.com/path"),
        ("SITE_URL", "https://example.com?x"),
        ("SITE_URL", "https://Example.com"),
        ("SITE_URL", "https://example.com:443"),
        ("SITE_URL", "https://b\u00fccher.example"),
    ],
)
def test_a_malformed_variable_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is malformed"):
        Settings.read({**GOOD, name: text})
