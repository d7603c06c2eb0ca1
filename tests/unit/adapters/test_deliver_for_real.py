"""The deliver role with its real courier and signer, to a real server: the body arrives as it was, and the signature holds."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from gateway.adapters.dkim_signer import DkimSigner, generate_key, txt_record
from gateway.adapters.smtp_client import SmtpCourier
from gateway.core.delivery import DeliveryState
from gateway.core.organisation import DkimKey
from gateway.core.routes import Route, Routes, TlsDemand
from gateway.service.payloads import Payloads
from gateway.vault.queue_key import QueueKeyRing, QueueKeySealer
from gateway.vault.vault import Vault
from tests.peers.mail_dkim import verdict
from tests.unit.adapters.sink import Sink
from tests.unit.service.queue_world import JAN, MESSAGE, ORGANISATION, World, order

HEAD = b"From: Anna <anna@example.nl>\r\nTo: jan@out.example\r\nSubject: hallo\r\nMIME-Version: 1.0\r\n\r\n"


class NoDns:
    async def mail_hosts(self, domain: str) -> list[str]:
        raise AssertionError(domain)


async def deliver(world: World, sink: Sink, folder: Path) -> str:
    """Sends all that is queued to the sink; the DNS record of the key that signed it."""
    key = folder / "dkim.pem"
    key.write_bytes(generate_key("rsa"))
    organisation = replace(ORGANISATION, dkim=(DkimKey("example.nl", "zegel", str(key)),))
    routes = Routes(Route.parse(f"smtp://127.0.0.1:{sink.port}", TlsDemand.NONE))
    courier = SmtpCourier(routes, hostname="gate.example.nl", resolver=NoDns())
    signer = DkimSigner([organisation])
    world.deliver._courier, world.deliver._signer, world.deliver._routes = courier, signer, routes
    await world.deliver.once()
    await courier.close()
    return txt_record(key.read_bytes())


@pytest.mark.parametrize(
    "body",
    [
        b"Dag Jan.\r\n",
        "Een café, ½ €.\r\n".encode() + b"\xff\xe9\r\n",
        b"no final newline",
        b"x" * 20_000 + b"\r\n",
        b".\r\n..\r\n.tekst\r\n\r\n\r\n",
    ],
    ids=["plain", "8-bit", "no newline", "long line", "dots"],
)
async def test_the_body_arrives_byte_for_byte_and_the_signature_verifies(tmp_path: Path, body: bytes) -> None:
    world = World()
    await world.queued(HEAD + body, JAN)
    async with Sink() as sink:
        record = await deliver(world, sink, tmp_path)
    [received] = sink.received
    assert received.content.partition(b"\r\n\r\n")[2] == (body if body.endswith(b"\r\n") else body + b"\r\n")
    assert received.content.startswith(b"DKIM-Signature: ")
    assert verdict(received.content, record) == "pass"
    assert {row.state for row in world.rows()} == {DeliveryState.DELIVERED}


async def test_a_notification_arrives_signed(tmp_path: Path) -> None:
    world = World()
    await world.sealed(JAN)
    await world.ordered(order())
    async with Sink(extensions=()) as sink:  # a server of 1982 takes it
        record = await deliver(world, sink, tmp_path)
    [received] = sink.received
    assert verdict(received.content, record) == "pass"
    assert received.mail.startswith("MAIL FROM:<anna@example.nl>")
    assert received.content.isascii()
    assert MESSAGE.encode() not in received.content


async def test_the_code_in_the_mail_opens_the_message_with_the_real_vault() -> None:
    vault = Vault()
    public, private = vault.new_key_pair()
    world = World()
    world.queue = QueueKeyRing(private)  # type: ignore[assignment]
    world.vault = vault  # type: ignore[assignment]
    world.payloads = Payloads(queue=QueueKeySealer(public), blobs=world.blobs, clock=world.clock, new_id=world.new_id)
    world.deliver = world.worker()
    await world.sealed(JAN)
    data_key, holder = vault.new_data_key(), vault.key_id(public)
    [grant] = world.store.tables.grants.values()
    wrapped = vault.wrap_data_key(public, data_key, MESSAGE, "queue", holder)
    world.store.tables.grants[grant.id] = replace(grant, holder=holder, wrapped=wrapped)
    await world.ordered(order())
    await world.deliver.once()

    [(_, _, raw)] = world.courier.sent
    body = message_from_bytes(raw, policy=default).get_body(("plain",))
    assert body is not None
    found = re.search(r"/m/([a-z2-7]{16})#([0-9A-Z*~$=-]+)", body.get_content())
    assert found is not None
    code = vault.parse_code(found[2])
    assert code is not None
    [made] = world.store.tables.grants.values()  # the queue grant is gone: nothing else was to leave
    assert made.id == found[1]
    assert vault.check_code(made.id, code, made.code_check)
    assert vault.open_recipient_key(made.wrapped, MESSAGE, made.id, code, b"", made.share) == data_key
