"""The exported files parse back to equal bytes, with names that are safe and differ."""

from __future__ import annotations

import email
import email.policy
import io
import zipfile

from gateway.core.message import Disposition, Part
from gateway.core.pickup import Opened
from tests.unit.service.lab import BIG, CLIENT, Lab, default_parts

NASTY = Part(5, Disposition.ATTACHMENT, "text/x\r\nX-Evil: 1", "../../a\r\nX-Evil: 1.pdf", b"nasty")


async def made(lab: Lab, subject: str = "Uitslag"):
    grant_id, code = await lab.grant(await lab.seal(parts=(*default_parts(), NASTY), subject=subject))
    step = await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT)
    assert isinstance(step, Opened)
    return grant_id, step.unlock


async def test_eml_parses_back() -> None:
    lab = Lab()
    grant_id, unlock = await made(lab, "Hallo\r\nX-Evil: 1 é")
    raw = b"".join([chunk async for chunk in await lab.pickup.eml(grant_id, unlock, CLIENT)])
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    parts = default_parts()
    assert parsed.get_body(("plain",)).get_payload(decode=True) == parts[0].content
    assert parsed.get_body(("html",)).get_payload(decode=True) == parts[1].content
    attachments = [part for part in parsed.walk() if part.get_content_disposition() == "attachment"]
    assert [part.get_payload(decode=True) for part in attachments] == [BIG, b"klein", b"nasty"]
    assert parsed["Message-ID"] == "<orig@example.nl>"
    assert all("X-Evil" not in part for part in parsed.walk())
    assert not any(part.defects for part in parsed.walk())


async def test_zip_parses_back() -> None:
    lab = Lab()
    grant_id, unlock = await made(lab)
    raw = b"".join([chunk async for chunk in await lab.pickup.zip(grant_id, unlock, CLIENT)])
    archive = zipfile.ZipFile(io.BytesIO(raw))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[:4] == ["message.txt", "message.html", "brief.pdf", "BRIEF (2).pdf"]
    assert [archive.read(name) for name in names[2:]] == [BIG, b"klein", b"nasty"]
    assert not any("/" in name or "\n" in name for name in names)
