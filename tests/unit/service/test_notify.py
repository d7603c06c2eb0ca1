"""Orders: one grant and one mail, never a second code; letters to the sender that nothing can bounce from."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.records import Account, AccountKind, Delivery, GrantKind, MessageState
from tests.unit.service.queue_world import ANNA, JAN, MESSAGE, PASSWORD, PIET, SMS, START, World, order


@pytest.fixture
def world() -> World:
    return World()


async def carry_out(world: World, row: Delivery) -> None:
    payload = world.store.tables.payloads[row.payload_id]
    await world.deliver._notify.carry_out(row, world.queue.open(payload.inline or b"", payload.id))


def the_mail(world: World) -> EmailMessage:
    [raw] = world.mails()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content())


async def test_a_notification_makes_grant_mail_and_end_of_the_order_together(world: World) -> None:
    message = await world.sealed(JAN)
    row = await world.ordered(order())
    await carry_out(world, row)
    [grant] = [g for g in world.store.tables.grants.values() if g.kind is GrantKind.RECIPIENT]
    [mail] = world.rows(lambda r: r.kind is DeliveryKind.MAIL)
    assert world.row(row.id).state is DeliveryState.DELIVERED
    assert row.payload_id not in world.store.tables.payloads
    assert (mail.state, mail.rcpt_to, mail.mail_from, mail.grant_id, mail.message_id, mail.trace) == (
        DeliveryState.QUEUED,
        JAN,
        ANNA,
        grant.id,
        MESSAGE,
        row.trace,
    )
    assert grant.wrapped == b"datakey|messagemessage22|"
    assert (grant.holder, grant.expires_at) == (JAN, message.expires_at)


async def test_the_mail_names_the_sender_and_holds_link_and_code_but_no_attachment(world: World) -> None:
    await world.sealed(JAN)
    await carry_out(world, await world.ordered(order(in_reply_to="<1@example.nl>")))
    [mail] = world.rows(lambda r: r.kind is DeliveryKind.MAIL)
    message = the_mail(world)
    assert message["From"] == "Anna de Vries <anna@example.nl>"
    assert message["To"] == JAN
    assert message["Subject"] == "Veilig bericht van Anna de Vries"
    assert message["Auto-Submitted"] is None
    assert message["Message-ID"].endswith("@example.nl>")
    assert message["In-Reply-To"] == "<1@example.nl>"
    code = "CODE-" + (1).to_bytes(16, "big").hex().upper()
    for subtype in ("plain", "html"):
        assert f"https://veilig.example.nl/m/{mail.grant_id}#{code}" in part(message, subtype)
    assert list(message.iter_attachments()) == []


async def test_a_recipient_who_picked_english_is_written_to_in_english(world: World) -> None:
    await world.sealed(JAN)
    await carry_out(world, await world.ordered(order()))
    [grant] = [g for g in world.store.tables.grants.values() if g.kind is GrantKind.RECIPIENT]
    async with world.store.write() as tx:
        await tx.set_grant_language(grant.id, "en")
    await carry_out(world, await world.ordered(order()))
    mails = world.rows(lambda r: r.kind is DeliveryKind.MAIL)
    assert len(mails) == 2
    newest = max(world.store.tables.grants.values(), key=lambda g: g.id)
    assert newest.language == "en"


async def test_the_subject_is_shown_only_when_the_order_has_it(world: World) -> None:
    await world.sealed(JAN)
    await carry_out(world, await world.ordered(order(subject="Uitslag\r\nBcc: eva@evil.example")))
    message = the_mail(world)
    assert message["Subject"] == "Veilig bericht van Anna de Vries: Uitslag Bcc: eva@evil.example"
    assert message["Bcc"] is None


async def test_sms_and_password_keep_their_means_sealed(world: World) -> None:
    await world.sealed(JAN, PIET)
    await carry_out(world, await world.ordered(order(verification=SMS, phone="+31612345678")))
    await carry_out(
        world,
        await world.ordered(order(recipient=PIET, verification=PASSWORD, factor=b"pf", salt=b"salt", hint="huisdier")),
    )
    grants = {g.holder: g for g in world.store.tables.grants.values() if g.kind is GrantKind.RECIPIENT}
    sms, password = grants[JAN], grants[PIET]
    assert sms.wrapped.endswith(b"|" + b"f" * 32)
    assert sms.sealed_factor == f"factor:{sms.id}|".encode() + b"f" * 32
    assert sms.sealed_phone == f"phone:{sms.id}|+31612345678".encode()
    assert (password.salt, password.sealed_factor, password.sealed_phone) == (b"salt", b"", b"")
    assert password.wrapped.endswith(b"|pf")
    assert password.sealed_hint == f"hint:{password.id}|huisdier".encode()
    assert not any(b"+31612345678" in mail or b"huisdier" in mail for mail in world.mails())


async def test_a_second_worker_that_comes_late_makes_no_second_code(world: World) -> None:
    await world.sealed(JAN)
    row = await world.ordered(order())
    plaintext = order().to_bytes()
    await world.deliver._notify.carry_out(row, plaintext)
    await world.worker()._notify.carry_out(row, plaintext)
    assert len([g for g in world.store.tables.grants.values() if g.kind is GrantKind.RECIPIENT]) == 1
    assert len(world.mails()) == 1


@pytest.mark.parametrize("change", [{"state": MessageState.REVOKED}, {"expires_at": START}])
async def test_nobody_is_notified_of_a_message_that_has_ended(world: World, change: dict[str, object]) -> None:
    await world.sealed(JAN, **change)
    row = await world.ordered(order())
    await carry_out(world, row)
    assert world.row(row.id).state is DeliveryState.CANCELLED
    assert world.mails() == []
    assert world.store.tables.payloads == {}
    assert not [g for g in world.store.tables.grants.values() if g.kind is GrantKind.QUEUE]


async def test_an_answer_of_an_outsider_comes_from_the_organisation_in_their_name(world: World) -> None:
    await world.sealed(ANNA)
    row = await world.ordered(order("answer", ANNA, sender_name="Jan Jansen", sender_address=JAN))
    await carry_out(world, row)
    message = the_mail(world)
    assert message["From"] == "Jan Jansen via Voorbeeld <noreply@example.nl>"
    assert "Jan Jansen (jan@out.example) antwoordt" in part(message, "plain").replace("\n", " ")
    assert world.rows(lambda r: r.kind is DeliveryKind.MAIL)[0].mail_from == ""


@pytest.mark.parametrize("letter", ["sealed-report", "waiting", "wrong-number", "locked"])
async def test_letters_to_the_sender_come_from_nobody_and_link_to_the_manage_page(world: World, letter: str) -> None:
    await world.sealed(JAN)
    row = await world.ordered(order(letter, ANNA, code=b"\x07" * 16, recipients=(JAN,), waiting=(JAN,)))
    await carry_out(world, row)
    message = the_mail(world)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Zegel – Voorbeeld <noreply@example.nl>"
    assert f"https://veilig.example.nl/manage/{MESSAGE}#CODE-{'07' * 16}" in part(message, "plain")
    [mail] = world.rows(lambda r: r.kind is DeliveryKind.MAIL)
    assert (mail.mail_from, mail.rcpt_to, mail.grant_id) == ("", ANNA, None)


async def test_an_activation_goes_out_even_when_the_message_was_taken_back(world: World) -> None:
    await world.sealed(JAN, state=MessageState.REVOKED)
    account = Account("accountaccount22", "example", ANNA, AccountKind.PERSONAL, "Anna", "nl", b"public", START)
    async with world.store.write() as tx:
        await tx.add_account(account, [])
    await carry_out(world, await world.ordered(order("activation", ANNA, code=b"\x01" * 16)))
    assert f"https://veilig.example.nl/activate/accountaccount22#CODE-{'01' * 16}" in part(the_mail(world), "plain")


async def test_a_row_withdrawn_while_it_was_made_leaves_nothing(world: World) -> None:
    await world.sealed(JAN)
    row = await world.ordered(order())
    async with world.store.write() as tx:
        await tx.advance(row.id, DeliveryState.CANCELLED, attempts=0, next_at=START, last_reply="")
    await carry_out(world, replace(row))
    assert world.row(row.id).state is DeliveryState.CANCELLED
    assert world.mails() == []
