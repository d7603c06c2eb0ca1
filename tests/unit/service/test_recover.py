"""The recovery key opens a message, and leaves a trace."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from gateway.core.errors import CannotOpen
from gateway.service.parts import Parts
from gateway.service.recover import Recover
from tests.unit.service.lab import Lab


def recover_in(lab: Lab) -> Recover:
    return Recover(
        store=lab.store,
        vault=lab.vault,
        parts=Parts(blobs=lab.blobs, vault=lab.vault),
        clock=lab.clock,
        boundary=lab.new_id,
    )


async def test_the_recovery_key_opens_a_message_and_is_noted() -> None:
    lab = Lab()
    sealed = await lab.seal(subject="Uitslag")
    chunks = await recover_in(lab).eml(sealed.message.id, lab.recovery_private, "operator:test")
    message = message_from_bytes(b"".join([chunk async for chunk in chunks]), policy=policy.default)
    assert message["Subject"] == "Uitslag"
    assert any(entry.action == "recover" and entry.subject == sealed.message.id for entry in lab.store.tables.audit)


async def test_another_key_and_a_revoked_message_open_nothing() -> None:
    lab = Lab()
    sealed = await lab.seal()
    _, other = lab.vault.new_key_pair()
    with pytest.raises(CannotOpen):
        await recover_in(lab).eml(sealed.message.id, other, "operator:test")
    await lab.revoke.message(sealed.message.id, "test")
    with pytest.raises(CannotOpen):
        await recover_in(lab).eml(sealed.message.id, lab.recovery_private, "operator:test")
