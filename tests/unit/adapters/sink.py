"""A local SMTP or LMTP server that behaves as badly as it is told: for tests of what goes out.

`behaviour` maps a step to what happens there: a reply line, or one of the words below.
Steps: greeting, ehlo, starttls, mail, rcpt, data, content.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

RESET, CLOSE, SILENCE, HALF = "reset", "close", "silence", "half"


@dataclass
class Received:
    mail: str
    rcpts: list[str]
    raw: bytes  # as it was on the wire, between DATA's 354 and the final dot, dots still stuffed

    @property
    def content(self) -> bytes:
        return re.sub(rb"(?m)^\.", b"", self.raw)


@dataclass
class Sink:
    behaviour: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("8BITMIME", "SMTPUTF8", "SIZE 0")
    lmtp: bool = False
    tls: ssl.SSLContext | None = None
    rcpt_replies: Mapping[str, str] = field(default_factory=dict)  # by address; for LMTP after the content too
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Sink:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, EOFError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(writer, "greeting", "220 sink ESMTP")
        mail, rcpts, secure = "", [], False
        while line := (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            self.commands.append(line)
            verb = line[:4].upper()
            if verb in ("EHLO", "LHLO"):
                offers = [*self.extensions, *(["STARTTLS"] if self.tls and not secure else [])]
                lines = ["sink", *offers]
                good = "\r\n".join(f"250{'-' if n < len(lines) - 1 else ' '}{text}" for n, text in enumerate(lines))
                wrong = (verb == "LHLO") != self.lmtp
                await self._answer(writer, "ehlo", "500 5.5.1 what?" if wrong else good)
            elif verb == "STAR":
                await self._answer(writer, "starttls", "220 go ahead")
                assert self.tls is not None
                await writer.start_tls(self.tls)
                secure = True
            elif verb == "MAIL":
                mail, rcpts = line, []
                await self._answer(writer, "mail", "250 2.1.0 ok")
            elif verb == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                reply = self.rcpt_replies.get(address, "250 2.1.5 ok") if not self.lmtp else "250 2.1.5 ok"
                if reply.startswith("2"):
                    rcpts.append(address)
                await self._answer(writer, "rcpt", reply)
            elif verb == "DATA":
                await self._answer(writer, "data", "354 go on")
                if "data" in self.behaviour:
                    continue
                raw = await self._content(reader)
                self.received.append(Received(mail, rcpts, raw))
                for address in rcpts if self.lmtp else [""]:
                    await self._answer(writer, "content", self.rcpt_replies.get(address, "250 2.0.0 taken"))
            elif verb == "QUIT":
                await self._answer(writer, "quit", "221 bye")
                return
            else:
                await self._answer(writer, verb.lower(), "250 2.0.0 ok")

    async def _content(self, reader: asyncio.StreamReader) -> bytes:
        lines: list[bytes] = []
        while (line := await reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line)
        return b"".join(lines)

    async def _answer(self, writer: asyncio.StreamWriter, step: str, good: str) -> None:
        reply = self.behaviour.get(step, good)
        if reply == RESET:
            writer.transport.abort()
            raise ConnectionResetError
        if reply == CLOSE:
            raise EOFError
        if reply == SILENCE:
            await asyncio.sleep(3600)
        if reply == HALF:
            writer.write(b"250-2.0.0 tak")
            await writer.drain()
            raise EOFError
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
