"""What the pages say about limits and refusals is what the service does."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from portrait import tariff

PLAYGROUND = Path("infra/web/playground").resolve()
OF_OTHER_CALLERS = {"method_not_allowed", "not_acceptable", "invalid_option", "refused"}
"""The playground sends one method, one option, and no Accept of its own."""


def _told(module: str, expression: str) -> Any:
    """What an expression over a module of the playground comes to."""
    script = f"import * as it from {json.dumps(str(PLAYGROUND / module))}; console.log(JSON.stringify({expression}))"
    command = ["node", "--input-type=module", "--eval", script]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def _codes_of_the_call() -> set[str]:
    contract = yaml.safe_load(Path("infra/openapi.yaml").read_text())
    responses = contract["paths"]["/portrait-depth-estimation/v1"]["post"]["responses"].values()
    names = [response["$ref"].rpartition("/")[2] for response in responses]
    return {code for name in names for code in contract["components"]["responses"][name].get("x-codes", ())}


def test_the_playground_refuses_what_the_service_would_and_nothing_else() -> None:
    assert _told("limits.js", "it.FILE_BYTES") == tariff.FILE_BYTES
    assert _told("limits.js", "it.PIXELS") == tariff.PIXELS


def test_the_pages_say_the_numbers_of_the_tariff() -> None:
    playground = (PLAYGROUND / "page.mjs").read_text()
    assert f"{tariff.PIXELS // 1_000_000} megapixels and {tariff.FILE_BYTES // tariff.MEGABYTE} MB" in playground
    assert f"{tariff.FREE_CREDITS} free credits" in playground
    account = (PLAYGROUND.parent / "account" / "page.mjs").read_text()
    assert f"{tariff.FREE_CREDITS} free credits" in account
    assert f"Up to {tariff.LIVE_KEYS} can be live" in account


@pytest.mark.parametrize("code", sorted(_codes_of_the_call() - OF_OTHER_CALLERS))
def test_there_is_advice_for_each_refusal(code: str) -> None:
    assert _told("advice.js", f"it.adviceFor({{code: {json.dumps(code)}, status: 400}}).text"), code


@pytest.mark.parametrize("name", ["noor", "otto", "gus"])
def test_an_example_has_its_map_of_16_bits_in_its_own_size(name: str) -> None:
    pictures = PLAYGROUND.parent / "pictures"
    with Image.open(pictures / f"{name}.jpg") as picture, Image.open(pictures / f"{name}-depth.png") as depth:
        assert depth.size == picture.size
        assert depth.mode == "I;16"
        least, most = depth.getextrema()
    assert least == 0
    assert most > 60_000
