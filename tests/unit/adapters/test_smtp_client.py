"""What goes out, against a real local server that refuses, breaks off, falls silent and lies."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.adapters.resolver import DnsFailure, NullMx
from gateway.adapters.smtp_client import SmtpCourier
from gateway.adapters.smtp_outgoing import Timeouts, canonical
from gateway.core.errors import ZegelError
from gateway.core.ports import OutcomeKind
from gateway.core.routes import Route, Routes, TlsDemand
from tests.unit.adapters.sink import CLOSE, HALF, RESET, SILENCE, Sink

RAW = b"From: anna@example.nl\r\nSubject: x\r\n\r\n.dag\r\n..\r\n.\r\nJan\r\n"
JAN, PIET = "jan@out.example", "piet@out.example"
QUICK = Timeouts(connect=2, command=0.5, data=0.5)
DELIVERED, RETRY, FAILED = OutcomeKind.DELIVERED, OutcomeKind.RETRY, OutcomeKind.FAILED


class Hosts:
    """A resolver that knows what it is told."""

    def __init__(self, answer: list[str] | ZegelError) -> None:
        self.answer = answer

    async def mail_hosts(self, domain: str) -> list[str]:
        if isinstance(self.answer, ZegelError):
            raise self.answer
        return self.answer


def courier(
    to: str, tls: TlsDemand = TlsDemand.OPPORTUNISTIC, trusted: str | None = None, **more: object
) -> SmtpCourier:
    options = {"resolver": Hosts([]), "timeouts": QUICK, "hostname": "gate.example.nl", **more}
    username = str(options.pop("username", ""))
    return SmtpCourier(Routes(Route.parse(to, tls, username, "secret")), trusted=trusted, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as server:
        yield server


async def test_content_arrives_unchanged_with_dots_stuffed(sink: Sink) -> None:
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    outcomes = await out.send("anna@example.nl", [JAN, PIET], RAW)
    await out.close()
    assert {outcome.kind for outcome in outcomes.values()} == {DELIVERED}
    assert outcomes[JAN].reply == "250 2.0.0 taken"
    [received] = sink.received
    assert received.content == RAW
    assert received.rcpts == [JAN, PIET]
    assert received.mail.startswith("MAIL FROM:<anna@example.nl> SIZE=")


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\n"])
async def test_no_end_of_data_can_be_smuggled_out(sink: Sink, end: bytes) -> None:
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    await out.send("", [JAN], b"Subject: x\r\n\r\na" + end + b"MAIL FROM:<evil@x>\r\n")
    await out.close()
    [received] = sink.received
    assert b"\r" not in received.raw.replace(b"\r\n", b"")
    assert b"\n" not in received.raw.replace(b"\r\n", b"")
    assert b"\r\n..\r\n" in received.raw


async def test_recipients_are_answered_one_by_one(sink: Sink) -> None:
    sink.rcpt_replies = {JAN: "550 5.1.1 no such person", PIET: "450 4.2.1 later"}
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    outcomes = await out.send("anna@example.nl", [JAN, "ok@out.example", PIET], RAW)
    await out.close()
    assert [(outcomes[a].kind, outcomes[a].status) for a in (JAN, "ok@out.example", PIET)] == [
        (FAILED, "5.1.1"),
        (DELIVERED, "2.0.0"),
        (RETRY, "4.2.1"),
    ]
    assert sink.received[0].rcpts == ["ok@out.example"]


async def test_a_session_goes_on_after_all_recipients_were_refused(sink: Sink) -> None:
    sink.rcpt_replies = {JAN: "550 5.1.1 no such person"}
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    assert (await out.send("", [JAN], RAW))[JAN].kind is FAILED
    assert "RSET" in sink.commands
    assert (await out.send("", [PIET], RAW))[PIET].kind is DELIVERED
    await out.close()
    assert sink.connections == 1


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data", "content"])
@pytest.mark.parametrize("fault", [RESET, CLOSE, SILENCE, HALF])
async def test_a_broken_dialogue_is_tried_again(step: str, fault: str) -> None:
    quick = Timeouts(connect=0.3, command=0.3, data=0.3)
    async with Sink({step: fault}) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}", TlsDemand.NONE, timeouts=quick)
        outcomes = await out.send("anna@example.nl", [JAN], RAW)
        await out.close()
    assert outcomes[JAN].kind is RETRY
    assert outcomes[JAN].status.startswith("4.")


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "content"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [("451 4.3.0 later", RETRY), ("554 5.7.1 no", FAILED), ("nonsense", RETRY), ("503 5.5.1 order", RETRY)],
)
async def test_a_reply_decides_by_its_first_digit(step: str, reply: str, kind: OutcomeKind) -> None:
    async with Sink({step: reply}) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}", TlsDemand.NONE)
        outcomes = await out.send("anna@example.nl", [JAN], RAW)
        await out.close()
    assert outcomes[JAN].kind is kind


async def test_a_refused_greeting_is_not_about_the_message() -> None:
    async with Sink({"greeting": "554 5.7.1 go away"}) as sink:
        outcomes = await courier(f"smtp://127.0.0.1:{sink.port}").send("", [JAN], RAW)
    assert outcomes[JAN].kind is RETRY


async def test_nobody_listening_is_tried_again() -> None:
    async with Sink() as sink:
        port = sink.port
    outcomes = await courier(f"smtp://127.0.0.1:{port}").send("", [JAN], RAW)
    assert (outcomes[JAN].kind, outcomes[JAN].status) == (RETRY, "4.4.1")


# -- TLS


async def test_opportunistic_tls_encrypts_without_a_check(server_tls: ssl.SSLContext) -> None:
    async with Sink(tls=server_tls) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}")
        outcomes = await out.send("", [JAN], RAW)
        await out.close()
    assert outcomes[JAN].kind is DELIVERED
    assert "STARTTLS" in sink.commands


async def test_opportunistic_tls_goes_on_in_clear_when_the_handshake_fails() -> None:
    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate: no handshake succeeds
    async with Sink(tls=broken) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}")
        outcomes = await out.send("", [JAN], RAW)
        await out.close()
    assert outcomes[JAN].kind is DELIVERED
    assert sink.connections == 2


async def test_required_tls_verifies(server_tls: ssl.SSLContext, certificate: Path) -> None:
    async with Sink(tls=server_tls) as sink:
        unknown = await courier(f"smtp://127.0.0.1:{sink.port}", TlsDemand.REQUIRED).send("", [JAN], RAW)
        assert (unknown[JAN].kind, unknown[JAN].status) == (RETRY, "4.7.5")
        assert sink.received == []
        out = courier(f"smtp://127.0.0.1:{sink.port}", TlsDemand.REQUIRED, trusted=str(certificate))
        outcomes = await out.send("", [JAN], RAW)
        await out.close()
    assert outcomes[JAN].kind is DELIVERED


@pytest.mark.parametrize("demand", [TlsDemand.REQUIRED, TlsDemand.OPPORTUNISTIC])
async def test_required_tls_never_falls_back_when_starttls_is_stripped(sink: Sink, demand: TlsDemand) -> None:
    out = courier(f"smtp://127.0.0.1:{sink.port}", demand)
    outcomes = await out.send("", [JAN], RAW, require_tls=True)
    assert (outcomes[JAN].kind, outcomes[JAN].status) == (RETRY, "4.7.5")
    assert sink.received == []


async def test_a_password_is_not_shown_in_clear() -> None:
    async with Sink(extensions=("8BITMIME", "AUTH PLAIN LOGIN")) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}", username="gate")
        outcomes = await out.send("", [JAN], RAW)
    assert outcomes[JAN].kind is RETRY
    assert not any(command.startswith("AUTH") for command in sink.commands)


# -- content and addresses


async def test_eight_bit_mail_to_a_seven_bit_server_fails_with_the_reason() -> None:
    async with Sink(extensions=()) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}")
        outcomes = await out.send("", [JAN], "Subject: x\r\n\r\ncafé\r\n".encode())
        await out.close()
    assert (outcomes[JAN].kind, outcomes[JAN].status) == (FAILED, "5.6.3")
    assert sink.received == []


async def test_eight_bit_and_utf8_are_announced(sink: Sink) -> None:
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    outcomes = await out.send("", ["jós@out.example"], "Subject: x\r\n\r\ncafé\r\n".encode())
    await out.close()
    assert outcomes["jós@out.example"].kind is DELIVERED
    assert "BODY=8BITMIME SMTPUTF8" in sink.received[0].mail


async def test_a_utf8_address_needs_smtputf8_but_a_utf8_domain_does_not() -> None:
    async with Sink(extensions=("8BITMIME",)) as sink:
        out = courier(f"smtp://127.0.0.1:{sink.port}")
        outcomes = await out.send("", ["jós@out.example"], RAW) | await out.send("", ["jan@café.example"], RAW)
        await out.close()
    assert (outcomes["jós@out.example"].kind, outcomes["jós@out.example"].status) == (FAILED, "5.6.7")
    assert outcomes["jan@café.example"].kind is DELIVERED
    assert sink.received[0].rcpts == ["jan@xn--caf-dma.example"]


@pytest.mark.parametrize("address", ["jan@out.example>\r\nRCPT TO:<eva@evil.example", "a\x00b@out.example", "<x>@y"])
async def test_an_address_can_not_become_a_command(sink: Sink, address: str) -> None:
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    outcomes = await out.send("", [address], RAW)
    await out.close()
    assert outcomes[address].kind is FAILED
    assert sink.received == []
    assert not any("evil" in command for command in sink.commands)


def test_canonical_leaves_good_mail_alone() -> None:
    assert canonical(RAW) is RAW
    assert canonical(b"a\r\n\r\nb") == b"a\r\n\r\nb\r\n"


# -- LMTP, MX, reuse


async def test_lmtp_answers_for_each_recipient() -> None:
    async with Sink(lmtp=True, rcpt_replies={JAN: "452 4.2.2 full", PIET: "250 2.0.0 saved"}) as sink:
        out = courier(f"lmtp://127.0.0.1:{sink.port}", TlsDemand.NONE)
        outcomes = await out.send("anna@example.nl", [JAN, PIET], RAW)
        await out.close()
    assert [outcomes[JAN].kind, outcomes[PIET].kind] == [RETRY, DELIVERED]
    assert sink.connections == 1
    assert sink.commands[0].startswith("LHLO ")


async def test_connections_are_used_again_until_they_are_old(sink: Sink) -> None:
    clock = [0.0]
    out = courier(f"smtp://127.0.0.1:{sink.port}", monotonic=lambda: clock[0])
    await out.send("", [JAN], RAW)
    await out.send("", [JAN], RAW)
    assert sink.connections == 1
    clock[0] = 100.0
    await out.send("", [JAN], RAW)
    await out.close()
    assert sink.connections == 2
    assert len(sink.received) == 3


async def test_a_kept_connection_that_died_costs_nothing(sink: Sink) -> None:
    out = courier(f"smtp://127.0.0.1:{sink.port}")
    await out.send("", [JAN], RAW)
    sink.behaviour = {"mail": CLOSE}
    [kept] = next(iter(out._idle.values()))
    assert kept.usable
    first = await out.send("", [JAN], RAW)
    assert first[JAN].kind is RETRY
    assert sink.connections == 2  # it was tried anew at once
    sink.behaviour = {}
    assert (await out.send("", [JAN], RAW))[JAN].kind is DELIVERED
    await out.close()


async def test_the_next_mx_is_tried_when_the_first_does_not_answer(sink: Sink) -> None:
    out = courier("mx", resolver=Hosts(["127.0.0.2", "127.0.0.1"]), mx_port=sink.port)
    outcomes = await out.send("", [JAN], RAW)
    await out.close()
    assert outcomes[JAN].kind is DELIVERED


async def test_no_other_mx_gets_what_the_first_may_have() -> None:
    async with Sink({"content": HALF}) as sink:
        out = courier("mx", resolver=Hosts(["127.0.0.1", "127.0.0.1"]), mx_port=sink.port)
        outcomes = await out.send("", [JAN], RAW)
    assert outcomes[JAN].kind is RETRY
    assert len(sink.received) == 1


@pytest.mark.parametrize(("error", "kind"), [(NullMx(), FAILED), (DnsFailure(), RETRY)])
async def test_dns_says_no_or_does_not_know(error: ZegelError, kind: OutcomeKind) -> None:
    outcomes = await courier("mx", resolver=Hosts(error)).send("", [JAN], RAW)
    assert (outcomes[JAN].kind, outcomes[JAN].status) == (kind, error.status)
