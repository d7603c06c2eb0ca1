"""SMTP in: listens, lets clients talk (`smtp_dialogue`), and stops without losing a message on its way.

smtp_settings   what operators decide        smtp_data       the message up to its final dot
smtp_wire       lines, deadlines, TLS        smtp_headers    hops and authors
smtp_dialogue    the dialogue                 smtp_relay      who may send to whom
smtp_address    MAIL and RCPT arguments      smtp_auth       credentials and the gate
smtp_reply      replies, safely written      smtp_xforward   whose mail a proxy brings
smtp_limits     sessions, memory, failures
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from gateway.adapters.smtp_auth import Authenticate, Count, Gate
from gateway.adapters.smtp_dialogue import Accept, Dialogue, Shared
from gateway.adapters.smtp_limits import Budget, Census
from gateway.adapters.smtp_settings import Listener, SmtpSettings
from gateway.core.organisation import Organisations

log = structlog.get_logger()

BACKLOG = 256


def _observe_nothing(_event: str) -> None:
    """For servers without metrics."""


class SmtpServer:
    """`accept(envelope, raw)` answers the queue id, or raises a `ZegelError` whose reply the client gets.

    `authenticate(name, password)` answers the account or None, taking the same time for unknown ones. `count(key)` counts
    a failed login for all processes. `observe(event)` hears session_refused, refused, login, login_failed,
    message_queued, message_refused and fault.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        authenticate: Authenticate,
        accept: Accept,
        organisations: Organisations,
        count: Count | None = None,
        observe: Callable[[str], None] = _observe_nothing,
    ) -> None:
        self._settings = settings
        self._authenticate = authenticate
        self._accept = accept
        self._organisations = organisations
        self._count = count
        self._observe = observe
        self._shared: Shared | None = None
        self._servers: list[asyncio.Server] = []

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each listening socket, in the order of the listeners; tells which port 0 became."""
        names = (sock.getsockname() for server in self._servers for sock in server.sockets)
        return tuple((name[0], name[1]) for name in names)

    def set_organisations(self, organisations: Organisations) -> None:
        """After a reload; transactions that run are judged by the new ones from their next command on."""
        self._organisations = organisations
        if self._shared is not None:
            self._shared.organisations = organisations

    async def start(self) -> None:
        """Listens on every listener, or on none. Raises OSError when a port is taken."""
        loop = asyncio.get_running_loop()
        limits = self._settings.limits
        self._shared = shared = Shared(
            settings=self._settings,
            organisations=self._organisations,
            gate=Gate(self._authenticate, limits, loop.time, self._count),
            accept=self._accept,
            census=Census(limits.sessions, limits.sessions_per_address),
            budget=Budget(limits.bytes_in_flight),
            observe=self._observe,
        )
        try:
            for listener in self._settings.listeners:
                self._servers.append(await self._listen(loop, shared, listener))
        except OSError:
            await self.stop(0)
            raise
        log.info("smtp_listening", addresses=[f"{host}:{port}" for host, port in self.addresses])

    async def _listen(self, loop: asyncio.AbstractEventLoop, shared: Shared, listener: Listener) -> asyncio.Server:
        def dialogue() -> Dialogue:
            return Dialogue(shared, listener, loop)

        settings = self._settings
        context = settings.tls if listener.tls == "implicit" else None
        handshake = settings.limits.tls_seconds if context is not None else None
        if listener.bound is not None:
            # a copy: the socket stays open in the process that bound it when this server closes
            sock = listener.bound.dup()
            return await loop.create_server(
                dialogue, sock=sock, backlog=BACKLOG, ssl=context, ssl_handshake_timeout=handshake
            )
        return await loop.create_server(
            dialogue,
            listener.host,
            listener.port,
            backlog=BACKLOG,
            ssl=context,
            ssl_handshake_timeout=handshake,
            reuse_address=True,
            reuse_port=settings.reuse_port,
        )

    async def stop(self, grace: float = 30) -> None:
        """Takes no new clients, says 421 to those between two messages, and gives the others `grace` seconds to finish."""
        for server in self._servers:
            server.close()
        if self._shared is not None:
            self._shared.stopping = True
            tasks = {dialogue.task for dialogue in self._shared.dialogues}
            for dialogue in self._shared.dialogues:
                dialogue.hurry()
            await self._drain(tasks, grace)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    async def _drain(self, tasks: set[asyncio.Task[None]], grace: float) -> None:
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=grace)
        for task in left:
            task.cancel()
        if left:
            log.warning("smtp_sessions_cut", count=len(left))
            await asyncio.wait(left)
