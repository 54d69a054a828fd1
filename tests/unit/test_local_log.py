"""What of a worker's log a person sees."""

import io
from pathlib import Path

import pytest

from infra.local.log import Log, readable

CALL = (
    '{"level":"INFO","message":"call","method":"POST","path":"/portrait-depth-estimation/v1","status":200,'
    '"outcome":"ok","ms":182.4,"account":"demo"}'
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (CALL, "POST /portrait-depth-estimation/v1 200 ok 182.4 ms"),
        ('{"_aws": {"CloudWatchMetrics": []}, "Calls": 1}', ""),
        ('{"level":"ERROR","message":"fault","exception":"Traceback: x"}', "ERROR fault Traceback: x"),
        ("[ERROR] ValueError: no\rTraceback\r  File", "[ERROR] ValueError: no\n    Traceback\n      File"),
        ("[WARNING] LAMBDA_WARNING: Unhandled exception. The most", ""),
        ("plain words\n", "plain words"),
        ("17", "17"),
        ("\n", ""),
    ],
)
def test_a_line_is_shown_as_far_as_it_says_something(line: str, shown: str) -> None:
    assert readable(line) == shown


def test_every_line_is_kept_as_it_came(tmp_path: Path) -> None:
    terminal = io.StringIO()
    log = Log(tmp_path / "log", terminal)
    lines = [CALL.encode() + b"\n", b'{"_aws": {}}\n', b"\xff\n"]
    for line in lines:
        log.write("DepthFunction", line)
    assert (tmp_path / "log/DepthFunction.log").read_bytes() == b"".join(lines)
    assert len(terminal.getvalue().splitlines()) == 2


def test_one_run_before_this_one_is_kept(tmp_path: Path) -> None:
    log = Log(tmp_path, io.StringIO())
    for text in (b"first", b"second", b"third"):
        log.start_over()
        log.write("F", text)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {"F.log": b"third", "F.log.1": b"second"}
