"""Every sample of docs/samples, run as its first lines say: it does what it promises, and tells what went wrong.

Swift alone is not run: Debian has no compiler for it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.local_machine import Machine
from tests.e2e.test_clients import assert_depth_map

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"

pytestmark = pytest.mark.e2e


def build(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def of_shell(sample: Path, folder: Path) -> list[str]:
    return ["sh", str(sample)]


def of_python(sample: Path, folder: Path) -> list[str]:
    return [sys.executable, str(sample)]


def of_javascript(sample: Path, folder: Path) -> list[str]:
    return ["node", str(sample)]


def of_php(sample: Path, folder: Path) -> list[str]:
    return ["php", str(sample)]


def of_go(sample: Path, folder: Path) -> list[str]:
    build("go", "build", "-o", str(folder / "go"), str(sample))
    return [str(folder / "go")]


def of_kotlin(sample: Path, folder: Path) -> list[str]:
    build("kotlinc", str(sample), "-include-runtime", "-d", str(folder / "depth.jar"))
    return ["java", "-jar", str(folder / "depth.jar")]


def of_csharp(sample: Path, folder: Path) -> list[str]:
    build("mcs", "-langversion:7.2", "-r:System.Net.Http.dll", f"-out:{folder / 'depth.exe'}", str(sample))
    return ["mono", str(folder / "depth.exe")]


RUN: dict[str, Callable[[Path, Path], list[str]]] = {
    "curl.sh": of_shell,
    "python.py": of_python,
    "javascript.mjs": of_javascript,
    "php.php": of_php,
    "go.go": of_go,
    "kotlin.kt": of_kotlin,
    "csharp.cs": of_csharp,
}
NEEDS_APT = ("php.php", "go.go", "kotlin.kt", "csharp.cs")
NOT_RUN = {"swift.swift"}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.outside if name in NEEDS_APT else ()) for name in RUN],
)
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What starts the sample, compiled where it must be."""
    name: str = request.param
    return RUN[name](SAMPLES / name, tmp_path_factory.mktemp("sample"))


def run(command: list[str], url: str, key: str, picture: Path, result: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PORTRAIT_DEPTH_URL": url, "PORTRAIT_DEPTH_KEY": key}
    asked = [*command, str(picture), str(result)]
    return subprocess.run(asked, check=False, env=environment, capture_output=True, text=True, timeout=60)


def test_it_turns_a_portrait_into_its_depth_map(
    command: list[str], machine: Machine, key: str, portrait: Path, tmp_path: Path
) -> None:
    told = run(command, machine.url, key, portrait, tmp_path / "depth.jpg")
    assert (told.returncode, told.stdout) == (0, "99 credits left\n"), told.stderr
    assert_depth_map((tmp_path / "depth.jpg").read_bytes(), portrait)


def test_it_says_in_our_words_what_was_refused(
    command: list[str], machine: Machine, portrait: Path, tmp_path: Path
) -> None:
    told = run(command, machine.url, "undefined", portrait, tmp_path / "depth.jpg")
    assert told.returncode == 1
    assert "403" in told.stderr and "Invalid api key" in told.stderr
    assert not (tmp_path / "depth.jpg").exists()


def test_it_says_that_nobody_answers(command: list[str], portrait: Path, tmp_path: Path) -> None:
    told = run(command, "http://127.0.0.1:1", "undefined", portrait, tmp_path / "depth.jpg")
    assert told.returncode == 1
    assert re.search("connect", told.stderr, re.IGNORECASE) or "fetch failed" in told.stderr
    assert not (tmp_path / "depth.jpg").exists()


def test_no_sample_is_left_out() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(RUN) | NOT_RUN
