"""The exchange itself: bounded, patient for so long, and never led elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.adapters.sms.http import MOST, Answer, Verdict
from gateway.adapters.sms.spryng import SpryngSms
from gateway.adapters.sms.template import TemplateSms
from gateway.core.errors import SmsFailed

TO = "+31612345678"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """A server that reads a request's head and then does what it likes; its address."""
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await server.wait_closed()


class Listening(TemplateSms):
    """Keeps the answers it got."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "{}")
        self.answers: list[Answer] = []

    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        self.answers.append(answer)
        return super().judge(answer)


async def test_an_endless_answer_is_cut() -> None:
    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with talking(endless) as url:
        sms = Listening(url)
        await sms.send(TO, "123456", "Zegel")
        assert sms.answers == [Answer(200, b"x" * MOST)]


async def test_a_dripping_answer_wears_the_patience_out() -> None:
    async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(dripping) as url:
        sms = Listening(url)
        sms.patience = 0.3
        with pytest.raises(SmsFailed) as caught:
            await sms.send(TO, "123456", "Zegel")
        assert not caught.value.permanent
        assert sms.answers == []


async def test_a_redirect_is_not_followed() -> None:
    asked: list[int] = []

    async def elsewhere(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with talking(elsewhere) as url:
        with pytest.raises(SmsFailed) as caught:
            await SpryngSms("token", url=url).send(TO, "123456", "Zegel")
        assert not caught.value.permanent
        assert asked == [1]


async def test_a_token_that_is_no_header_is_not_quoted() -> None:
    """The library's own error would name the whole header."""
    with pytest.raises(SmsFailed) as caught:
        await SpryngSms("s3cret\r\nX-Other: 1", url="http://127.0.0.1:1/").send(TO, "123456", "Zegel")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "s3cret" not in str(caught.value)
