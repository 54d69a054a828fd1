"""Child processes that end when this one does, however it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

STOP_WITHIN_S: Final = 3.0

PYTHON: Final = sys.executable

BOUND_TO_PARENT: Final = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG of linux/prctl.h
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)  # the parent ended before the line above
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Asks the kernel to kill the program that it then becomes when its parent ends. A step of its own, 20 ms long, because
code between fork and exec (preexec_fn) can deadlock where the parent has threads."""


async def start(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    directory: Path,
    output: int | IO[bytes] = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """Start a child by its full path; stdout and stderr go to `output` together. A terminal's Ctrl-C does not reach it.

    On Linux the kernel kills it when this process ends, `kill -9` included. Raises OSError.
    """
    return await asyncio.create_subprocess_exec(
        *_bound(command),
        env=dict(environment),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C goes to the whole foreground group: children are stopped in order instead
        limit=1024 * 1024,  # a line of a log may be longer than asyncio's 64 KB
    )


async def stop(process: asyncio.subprocess.Process, within_s: float = STOP_WITHIN_S) -> None:
    """End a child: asked first, killed after `within_s`."""
    _signal(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), within_s)
    except TimeoutError:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """End a child at once."""
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    if process.returncode is None:
        process.send_signal(number)


def _bound(command: Sequence[str | Path]) -> list[str]:
    """The command as a child that does not outlive this process, where the kernel can see to it."""
    plain = [str(part) for part in command]
    if not sys.platform.startswith("linux"):
        return plain
    return [PYTHON, "-I", "-S", "-c", BOUND_TO_PARENT, str(os.getpid()), *plain]
