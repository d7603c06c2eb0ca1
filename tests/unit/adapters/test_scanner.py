"""The scanner with real worker processes: killed, frozen, starved of memory, reloaded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import zmq

from gateway.adapters import scan_broker
from gateway.adapters.scan_broker import Broker, BrokerSettings, RuleTexts
from gateway.adapters.scan_now import scan_now
from gateway.adapters.scan_socket import BrokerKeys
from gateway.adapters.scan_wire import from_frames, to_frames
from gateway.adapters.scanner import ClientKeys, ZmqScanner
from gateway.core import rules
from gateway.core.errors import Malformed, Misconfigured, ScanFailed

RULE = '[x.{0}]\ntitle.nl = "x"\ntitle.en = "x"\nkeywords = ["{0}"]\nmatch = ["{0}"]\nno_match = ["other"]\n'
MAIL = b"Subject: x\r\n\r\nthe zebra stands here\r\n"


@pytest.fixture
def texts() -> dict[str, str]:
    """The rule files that the broker reads; a test may change them."""
    return {"a.toml": RULE.format("zebra")}


@pytest.fixture
def wanted(tmp_path: Path, texts: dict[str, str]) -> BrokerSettings:
    def read_rules() -> RuleTexts:
        return tuple(texts.items()), ()

    return BrokerSettings(f"ipc://{tmp_path}/s", 1, 10, 1 << 30, read_rules)


@contextlib.asynccontextmanager
async def serving(settings: BrokerSettings) -> AsyncIterator[Broker]:
    broker = Broker(settings)
    ready = asyncio.Event()
    task = asyncio.create_task(broker.serve(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield broker
    finally:
        broker.stop()
        await task


@contextlib.asynccontextmanager
async def asking(*endpoints: str, seconds: float = 30, keys: ClientKeys | None = None) -> AsyncIterator[ZmqScanner]:
    scanner = ZmqScanner(endpoints, seconds=seconds, keys=keys)
    try:
        yield scanner
    finally:
        await scanner.close()


async def test_a_scan_comes_back_whole(wanted: BrokerSettings, texts: dict[str, str]) -> None:
    raw = (
        "Subject: é\r\nFrom: A <a@b>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nzebra\r\n--b\r\n"
        "Content-Disposition: attachment; filename=x.bin\r\n\r\n\1\2\r\n--b--\r\n"
    ).encode()
    async with serving(wanted), asking(wanted.endpoint) as scanner:
        scan = await scanner.scan(raw)
    assert scan == scan_now(raw, rules.load(tuple(texts.items())))
    assert [finding.rule for finding in scan.findings.findings] == ["x.zebra"]
    assert [item.reason for item in scan.findings.unscannable] == ["unknown-type"]


async def test_many_at_once_and_what_is_no_message(wanted: BrokerSettings) -> None:
    async with serving(replace(wanted, workers=2)), asking(wanted.endpoint) as scanner:
        scans = await asyncio.gather(*(scanner.scan(MAIL.replace(b"x", b"%d" % number)) for number in range(40)))
        assert [scan.message.subject for scan in scans] == [str(number) for number in range(40)]
        with pytest.raises(Malformed):
            await scanner.scan(b"")


async def test_a_killed_worker_is_replaced(wanted: BrokerSettings) -> None:
    async with serving(wanted) as broker, asking(wanted.endpoint) as scanner:
        for _ in range(3):
            first = dict(broker.workers)
            os.kill(first[0], signal.SIGKILL)
            assert (await scanner.scan(MAIL)).findings.findings
            assert broker.workers != first


async def test_a_frozen_worker_is_killed_and_the_job_tried_again(wanted: BrokerSettings) -> None:
    async with serving(replace(wanted, seconds=1)) as broker, asking(wanted.endpoint) as scanner:
        os.kill(broker.workers[0], signal.SIGSTOP)
        assert (await scanner.scan(MAIL)).findings.findings


async def test_a_second_try_waits_its_turn(wanted: BrokerSettings) -> None:
    """One worker, frozen with the first message: those that came behind it are answered before its second try."""
    async with serving(replace(wanted, seconds=1)) as broker, asking(wanted.endpoint) as scanner:
        answered: list[int] = []

        async def scan(number: int) -> None:
            assert (await scanner.scan(MAIL)).findings.findings
            answered.append(number)

        os.kill(broker.workers[0], signal.SIGSTOP)
        first = asyncio.create_task(scan(0))
        await asyncio.sleep(0.1)
        await asyncio.gather(first, *(scan(number) for number in range(1, 6)))
    assert answered == [1, 2, 3, 4, 5, 0]


async def test_what_nobody_waits_for_any_more_is_not_scanned(
    wanted: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_broker, "ABANDONED_SECONDS", 0.7)
    async with serving(replace(wanted, seconds=2)) as broker:
        os.kill(broker.workers[0], signal.SIGSTOP)
        async with asking(wanted.endpoint, seconds=0.3) as gone:
            for scan in await asyncio.gather(*(gone.scan(MAIL) for _ in range(4)), return_exceptions=True):
                assert isinstance(scan, ScanFailed)
        async with asking(wanted.endpoint) as scanner:
            assert (await scanner.scan(MAIL)).findings.findings
        assert broker._known == {}


async def test_a_worker_that_answers_without_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, wanted: BrokerSettings
) -> None:
    """It may have been taken over by what it read; the broker must not run out of memory by it."""
    monkeypatch.setattr(scan_broker, "ANSWER_ROOM", 10)
    async with serving(wanted) as broker, asking(wanted.endpoint) as scanner:
        with pytest.raises(ScanFailed):
            await scanner.scan(b"a: b\r\n\r\nx")
        assert not broker._jobs


async def test_a_worker_that_can_not_be_started_is_tried_again(
    wanted: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(wanted) as broker, asking(wanted.endpoint) as scanner:
        start, tries = asyncio.create_subprocess_exec, []

        async def fails_twice(*arguments: str, **options: object) -> asyncio.subprocess.Process:
            tries.append(1)
            if len(tries) < 3:
                raise BlockingIOError("no process to be had")
            return await start(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio, "create_subprocess_exec", fails_twice)
        os.kill(broker.workers[0], signal.SIGKILL)
        assert (await scanner.scan(MAIL)).findings.findings
    assert len(tries) >= 3


async def test_a_worker_without_memory_ends_in_a_temporary_failure(wanted: BrokerSettings) -> None:
    async with serving(replace(wanted, memory_bytes=200 << 20)), asking(wanted.endpoint) as scanner:
        with pytest.raises(ScanFailed):
            await scanner.scan(MAIL + b"x" * (150 << 20))
        assert (await scanner.scan(MAIL)).findings.findings


async def test_a_worker_may_neither_write_nor_open_files(wanted: BrokerSettings) -> None:
    async with serving(wanted) as broker, asking(wanted.endpoint) as scanner:
        await scanner.scan(MAIL)
        limits = Path(f"/proc/{broker.workers[0]}/limits").read_text()
    told = {line[:25].strip(): line[25:].split()[:2] for line in limits.splitlines()}
    for name in ("Max file size", "Max open files", "Max core file size", "Max processes"):
        assert told[name] == ["0", "0"]
    assert told["Max address space"] == [str(1 << 30)] * 2


async def test_every_charset_can_be_read_without_opening_a_file(wanted: BrokerSettings) -> None:
    head = b"Subject: =?iso-2022-jp?b?GyRCRnxLXBsoQg==?=\r\nContent-Type: text/plain; charset="
    async with serving(wanted), asking(wanted.endpoint) as scanner:
        for name in (
            b"iso-8859-15",
            b"big5",
            b"koi8-r",
            b"utf-7",
            b"euc-kr",
            b"hz-gb-2312",
            b"windows-1258",
            b"nonsense",
        ):
            assert (await scanner.scan(head + name + b"\r\n\r\nzebra\r\n")).findings.findings


async def test_workers_are_recycled(wanted: BrokerSettings) -> None:
    async with serving(replace(wanted, jobs_per_worker=2)) as broker, asking(wanted.endpoint) as scanner:
        seen = set()
        for _ in range(6):
            await scanner.scan(MAIL)
            seen.add(broker.workers[0])
    assert len(seen) == 3


async def test_new_rules_come_in_force_and_bad_ones_do_not(wanted: BrokerSettings, texts: dict[str, str]) -> None:
    async with serving(wanted) as broker, asking(wanted.endpoint) as scanner:
        before = await scanner.scan(MAIL)
        texts["a.toml"] = RULE.format("stands")
        running = [asyncio.create_task(scanner.scan(MAIL)) for _ in range(20)]
        await broker.reload()
        assert all(scan.findings.findings for scan in await asyncio.gather(*running))
        after = await scanner.scan(MAIL)
        assert [finding.rule for finding in after.findings.findings] == ["x.stands"]
        assert after.findings.rules_digest != before.findings.rules_digest
        texts["a.toml"] = "nonsense"
        await broker.reload()
        assert (await scanner.scan(MAIL)).findings.rules_digest == after.findings.rules_digest


def test_a_broker_with_bad_rules_does_not_start(wanted: BrokerSettings, texts: dict[str, str]) -> None:
    texts["a.toml"] = "nonsense"
    with pytest.raises(Misconfigured):
        Broker(wanted)


async def test_without_a_broker_a_scan_fails_in_time(wanted: BrokerSettings) -> None:
    async with asking(wanted.endpoint, seconds=0.3) as scanner:
        with pytest.raises(ScanFailed):
            await scanner.scan(MAIL)


async def test_another_broker_takes_over(wanted: BrokerSettings, tmp_path: Path) -> None:
    async with serving(wanted), asking(f"ipc://{tmp_path}/nobody", wanted.endpoint) as scanner:
        for _ in range(3):
            assert (await scanner.scan(MAIL)).findings.findings


BROKER = """
import sys
from gateway.adapters import scan_broker
from gateway.adapters.scan_broker import BrokerSettings, run_broker
rule = sys.argv[2]
run_broker(
    BrokerSettings(sys.argv[1], 1, 10, 1 << 30, lambda: ((("a.toml", rule),), ())),
    lambda: print("ready", flush=True),
)
"""


async def start_broker(endpoint: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BROKER, endpoint, RULE.format("zebra"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_a_killed_broker_loses_no_scan_that_its_successor_can_do(wanted: BrokerSettings) -> None:
    first = await start_broker(wanted.endpoint)
    async with asking(wanted.endpoint) as scanner:
        assert (await scanner.scan(MAIL)).findings.findings
        os.kill(first.pid, signal.SIGSTOP)  # so that the scans are surely not answered
        running = [asyncio.create_task(scanner.scan(MAIL)) for _ in range(5)]
        await asyncio.sleep(0.1)
        first.kill()
        await first.wait()
        second = await start_broker(wanted.endpoint)
        assert all(scan.findings.findings for scan in await asyncio.gather(*running))
        second.terminate()
        assert await second.wait() == 0


async def test_curve_keeps_strangers_out(wanted: BrokerSettings, unused_tcp_port: int) -> None:
    public, secret = zmq.curve_keypair()
    own_public, own_secret = zmq.curve_keypair()
    settings = replace(
        wanted,
        endpoint=f"tcp://127.0.0.1:{unused_tcp_port}",
        keys=BrokerKeys(public, secret, frozenset({own_public})),
    )
    async with serving(settings):
        async with asking(settings.endpoint, keys=ClientKeys(own_public, own_secret, public)) as scanner:
            assert (await scanner.scan(MAIL)).findings.findings
        async with asking(settings.endpoint, keys=ClientKeys(*zmq.curve_keypair(), public), seconds=0.5) as stranger:
            with pytest.raises(ScanFailed):
                await stranger.scan(MAIL)


def test_an_open_port_without_keys_is_refused(wanted: BrokerSettings) -> None:
    with pytest.raises(ValueError, match="CURVE"):
        Broker(replace(wanted, endpoint="tcp://0.0.0.0:9"))


@pytest.mark.parametrize("frames", [[], [b""], [b"[]"], [b"{}"], [b"[" * 100_000], [b'{"parts": [[1]]}']])
def test_a_worker_that_talks_nonsense_fails_the_scan(frames: list[bytes]) -> None:
    with pytest.raises(ScanFailed):
        from_frames(frames)


def test_numbers_without_end_and_content_in_a_rules_place_fail_the_scan(texts: dict[str, str]) -> None:
    header, *parts = to_frames(scan_now(MAIL, rules.load(tuple(texts.items()))))
    fields = json.loads(header)
    for wrong in (
        ["nl.bsn", "body", 3, float("inf"), []],
        ["BSN 111222333", "body", 3, 1, []],
        ["nl.bsn", "body", 3, -1, []],
    ):
        with pytest.raises(ScanFailed):
            from_frames([json.dumps({**fields, "findings": [wrong]}).encode(), *parts])


def test_a_part_may_not_be_missing(texts: dict[str, str]) -> None:
    frames = to_frames(scan_now(MAIL, rules.load(tuple(texts.items()))))
    with pytest.raises(ScanFailed):
        from_frames(frames[:-1])


def test_places_of_findings_travel_and_nonsense_does_not(texts: dict[str, str]) -> None:
    scan = scan_now(MAIL, rules.load(tuple(texts.items())))
    finding = replace(scan.findings.findings[0], at=((3, 12), (40, 49)))
    told = replace(scan, findings=replace(scan.findings, findings=(finding,)))
    assert from_frames(to_frames(told)) == told
    for wrong in (((-1, 4),), (("0", 4),), ((0,),), ((0.5, 1),)):
        lying = replace(told, findings=replace(scan.findings, findings=(replace(finding, at=wrong),)))
        with pytest.raises(ScanFailed):
            from_frames(to_frames(lying))
