"""Downloads over a real server and socket: what a reader who stalls meets when the message is taken back."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import uvicorn

from gateway.core.message import Disposition, Part
from gateway.core.pickup import Expired
from portal.connection import CuttableProtocol
from tests.portal.conftest import Browser
from tests.portal.fakes import House
from tests.unit.service.lab import CLIENT, RECIPIENT, Lab

LARGE = 24 * 1024 * 1024  # more than all buffers between server and reader hold
PATIENCE = 20.0  # seconds; the promise is two, a busy machine gets more

Take = Callable[[Lab, str], Awaitable[None]]


async def the_message(lab: Lab, message_id: str) -> None:
    await lab.revoke.message(message_id, "test")


async def the_access(lab: Lab, message_id: str) -> None:
    await lab.revoke.recipient(message_id, RECIPIENT, "test")


class Over:
    """The pages over real services, served, with one opened message that has a large attachment."""

    def __init__(self) -> None:
        self.lab, self.port = Lab(), 0

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Over]:
        part = Part(1, Disposition.ATTACHMENT, "application/zip", "large.zip", bytes(LARGE))
        self.sealed = await self.lab.seal(parts=(part,))
        self.grant_id, code = await self.lab.grant(self.sealed)
        app = House().over(self.lab)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
            server = uvicorn.Server(uvicorn.Config(app, http=CuttableProtocol, log_config=None, access_log=False))
            serving = asyncio.create_task(server.serve([listener]))
            await until(lambda: server.started)
            try:
                await self._open(self.lab.vault.format_code(code))
                yield self
            finally:
                server.should_exit = server.force_exit = True
                await serving

    async def _open(self, code: str) -> None:
        async with Browser(base_url=f"http://127.0.0.1:{self.port}") as browser:
            await browser.see(f"/m/{self.grant_id}")
            answer = await browser.press(f"/m/{self.grant_id}/open", code=code)
            assert answer.status_code == 303
            self.cookie = f"zegel-session={answer.cookies['zegel-session']}"

    def ask(self, path: str) -> socket.socket:
        """A reader that asks for a download, with a small window."""
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", self.port))
        request = f"GET /m/{self.grant_id}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n\r\n"
        reader.sendall(request.encode())
        return reader


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is waited for happens in the kernel
            await asyncio.sleep(0.02)


def is_reset(reader: socket.socket) -> bool:
    """Whether the connection is gone, told without reading from it."""
    poll = select.poll()
    poll.register(reader, 0)  # errors and hang-ups are always told
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


@pytest.fixture
async def over() -> AsyncIterator[Over]:
    async with Over().served() as running:
        yield running


@pytest.mark.parametrize("path", ["/part/1", "/message.zip", "/message.eml"])
@pytest.mark.parametrize("take", [the_message, the_access])
async def test_who_does_not_read_loses_the_connection(over: Over, path: str, take: Take) -> None:
    with over.ask(path) as reader:
        await until(lambda: bool(select.select([reader], [], [], 0)[0]))
        await asyncio.sleep(0.3)  # the buffers fill up, and the server waits
        assert not is_reset(reader)
        await take(over.lab, over.sealed.message.id)
        await until(lambda: is_reset(reader))


async def test_who_reads_slowly_gets_a_broken_download(over: Over) -> None:
    with over.ask("/part/1") as reader:
        reader.setblocking(False)
        assert await asyncio.get_running_loop().sock_recv(reader, 1000)
        await the_message(over.lab, over.sealed.message.id)
        with pytest.raises(ConnectionResetError):
            await slowly(reader)


async def slowly(reader: socket.socket) -> None:
    """Reads to the end, 50 kB a second."""
    async with asyncio.timeout(PATIENCE):
        while await asyncio.get_running_loop().sock_recv(reader, 1000):  # noqa: ASYNC110 - a slow reader
            await asyncio.sleep(0.02)


async def test_who_reads_on_gets_everything(over: Over) -> None:
    async with httpx.AsyncClient(headers={"Cookie": over.cookie}) as client:
        answer = await client.get(f"http://127.0.0.1:{over.port}/m/{over.grant_id}/part/1")
    assert answer.content == bytes(LARGE)


async def test_who_leaves_ends_the_watch(over: Over) -> None:
    before = len(asyncio.all_tasks())
    with over.ask("/part/1") as reader:
        await until(lambda: bool(select.select([reader], [], [], 0)[0]))
        assert len(asyncio.all_tasks()) > before
    await until(lambda: len(asyncio.all_tasks()) <= before)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nX-A: ", b"POST /m/x/open HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncode="],
)
async def test_who_does_not_finish_asking_loses_the_connection(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Over().served() as over:
        monkeypatch.setattr("portal.connection.HEAD_SECONDS", 0.2)
        monkeypatch.setattr("portal.connection.BODY_SECONDS", 0.2)
        with socket.create_connection(("127.0.0.1", over.port)) as client:
            client.sendall(begun)
            await until(lambda: is_reset(client))


async def test_who_has_asked_has_time_to_read_the_answer(over: Over, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.connection.HEAD_SECONDS", 0.2)
    size = 0
    with over.ask("/part/1") as reader:
        reader.setblocking(False)
        await asyncio.sleep(0.5)
        loop = asyncio.get_running_loop()
        while size < LARGE and (chunk := await loop.sock_recv(reader, 1 << 16)):
            size += len(chunk)
    assert size >= LARGE


async def test_the_watch_tells_why() -> None:
    lab = Lab()
    sealed = await lab.seal()
    grant_id, _ = await lab.grant(sealed)
    watch = asyncio.create_task(lab.pickup.ended(grant_id))
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(watch), 1.2)
    assert not watch.done()
    lab.later(days=31)
    with pytest.raises(Expired):
        await asyncio.wait_for(watch, PATIENCE)


async def test_an_image_that_the_text_shows_is_no_download() -> None:
    lab = Lab()
    sealed = await lab.seal(parts=(Part(1, Disposition.INLINE, "image/png", "logo.png", b"x" * 10),))
    grant_id, code = await lab.grant(sealed)
    step = await lab.pickup.open(grant_id, lab.vault.format_code(code), CLIENT)
    for record, told in ((False, False), (True, True)):
        stream = await lab.pickup.part(grant_id, step.unlock, 1, CLIENT, record=record)
        assert b"".join([chunk async for chunk in stream.chunks]) == b"x" * 10
        overview = await lab.manage.overview(sealed.message.id)
        kinds = [event.kind.value for event in overview.recipients[0].events]
        assert ("downloaded" in kinds) is told
