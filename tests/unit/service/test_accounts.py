"""Accounts: made, activated once, and checked."""

from __future__ import annotations

import pytest

from gateway.core.pickup import NotPossible, TooMany, Unknown, WrongCode
from gateway.core.ports import Duplicate
from gateway.core.records import WrapKind
from tests.unit.service.lab import SENDER, Lab

PASSWORD = "een lang wachtwoord"


async def test_login_and_recovery() -> None:
    lab = Lab()
    made = {"organisation": lab.organisation, "address": "Anna@Example.nl", "name": "Anna", "password": PASSWORD}
    account = await lab.accounts.create(**made)
    known = await lab.accounts.authenticate("ANNA@example.nl", PASSWORD)
    assert known is not None
    assert known.id == account.id
    assert await lab.accounts.authenticate(SENDER, "een ander wachtwoord") is None
    assert await lab.accounts.authenticate("niemand@example.nl", PASSWORD) is None
    with pytest.raises(Duplicate):
        await lab.accounts.create(**made)
    with pytest.raises(NotPossible):
        await lab.accounts.create(**{**made, "address": "x@elders.example"})
    with pytest.raises(NotPossible):
        await lab.accounts.create(**{**made, "password": "kort"})
    async with lab.store.read() as tx:
        wraps = {wrap.kind: wrap.wrapped for wrap in await tx.key_wraps(account.id)}
    by_recovery = lab.vault.unwrap_private_from(
        lab.recovery_private, wraps[WrapKind.RECOVERY], account.id, WrapKind.RECOVERY.value
    )
    by_password = lab.vault.unwrap_private_by_secret(
        PASSWORD.encode(), wraps[WrapKind.PASSWORD], account.id, WrapKind.PASSWORD.value
    )
    assert by_recovery == by_password


async def test_first_contact_activates_once() -> None:
    lab = Lab()
    account = await lab.accounts.first_contact(lab.organisation, SENDER, "Anna")
    assert (await lab.accounts.first_contact(lab.organisation, SENDER, "Anna")).id == account.id
    [order] = await lab.orders("activation")
    code = lab.vault.format_code(order.code)
    assert await lab.accounts.authenticate(SENDER, "") is None
    with pytest.raises(WrongCode):
        await lab.accounts.activate(account.id, lab.vault.format_code(lab.vault.new_code()), PASSWORD)
    await lab.accounts.activate(account.id, code, PASSWORD)
    assert await lab.accounts.authenticate(SENDER, PASSWORD) is not None
    with pytest.raises(Unknown):
        await lab.accounts.activate(account.id, code, PASSWORD)


async def test_activation_tries_are_limited() -> None:
    lab = Lab()
    account = await lab.accounts.first_contact(lab.organisation, SENDER, "Anna")
    for _ in range(20):
        with pytest.raises(WrongCode):
            await lab.accounts.activate(account.id, "x", PASSWORD)
    lab.build()
    with pytest.raises(TooMany):
        await lab.accounts.activate(account.id, "x", PASSWORD)


async def test_a_password_is_the_same_however_it_is_typed() -> None:
    lab = Lab()
    made = await lab.accounts.create(
        organisation=lab.organisation, address="e@example.nl", name="", password="cafe\u0301 aan de kade"
    )
    assert await lab.accounts.authenticate("e@example.nl", "caf\u00e9 aan de kade") == made
