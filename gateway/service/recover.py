"""Opens a message with the organisation's recovery key: for the day when its sender is gone and the message is needed.

The rule: it is written in the audit log before anything is opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from gateway.core.errors import CannotOpen
from gateway.core.manifest import Manifest
from gateway.core.ports import Clock, Store, Vault
from gateway.core.records import AuditEntry, GrantKind
from gateway.service import export
from gateway.service.parts import Parts


class Recover:
    """`boundary` makes MIME boundaries."""

    def __init__(self, *, store: Store, vault: Vault, parts: Parts, clock: Clock, boundary: Callable[[], str]) -> None:
        self._store = store
        self._vault = vault
        self._parts = parts
        self._clock = clock
        self._boundary = boundary

    async def eml(self, message_id: str, recovery_private: bytes, actor: str) -> AsyncIterator[bytes]:
        """The whole message as .eml. Raises `CannotOpen`: a wrong key, or the message is revoked, expired or unknown."""
        async with self._store.write() as tx:
            message = await tx.message(message_id)
            grants = await tx.grants(message_id)
            if message is not None:
                await tx.audit(AuditEntry(self._clock(), message.organisation, actor, "recover", message_id))
        grant = next((grant for grant in grants if grant.kind is GrantKind.RECOVERY), None)
        if message is None or grant is None:
            raise CannotOpen("there is no such message, or its keys are destroyed")
        data_key = self._vault.unwrap_data_key(
            recovery_private, grant.wrapped, message.id, grant.kind.value, grant.holder
        )
        manifest = Manifest.from_bytes(self._vault.open_head(data_key, message.id, message.head))
        return export.eml(manifest, lambda part: self._parts.chunks(message, data_key, part.number), self._boundary)
