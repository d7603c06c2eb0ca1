"""Ending: keys, queue and blobs go; once; with an audit entry."""

from __future__ import annotations

import pytest

from gateway.core.delivery import DeliveryState
from gateway.core.pickup import Revoked, Unknown, Unlock
from gateway.core.records import EventKind, GrantKind
from tests.unit.service.lab import CLIENT, RECIPIENT, Lab


async def test_a_message_ends_once() -> None:
    lab = Lab()
    sealed = await lab.seal()
    await lab.grant(sealed)
    assert await lab.revoke.message(sealed.message.id, "test")
    assert not await lab.revoke.message(sealed.message.id, "test")
    async with lab.store.read() as tx:
        assert {row.state for row in await tx.deliveries_of(sealed.message.id)} == {DeliveryState.CANCELLED}
        assert [grant.kind for grant in await tx.grants(sealed.message.id)] == [GrantKind.RECIPIENT]
        kinds = [event.kind for event in await tx.events(sealed.message.id)]
        assert await tx.payload(sealed.payloads[0].id) is None
    assert kinds.count(EventKind.REVOKED) == 1
    assert lab.blobs.blobs == {}
    with pytest.raises(Unknown):
        await lab.revoke.message("a" * 16, "test")


async def test_one_recipient_loses_access_and_the_account_keeps_it() -> None:
    lab = Lab()
    sealed = await lab.seal()
    grant_id, code = await lab.grant(sealed)
    assert await lab.revoke.recipient(sealed.message.id, RECIPIENT.upper(), "test")
    assert not await lab.revoke.recipient(sealed.message.id, RECIPIENT, "test")
    with pytest.raises(Revoked):
        await lab.pickup.read(grant_id, Unlock(code, b""), CLIENT)
    async with lab.store.read() as tx:
        kinds = {grant.kind for grant in await tx.grants(sealed.message.id)}
    assert GrantKind.ACCOUNT in kinds
    assert len(lab.blobs.blobs) == 1
