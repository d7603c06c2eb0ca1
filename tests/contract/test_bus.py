"""What every bus must do: in memory, and over ZeroMQ between processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.adapters.bus import ZmqBus
from gateway.adapters.memory_bus import MemoryBus
from gateway.core.ports import Bus

LONG = 60.0  # a wait that only a wake-up ends in time for its test

WAITER = """
import asyncio, sys
from pathlib import Path
from gateway.adapters.bus import ZmqBus

async def main():
    bus = ZmqBus(Path(sys.argv[1]))
    await bus.wait("deliver", 0)
    print("bound", flush=True)
    await bus.wait("deliver", 60)
    print("woken", flush=True)
    await bus.close()

asyncio.run(main())
"""


@pytest.fixture(params=["memory", "zmq"])
async def bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bus]:
    made: Bus = MemoryBus() if request.param == "memory" else ZmqBus(tmp_path)
    yield made
    await made.close()


async def test_a_wait_ends_by_itself(bus: Bus) -> None:
    await bus.wait("deliver", 0.01)


async def test_a_wake_up_ends_a_wait(bus: Bus) -> None:
    await bus.wait("deliver", 0)
    waiting = asyncio.create_task(bus.wait("deliver", LONG))
    await asyncio.sleep(0)
    bus.wake("deliver")
    await asyncio.wait_for(waiting, LONG / 2)


async def test_a_wake_up_before_the_wait_is_not_lost(bus: Bus) -> None:
    await bus.wait("deliver", 0)
    for _ in range(100):
        bus.wake("deliver")
    await asyncio.wait_for(bus.wait("deliver", LONG), LONG / 2)


async def test_topics_are_apart(bus: Bus) -> None:
    await bus.wait("deliver", 0)
    await bus.wait("portal", 0)
    waiting = asyncio.create_task(bus.wait("portal", LONG))
    bus.wake("deliver")
    await asyncio.wait_for(bus.wait("deliver", LONG), LONG / 2)
    assert not waiting.done()
    bus.wake("portal")
    await asyncio.wait_for(waiting, LONG / 2)


async def test_waking_nobody_is_harmless(bus: Bus) -> None:
    for _ in range(1000):
        bus.wake("deliver")


# -- between processes


async def waiter(folder: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WAITER, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"bound\n"
    return process


async def test_several_processes_wait_and_a_dead_or_stopped_one_is_in_nobodys_way(tmp_path: Path) -> None:
    dead, stopped, *others = [await waiter(tmp_path) for _ in range(4)]
    dead.kill()
    await dead.wait()
    os.kill(stopped.pid, signal.SIGSTOP)
    bus = ZmqBus(tmp_path)
    for _ in range(1000):
        bus.wake("deliver")
    for process in others:
        assert (await asyncio.wait_for(process.communicate(), LONG))[0] == b"woken\n"
    assert len(list(tmp_path.iterdir())) == 2  # those that ended well are gone
    stopped.kill()
    await stopped.communicate()
    await dead.communicate()
    await bus.wait("deliver", 0)
    assert len(list(tmp_path.iterdir())) == 1  # who comes next cleans up
    await bus.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        ZmqBus(tmp_path / ("x" * 100))
