"""Counts tries against their allowance: before they are judged, so that tries at the same moment are counted one by one.

The rule: a refused try costs nothing (raising rolls the counts back), and a right one is given back; so nobody who knows the
answer is ever slowed down by their own success.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from gateway.core.login import Allowance
from gateway.core.pickup import TooMany, window_end
from gateway.core.ports import Store, Transaction

log = structlog.get_logger()


async def take(tx: Transaction, now: datetime, *asked: tuple[str, Allowance]) -> None:
    """Counts one try under each key. Raises `TooMany` with the time when it may be tried again."""
    for key, allowance in asked:
        for window, most in allowance:
            if await tx.count(key, now, window) > most:
                log.warning("allowance_used_up", allowance=key.partition(":")[0], window=str(window))
                raise TooMany(window_end(now, window))


async def give_back(store: Store, now: datetime, *asked: tuple[str, Allowance]) -> None:
    """For a try that was right; `now` is that of `take`."""
    async with store.write() as tx:
        for key, allowance in asked:
            for window, _ in allowance:
                await tx.forgive(key, now, window)
