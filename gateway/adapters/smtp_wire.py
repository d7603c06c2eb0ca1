"""One SMTP connection: lines in, replies out, deadlines, TLS. What is said over it is `smtp_dialogue`'s business.

It is aiosmtpd's connection with those parts replaced that it leaves to chance: aiosmtpd takes a bare LF for a line end, ends
its task when the peer half-closes (in the middle of accepting a message, too), and answers exceptions with their text.

The rules: only CR LF ends a line. Every wait has a deadline. The peer never cancels the task; it just finds no more input.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio.streams import StreamReaderProtocol
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

from aiosmtpd.smtp import SMTP

from gateway.adapters.smtp_data import DataReader
from gateway.adapters.smtp_reply import Refusal, Reply
from gateway.adapters.smtp_settings import SmtpSettings

CHUNK = 64 * 1024
LONGEST_SKIP = 1024 * 1024  # of a line that is too long; then the connection ends
LINGER_SECONDS, CLOSE_SECONDS = 1.0, 5.0


class Gone(Exception):
    """The peer is no longer there, or not worth waiting for."""


class Wire(SMTP):
    """Subclasses implement `serve`, which talks until the session is over."""

    line_length_limit = CHUNK  # the stream's window: reading pauses at twice this

    def __init__(self, settings: SmtpSettings, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(object(), hostname=settings.hostname, enable_SMTPUTF8=True, loop=loop)
        self.settings = settings
        self.limits = settings.limits
        self.tls = False
        self.utf8_replies = False
        self._input = bytearray()
        self._patience: asyncio.Timeout | None = None
        self._lost = asyncio.Event()

    async def serve(self) -> None:
        raise NotImplementedError

    # -- reading

    async def read_line(self, seconds: float, limit: int) -> bytes:
        """One line without its CR LF. Raises `Refusal` (still in step unless it closes), `TimeoutError`, `Gone`."""
        async with self._waiting(seconds):
            searched = skipped = 0
            while (end := self._input.find(b"\n", searched)) < 0:
                if len(self._input) > limit:
                    skipped += len(self._input)
                    self._input.clear()
                if skipped > LONGEST_SKIP:
                    raise Refusal(500, "5.5.2", "Line too long", close=True)
                searched = len(self._input)
                await self._fill()
        line = bytes(self._input[: end + 1])
        del self._input[: end + 1]
        if skipped or end > limit:
            raise Refusal(500, "5.5.2", "Line too long")
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            # what follows may be the inside of a message that somebody else takes for commands
            raise Refusal(500, "5.5.2", "Lines must end in CR LF", close=True)
        return line[:-2]

    async def read_message(self, reader: DataReader) -> None:
        """Feeds the reader up to the end of DATA. Raises `TimeoutError`, `Gone`, and `Refusal` for endless ones."""
        loop, limits = self.loop, self.limits
        begun = loop.time()
        while True:
            chunk = bytes(self._input)
            self._input.clear()
            rest = reader.feed(chunk)
            if rest is not None:
                self._input += rest
                return
            if reader.received > 4 * limits.message_bytes + CHUNK:
                raise Refusal(552, "5.3.4", "The message is too large", close=True)
            allowed = limits.data_seconds + reader.received / limits.data_rate - (loop.time() - begun)
            async with asyncio.timeout(min(limits.data_seconds, allowed)):
                await self._fill()

    async def _fill(self) -> None:
        chunk = await self._reader.read(CHUNK)
        if not chunk:
            raise Gone
        self._input += chunk

    @asynccontextmanager
    async def _waiting(self, seconds: float) -> AsyncIterator[None]:
        """A deadline that `hurry` can bring forward."""
        try:
            async with asyncio.timeout(seconds) as self._patience:
                yield
        finally:
            self._patience = None

    def hurry(self) -> None:
        """Ends a wait for the next command at once; a message on its way is not disturbed."""
        if self._patience is not None:
            with suppress(RuntimeError):  # its time is just up anyway
                self._patience.reschedule(self.loop.time())

    # -- writing

    async def answer(self, reply: Reply) -> None:
        """Raises `Gone` when the peer does not read."""
        await self.send(reply.encode(utf8=self.utf8_replies))

    async def send(self, octets: bytes) -> None:
        self._writer.write(octets)
        try:
            async with asyncio.timeout(self.limits.write_seconds):
                await self._writer.drain()
        except TimeoutError:
            self._writer.transport.abort()
            raise Gone from None

    # -- TLS

    async def start_tls(self, context: ssl.SSLContext, invitation: Reply) -> None:
        """Raises `Gone` when the handshake fails. Nothing that came in clear survives it (CVE-2024-34083).

        From the invitation to the change of protocol there is no await: the peer's first TLS octets can't get lost.
        """
        clear = cast(asyncio.Transport, self.transport)
        if clear is None:
            raise Gone
        self._writer.write(invitation.encode())
        self._input.clear()
        reader = asyncio.StreamReader(limit=CHUNK, loop=self.loop)
        self._reader = reader
        try:
            transport = await self.loop.start_tls(
                clear, self, context, server_side=True, ssl_handshake_timeout=self.limits.tls_seconds
            )
        except (OSError, ssl.SSLError):
            clear.abort()
            self._lost.set()  # asyncio does not tell us after a failed handshake
            raise Gone from None
        if transport is None:  # the peer left during the handshake
            raise Gone
        reader.set_transport(transport)
        self._writer = asyncio.StreamWriter(transport, self, reader, self.loop)
        self.transport = transport
        self.tls = True

    # -- asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.tls = transport.get_extra_info("sslcontext") is not None
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed_data(data)

    def eof_received(self) -> bool:
        """A peer that only stops sending still gets its answers."""
        self._reader.feed_eof()
        return not self.tls

    def connection_lost(self, error: Exception | None) -> None:
        StreamReaderProtocol.connection_lost(self, error)
        self._reader.feed_eof()
        self._lost.set()
        self.transport = None

    def _reset_timeout(self, duration: float | None = None) -> None:
        """aiosmtpd's one timer for everything is not used."""

    @property
    def task(self) -> asyncio.Task[None]:
        """The session's task."""
        return cast("asyncio.Task[None]", self._handler_coroutine)

    async def _handle_client(self) -> None:
        """The session's task, started by aiosmtpd."""
        try:
            with suppress(Gone, OSError):
                await self.serve()
                await self._linger()
        finally:
            await self._hang_up()

    async def _linger(self) -> None:
        """Reads on for a moment: closing on unread input resets the connection, and the peer may miss our last reply."""
        if self._lost.is_set() or not self._writer.can_write_eof():
            return
        self._writer.write_eof()
        read = 0
        async with asyncio.timeout(LINGER_SECONDS):
            while (chunk := await self._reader.read(CHUNK)) and read < LONGEST_SKIP:
                read += len(chunk)

    async def _hang_up(self) -> None:
        transport = self._writer.transport
        self._writer.close()
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._lost.wait()
        transport.abort()
