"""Answers: plain to a mailbox of the organisation, sealed otherwise; nothing in them becomes a header."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace

import pytest

from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.organisation import Answers, Organisations
from gateway.core.pickup import NotPossible, Opened, Revoked, TooMany
from gateway.core.records import EventKind
from gateway.service.answer import Upload
from tests.unit.service.lab import CLIENT, RECIPIENT, SENDER, Lab

FILE = Upload("../a\r\nBcc: eve@evil.example\r\n.pdf", "text/x\r\nX-Evil: 1", b"\0\1inhoud")


async def opened(lab: Lab, subject: str = "Uitslag"):
    sealed = await lab.seal(subject=subject)
    grant_id, code = await lab.grant(sealed)
    step = await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT)
    assert isinstance(step, Opened)
    return sealed, grant_id, step.unlock


async def mails(lab: Lab):
    async with lab.store.read() as tx:
        rows = [r for r in await tx.deliveries_in(DeliveryState.QUEUED, 100) if r.kind is DeliveryKind.MAIL]
        payloads = [await tx.payload(row.payload_id) for row in rows]
    raws = [lab.ring.open(await lab.payloads.sealed_bytes(payload), payload.id) for payload in payloads]
    return rows, [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]


async def test_a_plain_answer() -> None:
    lab = Lab()
    sealed, grant_id, unlock = await opened(lab, "Hallo\r\nBcc: eve@evil.example")
    await lab.answers.answer(grant_id, unlock, "Dank u, é\n.\nBcc: x", [FILE], CLIENT)
    [row], [mail] = await mails(lab)
    assert (row.mail_from, row.rcpt_to) == ("", SENDER)
    assert str(mail["From"]) == "Jan Jansen via Voorbeeld <noreply@example.nl>"
    assert (mail["Reply-To"], mail["To"]) == (RECIPIENT, SENDER)
    assert (mail["In-Reply-To"], mail["References"]) == ("<orig@example.nl>", "<orig@example.nl>")
    assert all(part["Bcc"] is None and part["X-Evil"] is None for part in mail.walk())
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").startswith("Dank u, é\n.\nBcc: x")
    [attachment] = mail.iter_attachments()
    assert attachment.get_payload(decode=True) == FILE.content
    assert attachment.get_content_type() == "application/octet-stream"
    async with lab.store.read() as tx:
        assert EventKind.ANSWERED in {event.kind for event in await tx.events(sealed.message.id)}


async def test_a_sealed_answer() -> None:
    lab = Lab()
    lab.organisation = replace(lab.organisation, answers=Answers.SEALED)
    lab.organisations = Organisations((lab.organisation,))
    lab.build()
    _, grant_id, unlock = await opened(lab)
    await lab.answers.answer(grant_id, unlock, "Dank u", [FILE], CLIENT)
    assert await mails(lab) == ([], [])
    [order] = await lab.orders("answer")
    assert (order.recipient, order.sender_address, order.sender_name) == (SENDER, RECIPIENT, "Jan Jansen")
    assert order.subject == ""


async def test_empty_revoked_and_too_many() -> None:
    lab = Lab()
    sealed, grant_id, unlock = await opened(lab)
    with pytest.raises(NotPossible):
        await lab.answers.answer(grant_id, unlock, " \n", [], CLIENT)
    for _ in range(20):
        await lab.answers.answer(grant_id, unlock, "Dank u", [], CLIENT)
    lab.build()
    with pytest.raises(TooMany):
        await lab.answers.answer(grant_id, unlock, "Dank u", [], CLIENT)
    await lab.revoke.message(sealed.message.id, "test")
    with pytest.raises(Revoked):
        await lab.answers.answer(grant_id, unlock, "Dank u", [], CLIENT)
