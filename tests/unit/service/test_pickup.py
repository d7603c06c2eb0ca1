"""Opening: codes, numbers, passwords, limits that outlive a service, and streams that stop."""

from __future__ import annotations

import copy

import pytest

from gateway.core.directives import Verification, VerificationKind
from gateway.core.errors import CannotOpen, SmsFailed
from gateway.core.pickup import (
    Client,
    Expired,
    Locked,
    NeedsPassword,
    NeedsSms,
    Opened,
    Revoked,
    TooMany,
    TooSoon,
    Unknown,
    Unlock,
    WrongCode,
    WrongFactor,
    WrongNumber,
)
from gateway.core.records import EventKind
from tests.unit.service.lab import BIG, CLIENT, RECIPIENT, Lab

SMS = Verification(VerificationKind.SMS, phone="+31612345678")
PASSWORD = Verification(VerificationKind.PASSWORD, password="zomer in Zwolle", hint="waar we waren")


async def opened(lab: Lab):
    sealed = await lab.seal()
    grant_id, code = await lab.grant(sealed)
    step = await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT)
    assert isinstance(step, Opened)
    return sealed, grant_id, step.unlock


async def kinds(lab: Lab, message_id: str) -> list[EventKind]:
    async with lab.store.read() as tx:
        return [event.kind for event in await tx.events(message_id)]


async def test_code_only_opens_and_tells_once() -> None:
    lab = Lab()
    sealed, grant_id, unlock = await opened(lab)
    for _ in range(2):
        reading = await lab.pickup.read(grant_id, unlock, CLIENT)
        assert reading.text is not None
        assert "111222333" in reading.text
        stream = await lab.pickup.part(grant_id, unlock, 3, CLIENT)
        assert b"".join([c async for c in stream.chunks]) == BIG
    events = await kinds(lab, sealed.message.id)
    assert [events.count(k) for k in (EventKind.VERIFIED, EventKind.READ, EventKind.DOWNLOADED)] == [1, 1, 1]
    stream = await lab.pickup.part(grant_id, unlock, 3, CLIENT, 65530, 65545)
    assert b"".join([c async for c in stream.chunks]) == BIG[65530:65545]


async def test_a_look_changes_nothing() -> None:
    lab = Lab()
    sealed = await lab.seal(SMS)
    grant_id, _ = await lab.grant(sealed)
    before = copy.deepcopy(await snapshot(lab, sealed.message.id, grant_id))
    landing = await lab.pickup.landing(grant_id)
    assert (landing.sender_name, landing.organisation.id) == ("Anna", "example")
    assert await snapshot(lab, sealed.message.id, grant_id) == before
    assert lab.sms.sent == []


async def snapshot(lab: Lab, message_id: str, grant_id: str):
    async with lab.store.read() as tx:
        return await tx.grant(grant_id), await tx.code(grant_id), await tx.events(message_id)


async def test_wrong_codes_are_limited_over_a_restart_and_never_lock_the_right_one() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal())
    wrong = lab.vault.format_code(lab.vault.new_code())
    for _ in range(30):
        with pytest.raises(WrongCode):
            await lab.pickup.open(grant_id, wrong, CLIENT)
    lab.build()
    with pytest.raises(TooMany):
        await lab.pickup.open(grant_id, "nonsense", CLIENT)
    assert isinstance(await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT), Opened)


async def test_sms_pause_replacement_tries_and_expiry() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal(SMS))
    step = await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT)
    assert isinstance(step, NeedsSms)
    assert (step.masked, step.sent) == ("+31 6 •••• ••78", False)
    await lab.pickup.send_code(grant_id, code, CLIENT)
    assert "Voorbeeld" in lab.sms.sent[0][1]
    assert lab.sms.sent[0][1].endswith("@p.example.nl #123456")
    with pytest.raises(TooSoon):
        await lab.pickup.send_code(grant_id, code, CLIENT)
    lab.later(seconds=61)
    await lab.pickup.send_code(grant_id, code, CLIENT)  # 123458: the refused one used 123457
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongFactor) as wrong:
            await lab.pickup.verify_code(grant_id, code, "123456", CLIENT)
        assert wrong.value.left == left
        lab.build()
    with pytest.raises(WrongFactor):
        await lab.pickup.verify_code(grant_id, code, "123458", CLIENT)
    lab.later(seconds=61)
    await lab.pickup.send_code(grant_id, code, CLIENT)
    lab.later(minutes=11)
    with pytest.raises(WrongFactor):
        await lab.pickup.verify_code(grant_id, code, "123459", CLIENT)
    await lab.pickup.send_code(grant_id, code, CLIENT)
    unlock = await lab.pickup.verify_code(grant_id, code, "123 460", CLIENT)
    assert (await lab.pickup.read(grant_id, unlock, CLIENT)).html == "<p>Hallo</p>"
    with pytest.raises(WrongFactor):
        await lab.pickup.verify_code(grant_id, code, "123460", CLIENT)


async def test_sms_per_number_is_capped() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal(SMS))
    for _ in range(10):
        await lab.pickup.send_code(grant_id, code, CLIENT)
        lab.later(seconds=61)
    lab.build()
    with pytest.raises(TooMany):
        await lab.pickup.send_code(grant_id, code, CLIENT)
    assert len(lab.sms.sent) == 10


async def test_not_my_number_tells_the_sender_and_a_new_number_mends_it() -> None:
    lab = Lab()
    sealed = await lab.seal(SMS)
    grant_id, code = await lab.grant(sealed)
    await lab.pickup.not_my_number(grant_id, code, CLIENT)
    await lab.pickup.not_my_number(grant_id, code, CLIENT)
    assert len(await lab.orders("wrong-number")) == 1
    with pytest.raises(WrongNumber):
        await lab.pickup.send_code(grant_id, code, CLIENT)
    await lab.manage.set_phone(sealed.message.id, "JAN@elders.example", "06 87654321")
    await lab.pickup.send_code(grant_id, code, CLIENT)
    assert lab.sms.sent[0][0] == "+31687654321"


async def test_a_failed_sms_is_temporary_or_told_to_the_sender() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal(SMS))
    lab.sms.failure = SmsFailed()
    for _ in range(2):  # no pause: nothing was sent
        with pytest.raises(SmsFailed):
            await lab.pickup.send_code(grant_id, code, CLIENT)
    assert await lab.orders("wrong-number") == []
    lab.sms.failure = SmsFailed(bad_number=True)
    with pytest.raises(SmsFailed):
        await lab.pickup.send_code(grant_id, code, CLIENT)
    assert len(await lab.orders("wrong-number")) == 1
    assert lab.bus.woken == ["deliver"]


async def test_passwords_lock_double_and_tell_once() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal(PASSWORD))
    step = await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT)
    assert step == NeedsPassword("waar we waren")
    for minutes in (15, 30):
        for _ in range(4):
            with pytest.raises(WrongFactor):
                await lab.pickup.verify_password(grant_id, code, "fout", CLIENT)
            lab.build()
        with pytest.raises(Locked) as locked:
            await lab.pickup.verify_password(grant_id, code, "fout", CLIENT)
        assert (locked.value.until - lab.now).total_seconds() == minutes * 60
        with pytest.raises(Locked):
            await lab.pickup.verify_password(grant_id, code, PASSWORD.password, CLIENT)
        lab.later(minutes=minutes)
    assert len(await lab.orders("locked")) == 1
    unlock = await lab.pickup.verify_password(grant_id, code, PASSWORD.password, CLIENT)
    assert (await lab.pickup.read(grant_id, unlock, CLIENT)).text


async def test_a_download_stops_when_revoked() -> None:
    lab = Lab()
    sealed, grant_id, unlock = await opened(lab)
    stream = await lab.pickup.part(grant_id, unlock, 3, CLIENT)
    await anext(stream.chunks)
    await lab.revoke.message(sealed.message.id, "test")
    lab.seconds += 1
    with pytest.raises(Revoked):
        await anext(stream.chunks)
    assert EventKind.DOWNLOADED not in await kinds(lab, sealed.message.id)


async def test_after_revocation_nothing_opens() -> None:
    lab = Lab()
    sealed, grant_id, unlock = await opened(lab)
    await lab.revoke.message(sealed.message.id, "test")
    for call in (lab.pickup.landing(grant_id), lab.pickup.read(grant_id, unlock, CLIENT)):
        with pytest.raises(Revoked):
            await call
    async with lab.store.read() as tx:
        [grant] = await tx.grants(sealed.message.id)
    assert (grant.wrapped, grant.share, lab.blobs.blobs) == (b"", b"", {})
    with pytest.raises(CannotOpen):
        lab.vault.open_recipient_key(
            grant.wrapped, sealed.message.id, grant_id, unlock.code, unlock.factor, grant.share
        )


async def test_unknown_and_expired() -> None:
    lab = Lab()
    _, grant_id, unlock = await opened(lab)
    with pytest.raises(Unknown):
        await lab.pickup.landing("a" * 16)
    with pytest.raises(Unknown):
        await lab.pickup.part(grant_id, unlock, 99, CLIENT)
    lab.later(days=30)
    with pytest.raises(Expired):
        await lab.pickup.read(grant_id, unlock, CLIENT)
    assert await lab.sweep.expire() == 1
    with pytest.raises(Expired):
        await lab.pickup.landing(grant_id)


async def test_a_fault_of_ours_with_the_provider_is_not_blamed_on_the_number() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal(SMS))
    lab.sms.failure = SmsFailed(permanent=True)
    with pytest.raises(SmsFailed):
        await lab.pickup.send_code(grant_id, code, CLIENT)
    lab.sms.failure = None
    assert (await lab.pickup.send_code(grant_id, code, CLIENT)).sent


async def test_the_language_that_a_reader_picks_is_kept_for_the_next_notification() -> None:
    lab = Lab()
    grant_id, code = await lab.grant(await lab.seal())
    await lab.pickup.read(grant_id, Unlock(code, b""), CLIENT)
    async with lab.store.read() as tx:
        assert await tx.language_of("example", RECIPIENT) == "nl"
    await lab.pickup.read(grant_id, Unlock(code, b""), Client(CLIENT.peer, CLIENT.agent, "en"))
    async with lab.store.read() as tx:
        assert await tx.language_of("example", RECIPIENT) == "en"
