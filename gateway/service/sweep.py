"""Housekeeping, run by the deliver role every minute: messages and sessions past their time, blobs that no row names, the past.

The rule: a blob is an orphan only when it is older than any transaction that could still name it.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway.core.ports import Blobs, Clock, Store
from gateway.service.revoke import Revoke

log = structlog.get_logger()

AT_ONCE = 100
GRACE = timedelta(hours=1)  # a blob is written before its row; a transaction takes seconds


class Sweep:
    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        revoke: Revoke,
        clock: Clock,
        contacts: timedelta = timedelta(days=365),
        decisions: timedelta = timedelta(days=90),
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._revoke = revoke
        self._clock = clock
        self._contacts = contacts
        self._decisions = decisions

    async def once(self) -> None:
        """One round: expiry, then orphans, then what is kept of the past for too long."""
        await self.expire()
        await self.drop_sessions()
        await self.drop_orphans()
        await self.forget()

    async def forget(self) -> int:
        """Deletes whom was written to and what was decided longer ago than is kept; how many rows."""
        now, done = self._clock(), 0
        while True:
            async with self._store.write() as tx:
                gone = await tx.forget(now - self._contacts, now - self._decisions, AT_ONCE)
            done += gone
            if not gone:
                return done

    async def drop_sessions(self) -> int:
        """Forgets sessions and remembered devices whose time is over; how many."""
        async with self._store.write() as tx:
            return await tx.drop_expired_sessions(self._clock())

    async def expire(self) -> int:
        """Ends all messages whose time is over; how many."""
        done = 0
        while True:
            async with self._store.read() as tx:
                due = await tx.messages_to_expire(self._clock(), AT_ONCE)
            for message_id in due:
                await self._revoke.expire(message_id)
            done += len(due)
            if len(due) < AT_ONCE:
                return done

    async def drop_orphans(self) -> int:
        """Deletes blobs that no row names and that are older than `GRACE`; how many."""
        limit = self._clock() - GRACE
        # The blobs first, the rows after: a row written between the two keeps its blob.
        old = [key async for key, written_at in self._blobs.keys() if written_at < limit]  # noqa: SIM118
        if not old:
            return 0
        async with self._store.read() as tx:
            named = await tx.blob_keys()
        orphans = [key for key in old if key not in named]
        for key in orphans:
            await self._blobs.delete(key)
        if orphans:
            log.info("orphans_deleted", count=len(orphans))
        return len(orphans)
