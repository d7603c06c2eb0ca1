"""One connection to a next server, SMTP or LMTP, on aiosmtplib: open, secure, log in, carry transactions, quit.

The rule: whatever a peer does becomes an `Outcome` for each recipient. Only a complete 5xx reply is permanent; broken
connections, timeouts and half answers are temporary, since the peer may or may not have the message.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import aiosmtplib
import idna

from gateway.core.line_ends import crlf
from gateway.core.ports import Outcome, OutcomeKind
from gateway.core.routes import Protocol, Route, TlsDemand

BYTES_PER_SECOND = 16 * 1024  # the slowest line that is waited for

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
_NOT_IN_AN_ADDRESS = re.compile(r"[\x00-\x1f\x7f<>]")
_BROKEN = (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds (RFC 5321 section 4.5.3.2); `data` is for the reply after the content, on top of the time of sending it."""

    connect: float = 30.0
    command: float = 300.0
    data: float = 600.0


class TlsUnavailable(Exception):
    """TLS is required and the peer does not offer it."""


class _Client(aiosmtplib.SMTP):
    """aiosmtplib's client, greeting with LHLO where the peer speaks LMTP (RFC 2033)."""

    lmtp = False

    async def ehlo(self, **_: object) -> aiosmtplib.SMTPResponse:
        verb = b"LHLO" if self.lmtp else b"EHLO"
        response = await self.execute_command(verb, (self.local_hostname or "localhost").encode("ascii"))
        if response.code != 250:
            raise aiosmtplib.SMTPHeloError(response.code, response.message)
        self.last_ehlo_response = response
        return response

    async def greet(self) -> None:
        """EHLO, and HELO where that is unknown; LHLO has no older form."""
        if self.lmtp:
            await self.ehlo()
        else:
            await self._ehlo_or_helo_if_needed()


class Session:
    """`await Session.open(...)`, then any number of `send`s. `usable`: another may follow. `content_sent`: the last `send` got
    as far as the content, so that a peer that broke off may have the message."""

    def __init__(self, client: _Client, route: Route, remote: str, timeouts: Timeouts) -> None:
        self._client = client
        self._route = route
        self._timeouts = timeouts
        self._remote = remote
        self.uses = 0
        self.idle_since = 0.0
        self.content_sent = False

    @classmethod
    async def open(
        cls, route: Route, host: str, port: int, *, hostname: str, context: ssl.SSLContext | None, timeouts: Timeouts
    ) -> Session:
        """Connects, secures and logs in. `context` verifies or not, as the route demands; None: no TLS.

        Raises aiosmtplib.SMTPException, OSError, ssl.SSLError or `TlsUnavailable`."""
        client = _Client(
            hostname=host,
            port=port,
            local_hostname=hostname,
            timeout=timeouts.connect,
            use_tls=route.implicit_tls,
            start_tls=False,
            tls_context=context if route.implicit_tls else None,
        )
        client.lmtp = route.protocol is Protocol.LMTP
        session = cls(client, route, host, timeouts)
        try:
            await client.connect()
            await session._secure(context)
            if route.username:
                await client.login(route.username, route.password)
        except BaseException:
            client.close()
            raise
        client.timeout = timeouts.command
        return session

    async def _secure(self, context: ssl.SSLContext | None) -> None:
        """STARTTLS where it is offered; where TLS is required, or a password is to be shown, not without it."""
        await self._client.greet()
        if self._route.implicit_tls or (context is None and not must_encrypt(self._route)):
            return
        if context is not None and self._client.supports_extension("starttls"):
            await self._client.starttls(tls_context=context)
            await self._client.ehlo()
        elif must_encrypt(self._route):
            raise TlsUnavailable("the server does not offer STARTTLS")

    @property
    def usable(self) -> bool:
        return self._client.is_connected

    # -- transactions

    async def send(self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> dict[str, Outcome]:
        """One outcome per recipient. `raw` must be as `canonical` makes it."""
        self.uses += 1
        self.content_sent = False
        if self._route.protocol is not Protocol.LMTP:
            return await self._transaction(mail_from, rcpt_tos, raw)
        # LMTP answers once per accepted recipient after DATA, which aiosmtplib can't read. With one recipient in each
        # transaction there is exactly one such answer; the peer is a mail store nearby, so sending it again is cheap.
        outcomes: dict[str, Outcome] = {}
        for rcpt_to in rcpt_tos:
            if self.usable:
                outcomes |= await self._transaction(mail_from, (rcpt_to,), raw)
            else:
                outcomes[rcpt_to] = retry("the connection broke off", "4.4.2", self._remote)
        return outcomes

    async def _transaction(self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> dict[str, Outcome]:
        needs = Needs.of(mail_from, rcpt_tos, raw)
        refusal = self._cannot(needs)
        if refusal is not None:
            return dict.fromkeys(rcpt_tos, refusal)
        outcomes: dict[str, Outcome] = {}
        finished = False
        try:
            answer = await self._mail(mail_from, self._options(needs, len(raw)))
            if answer.kind is OutcomeKind.DELIVERED:
                for rcpt_to in rcpt_tos:
                    outcomes[rcpt_to] = await self._rcpt(rcpt_to)
                if any(outcome.kind is OutcomeKind.DELIVERED for outcome in outcomes.values()):
                    answer = await self._data(raw)
                    finished = answer.kind is OutcomeKind.DELIVERED
        except _BROKEN as exc:
            self._client.close()
            answer = retry(f"the connection broke off ({type(exc).__name__})", "4.4.2", self._remote)
        if not finished:
            await self._reset()
        refused = {rcpt_to: outcome for rcpt_to, outcome in outcomes.items() if _is_refusal(outcome)}
        return {rcpt_to: refused.get(rcpt_to, answer) for rcpt_to in rcpt_tos}

    async def _reset(self) -> None:
        """Ready for another transaction, or closed; the answer that was given stands either way."""
        if self.usable:
            try:
                await self._client.rset()
            except _BROKEN:
                self._client.close()

    async def _mail(self, mail_from: str, options: list[str]) -> Outcome:
        response = await self._client.execute_command(
            b"MAIL", b"FROM:<" + _wire(mail_from) + b">", *(option.encode("ascii") for option in options)
        )
        return self._outcome(response.code, response.message)

    async def _rcpt(self, rcpt_to: str) -> Outcome:
        if _NOT_IN_AN_ADDRESS.search(rcpt_to):
            return Outcome(OutcomeKind.FAILED, "5.1.3", "the address has characters that no address has")
        response = await self._client.execute_command(b"RCPT", b"TO:<" + _wire(rcpt_to) + b">")
        return self._outcome(response.code, response.message)

    async def _data(self, raw: bytes) -> Outcome:
        """aiosmtplib stuffs the dots. A refusal of DATA itself and of the content count the same."""
        self.content_sent = True
        try:
            response = await self._client.data(raw, timeout=self._timeouts.data + len(raw) / BYTES_PER_SECOND)
        except aiosmtplib.SMTPDataError as exc:
            return self._outcome(exc.code, exc.message)
        return self._outcome(response.code, response.message)

    def _outcome(self, code: int, message: str) -> Outcome:
        """RFC 5321 section 4.2.1: the first digit decides; what is no reply at all is temporary, and ends the session."""
        words = f"{code} {message}".replace("\n", " ").strip()
        if 200 <= code < 300:
            return Outcome(OutcomeKind.DELIVERED, _status(message, "2.0.0"), words, self._remote)
        # 503 says that the peer and we disagree about where the dialogue is: nothing about the message.
        if 500 <= code < 600 and code != 503:
            return Outcome(OutcomeKind.FAILED, _status(message, "5.0.0"), words, self._remote)
        if not 400 <= code < 500 or code == 421:
            self._client.close()
        return retry(words, _status(message, "4.0.0"), self._remote)

    # -- what the message needs and the peer can do

    def _cannot(self, needs: Needs) -> Outcome | None:
        if needs.utf8_address and not self._client.supports_extension("smtputf8"):
            why = "the address is in UTF-8, which the next server does not take (SMTPUTF8)"
            return Outcome(OutcomeKind.FAILED, "5.6.7", why, self._remote)
        if needs.eight_bit and not self._client.supports_extension("8bitmime"):
            # Recoding would change the body and break signatures; nearly every server takes 8 bits.
            why = "the message is 8-bit, which the next server does not take (8BITMIME)"
            return Outcome(OutcomeKind.FAILED, "5.6.3", why, self._remote)
        return None

    def _options(self, needs: Needs, size: int) -> list[str]:
        options = [f"SIZE={size}"] if self._client.supports_extension("size") else []
        options += ["BODY=8BITMIME"] if needs.eight_bit else []
        wants_utf8 = needs.utf8_address or needs.utf8_header
        return [*options, "SMTPUTF8"] if wants_utf8 and self._client.supports_extension("smtputf8") else options

    async def close(self) -> None:
        """QUIT, without waiting long for a polite answer."""
        if self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=2)
        self._client.close()

    def abort(self) -> None:
        """Ends the connection without a word."""
        self._client.close()


def must_encrypt(route: Route) -> bool:
    """A password is never shown in clear, unless the admin chose no TLS at all."""
    return route.tls is TlsDemand.REQUIRED or (bool(route.username) and route.tls is not TlsDemand.NONE)


def retry(words: str, status: str, remote: str) -> Outcome:
    return Outcome(OutcomeKind.RETRY, status, words, remote)


def canonical(raw: bytes) -> bytes:
    """The message as it may leave: every line ends in CRLF, no bare CR or LF, the last line ended (RFC 5321 section 2.3.8)."""
    raw = crlf(raw)
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


@dataclass(frozen=True, slots=True)
class Needs:
    """SMTPUTF8 for addresses (RFC 6531), 8BITMIME for content (RFC 6152). A header in raw UTF-8 asks for SMTPUTF8 where it
    is offered; elsewhere it goes as it always did, since old clients write such headers without asking."""

    utf8_address: bool
    utf8_header: bool
    eight_bit: bool

    @classmethod
    def of(cls, mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> Needs:
        end = raw.find(b"\r\n\r\n")
        return cls(
            utf8_address=any(not _wire(address).isascii() for address in (mail_from, *rcpt_tos)),
            utf8_header=_EIGHT_BIT.search(raw, 0, end if end >= 0 else len(raw)) is not None,
            eight_bit=_EIGHT_BIT.search(raw) is not None,
        )


def _wire(address: str) -> bytes:
    """An address as it is written in a command: a domain beyond ASCII goes as A-labels when the local part is ASCII."""
    local, at, domain = address.rpartition("@")
    if local.isascii() and not domain.isascii():
        with contextlib.suppress(idna.IDNAError):
            return f"{local}{at}".encode() + idna.encode(domain, uts46=True)
    return address.encode()


def _is_refusal(outcome: Outcome) -> bool:
    return outcome.kind is not OutcomeKind.DELIVERED


def _status(message: str, default: str) -> str:
    """The enhanced status that a reply begins with, when it is of the class that the code says (RFC 2034)."""
    match = _ENHANCED.match(message)
    return match[1] if match and match[1][0] == default[0] else default
