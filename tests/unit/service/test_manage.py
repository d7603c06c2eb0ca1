"""The sender's page: codes, statuses, and what was missing."""

from __future__ import annotations

import pytest

from gateway.core.delivery import DeliveryState
from gateway.core.directives import Verification, VerificationKind
from gateway.core.pickup import NotPossible, Revoked, TooMany, Unknown, WrongCode
from gateway.service.receipts import ReceiptState
from tests.unit.service.lab import CLIENT, RECIPIENT, SENDER, Lab

PHONELESS = Verification(VerificationKind.SMS)


async def test_the_code_opens_and_wrong_ones_are_limited() -> None:
    lab = Lab()
    sealed = await lab.seal()
    code = lab.vault.format_code((await lab.order(sealed, SENDER)).code)
    await lab.manage.open(sealed.message.id, code, CLIENT)
    for _ in range(30):
        with pytest.raises(WrongCode):
            await lab.manage.open(sealed.message.id, "x", CLIENT)
    lab.build()
    with pytest.raises(TooMany):
        await lab.manage.open(sealed.message.id, "x", CLIENT)
    with pytest.raises(Unknown):
        await lab.manage.open("a" * 16, code, CLIENT)


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (VerificationKind.SMS, lambda m, i: m.set_phone(i, RECIPIENT, "0612345678")),
        (VerificationKind.PASSWORD, lambda m, i: m.set_password(i, RECIPIENT, "afgesproken", "waar")),
        (VerificationKind.NONE, lambda m, i: m.use_code_only(i, RECIPIENT)),
    ],
)
async def test_what_was_missing_is_supplied_once(kind, call) -> None:
    lab = Lab()
    sealed = await lab.seal(PHONELESS)
    assert (await lab.manage.overview(sealed.message.id)).recipients[0].state is ReceiptState.WAITING
    await call(lab.manage, sealed.message.id)
    [order] = await lab.orders("notification")
    assert (order.verification, order.recipient, bool(order.factor)) == (
        kind,
        RECIPIENT,
        kind is VerificationKind.PASSWORD,
    )
    assert (await lab.manage.overview(sealed.message.id)).recipients[0].state is ReceiptState.UNDERWAY
    with pytest.raises(NotPossible):
        await call(lab.manage, sealed.message.id)
    assert len(await lab.orders("notification")) == 1


async def test_bad_values_are_refused() -> None:
    lab = Lab()
    sealed = await lab.seal(PHONELESS)
    for call in (
        lab.manage.set_phone(sealed.message.id, RECIPIENT, "12"),
        lab.manage.set_password(sealed.message.id, RECIPIENT, "kort", ""),
        lab.manage.set_password(sealed.message.id, RECIPIENT, "geheim woord", "het is Geheim Woord"),
    ):
        with pytest.raises(NotPossible):
            await call
    with pytest.raises(Unknown):
        await lab.manage.use_code_only(sealed.message.id, "eve@elders.example")


async def test_cancel_and_revoke() -> None:
    lab = Lab()
    sealed = await lab.seal(PHONELESS)
    await lab.manage.cancel(sealed.message.id, RECIPIENT)
    async with lab.store.read() as tx:
        rows = await tx.deliveries_of(sealed.message.id)
    assert next(row.state for row in rows if row.rcpt_to == RECIPIENT) is DeliveryState.CANCELLED
    assert (await lab.manage.overview(sealed.message.id)).recipients[0].state is ReceiptState.REVOKED
    await lab.manage.revoke_message(sealed.message.id, "sender")
    with pytest.raises(Revoked):
        await lab.manage.use_code_only(sealed.message.id, RECIPIENT)
