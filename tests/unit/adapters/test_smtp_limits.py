"""Size, memory, time, number: what is too much is refused, in step, and others are not harmed."""

from __future__ import annotations

import asyncio
import base64

import pytest

from gateway.adapters.smtp_limits import Budget, Census, Failures
from gateway.adapters.smtp_settings import Limits, Listener, SmtpSettings, address_of, neighbourhood
from gateway.core.envelope import Envelope
from tests.unit.adapters.smtp_lab import PASSWORD, TRUSTED, Lab, running

TO = ("anna@example.nl", "x@elsewhere.example")


async def test_a_message_over_the_size_is_refused_in_step() -> None:
    async with running(Limits(message_bytes=1000)) as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        await client.envelope(*TO)
        await client.send(b"a: b\r\n\r\n" + b"x\r\n" * 1000 + b".\r\nNOOP\r\n")
        assert (await client.reply())[-1].startswith("552 5.3.4 ")
        assert (await client.reply()) == ["250 2.0.0 Ok"]
        await client.envelope(*TO)
        assert (await client.ask("a: b\r\n.")).startswith("250 2.0.0")
        assert len(lab.queue) == 1


async def test_an_endless_message_ends_the_session() -> None:
    async with running(Limits(message_bytes=1000)) as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        await client.envelope(*TO)
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(1000):
                await client.send(b"x" * 65536)
                await asyncio.sleep(0)
        assert lab.queue == []


async def test_a_huge_line_is_refused() -> None:
    async with running(Limits(line_bytes=1000)) as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        await client.envelope(*TO)
        await client.send(b"a: " + b"b" * 2000 + b"\r\n.\r\n")
        assert (await client.reply())[-1].startswith("554 5.6.0 ")
        await client.say("NOOP " + "x" * 3000)
        assert (await client.reply())[-1] == "500 5.5.2 Line too long"
        await client.say("NOOP " + "x" * 100_000)
        assert (await client.reply())[-1] == "500 5.5.2 Line too long"
        assert await client.ask("NOOP") == "250 2.0.0 Ok"
        assert lab.queue == []


async def test_an_endless_line_ends_the_session() -> None:
    async with running() as lab, lab.client("none") as client:
        await client.reply()
        client.writer.write(b"x" * 1_500_000)
        assert (await client.reply())[-1] == "500 5.5.2 Line too long"
        assert await client.reply() == []


async def test_more_than_the_budget_is_temporarily_refused_and_given_back() -> None:
    limits = Limits(message_bytes=1000, bytes_in_flight=1500)
    inside = asyncio.Event()
    go_on = asyncio.Event()

    async def wait(_envelope: Envelope, _raw: bytes) -> None:
        inside.set()
        await go_on.wait()

    message = b"a: b\r\n\r\n" + b"x" * 900 + b"\r\n.\r\n"
    async with running(limits) as lab, lab.client("none", TRUSTED) as one, lab.client("none", TRUSTED) as two:
        lab.before_accept = wait
        for client in (one, two):
            await client.hello()
        await one.envelope(*TO)
        await one.send(message)
        await inside.wait()
        assert (await two.ask("MAIL FROM:<anna@example.nl> SIZE=900")).startswith("452 4.3.1 ")
        await two.envelope(*TO)
        await two.send(message)
        assert (await two.reply())[-1].startswith("452 4.3.1 ")
        go_on.set()
        assert (await one.reply())[-1].startswith("250 2.0.0")
        await two.envelope(*TO)
        await two.send(message)
        assert (await two.reply())[-1].startswith("250 2.0.0")


async def test_a_loop_is_cut() -> None:
    async with running(Limits(hops=3)) as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        for count, reply in ((3, "250 2.0.0"), (4, "554 5.4.6")):
            await client.envelope(*TO)
            await client.send(b"Received: x\r\n" * count + b"\r\nReceived: in the body\r\n.\r\n")
            assert (await client.reply())[-1].startswith(reply)
        assert len(lab.queue) == 1


async def test_sessions_are_counted_by_address_and_in_all() -> None:
    async with running(Limits(sessions=4, sessions_per_address=2)) as lab:
        clients = [await lab.connect("none") for _ in range(3)]
        assert [(await client.reply())[-1][:9] for client in clients] == ["220 zegel", "220 zegel", "421 4.7.0"]
        trusted = [await lab.connect("none", TRUSTED) for _ in range(3)]
        assert [(await client.reply())[-1][:3] for client in trusted] == ["220", "220", "421"]
        assert await clients[0].ask("QUIT") == "221 2.0.0 Bye"
        assert await clients[0].reply() == []
        later = await lab.connect("none")
        assert (await later.reply())[-1].startswith("220")
        for client in [*clients, *trusted, later]:
            await client.close()
        assert lab.events.count("session_refused") == 2


@pytest.mark.parametrize(
    ("limits", "hello", "begun"),
    [
        (Limits(hello_seconds=0.1), False, b""),
        (Limits(hello_seconds=0.1), False, b"EHLO"),
        (Limits(command_seconds=0.1), True, b"NOO"),
    ],
)
async def test_who_says_nothing_is_left(limits: Limits, hello: bool, begun: bytes) -> None:
    async with running(limits) as lab, lab.client("none") as client:
        await (client.hello() if hello else client.reply())
        await client.send(begun)
        assert await client.reply() == ["421 4.4.2 zegel.example.nl Timeout"]
        assert await client.reply() == []


async def test_a_slow_message_is_left_and_others_are_served() -> None:
    limits = Limits(data_seconds=0.3, data_rate=1_000_000)
    async with running(limits) as lab, lab.client("none", TRUSTED) as slow, lab.client("none", TRUSTED) as other:
        await slow.hello()
        await other.hello()
        await slow.envelope(*TO)

        async def trickle() -> None:
            while True:  # each pause is short, but the whole is too slow
                await slow.send(b"x")
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        await other.envelope(*TO)
        assert (await other.ask("a: b\r\n.")).startswith("250 2.0.0")
        assert (await slow.reply())[-1] == "421 4.4.2 zegel.example.nl Timeout"
        trickling.cancel()
        await asyncio.gather(trickling, return_exceptions=True)
        assert len(lab.queue) == 1


async def test_who_does_not_read_is_left() -> None:
    async with running(Limits(write_seconds=0.1)) as lab, lab.client("none") as client:
        await client.hello()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(100_000):
                await client.send(b"VRFY x\r\n" * 100)
                await asyncio.sleep(0)
        assert lab.queue == []


async def log_in(lab: Lab, name: str, password: str) -> str:
    async with lab.client("none") as client:
        await client.hello()
        await client.ask("AUTH LOGIN")
        await client.ask(_base64(name))
        return await client.ask(_base64(password))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_wrong_passwords_close_the_gate_for_their_address() -> None:
    async with running(Limits(login_failures_per_address=2), plaintext_auth_on_loopback=True) as lab:
        assert (await log_in(lab, "anna@example.nl", "x")).startswith("535 5.7.8")
        assert (await log_in(lab, "nobody@example.nl", "x")).startswith("535 5.7.8")
        for name in ("anna@example.nl", "nobody@example.nl"):
            assert (await log_in(lab, name, PASSWORD)).startswith("454 4.7.0")
        assert lab.asked == ["anna@example.nl", "nobody@example.nl"]


async def test_wrong_passwords_close_the_gate_for_their_account_but_not_for_its_owner() -> None:
    async with running(Limits(login_failures_per_account=2), plaintext_auth_on_loopback=True) as lab:
        assert (await log_in(lab, "anna@example.nl", PASSWORD)).startswith("235")
        for name in ("anna@example.nl", "ANNA@example.nl ", "bram@example.nl", "bram@example.nl"):
            assert (await log_in(lab, name, "x")).startswith("535")
        assert (await log_in(lab, "bram@example.nl", PASSWORD)).startswith("454 4.7.0")
        assert (await log_in(lab, "anna@example.nl", PASSWORD)).startswith("235")


async def test_failures_are_counted_for_all_processes() -> None:
    keys: list[str] = []

    async def count(key: str) -> int:
        keys.append(key)
        return 20

    async with running(count=count, plaintext_auth_on_loopback=True) as lab:
        assert (await log_in(lab, "anna@example.nl", "x")).startswith("535")
        assert (await log_in(lab, "bram@example.nl", PASSWORD)).startswith("454")
        assert keys == ["smtp-login:127.0.0.1", "smtp-login:anna@example.nl"]


async def test_a_broken_store_is_a_temporary_failure() -> None:
    async def fail(_name: str) -> None:
        raise RuntimeError("secret detail")

    async with running(plaintext_auth_on_loopback=True) as lab:
        lab.before_login = fail
        assert await log_in(lab, "anna@example.nl", PASSWORD) == "454 4.7.0 Temporary authentication failure"
        assert lab.events.count("fault") == 1


async def test_few_logins_run_at_once() -> None:
    running_now = most = 0

    async def slowly(_name: str) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0.02)
        running_now -= 1

    async with running(Limits(logins_at_once=2), plaintext_auth_on_loopback=True) as lab:
        lab.before_login = slowly
        await asyncio.gather(*(log_in(lab, "anna@example.nl", PASSWORD) for _ in range(8)))
        assert most == 2


def test_budget_and_census_give_back() -> None:
    budget = Budget(10)
    with budget.lease() as one, budget.lease() as two:
        assert one.grow(6)
        assert not two.grow(5)
        assert two.grow(4)
    assert budget.used == 0
    census = Census(2, 1)
    assert census.enter("a", exempt=False)
    assert not census.enter("a", exempt=False)
    assert census.enter("a", exempt=True)
    assert not census.enter("b", exempt=True)
    census.leave("a")
    census.leave("a")
    assert len(census) == 0


def test_failures_are_forgotten_after_the_window_and_bounded() -> None:
    now = 0.0
    failures = Failures(10, lambda: now, size=2)
    failures.add("a")
    now = 9.0
    failures.add("a")
    assert failures.count("a") == 2
    now = 10.0
    assert failures.count("a") == 0
    failures.add("b", at_least=7)
    failures.add("c")
    assert (failures.count("a"), failures.count("b"), failures.count("c")) == (0, 7, 1)


def test_an_ipv6_customer_counts_as_one() -> None:
    assert neighbourhood(address_of("2001:db8:1:2:3::4")) == "2001:db8:1:2::/64"
    assert neighbourhood(address_of("::ffff:192.0.2.1")) == "192.0.2.1"
    assert address_of("no address") is None


@pytest.mark.parametrize(
    ("listener", "limits"),
    [(Listener("::", 25, "starttls"), Limits()), (Listener("::", 25, "none"), Limits(bytes_in_flight=5))],
)
def test_settings_that_cannot_work_are_refused(listener: Listener, limits: Limits) -> None:
    with pytest.raises(ValueError):
        SmtpSettings("h", (listener,), limits=limits)
