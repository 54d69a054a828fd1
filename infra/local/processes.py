"""Child processes that end when this one does, however it ends."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h: the signal that a process gets when its parent ends."""

STOP_WITHIN_S: Final = 3.0

PYTHON: Final = sys.executable


async def start(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    directory: Path,
    output: int | IO[bytes] = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """Start a child; its stdout and stderr go to `output` together. A terminal's Ctrl-C does not reach it.

    On Linux the kernel kills it when this process ends, `kill -9` included. Raises OSError.
    """
    return await asyncio.create_subprocess_exec(
        *map(str, command),
        env=dict(environment),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C goes to the whole foreground group: children are stopped in order instead
        preexec_fn=_die_with_parent(),
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


def _die_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child must not import anything
    parent = os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended between the fork and the line above
            os._exit(1)

    return ask_the_kernel
