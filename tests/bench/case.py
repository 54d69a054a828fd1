"""One case in a process of its own, so that its peak memory is its own: `python -m tests.bench.case FILE REPEATS`.

Prints JSON. The call goes through the real handler, rooms and networks; only the ledger is the tests' own, in memory.
The bare figure is Pillow's full decode of the same file and the encoding of its gray picture, in turn with the calls.
"""

import base64
import contextlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from requests_toolbelt import MultipartEncoder

from depth.estimation import Networks
from depth.handler import Handler
from depth.service import Service
from portrait.door import Door
from portrait.settings import Settings
from tests.fakes import FakeLedger
from tests.unit.test_settings import GOOD


def event_of(path: Path, key: str) -> dict[str, Any]:
    """The gateway's event for a multipart upload of a file."""
    with path.open("rb") as file:
        form = MultipartEncoder({"image_file": (path.name, file, "application/octet-stream")})
        body = base64.b64encode(form.read()).decode()
    return {
        "httpMethod": "POST",
        "path": "/portrait-depth-estimation/v1",
        "headers": {"x-api-key": key, "content-type": form.content_type},
        "requestContext": {"requestId": "bench", "requestTimeEpoch": time.time() * 1000},
        "isBase64Encoded": True,
        "body": body,
    }


def bare(path: Path) -> None:
    """The least that any service must do with a picture: read all of it, write a gray one of its size."""
    with Image.open(path) as picture:
        picture.convert("L").save(io.BytesIO(), "JPEG", quality=90)


def peak_kilobytes() -> int:
    """This process's own highest resident size. (`getrusage` also remembers its parent's, from before the exec.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def milliseconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begin)


def measure(path: Path, repeats: int) -> dict[str, Any]:
    """Calls and bare figures in turn; the peak is taken after the first call, before anything bare has run."""
    ledger, key = FakeLedger.with_key(credits=1000)
    settings = Settings.read(GOOD)
    handler = Handler(Door(settings, "bench"), Service(ledger, Networks(settings.models_dir)))

    def call(event: dict[str, Any]) -> None:
        answer = handler(event, None)
        assert answer["statusCode"] == 200, answer

    call(event_of(path, key))
    peak_mb = peak_kilobytes() / 1024
    calls, bares = [], []
    for _ in range(repeats):
        calls.append(milliseconds(partial(call, event_of(path, key))))
        bares.append(milliseconds(partial(bare, path)))
    return {
        "call_ms": round(statistics.median(calls), 1),
        "bare_ms": round(statistics.median(bares), 1),
        "ratio": round(statistics.median(c / b for c, b in zip(calls, bares, strict=True)), 2),
        "peak_mb": round(peak_mb),
    }


def main() -> None:
    path, repeats = Path(sys.argv[1]), int(sys.argv[2])
    log = io.StringIO()
    with contextlib.redirect_stdout(log):  # powertools' logger keeps the stream that it was born with
        row = measure(path, repeats)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    stages = [line["stages_ms"] for line in lines if line.get("message") == "call"][1:]
    row["stages"] = {name: round(statistics.median(stage[name] for stage in stages), 1) for name in stages[0]}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
