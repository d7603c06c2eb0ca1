"""One connection to a next server, SMTP or LMTP, on aiosmtplib: open, secure, log in, carry transactions, quit.

The rule: whatever a peer does becomes an `Outcome` for each recipient. Only a complete 5xx reply is permanent; broken
connections, timeouts and half answers are temporary, since the peer may not have the message.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import aiosmtplib

from gateway.core.ports import Outcome, OutcomeKind
from gateway.core.routes import Protocol, Route, TlsDemand

CONNECT_SECONDS = 30.0
COMMAND_SECONDS = 300.0  # RFC 5321 section 4.5.3.2
DATA_SECONDS = 600.0  # after the final dot: 10 minutes
BYTES_PER_SECOND = 16 * 1024  # the slowest line that is waited for

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
_NOT_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds; `data` is for the reply after the content, to which the time of sending it is added."""

    connect: float = CONNECT_SECONDS
    command: float = COMMAND_SECONDS
    data: float = DATA_SECONDS


class TlsUnavailable(Exception):
    """TLS is required and the peer does not offer it, or it failed."""


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


class Session:
    """`await Session.open(...)`, then any number of `send`s; `usable` says whether another may follow."""

    def __init__(self, client: _Client, route: Route, remote: str, timeouts: Timeouts) -> None:
        self._client = client
        self._route = route
        self._timeouts = timeouts
        self.remote = remote
        self.uses = 0
        self.idle_since = 0.0

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
            client.timeout = timeouts.command
            await session._secure(context)
            if route.username:
                await client.login(route.username, route.password)
        except BaseException:
            client.close()
            raise
        return session

    @property
    def usable(self) -> bool:
        return self._client.is_connected

    async def _secure(self, context: ssl.SSLContext | None) -> None:
        """STARTTLS where it is offered. Required TLS never goes on without it."""
        client = self._client
        await client.ehlo() if client.lmtp else await client._ehlo_or_helo_if_needed()  # noqa: SLF001
        if self._route.implicit_tls or context is None:
            return
        if client.supports_extension("starttls"):
            await client.starttls(tls_context=context, timeout=self._timeouts.connect)
            await client.ehlo()
        elif self._route.tls is TlsDemand.REQUIRED:
            raise TlsUnavailable("the server does not offer STARTTLS")

    # -- transactions

    async def send(self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> dict[str, Outcome]:
        """One outcome per recipient. `raw` must be as `canonical` makes it."""
        self.uses += 1
        if self._route.protocol is not Protocol.LMTP:
            return await self._transaction(mail_from, rcpt_tos, raw)
        # LMTP answers once per accepted recipient after DATA, which aiosmtplib can't read. With one recipient in each
        # transaction there is exactly one such answer; the peer is a mail store nearby, so sending it again is cheap.
        outcomes: dict[str, Outcome] = {}
        for rcpt_to in rcpt_tos:
            if self.usable:
                outcomes |= await self._transaction(mail_from, (rcpt_to,), raw)
            else:
                outcomes[rcpt_to] = retry("connection lost", "4.4.2", self.remote)
        return outcomes

    async def _transaction(self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> dict[str, Outcome]:
        needs = _needs(mail_from, rcpt_tos, raw)
        refusal = self._cannot(needs)
        if refusal is not None:
            return dict.fromkeys(rcpt_tos, refusal)
        outcomes: dict[str, Outcome] = {}
        try:
            await self._client.mail(mail_from, options=self._options(needs, len(raw)), encoding="utf-8")
            for rcpt_to in rcpt_tos:
                outcome = await self._rcpt(rcpt_to)
                if outcome is not None:
                    outcomes[rcpt_to] = outcome
            accepted = [rcpt_to for rcpt_to in rcpt_tos if rcpt_to not in outcomes]
            if not accepted:
                await self._client.rset()
                return outcomes
            response = await self._client.data(raw, timeout=self._timeouts.data + len(raw) / BYTES_PER_SECOND)
            answer = self._outcome(response.code, response.message)
        except aiosmtplib.SMTPResponseException as exc:
            answer = self._outcome(exc.code, exc.message)
            await self._reset()
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as exc:
            answer = self._broken(exc)
        return {rcpt_to: outcomes.get(rcpt_to, answer) for rcpt_to in rcpt_tos}

    async def _rcpt(self, rcpt_to: str) -> Outcome | None:
        """None when the recipient is accepted."""
        if _NOT_AN_ADDRESS.search(rcpt_to):
            return Outcome(OutcomeKind.FAILED, "5.1.3", "the address has characters that no address has", "")
        try:
            await self._client.rcpt(rcpt_to, encoding="utf-8")
        except aiosmtplib.SMTPRecipientRefused as exc:
            if exc.code == 421:
                raise
            return self._outcome(exc.code, exc.message)
        return None

    async def _reset(self) -> None:
        """After a refused MAIL or DATA the connection may go on; if not, it is closed."""
        if self.usable:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                self._client.close()

    def _outcome(self, code: int, message: str) -> Outcome:
        """RFC 5321: the first digit decides. 552 and 452 after RCPT mean "too many recipients": try again (section 4.5.3.1.10)."""
        words = f"{code} {message}".replace("\n", " ").strip()
        if 200 <= code < 300:
            return Outcome(OutcomeKind.DELIVERED, _status(message, "2.0.0"), words, self.remote)
        if 500 <= code < 600 and code != 503:
            return Outcome(OutcomeKind.FAILED, _status(message, "5.0.0"), words, self.remote)
        if not 400 <= code < 500:
            self._client.close()  # no SMTP reply at all: who knows what it thinks
        return Outcome(OutcomeKind.RETRY, _status(message, "4.0.0"), words, self.remote)

    def _broken(self, exc: Exception) -> Outcome:
        self._client.close()
        return retry(f"{type(exc).__name__}: connection broke off", "4.4.2", self.remote)

    # -- what the message needs and the peer can do

    def _cannot(self, needs: _Needs) -> Outcome | None:
        supports = self._client.supports_extension
        if needs.utf8 and not supports("smtputf8"):
            why = "the address or a header is in UTF-8, which the next server does not take (SMTPUTF8)"
            return Outcome(OutcomeKind.FAILED, "5.6.7", why, self.remote)
        if needs.eight_bit and not supports("8bitmime"):
            # Recoding would change the body and break signatures; nearly every server takes 8 bits.
            why = "the message is 8-bit, which the next server does not take (8BITMIME)"
            return Outcome(OutcomeKind.FAILED, "5.6.3", why, self.remote)
        return None

    def _options(self, needs: _Needs, size: int) -> list[str]:
        options = [f"SIZE={size}"] if self._client.supports_extension("size") else []
        options += ["BODY=8BITMIME"] if needs.eight_bit else []
        return [*options, "SMTPUTF8"] if needs.utf8 else options

    async def close(self) -> None:
        """QUIT, without waiting long for a polite answer."""
        if self._client.is_connected:
            try:
                await self._client.quit(timeout=2)
            except (aiosmtplib.SMTPException, OSError):
                pass
        self._client.close()


def retry(words: str, status: str, remote: str) -> Outcome:
    return Outcome(OutcomeKind.RETRY, status, words, remote)


def canonical(raw: bytes) -> bytes:
    """The message as it may leave: every line ends in CRLF, no bare CR or LF, the last line ended (RFC 5321 section 2.3.8)."""
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


@dataclass(frozen=True, slots=True)
class _Needs:
    utf8: bool
    eight_bit: bool


def _needs(mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> _Needs:
    """SMTPUTF8 for addresses and headers beyond ASCII (RFC 6531), 8BITMIME for bodies (RFC 6152)."""
    end = raw.find(b"\r\n\r\n")
    head = raw[: end if end >= 0 else len(raw)]
    utf8 = _EIGHT_BIT.search(head) is not None or not all(a.isascii() for a in (mail_from, *rcpt_tos))
    return _Needs(utf8, utf8 or _EIGHT_BIT.search(raw) is not None)


def _status(message: str, default: str) -> str:
    """The enhanced status a reply begins with, when it is of the class that the code says."""
    match = _ENHANCED.match(message)
    return match[1] if match and match[1][0] == default[0] else default
