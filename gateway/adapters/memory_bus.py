"""Wake-ups within one process, for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict


class MemoryBus:
    """See `gateway.core.ports.Bus`. `woken` lists the topics in order; tests may look into it."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self._topics: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def wake(self, topic: str) -> None:
        self.woken.append(topic)
        self._topics[topic].set()

    async def wait(self, topic: str, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._topics[topic].wait(), seconds)
        self._topics[topic].clear()

    async def close(self) -> None:
        """Nothing to close."""
