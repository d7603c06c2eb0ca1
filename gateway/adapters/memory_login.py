"""Second factors, sessions and the list of sent messages, in memory; a part of the memory store's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.adapters.memory_tables import MemoryRows, add, need, update
from gateway.core.login_records import Factor, LoginSession, Stage
from gateway.core.ports import Duplicate
from gateway.core.records import SealedMessage


class MemoryLogin(MemoryRows):
    """See `gateway.core.login_ports.LoginRows`."""

    async def set_profile(self, account_id: str, name: str, language: str) -> None:
        update(self._changing.accounts, account_id, name=name, language=language)

    # -- second factors

    async def add_factor(self, factor: Factor) -> None:
        rows = self._changing
        need(rows.accounts, factor.account_id)
        if any(factor.credential == other.credential for other in rows.factors.values() if other.credential):
            raise Duplicate(factor.id)
        add(rows.factors, factor)

    async def factors(self, account_id: str) -> list[Factor]:
        found = [factor for factor in self._rows.factors.values() if factor.account_id == account_id]
        return sorted(found, key=lambda factor: (factor.created_at, factor.id))

    async def factor_of(self, credential: bytes) -> Factor | None:
        found = (factor for factor in self._rows.factors.values() if factor.credential == credential)
        return next(found, None) if credential else None

    async def use_factor(self, factor_id: str, counter: int, at: datetime) -> None:
        update(self._changing.factors, factor_id, counter=counter, used_at=at)

    async def drop_factor(self, factor_id: str) -> None:
        self._changing.factors.pop(factor_id, None)

    # -- sessions

    async def add_session(self, session: LoginSession) -> None:
        rows = self._changing
        need(rows.accounts, session.account_id)
        add(rows.sessions, session)

    async def session(self, session_id: str) -> LoginSession | None:
        return self._rows.sessions.get(session_id)

    async def sessions(self, account_id: str) -> list[LoginSession]:
        found = [session for session in self._rows.sessions.values() if session.account_id == account_id]
        return sorted(found, key=lambda session: (session.created_at, session.id))

    async def see_session(self, session_id: str, at: datetime, peer: str) -> None:
        update(self._changing.sessions, session_id, seen_at=at, peer=peer)

    async def set_session_code(self, session_id: str, check: bytes, sent_at: datetime | None, tries: int) -> None:
        update(self._changing.sessions, session_id, code_check=check, code_sent_at=sent_at, tries=tries)

    async def drop_session(self, session_id: str) -> None:
        self._changing.sessions.pop(session_id, None)

    async def drop_sessions(self, account_id: str, stages: Sequence[Stage], keep: str = "") -> None:
        rows = self._changing.sessions
        for session in await self.sessions(account_id):
            if session.stage in stages and session.id != keep:
                del rows[session.id]

    async def drop_expired_sessions(self, now: datetime) -> int:
        rows = self._changing.sessions
        gone = [session.id for session in rows.values() if session.expires_at <= now]
        for session_id in gone:
            del rows[session_id]
        return len(gone)

    # -- sent messages and limits

    async def sent(self, account_id: str, before: tuple[datetime, str] | None, limit: int) -> list[SealedMessage]:
        own = [message for message in self._rows.messages.values() if message.account_id == account_id]
        older = [message for message in own if before is None or (message.created_at, message.id) < before]
        newest = sorted(older, key=lambda message: (message.created_at, message.id), reverse=True)
        return [replace(message, parts=()) for message in newest[:limit]]

    async def forgive(self, key: str, now: datetime, window: timedelta) -> None:
        counters = self._changing.counters
        seconds = window.total_seconds()
        counter = (key, seconds, int(now.timestamp() // seconds))
        if counters.get(counter, 0) > 0:
            counters[counter] -= 1
