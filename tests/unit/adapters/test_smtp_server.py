"""The server as a whole: errors, TLS, clients that leave, stopping, sockets, event loops, many dialogues at once."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters.smtp_dialogue import BROWSERS
from gateway.adapters.smtp_reply import Refusal, Reply, reply_to
from gateway.adapters.smtp_settings import Limits, Listener
from gateway.core.envelope import Envelope
from gateway.core.errors import Blocked, CannotOpen, Misconfigured, OutOfSpace, ScanFailed, ZegelError
from gateway.core.organisation import Organisations
from tests.unit.adapters.smtp_lab import PASSWORD, TRUSTED, Client, client_context, running

TO = ("anna@example.nl", "x@elsewhere.example")
PLAIN = "AUTH PLAIN AGFubmFAZXhhbXBsZS5ubABnZWhlaW0tw6stMQ=="


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (Blocked("Een BSN\r\n250 2.0.0 Ok"), "554 5.7.1 Een BSN 250 2.0.0 Ok"),
        (Blocked("Patiëntgegevens – niet toegestaan"), "554 5.7.1 Patientgegevens ? niet toegestaan"),
        (ScanFailed(), "451 4.3.0 Temporarily unavailable, please try again later"),
        (OutOfSpace(), "452 4.3.1 Temporarily out of storage, please try again later"),
        (CannotOpen(), "451 4.3.0 Temporarily unavailable, please try again later"),
        (Misconfigured(()), "451 4.3.0 Temporarily unavailable, please try again later"),
        (ValueError("/secret/path"), "451 4.3.0 Temporarily unavailable, please try again later"),
        (MemoryError("x"), "451 4.3.0 Temporarily unavailable, please try again later"),
        (TimeoutError("x"), "451 4.3.0 Temporarily unavailable, please try again later"),
        (ConnectionResetError("the database's"), "451 4.3.0 Temporarily unavailable, please try again later"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_is_answered_without_detail_and_in_step(error: Exception, reply: str) -> None:
    async def fail(_envelope: Envelope, _raw: bytes) -> None:
        raise error

    async with running() as lab, lab.client("none", TRUSTED) as client:
        lab.before_accept = fail
        await client.hello()
        await client.envelope(*TO)
        assert await client.ask("a: b\r\n.") == reply
        assert await client.ask("NOOP") == "250 2.0.0 Ok"
        lab.before_accept = None
        await client.envelope(*TO)
        assert (await client.ask("a: b\r\n.")).startswith("250 2.0.0")


async def test_a_long_reason_is_folded_into_lines() -> None:
    async def fail(_envelope: Envelope, _raw: bytes) -> None:
        raise Blocked("Waarom " * 200)

    async with running() as lab, lab.client("none", TRUSTED) as client:
        lab.before_accept = fail
        await client.hello()
        await client.envelope(*TO)
        await client.say("a: b\r\n.")
        lines = await client.reply()
        assert len(lines) > 3
        assert all(line.startswith("554-5.7.1 Waarom") for line in lines[:-1])


def test_replies_speak_utf8_only_to_those_who_do() -> None:
    reply = Reply(554, "5.7.1", "Patiënt " * 60)
    assert reply.encode().isascii()
    lines = reply.encode(utf8=True).decode().split("\r\n")
    assert "Patiënt" in lines[0]
    assert max(len(line.encode()) for line in lines) <= 510
    assert Reply(220, "", "").encode() == b"220 \r\n"
    assert reply_to(ZegelError()).code == 451
    assert "secret" not in repr(Refusal(550, "5.7.1", "x"))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_1_2_and_1_3_are_spoken(version: ssl.TLSVersion) -> None:
    async with running() as lab, lab.client() as client:
        await client.hello()
        await client.ask("STARTTLS")
        await client.start_tls(client_context(version))
        assert (await client.ask("EHLO a.example")).startswith("250")
        assert (await client.ask(PLAIN)).startswith("235")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
async def test_older_tls_is_refused() -> None:
    async with running() as lab, lab.client() as client:
        await client.hello()
        await client.ask("STARTTLS")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.start_tls(client_context(ssl.TLSVersion.TLSv1_1))


async def test_rubbish_instead_of_a_handshake_ends_the_session() -> None:
    async with running() as lab, lab.client() as client, lab.client("starttls") as other:
        await client.hello()
        await client.ask("STARTTLS")
        await client.send(b"NOOP\r\n" * 10)
        rest = await asyncio.wait_for(client.reader.read(), 5)
        assert b"250" not in rest
        await other.hello()
        reader, writer = await asyncio.open_connection("127.0.0.1", lab.ports["implicit"])
        writer.write(b"EHLO a.example\r\n")
        assert b"250" not in await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert not lab.queue


async def test_a_client_that_leaves_during_accept_does_not_stop_it() -> None:
    inside, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(_envelope: Envelope, _raw: bytes) -> None:
        inside.set()
        await go_on.wait()
        done.set()

    async with running() as lab:
        lab.before_accept = wait
        async with lab.client("none", TRUSTED) as client:
            await client.hello()
            await client.envelope(*TO)
            await client.send(b"a: b\r\n.\r\n")
            await inside.wait()
            client.writer.transport.abort()
        go_on.set()
        await asyncio.wait_for(done.wait(), 5)
    assert len(lab.queue) == 1


async def test_a_client_that_leaves_during_data_leaves_nothing() -> None:
    async with running() as lab:
        async with lab.client("none", TRUSTED) as client:
            await client.hello()
            await client.envelope(*TO)
            await client.send(b"a: b\r\n\r\nhalf a mess")
        async with lab.client("none", TRUSTED) as client:
            await client.hello()
        assert lab.queue == []


async def test_stopping_finishes_messages_and_dismisses_the_others() -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_envelope: Envelope, _raw: bytes) -> None:
        inside.set()
        await go_on.wait()

    async with running() as lab, lab.client("none", TRUSTED) as busy, lab.client("none", TRUSTED) as sending:
        lab.before_accept = wait
        for client in (busy, sending):
            await client.hello()
            await client.envelope(*TO)
        await busy.send(b"a: b\r\n.\r\n")
        await inside.wait()
        async with lab.client("none") as idle:
            await idle.hello()
            stopping = asyncio.create_task(lab.server.stop(5))
            assert await idle.reply() == ["421 4.3.2 zegel.example.nl Service shutting down"]
            assert await idle.reply() == []
        with pytest.raises(OSError):
            await lab.connect("none")
        go_on.set()
        await sending.send(b"a: b\r\n.\r\n")
        for client in (busy, sending):
            assert (await client.reply())[-1].startswith("250 2.0.0")
            assert (await client.reply())[-1].startswith("421 4.3.2")
        await stopping
        assert len(lab.queue) == 2


async def test_stopping_does_not_wait_for_ever() -> None:
    async with running() as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        await client.envelope(*TO)
        await lab.server.stop(0.05)
        assert await client.reply() == []


async def test_a_bound_socket_is_used_and_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with running(listeners=(Listener("", 0, "none", bound=bound),)) as lab:
            assert lab.server.addresses == (bound.getsockname(),)
            async with lab.client("none") as client:
                assert (await client.reply())[-1].startswith("220")
        assert bound.fileno() >= 0


async def test_two_servers_share_a_port() -> None:
    async with running(reuse_port=True) as one:
        port = one.ports["none"]
        async with running(reuse_port=True, listeners=(Listener("127.0.0.1", port, "none"),)) as two:
            assert two.server.addresses == (("127.0.0.1", port),)


async def test_a_taken_port_is_an_error_and_leaves_no_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError):
            async with running(listeners=(Listener("127.0.0.1", 0, "none"), Listener("127.0.0.1", port, "none"))):
                pass


async def test_reloaded_organisations_judge_at_once() -> None:
    async with running() as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        lab.server.set_organisations(Organisations(()))
        assert (await client.ask("MAIL FROM:<anna@example.nl>")).startswith("250")
        assert (await client.ask("RCPT TO:<x@elsewhere.example>")).startswith("550 5.7.1")


async def _whole_session() -> None:
    async with running() as lab, lab.client("starttls") as client, lab.client("implicit") as implicit:
        await client.hello()
        await client.send(b"STARTTLS\r\nEHLO injected\r\n")
        assert (await client.reply())[-1].startswith("220 2.0.0")
        await client.start_tls()
        assert (await client.ask("MAIL FROM:<anna@example.nl>")).startswith("503")
        await implicit.reply()
        for each in (client, implicit):
            await each.ask("EHLO a.example")
            await each.ask(PLAIN)
            await each.envelope(*TO)
            body = b"From: anna@example.nl\r\n\r\n" + b"0123456789\r\n" * 100_000
            await each.send(body + b".\r\n")
            assert (await each.reply())[-1].startswith("250 2.0.0")
            assert await each.ask("QUIT") == "221 2.0.0 Bye"
        assert [raw for _, raw in lab.queue] == [body, body]


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_both_event_loops_carry_it(factory: object) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]
        runner.run(_whole_session())


async def test_no_secret_reaches_the_log(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with running(plaintext_auth_on_loopback=True) as lab, lab.client("none") as client:
        await client.hello()
        await client.ask(PLAIN[:-8] + "eHg=")
        await client.ask(PLAIN)
        await client.ask("AUTH LOGIN")
        await client.ask(PASSWORD)
        await client.ask(PASSWORD)
        await client.envelope(*TO)
        await client.ask("From: anna@example.nl\r\nSubject: heel-geheim\r\n\r\nzeer-geheim\r\n.")
    logged = "".join(capsys.readouterr()) + caplog.text
    assert "smtp_queued" in logged
    for secret in (PASSWORD, "geheim", PLAIN[11:30]):
        assert secret not in logged


VERBS = st.sampled_from(
    [
        "EHLO a.example", "HELO a.example", "MAIL FROM:<anna@example.nl>", "MAIL FROM:<> SIZE=9 SMTPUTF8",
        "RCPT TO:<x@elsewhere.example>", "RCPT TO:<anna@example.nl>", "DATA", "RSET", "NOOP", "VRFY", "HELP x", "AUTH",
        "AUTH PLAIN", "AUTH LOGIN eA==", "*", "XFORWARD ADDR=192.0.2.1", "STARTTLS x", "", " ", "BDAT 5 LAST", ".", "..",
        "a: b", "MAIL FROM:", "RCPT TO:<\"", "EXPN",
    ]
)  # fmt: skip
RUBBISH = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40)


async def _in_step(client: Client, lines: list[str]) -> None:
    """Each line has one reply, except inside DATA, which ends with a dot."""
    await client.reply()
    in_data = False
    for line in lines:
        await client.say(line)
        if in_data and line != ".":
            continue
        reply = await client.reply()
        if not reply or reply[-1].startswith("421"):
            return
        if line.split(" ")[0].upper() in BROWSERS and reply[-1].startswith("500"):
            assert await client.reply() == []
            return
        assert reply[-1][3] == " "
        assert int(reply[-1][:3]) in range(200, 600)
        in_data = reply[-1].startswith("354")
    if in_data:
        await client.say(".")
        await client.reply()
    assert (await client.ask("QUIT"))[:3] in ("221", "501", "535")


@given(st.lists(VERBS | RUBBISH, max_size=25))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_said_each_command_has_one_answer(lines: list[str]) -> None:
    async def session() -> None:
        patient = running(Limits(errors=1000), plaintext_auth_on_loopback=True)
        async with patient as lab, lab.client("none", TRUSTED) as client:
            await _in_step(client, lines)
            assert "fault" not in lab.events

    asyncio.run(session())


@given(st.lists(st.binary(max_size=60), max_size=12))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_octets_break_it(pieces: list[bytes]) -> None:
    async def session() -> None:
        async with running() as lab, lab.client("none", TRUSTED) as client, lab.client("none") as other:
            try:
                for piece in pieces:
                    await client.send(piece)
                client.writer.write_eof()
                answers = await asyncio.wait_for(client.reader.read(), 10)
                assert all(line[:3].isdigit() for line in answers.split(b"\r\n") if line)
            except ConnectionError:
                pass
            await other.hello()
            assert "fault" not in lab.events

    asyncio.run(session())
