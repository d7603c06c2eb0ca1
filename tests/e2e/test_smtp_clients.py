"""Real clients against SMTP in: swaks, msmtp and Postfix's smtp-source."""

from __future__ import annotations

import asyncio
import base64
from ipaddress import ip_network

import pytest

from tests.unit.adapters.smtp_lab import HOST, PASSWORD, certificate, running

pytestmark = pytest.mark.e2e

MAIL = b"From: Anna <anna@example.nl>\r\nTo: x@elsewhere.example\r\nSubject: t\r\n\r\n.dot\r\n..\r\n\xc3\xa9\r\n"


async def run(*command: str, stdin: bytes = b"") -> str:
    """Standard output of a command that must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(stdin), 60)
    assert process.returncode == 0, out.decode()
    return out.decode()


@pytest.mark.parametrize(
    ("listener", "options"),
    [
        ("starttls", ("--tls", "--auth", "PLAIN")),
        ("starttls", ("--tls", "--auth", "LOGIN", "--pipeline")),
        ("implicit", ("--tls-on-connect", "--auth", "LOGIN")),
    ],
)
async def test_swaks(listener: str, options: tuple[str, ...]) -> None:
    async with running() as lab:
        out = await run(
            *("swaks", "--server", f"127.0.0.1:{lab.ports[listener]}", *options),
            *("--auth-user", "anna@example.nl", "--auth-password", PASSWORD),
            *("--from", "anna@example.nl", "--to", "x@elsewhere.example,bram@example.nl"),
            *("--helo", "client.example", "--data", MAIL.decode().replace("\r\n", "\\n")),
        )
        assert "250 2.0.0 Ok: queued as" in out
        [(envelope, raw)] = lab.queue
        assert envelope.rcpt_tos == ("x@elsewhere.example", "bram@example.nl")
        assert envelope.session.tls
        assert raw.rstrip(b"\r\n") == MAIL.rstrip(b"\r\n")


async def test_msmtp_over_starttls_with_a_checked_certificate() -> None:
    async with running() as lab:
        await run(
            *("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={lab.ports['starttls']}"),
            *("--tls=on", f"--tls-trust-file={certificate()[0]}", f"--tls-host-override={HOST}"),
            *("--auth=plain", "--user=anna@example.nl", f"--passwordeval=echo {PASSWORD}"),
            *("--set-date-header=off", "--set-msgid-header=off", "--from=anna@example.nl", "x@elsewhere.example"),
            stdin=MAIL.replace(b"\r\n", b"\n"),
        )
        [(envelope, raw)] = lab.queue
        assert envelope.session.account
        assert raw == MAIL


async def test_msmtp_with_a_wrong_password() -> None:
    async with running() as lab:
        with pytest.raises(AssertionError, match=r"535 5\.7\.8"):
            await run(
                *("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={lab.ports['implicit']}"),
                *("--tls=on", "--tls-starttls=off", "--tls-certcheck=off"),
                *("--auth=login", "--user=anna@example.nl", "--passwordeval=echo wrong"),
                *("--from=anna@example.nl", "x@elsewhere.example"),
                stdin=MAIL,
            )
        assert lab.queue == []


async def test_smtp_source_with_many_sessions() -> None:
    async with running(trusted=(ip_network("127.0.0.1/32"),)) as lab:
        await run(
            *("smtp-source", "-s", "10", "-m", "100", "-r", "3", "-l", "20000"),
            *("-f", "anna@example.nl", "-t", "x@elsewhere.example", f"127.0.0.1:{lab.ports['none']}"),
        )
        assert len(lab.queue) == 100
        assert {len(envelope.rcpt_tos) for envelope, _ in lab.queue} == {3}


async def test_a_message_of_25_megabytes() -> None:
    big = base64.encodebytes(bytes(19_000_000)).replace(b"\n", b"\r\n")
    mail = MAIL + big
    assert len(mail) > 25_000_000
    async with running() as lab:
        await run(
            *("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={lab.ports['implicit']}"),
            *("--tls=on", "--tls-starttls=off", "--tls-certcheck=off"),
            *("--auth=plain", "--user=anna@example.nl", f"--passwordeval=echo {PASSWORD}"),
            *("--set-date-header=off", "--set-msgid-header=off", "--from=anna@example.nl", "x@elsewhere.example"),
            stdin=mail.replace(b"\r\n", b"\n"),
        )
        assert lab.queue[0][1] == mail
