"""Children end with their parent, however it ends."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import processes

ROOT = Path(__file__).parents[2]
PARENT = """
import asyncio, sys
from pathlib import Path
from infra.local import processes

async def main():
    code = "print('up', flush=True); import time; time.sleep(60)"
    child = await processes.start([sys.executable, "-c", code], {}, Path("/"))
    await child.stdout.readline()
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_nothing_is_left_behind_by_kill_9() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    ended = os.pidfd_open(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    poll = select.poll()
    poll.register(ended)
    assert poll.poll(5000)  # a pidfd is readable once its process has ended


def test_a_child_that_does_not_listen_is_killed() -> None:
    async def story() -> int | None:
        child = await processes.start([sys.executable, "-c", STUBBORN], {}, ROOT)
        assert child.stdout
        await child.stdout.readline()
        await processes.stop(child, within_s=0.1)
        return child.returncode

    assert asyncio.run(story()) == -signal.SIGKILL


def test_ctrl_c_in_the_terminal_does_not_reach_a_child() -> None:
    async def story() -> bool:
        child = await processes.start([sys.executable, "-c", STUBBORN], {}, ROOT)
        group = os.getpgid(child.pid)
        await processes.kill(child)
        return group == os.getpgid(0)

    assert asyncio.run(story()) is False
