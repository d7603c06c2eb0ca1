"""The demo's world: a sink that keeps every message, and pages and JSON that show them, newest first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from aiosmtpd.smtp import SMTP

from portal.demo_sink import Sink, keep
from tests.portal.fakes import House

FIELDS = ["id", "mail_from", "rcpt_tos", "subject", "received_at"]
SUMMER = datetime(2026, 7, 1, 21, 59, 58, tzinfo=UTC)  # 23:59:58 in Amsterdam
RAW = (
    b"From: Anna <anna@example.nl>\r\nSubject: =?utf-8?q?Caf=C3=A9?= <b>\r\nContent-Type: text/html\r\n\r\n"
    b"<p>Hallo<script>alert(1)</script></p>\r\n"
)


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=House(world=tmp_path).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[int]:
    """The port of a sink that writes to the demo's folder."""
    loop = asyncio.get_running_loop()
    handler = Sink(tmp_path)
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="world.example", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_what_the_sink_took_is_listed_newest_first(sink: int, browser: httpx.AsyncClient) -> None:
    for number, sender in enumerate(("anna@example.nl", "", "els@example.nl")):
        raw = RAW.replace(b"Caf", b"%d Caf" % number)
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=sink, start_tls=False) as client:
            await client.sendmail(sender, ["jan@elders.example", "piet@elders.example"], raw)
    listed = (await browser.get("/demo/api/messages")).json()
    assert [list(item) for item in listed] == [FIELDS] * 3
    assert [item["mail_from"] for item in listed] == ["els@example.nl", "", "anna@example.nl"]
    assert listed[0]["rcpt_tos"] == ["jan@elders.example", "piet@elders.example"]
    assert [item["subject"] for item in listed] == [f"{number} Café <b>" for number in (2, 1, 0)]
    times = [datetime.fromisoformat(item["received_at"]) for item in listed]
    assert times == sorted(times, reverse=True)
    assert all(time.tzinfo == UTC for time in times)


async def test_the_raw_message_is_the_bytes_that_came(sink: int, browser: httpx.AsyncClient) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=sink, start_tls=False) as client:
        await client.sendmail("anna@example.nl", ["jan@elders.example"], RAW)
    [item] = (await browser.get("/demo/api/messages")).json()
    answer = await browser.get(f"/demo/api/messages/{item['id']}/raw")
    assert answer.content == RAW
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_text_messages_newest_first(tmp_path: Path, browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/demo/api/sms")).json() == []
    rows = [{"to": "+31612345678", "text": f"{n} is uw code", "at": SUMMER.isoformat()} for n in (1, 2)]
    (tmp_path / "sms.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert (await browser.get("/demo/api/sms")).json() == rows[::-1]
    page = (await browser.get("/demo/inbox")).text
    assert page.index("2 is uw code") < page.index("1 is uw code")
    assert "23:59:58" in page


async def test_people_see_their_own_time_and_a_null_sender(tmp_path: Path, browser: httpx.AsyncClient) -> None:
    keep(tmp_path, "1", SUMMER, "", ["jan@elders.example"], RAW)
    keep(tmp_path, "2", SUMMER + timedelta(seconds=1), "anna@example.nl", ["jan@elders.example"], b"\r\n")
    page = (await browser.get("/demo/inbox")).text
    assert page.index('href="/demo/inbox/2"') < page.index('href="/demo/inbox/1"')
    assert "23:59:58" in page
    assert "&lt;&gt; → jan@elders.example" in page
    assert "Café &lt;b&gt;" in page
    assert "(geen onderwerp)" in page
    assert "1 juli 2026, 23:59" in (await browser.get("/demo/inbox/1")).text
    assert (await browser.get("/demo/api/messages")).json()[1]["mail_from"] == ""


async def test_a_mail_is_shown_without_power(tmp_path: Path, browser: httpx.AsyncClient) -> None:
    keep(tmp_path, "1", SUMMER, "", ["jan@elders.example"], RAW)
    answer = await browser.get("/demo/inbox/1/html")
    assert "Hallo" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "sandbox " in policy
    assert "allow-scripts" not in policy


async def test_unknown_messages_and_paths_out_of_the_folder(browser: httpx.AsyncClient) -> None:
    for path in ("/demo/inbox/9", "/demo/api/messages/9/raw", "/demo/inbox/..%2f..%2fx", "/demo/inbox/9/html"):
        assert (await browser.get(path)).status_code == 404, path


async def test_without_the_demo_there_is_nothing_of_it() -> None:
    transport = httpx.ASGITransport(app=House().app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        for path in ("/demo/inbox", "/demo/api/messages", "/demo/api/sms"):
            assert (await browser.get(path)).status_code == 404, path


def test_a_reader_never_sees_half_a_message(tmp_path: Path) -> None:
    keep(tmp_path, "1", SUMMER, "a@example.nl", ["b@example.nl"], RAW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.eml", "1.json"]
    assert message_from_bytes((tmp_path / "1.eml").read_bytes())["From"] == "Anna <anna@example.nl>"
