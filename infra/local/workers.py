"""Lambda's execution environment: a child process that runs the real runtime client, and its Runtime API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from infra.local import processes
from infra.local.runtime import RuntimeApi
from infra.local.template import Function


class Worker:
    """One child process and its Runtime API."""

    def __init__(self, api: RuntimeApi, process: asyncio.subprocess.Process, log: Callable[[bytes], None]) -> None:
        self.api = api
        self.process = process
        self.exit = asyncio.ensure_future(process.wait())
        self.logging = asyncio.ensure_future(_copy_lines(process.stdout, log))

    @classmethod
    async def start(
        cls, function: Function, environment: Mapping[str, str], directory: Path, log: Callable[[bytes], None]
    ) -> "Worker":
        api = RuntimeApi(function.name, environment["AWS_REGION"])
        told = {**environment, **function.environment, **_lambda_variables(function)}
        command = [processes.PYTHON, "-m", "awslambdaric", function.handler]
        process = await processes.start(command, {**told, "AWS_LAMBDA_RUNTIME_API": await api.open()}, directory)
        return cls(api, process, log)

    async def is_idle(self) -> bool:
        """Wait until the child asks for a call; False where it ended instead."""
        return await before(self.api.idle(), self.exit)

    async def why_it_ended(self) -> str:
        """What the child reported when it could not be initialised, else its exit status."""
        if self.api.init_error.done():
            return self.api.init_error.result()
        return f"exit status {await self.exit}"

    async def end(self) -> None:
        await processes.kill(self.process)
        self.api.close()
        await self.logging


async def before(wanted: Awaitable[Any], exit: "asyncio.Future[int]") -> bool:
    """Wait for the first of the two; whether it was `wanted` (which is given up otherwise)."""
    waiting = asyncio.ensure_future(wanted)
    either: set[asyncio.Future[Any]] = {waiting, exit}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return waiting.done()
    finally:
        waiting.cancel()


def _lambda_variables(function: Function) -> dict[str, str]:
    """What Lambda itself sets, as far as runtimes and powertools read it."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "_HANDLER": function.handler,
    }


async def _copy_lines(output: asyncio.StreamReader | None, log: Callable[[bytes], None]) -> None:
    while output:
        try:
            line = await output.readline()
        except ValueError:
            continue  # a line over 1 MB: dropped, the ones after it are read
        if not line:
            return
        log(line)
