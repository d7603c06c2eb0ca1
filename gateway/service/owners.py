"""Whose pages these are: the organisation behind the id in a link.

The rule: it tells nothing but the organisation, so it needs no code, and works for what has ended too.
"""

from __future__ import annotations

from gateway.core.organisation import Organisation, Organisations
from gateway.core.ports import Store


class Owners:
    """Every answer is None when there is no such thing, or no such organisation any more."""

    def __init__(self, *, store: Store, organisations: Organisations) -> None:
        self._store = store
        self._organisations = organisations

    async def of_grant(self, grant_id: str) -> Organisation | None:
        async with self._store.read() as tx:
            grant = await tx.grant(grant_id)
            message = await tx.message(grant.message_id) if grant is not None else None
        return self._known(message.organisation) if message is not None else None

    async def of_message(self, message_id: str) -> Organisation | None:
        async with self._store.read() as tx:
            message = await tx.message(message_id)
        return self._known(message.organisation) if message is not None else None

    async def of_account(self, account_id: str) -> Organisation | None:
        async with self._store.read() as tx:
            account = await tx.account(account_id)
        return self._known(account.organisation) if account is not None else None

    def _known(self, organisation_id: str) -> Organisation | None:
        return self._organisations.get(organisation_id) if self._organisations.has(organisation_id) else None
