"""Sessions of signed-in accounts: made, checked, listed, ended.

The rule: a session's row holds a random share, its cookie the account's private key wrapped under that share. Neither
opens anything alone; ending a session deletes the row, and a copied cookie is worth nothing from then on. Each step up
makes a new session, so an id that was known before means nothing after.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from gateway.core.errors import CannotOpen
from gateway.core.login import (
    FRESH,
    IDLE,
    LONGEST,
    MINUTE,
    REMEMBER,
    UNFINISHED,
    Device,
    LoginEnded,
    NeedsPassword,
    SignedIn,
    Ticket,
)
from gateway.core.login_records import LoginSession, Stage
from gateway.core.pickup import Client
from gateway.core.ports import Clock, NewId, Store, Transaction, Vault
from gateway.core.records import Account, AuditEntry

log = structlog.get_logger()

LIFE = {Stage.SECOND: UNFINISHED, Stage.SETUP: LONGEST, Stage.OPEN: LONGEST}


class LoginSessions:
    """`new_secret` makes 32 random bytes."""

    def __init__(
        self, *, store: Store, vault: Vault, clock: Clock, new_id: NewId, new_secret: Callable[[], bytes]
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret

    # -- beginning

    async def start(self, account: Account, private: bytes, stage: Stage, client: Client, instead: str = "") -> Ticket:
        """A new session; the one named `instead` ends in the same moment."""
        now, share, session_id = self._clock(), self._new_secret(), self._new_id()
        session = LoginSession(
            id=session_id,
            account_id=account.id,
            stage=stage,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFE[stage],
            agent=client.agent,
            peer=client.peer,
            share=share,
        )
        async with self._store.write() as tx:
            if instead:
                await tx.drop_session(instead)
            await tx.add_session(session)
            if stage is not Stage.SECOND and not instead:
                await tx.audit(AuditEntry(now, account.organisation, account.id, "login", account.id, session_id))
        log.info("session_started", account=account.id, session=session_id, stage=stage.value)
        return Ticket(session_id, self._vault.wrap_private_in_session(share, private, account.id, session_id))

    async def step_up(self, signed_in: SignedIn, stage: Stage, client: Client) -> Ticket:
        return await self.start(signed_in.account, signed_in.private, stage, client, signed_in.session.id)

    # -- entering

    async def enter(self, ticket: Ticket, stages: Sequence[Stage], client: Client) -> SignedIn:
        """Raises `LoginEnded` for a session that is over, not far enough, or not ours."""
        now = self._clock()
        async with self._store.read() as tx:
            session = await tx.session(ticket.session_id)
            account = await tx.account(session.account_id) if session is not None else None
        if session is None or account is None or session.stage not in stages or _over(session, now):
            raise LoginEnded
        try:
            private = self._vault.unwrap_private_in_session(session.share, ticket.wrapped, account.id, session.id)
        except CannotOpen:
            raise LoginEnded from None
        if not hmac.compare_digest(self._vault.public_of(private), account.public_key):
            raise LoginEnded  # whoever could seal a cookie of their own still has no key
        if now - session.seen_at >= MINUTE or client.peer != session.peer:
            async with self._store.write() as tx:
                await tx.see_session(session.id, now, client.peer)
        return SignedIn(session, account, private, ticket)

    async def alive(self, ticket: Ticket) -> bool:
        """Whether the session is still there: asked again while bytes go out."""
        async with self._store.read() as tx:
            session = await tx.session(ticket.session_id)
        return session is not None and not _over(session, self._clock())

    def ask_fresh(self, signed_in: SignedIn) -> None:
        """For what gives lasting access. Raises `NeedsPassword` when the session is too old."""
        if self._clock() - signed_in.session.created_at > FRESH:
            raise NeedsPassword

    # -- listing and ending

    async def list(self, account_id: str) -> list[LoginSession]:
        """Open sessions and remembered devices, newest first."""
        now = self._clock()
        async with self._store.read() as tx:
            found = await tx.sessions(account_id)
        shown = (Stage.OPEN, Stage.SETUP, Stage.REMEMBERED)
        return [session for session in reversed(found) if session.stage in shown and not _over(session, now)]

    async def end(self, account: Account, session_id: str) -> None:
        """One of the account's own; nothing happens for another's."""
        async with self._store.write() as tx:
            session = await tx.session(session_id)
            if session is None or session.account_id != account.id:
                return
            await tx.drop_session(session_id)
            await self._audit(tx, account, "login:end", session_id)

    async def end_others(self, signed_in: SignedIn) -> None:
        """All other sessions, and every remembered device."""
        async with self._store.write() as tx:
            await tx.drop_sessions(signed_in.account.id, tuple(Stage), keep=signed_in.session.id)
            await self._audit(tx, signed_in.account, "login:end-others", signed_in.session.id)

    # -- devices

    def new_device(self, account: Account) -> Device:
        return Device(self._new_id(), account.id, self._new_secret())

    async def remember(self, account: Account, device: Device, client: Client) -> None:
        """From now on this device needs no second factor for a while; a password it needs all the same."""
        now = self._clock()
        row = LoginSession(
            id=device.id,
            account_id=account.id,
            stage=Stage.REMEMBERED,
            created_at=now,
            seen_at=now,
            expires_at=now + REMEMBER,
            agent=client.agent,
            peer=client.peer,
            share=_digest(device.secret),
        )
        async with self._store.write() as tx:
            await tx.drop_session(device.id)
            await tx.add_session(row)
            await self._audit(tx, account, "login:remember", device.id)

    async def remembers(self, device: Device, client: Client) -> bool:
        now = self._clock()
        async with self._store.read() as tx:
            row = await tx.session(device.id)
        if row is None or row.stage is not Stage.REMEMBERED or row.account_id != device.account_id:
            return False
        if now >= row.expires_at or not hmac.compare_digest(row.share, _digest(device.secret)):
            return False
        async with self._store.write() as tx:
            await tx.see_session(row.id, now, client.peer)
        return True

    async def _audit(self, tx: Transaction, account: Account, action: str, detail: str) -> None:
        await tx.audit(AuditEntry(self._clock(), account.organisation, account.id, action, account.id, detail))


def _over(session: LoginSession, now: datetime) -> bool:
    idle = session.stage is not Stage.REMEMBERED and now - session.seen_at >= IDLE
    return idle or now >= session.expires_at


def _digest(secret: bytes) -> bytes:
    """Enough for a secret of 256 random bits."""
    return hashlib.sha256(secret).digest()
