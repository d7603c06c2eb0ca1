"""A server that takes every mail and keeps it: the world outside. A thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.peers.place import PATIENCE


@dataclass(frozen=True)
class Received:
    """One message as it came in: `raw` is byte-identical, `options` are MAIL's parameters, `at` is `time.monotonic()`."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes
    tls: bool
    helo: str
    options: tuple[str, ...]
    at: float


class Connection(SMTP):
    line_length_limit = 1 << 20  # keep what a stricter server would refuse


@dataclass
class Sink:
    """`port` is on 127.0.0.1. `refusals` holds replies by recipient that RCPT answers instead of 250; change it at will."""

    port: int = 0
    messages: list[Received] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    _came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int = 1, seconds: float = PATIENCE) -> list[Received]:
        """The messages, as soon as there are `count`; raises TimeoutError otherwise."""
        with self._came:
            if not self._came.wait_for(lambda: len(self.messages) >= count, seconds):
                raise TimeoutError(f"{len(self.messages)} of {count} messages within {seconds:.0f} s")
            return list(self.messages)

    def to(self, address: str) -> list[Received]:
        """The messages for one recipient."""
        with self._came:
            return [message for message in self.messages if address in message.rcpt_tos]

    # aiosmtpd's hooks

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        received = Received(
            mail_from=envelope.mail_from or "",
            rcpt_tos=tuple(envelope.rcpt_tos),
            raw=bytes(envelope.original_content or b""),
            tls=session.ssl is not None,
            helo=session.host_name or "",
            options=tuple(envelope.mail_options),
            at=time.monotonic(),
        )
        with self._came:
            self.messages.append(received)
            self._came.notify_all()
        return "250 2.0.0 Kept"


@contextmanager
def sink(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Sink]:
    """Running while the context lasts; offers STARTTLS when there is a context."""
    kept = Sink()
    loop = asyncio.new_event_loop()
    listening: Any = None

    async def listen() -> Any:
        return await loop.create_server(
            lambda: Connection(
                kept, data_size_limit=None, enable_SMTPUTF8=True, hostname="sink.test", tls_context=tls, loop=loop
            ),
            "127.0.0.1",
            port,
        )

    async def end() -> None:
        listening.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever, name="sink", daemon=True)
    thread.start()
    try:
        listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
        kept.port = listening.sockets[0].getsockname()[1]
        yield kept
    finally:
        if listening is not None:
            asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
