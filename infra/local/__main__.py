"""`python -m infra.local`: serve the API on this machine until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from infra.local import machine
from infra.local.intrinsics import TemplateError
from infra.local.log import Log
from infra.local.machine import Machine, MachineError, Options
from infra.local.pool import WorkerDied
from infra.local.server import PortTaken
from infra.local.store import StoreError

ROOT = Path(__file__).resolve().parents[2]
PATH = "/portrait-depth-estimation/v1"


def main() -> int:
    """Run until told to stop; 0, or 1 with one sentence why it could not."""
    options = _options()
    log = Log(options.data / "log")
    try:
        asyncio.run(_serve(options, log))
    except (MachineError, PortTaken, StoreError, TemplateError, WorkerDied) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _options() -> Options:
    environment = os.environ
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--port", type=int, default=environment.get("PORT") or "8000", help="0: any free one")
    parser.add_argument("--workers", type=int, default=environment.get("WORKERS") or str(os.cpu_count() or 1))
    parser.add_argument("--data", type=Path, default=environment.get("LOCAL_DATA") or ROOT / ".local")
    parser.add_argument("--in-memory", action="store_true", help="keep nothing")
    given = parser.parse_args()
    return Options(
        root=ROOT,
        data=given.data.resolve(),
        port=given.port,
        workers=max(1, given.workers),
        environment=environment,
        in_memory=given.in_memory,
        aws_limits=environment.get("AWS_LIMITS") == "1",
        endpoint=environment.get("DYNAMODB_ENDPOINT", ""),
    )


async def _serve(options: Options, log: Log) -> None:
    serving = asyncio.ensure_future(_until_told(options, log))

    def stop() -> None:
        if serving.cancelling():
            os._exit(130)  # asked twice: the children end with this process
        serving.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await serving
    except asyncio.CancelledError:
        log.tell("Stopped.")


async def _until_told(options: Options, log: Log) -> None:
    async with machine.running(options, log) as running:
        log.tell(_welcome(running, options))
        try:
            await asyncio.Event().wait()
        finally:
            counts = ", ".join(f"{name} {pool.cold_starts}" for name, pool in running.pools.items())
            log.tell(f"Stopping. Cold starts: {counts}.")


def _welcome(running: Machine, options: Options) -> str:
    picture = ROOT / "examples" / "portrait.jpg"
    shown = picture.relative_to(Path.cwd()) if picture.is_relative_to(Path.cwd()) else picture
    key = running.demo_key or "YOUR_API_KEY"
    limits = "AWS's: 10 MB in, 6 MB through a function" if options.aws_limits else "32 MB in (AWS_LIMITS=1 shows AWS's)"
    return f"""
Ready. Health: {running.url}/health
Pages: {running.url}/
Store: {running.store.told}, at {running.store.endpoint}; logs in {options.data / "log"}
Limits: {limits}. Ctrl-C stops everything.

curl -sS -X POST {running.url}{PATH} -H 'x-api-key: {key}' -F image_file=@{shown} -o depth.jpg
"""


if __name__ == "__main__":
    sys.exit(main())
