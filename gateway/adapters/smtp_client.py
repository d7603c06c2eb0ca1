"""The courier: carries a message to its next servers, over connections that are kept and used again.

Rules: required TLS verifies and never falls back; opportunistic TLS encrypts without a check, and goes on in clear only
when the handshake itself fails; nothing but canonical CRLF leaves; once a peer may have the content, no other host gets it
in the same attempt.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol as TypingProtocol

import aiosmtplib
import structlog

from gateway.adapters.smtp_outgoing import Session, Timeouts, TlsUnavailable, canonical, must_encrypt, retry
from gateway.core.errors import ZegelError
from gateway.core.ports import Outcome, OutcomeKind
from gateway.core.routes import Parcel, Protocol, Route, Routes, TlsDemand

log = structlog.get_logger()

IDLE_SECONDS = 20.0
MOST_USES = 100
MOST_IDLE = 8  # sessions kept per host
SMTP_PORT = 25

Host = tuple[str, int]


class MailHosts(TypingProtocol):
    """Looks up a domain's mail servers; raises a `ZegelError` whose permanence counts."""

    async def mail_hosts(self, domain: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one host answered; `elsewhere` says that another may be tried, since this one never saw the message."""

    outcomes: dict[str, Outcome]
    elsewhere: bool = False


class SmtpCourier:
    """Implements `gateway.core.ports.Courier`. `trusted` is a CA file instead of the system's authorities."""

    def __init__(
        self,
        routes: Routes,
        *,
        hostname: str,
        resolver: MailHosts,
        timeouts: Timeouts | None = None,
        trusted: str | None = None,
        mx_port: int = SMTP_PORT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._routes = routes
        self._hostname = hostname
        self._resolver = resolver
        self._timeouts = timeouts or Timeouts()
        self._mx_port = mx_port
        self._now = monotonic
        self._verifying = ssl.create_default_context(cafile=trusted)
        self._encrypting = _without_check()
        self._idle: dict[tuple[Route, Host], list[Session]] = {}

    async def send(
        self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes, *, require_tls: bool = False, trace: str = ""
    ) -> dict[str, Outcome]:
        """One outcome per recipient; see the port."""
        message = await asyncio.to_thread(canonical, raw)
        outcomes: dict[str, Outcome] = {}
        for chosen in self._routes.parcels(rcpt_tos):
            parcel = chosen
            if require_tls:
                parcel = replace(parcel, route=replace(parcel.route, tls=TlsDemand.REQUIRED))
            outcomes |= await self._carry(mail_from, parcel, message, trace)
        return outcomes

    async def close(self) -> None:
        """Says goodbye on every idle connection."""
        sessions = [session for kept in self._idle.values() for session in kept]
        self._idle.clear()
        await asyncio.gather(*(session.close() for session in sessions))

    # -- one parcel

    async def _carry(self, mail_from: str, parcel: Parcel, raw: bytes, trace: str) -> dict[str, Outcome]:
        """To the first of its hosts that can be talked to."""
        try:
            hosts = await self._hosts(parcel)
        except ZegelError as exc:
            kind = OutcomeKind.FAILED if exc.permanent else OutcomeKind.RETRY
            return dict.fromkeys(parcel.rcpt_tos, Outcome(kind, exc.status, exc.public))
        attempt = Attempt({})
        for host in hosts:
            attempt = await self._to_host(mail_from, parcel, host, raw, trace)
            if not attempt.elsewhere:
                break
        return attempt.outcomes

    async def _hosts(self, parcel: Parcel) -> list[Host]:
        """Never empty."""
        if parcel.route.protocol is not Protocol.MX:
            return [(parcel.route.host, parcel.route.port)]
        literal = re.fullmatch(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]", parcel.destination, re.IGNORECASE)
        names = [literal[1]] if literal else await self._resolver.mail_hosts(parcel.destination)
        return [(name, self._mx_port) for name in names]

    async def _to_host(self, mail_from: str, parcel: Parcel, host: Host, raw: bytes, trace: str) -> Attempt:
        kept = self._take(parcel.route, host)
        if kept is not None:
            attempt = await self._by(kept, mail_from, parcel, host, raw)
            if not attempt.elsewhere:
                return attempt
            # The kept connection had gone stale: a new one to the same host, in the same attempt.
        try:
            session = await self._open(parcel.route, host, trace)
        except (TlsUnavailable, aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as exc:
            log.info("connection_failed", trace=trace, host=host[0], port=host[1], error=type(exc).__name__)
            return Attempt(dict.fromkeys(parcel.rcpt_tos, _no_session(exc, host[0])), elsewhere=True)
        return await self._by(session, mail_from, parcel, host, raw)

    async def _by(self, session: Session, mail_from: str, parcel: Parcel, host: Host, raw: bytes) -> Attempt:
        try:
            outcomes = await session.send(mail_from, parcel.rcpt_tos, raw)
        except BaseException:
            session.abort()  # given up half-way: its dialogue is of no use to anybody else
            raise
        broke_early = not session.usable and not session.content_sent
        await self._give_back(parcel.route, host, session)
        return Attempt(outcomes, broke_early and all(o.kind is OutcomeKind.RETRY for o in outcomes.values()))

    # -- opening

    async def _open(self, route: Route, host: Host, trace: str) -> Session:
        """A new session. When opportunistic TLS fails in the handshake, once more in clear (RFC 7435)."""
        try:
            return await self._connect(route, host, self._context(route))
        except (ssl.SSLError, aiosmtplib.SMTPServerDisconnected) as exc:
            if route.tls is not TlsDemand.OPPORTUNISTIC or route.implicit_tls or must_encrypt(route):
                raise
            log.info("tls_handshake_failed", trace=trace, host=host[0], port=host[1], error=type(exc).__name__)
        return await self._connect(route, host, None)

    async def _connect(self, route: Route, host: Host, context: ssl.SSLContext | None) -> Session:
        return await Session.open(route, *host, hostname=self._hostname, context=context, timeouts=self._timeouts)

    def _context(self, route: Route) -> ssl.SSLContext | None:
        if route.tls is TlsDemand.REQUIRED:
            return self._verifying
        if route.tls is TlsDemand.NONE and not route.implicit_tls:
            return None
        return self._encrypting

    # -- idle sessions

    def _take(self, route: Route, host: Host) -> Session | None:
        """The freshest idle session that is still alive."""
        self._drop_stale()
        kept = self._idle.get((route, host), [])
        while kept:
            session = kept.pop()
            if session.usable:
                return session
        return None

    async def _give_back(self, route: Route, host: Host, session: Session) -> None:
        """Keeps it for the next message, or ends it."""
        self._drop_stale()
        kept = self._idle.setdefault((route, host), [])
        if session.usable and session.uses < MOST_USES and len(kept) < MOST_IDLE:
            session.idle_since = self._now()
            kept.append(session)
        else:
            await session.close()

    def _drop_stale(self) -> None:
        """Ends what has been idle too long, at any host: nobody else comes by to do it."""
        oldest = self._now() - IDLE_SECONDS
        for key, kept in list(self._idle.items()):
            for session in [session for session in kept if session.idle_since < oldest]:
                kept.remove(session)
                session.abort()
            if not kept:
                del self._idle[key]


def _without_check() -> ssl.SSLContext:
    """Encrypts against those who listen in; verifies nobody (RFC 7435)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _no_session(exc: Exception, host: str) -> Outcome:
    """What is refused before MAIL is about us or the server, never about the message: temporary, even when it says 5xx."""
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        return retry(f"{exc.code} {exc.message}".replace("\n", " "), "4.3.2", host)
    if isinstance(exc, TlsUnavailable):
        return retry(f"TLS is required, but {exc}", "4.7.5", host)
    if isinstance(exc, ssl.SSLError):
        return retry("TLS failed: the certificate or the handshake was not good", "4.7.5", host)
    return retry("timed out" if isinstance(exc, TimeoutError) else "no connection", "4.4.1", host)
