"""What sealing leaves: ciphertext, three grants, orders, and a letter with a manage code."""

from __future__ import annotations

import pytest

from gateway.core.decision import Fallback
from gateway.core.delivery import DeliveryState
from gateway.core.directives import Verification, VerificationKind
from gateway.core.manifest import Manifest
from gateway.core.records import EventKind, GrantKind
from gateway.service.sealing import manage_about
from tests.unit.service.lab import BIG, RECIPIENT, SENDER, Lab

PHONELESS = Verification(VerificationKind.SMS)


async def test_three_holders_open_the_same_key() -> None:
    lab = Lab()
    sealed = await lab.seal()
    privates = {GrantKind.ACCOUNT: lab.private, GrantKind.RECOVERY: lab.recovery_private}
    keys = {
        lab.vault.unwrap_data_key(privates[g.kind], g.wrapped, sealed.message.id, g.kind.value, g.holder)
        for g in sealed.grants
        if g.kind in privates
    }
    assert keys == {lab.data_key(sealed)}
    assert len(sealed.grants) == 3
    head = lab.vault.open_head(lab.data_key(sealed), sealed.message.id, sealed.message.head)
    assert Manifest.from_bytes(head).subject == "Uitslag"


async def test_nothing_readable_is_kept() -> None:
    lab = Lab()
    sealed = await lab.seal(Verification(VerificationKind.PASSWORD, password="zomer in Zwolle"))
    kept = b"".join(part.inline or b"" for part in sealed.message.parts) + sealed.message.head
    kept += b"".join(payload.inline or b"" for payload in sealed.payloads)
    kept += b"".join(content for content, _ in lab.blobs.blobs.values())
    for secret in (b"111222333", b"brief.pdf", b"Uitslag", b"zomer", BIG[:300]):
        assert secret not in kept
    assert list(lab.blobs.blobs) == [f"{sealed.message.id}.3"]


@pytest.mark.parametrize(
    ("fallback", "state", "letter"),
    [(Fallback.ASK, DeliveryState.WAITING, "waiting"), (Fallback.NONE, DeliveryState.QUEUED, "sealed-report")],
)
async def test_missing_means_wait_or_fall_back(fallback: Fallback, state: DeliveryState, letter: str) -> None:
    lab = Lab()
    sealed = await lab.seal(PHONELESS, fallback=fallback)
    row = next(row for row in sealed.deliveries if row.rcpt_to == RECIPIENT)
    report = await lab.order(sealed, SENDER)
    waits = state is DeliveryState.WAITING
    assert (row.state, report.letter, report.waiting) == (state, letter, (RECIPIENT,) if waits else ())
    assert (EventKind.WAITING in {event.kind for event in sealed.events}) is waits
    assert (await lab.order(sealed)).verification is (VerificationKind.SMS if waits else VerificationKind.NONE)
    assert lab.vault.check_code(manage_about(sealed.message.id), report.code, sealed.message.manage_check)
