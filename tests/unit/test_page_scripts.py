"""The scripts of the pages that need no browser, tested by Node's own runner."""

import subprocess
from pathlib import Path

TESTS = Path(__file__).with_name("web")


def test_the_scripts_of_the_pages_do_what_they_say() -> None:
    files = sorted(str(file) for file in TESTS.glob("*.test.mjs"))
    assert len(files) > 3
    run = subprocess.run(["node", "--test", *files], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
