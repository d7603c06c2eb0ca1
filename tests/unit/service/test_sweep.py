"""Expiry and orphans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.core.history import Contact
from gateway.core.records import MessageState, PastDecision
from tests.unit.service.lab import Lab


async def test_only_old_blobs_without_a_row_go() -> None:
    lab = Lab()
    lab.now = datetime.now(UTC)
    sealed = await lab.seal()
    old = lab.now - timedelta(hours=2)
    [named] = lab.blobs.blobs
    lab.blobs.blobs[named] = (lab.blobs.blobs[named][0], old)
    lab.blobs.blobs["a" * 16] = (b"orphan", old)
    lab.blobs.blobs["b" * 16] = (b"on its way", lab.now)
    assert await lab.sweep.drop_orphans() == 1
    assert set(lab.blobs.blobs) == {f"{sealed.message.id}.3", "b" * 16}


async def test_the_past_is_forgotten_after_its_time() -> None:
    lab = Lab()
    contact = Contact("example", b"w" * 16, b"s" * 16, 1, lab.now)
    decision = PastDecision("d", "example", lab.now, "a@example.nl", (), (), (), "", "", "{}")
    async with lab.store.write() as tx:
        await tx.remember([contact], [])
        await tx.add_past_decision(decision)
    lab.later(days=90)
    assert await lab.sweep.forget() == 0
    lab.later(days=1)
    await lab.sweep.once()
    assert (lab.store.tables.decisions, len(lab.store.tables.contacts)) == ({}, 1)
    lab.later(days=275)
    assert await lab.sweep.forget() == 1


async def test_messages_expire_with_their_blobs() -> None:
    lab = Lab()
    sealed = await lab.seal()
    lab.later(days=29)
    await lab.sweep.once()
    assert len(lab.blobs.blobs) == 1
    lab.later(days=2)
    assert await lab.sweep.expire() == 1
    async with lab.store.read() as tx:
        message = await tx.message(sealed.message.id)
    assert message is not None
    assert (message.state, message.head, lab.blobs.blobs) == (MessageState.EXPIRED, b"", {})
