"""Second factors, sessions and the list of sent messages, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, func, or_, select, update

from gateway.adapters.schema import accounts, counters, factors, messages, sessions
from gateway.adapters.sql_rows import Rows
from gateway.core.login_records import Factor, LoginSession, Stage
from gateway.core.records import SealedMessage


class LoginRows(Rows):
    """See `gateway.core.login_ports.LoginRows`."""

    async def set_profile(self, account_id: str, name: str, language: str) -> None:
        await self._change(update(accounts).where(accounts.c.id == account_id).values(name=name, language=language))

    # -- second factors

    async def add_factor(self, factor: Factor) -> None:
        # A savepoint: who catches Duplicate may go on in the same transaction, on PostgreSQL too.
        async with self._connection.begin_nested():
            await self._insert(factors, [factor])

    async def factors(self, account_id: str) -> list[Factor]:
        found = select(factors).where(factors.c.account_id == account_id)
        return await self._all(Factor, self._locked(found.order_by(factors.c.created_at, factors.c.id)))

    async def factor_of(self, credential: bytes) -> Factor | None:
        named = (factors.c.credential == credential, func.length(factors.c.credential) > 0)
        return await self._one(Factor, self._locked(select(factors).where(*named)))

    async def use_factor(self, factor_id: str, counter: int, at: datetime) -> None:
        await self._change(update(factors).where(factors.c.id == factor_id).values(counter=counter, used_at=at))

    async def drop_factor(self, factor_id: str) -> None:
        self.revoked = True  # a passkey's row holds a wrapped key
        await self._change(delete(factors).where(factors.c.id == factor_id))

    # -- sessions

    async def add_session(self, session: LoginSession) -> None:
        await self._insert(sessions, [session])

    async def session(self, session_id: str) -> LoginSession | None:
        return await self._one(LoginSession, self._locked(select(sessions).where(sessions.c.id == session_id)))

    async def sessions(self, account_id: str) -> list[LoginSession]:
        found = select(sessions).where(sessions.c.account_id == account_id)
        return await self._all(LoginSession, found.order_by(sessions.c.created_at, sessions.c.id))

    async def see_session(self, session_id: str, at: datetime, peer: str) -> None:
        await self._change(update(sessions).where(sessions.c.id == session_id).values(seen_at=at, peer=peer))

    async def set_session_code(self, session_id: str, check: bytes, sent_at: datetime | None, tries: int) -> None:
        values = {"code_check": check, "code_sent_at": sent_at, "tries": tries}
        await self._change(update(sessions).where(sessions.c.id == session_id).values(values))

    async def drop_session(self, session_id: str) -> None:
        self.revoked = True
        await self._change(delete(sessions).where(sessions.c.id == session_id))

    async def drop_sessions(self, account_id: str, stages: Sequence[Stage], keep: str = "") -> None:
        self.revoked = True
        which = (sessions.c.account_id == account_id, sessions.c.stage.in_(stages), sessions.c.id != keep)
        await self._change(delete(sessions).where(*which))

    async def drop_expired_sessions(self, now: datetime) -> int:
        gone = await self._change(delete(sessions).where(sessions.c.expires_at <= now))
        self.shredded = self.shredded or gone.rowcount > 0
        return gone.rowcount

    # -- sent messages

    async def sent(self, account_id: str, before: tuple[datetime, str] | None, limit: int) -> list[SealedMessage]:
        found = select(messages).where(messages.c.account_id == account_id)
        if before is not None:
            at, identity = before
            older = and_(messages.c.created_at == at, messages.c.id < identity)
            found = found.where(or_(messages.c.created_at < at, older))
        newest = found.order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(limit)
        return await self._all(SealedMessage, newest)

    # -- limits

    async def forgive(self, key: str, now: datetime, window: timedelta) -> None:
        seconds = int(window.total_seconds())
        which = (
            counters.c.key == key,
            counters.c.seconds == seconds,
            counters.c.number == int(now.timestamp() // seconds),
            counters.c.hits > 0,
        )
        await self._change(update(counters).where(*which).values(hits=counters.c.hits - 1))

    def _locked(self, found: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
        """A writer judges tries by what it reads: two readings of the same count must not be one try."""
        return found.with_for_update() if self._writable else found
