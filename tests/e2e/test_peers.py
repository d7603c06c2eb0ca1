"""The peers themselves: mail goes from swaks through Postfix to Dovecot and to the sink, and Postfix tells us by XFORWARD."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import uuid
from contextlib import ExitStack
from ipaddress import ip_network

import pytest

from gateway.core.envelope import Envelope
from gateway.core.organisation import Organisations
from tests.peers.dovecot import Dovecot
from tests.peers.place import wait_until
from tests.peers.postfix import postfix
from tests.peers.sink import Sink, sink
from tests.unit.adapters.smtp_lab import certificate, organisation, running, server_context

pytestmark = pytest.mark.e2e


def swaks(port: int, *options: str) -> str:
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{port}", "--helo", "client.example.test", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def body(mark: str) -> tuple[str, str]:
    return "--data", f"From: anna@example.test\\nSubject: {mark}\\n\\n{mark}\\n"


def test_the_sink_keeps_octets() -> None:
    with sink(server_context(*certificate())) as kept:
        raw = b"Subject: x\r\n\r\n.dot\r\n\xff\r\n" + b"long " * 1000 + b"\r\n"
        kept.refusals["nobody@elsewhere.example"] = "550 5.1.1 Unknown"
        with smtplib.SMTP("127.0.0.1", kept.port, timeout=10) as client:
            client.starttls()
            refused = client.sendmail("a@example.test", ["x@elsewhere.example", "nobody@elsewhere.example"], raw)
        assert list(refused) == ["nobody@elsewhere.example"]
        [message] = kept.wait()
        assert (message.mail_from, message.rcpt_tos, message.tls) == ("a@example.test", ("x@elsewhere.example",), True)
        assert message.raw == raw
        with pytest.raises(TimeoutError):
            kept.wait(2, seconds=0.01)


def test_postfix_delivers_to_dovecot_and_to_the_sink(mailboxes: Dovecot, outside: Sink) -> None:
    mark = uuid.uuid4().hex
    before = len(mailboxes.messages("anna@example.test"))
    with postfix(mailboxes, outside.port) as mta:
        swaks(
            mta.submission,
            *("--auth", "PLAIN", "--auth-user", "anna@example.test", "--auth-password", "geheim"),
            *("--from", "anna@example.test", "--to", "anna@example.test,x@elsewhere.example", *body(mark)),
        )
        assert mark.encode() in mailboxes.wait("anna@example.test", before + 1)[-1]
        [message] = outside.wait()
        assert message.rcpt_tos == ("x@elsewhere.example",)
        assert mark.encode() in message.raw
        wait_until(mta.queue_is_empty, "an empty queue")


async def test_postfix_as_proxy_in_front_of_the_gateway(mailboxes: Dovecot, outside: Sink) -> None:
    loopback = (ip_network("127.0.0.1/32"),)
    organisations = Organisations((organisation("test", "example.test"),))
    mark = uuid.uuid4().hex
    before = len(await asyncio.to_thread(mailboxes.messages, "bram@example.test"))
    with ExitStack() as stack:
        async with running(trusted=loopback, xforward=loopback, organisations=organisations) as lab:
            filtered = postfix(mailboxes, outside.port, gateway=lab.ports["starttls"])
            mta = await asyncio.to_thread(stack.enter_context, filtered)

            async def reinject(envelope: Envelope, raw: bytes) -> None:
                with smtplib.SMTP("127.0.0.1", mta.reinject, timeout=10) as client:
                    await asyncio.to_thread(client.sendmail, envelope.mail_from, list(envelope.rcpt_tos), raw)

            lab.before_accept = reinject
            addresses = ("--from", "anna@example.test", "--to", "bram@example.test,x@elsewhere.example")
            await asyncio.to_thread(swaks, mta.submission, *addresses, *body(mark))
            delivered = await asyncio.to_thread(mailboxes.wait, "bram@example.test", before + 1)
            await asyncio.to_thread(outside.wait)
            assert mark.encode() in delivered[-1]
            envelope, _ = lab.queue[0]
            assert envelope.organisation == "test"
            assert set(envelope.rcpt_tos) == {"bram@example.test", "x@elsewhere.example"}
            # from swaks to Postfix, not from Postfix to us
            assert envelope.session.proxied
            assert envelope.session.helo == "client.example.test"
            await asyncio.to_thread(stack.close)
