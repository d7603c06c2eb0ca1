"""The gate to a recipient's grant: the one place that decides whether it can still be used.

The rule: unknown, ended and expired are told apart only here; everything that reads or changes a grant comes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.core.organisation import Organisation, Organisations
from gateway.core.pickup import Expired, Revoked, Unknown, WrongCode
from gateway.core.ports import Clock, Transaction, Vault
from gateway.core.records import Event, EventKind, Grant, GrantKind, GrantState, MessageState, SealedMessage


@dataclass(frozen=True, slots=True)
class Access:
    """A grant that is usable now, with its message and organisation."""

    grant: Grant
    message: SealedMessage
    organisation: Organisation


class Gate:
    def __init__(self, *, organisations: Organisations, vault: Vault, clock: Clock) -> None:
        self._organisations = organisations
        self._vault = vault
        self._clock = clock

    async def find(self, tx: Transaction, grant_id: str) -> Access:
        """Raises `Unknown`, `Revoked`, `Expired`. Changes nothing."""
        grant = await tx.grant(grant_id)
        if grant is None or grant.kind is not GrantKind.RECIPIENT:
            raise Unknown
        message = await tx.message(grant.message_id)
        if message is None or not self._organisations.has(message.organisation):
            raise Unknown
        _refuse_ended(grant, message, self._clock())
        return Access(grant, message, self._organisations.get(message.organisation))

    async def enter(self, tx: Transaction, grant_id: str, code: bytes) -> Access:
        """As `find`, for somebody who has the message code already. Raises `WrongCode` too."""
        access = await self.find(tx, grant_id)
        if not self._vault.check_code(grant_id, code, access.grant.code_check):
            raise WrongCode
        return access


def _refuse_ended(grant: Grant, message: SealedMessage, now: datetime) -> None:
    if message.state is MessageState.REVOKED or grant.state is GrantState.REVOKED:
        raise Revoked
    if message.state is MessageState.EXPIRED or grant.state is GrantState.EXPIRED:
        raise Expired
    if message.expires_at <= now or (grant.expires_at is not None and grant.expires_at <= now):
        raise Expired


async def note_once(
    tx: Transaction, access: Access, kind: EventKind, at: datetime, peer: str, detail: str = ""
) -> bool:
    """Adds the event unless this recipient's history has it; whether it did."""
    holder = access.grant.holder
    for event in await tx.events(access.message.id):
        if event.recipient == holder and event.kind is kind and event.detail == detail:
            return False
    await tx.add_event(Event(access.message.id, holder, kind, at, detail, peer))
    return True
