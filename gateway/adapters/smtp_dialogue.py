"""The SMTP dialogue with one client: RFC 5321 with SIZE, 8BITMIME, SMTPUTF8, PIPELINING, ENHANCEDSTATUSCODES, STARTTLS, AUTH
and Postfix's XFORWARD.

Each `smtp_VERB` answers its command, or raises `Refusal` with the answer. Who may send is in `smtp_relay`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from gateway.adapters.smtp_address import Path, check_address, parse_path
from gateway.adapters.smtp_auth import Credentials, Gate, credentials, decode, plain
from gateway.adapters.smtp_data import DataReader
from gateway.adapters.smtp_headers import check_authors, check_hops, header_block
from gateway.adapters.smtp_limits import Budget, Census
from gateway.adapters.smtp_relay import (
    MailTransaction,
    organisation_of_recipient,
    organisation_of_sender,
)
from gateway.adapters.smtp_reply import Refusal, Reply, reply_to
from gateway.adapters.smtp_settings import Address, Listener, SmtpSettings, address_of, neighbourhood, within
from gateway.adapters.smtp_wire import Gone, Wire
from gateway.adapters.smtp_xforward import ATTRIBUTES, Forwarded, parse_xforward
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import Unavailable, ZegelError
from gateway.core.organisation import Organisations
from gateway.core.records import Account

log = structlog.get_logger()

Accept = Callable[[Envelope, bytes], Awaitable[str]]

COMMAND, AUTH_LINE = 2048, 12288  # octets; RFC 4954 section 4 asks for the latter
HELO = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
BROWSERS = {"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"}  # a web page that posts to the SMTP port
OK = Reply(250, "2.0.0", "Ok")
FAILED = Reply(Unavailable.code, Unavailable.status, Unavailable.public)


@dataclass(slots=True)
class Shared:
    """What all dialogues of a server have in common."""

    settings: SmtpSettings
    organisations: Organisations
    gate: Gate
    accept: Accept
    census: Census
    budget: Budget
    observe: Callable[[str], None]
    stopping: bool = False
    dialogues: set[Dialogue] = field(default_factory=set)


class Dialogue(Wire):
    """One client's session."""

    def __init__(self, shared: Shared, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(shared.settings, loop)
        self._shared = shared
        self._listener = listener
        self._helo = ""
        self._extended = False
        self._account: Account | None = None
        self._forwarded: Forwarded | None = None
        self._mail: MailTransaction | None = None
        self._errors = self._commands = 0
        self._over = False
        self._address: Address | None = None
        self._place = ""
        self._trusted = self._proxy = False
        self._log = log.bind(session=secrets.token_hex(5))

    # -- the session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._shared.dialogues.add(self)
        self.task.add_done_callback(lambda _task: self._shared.dialogues.discard(self))

    async def serve(self) -> None:
        peer = (self._writer.get_extra_info("peername") or ("",))[0]
        self._address = address_of(peer)
        self._place = neighbourhood(self._address)
        self._trusted = within(self._address, self.settings.trusted)
        self._proxy = within(self._address, self.settings.xforward)
        self._log = self._log.bind(peer=peer)
        if not self._shared.census.enter(self._place, exempt=self._trusted):
            self._shared.observe("session_refused")
            self._log.warning("smtp_too_many_sessions")
            await self._say_goodbye("4.7.0", "Too many connections")
            return
        try:
            await self._converse()
        finally:
            self._shared.census.leave(self._place)

    async def _converse(self) -> None:
        await self.answer(Reply(220, "", f"{self.hostname} ESMTP Zegel"))
        while not self._over:
            if self._shared.stopping:
                await self._say_goodbye("4.3.2", "Service shutting down")
                return
            try:
                await self._next_command()
            except Refusal as refusal:
                await self._refuse(refusal)
            except TimeoutError:
                if not self._shared.stopping:
                    await self._say_goodbye("4.4.2", "Timeout")
            except (Gone, OSError):
                raise
            except Exception as error:
                self._fault(error)
                self._reset()
                await self.answer(FAILED)

    async def _next_command(self) -> None:
        seconds = self.limits.command_seconds if self._helo else self.limits.hello_seconds
        line = await self.read_line(seconds, AUTH_LINE)
        self._commands += 1
        if self._commands > self.limits.commands:
            raise Refusal(421, "4.7.0", "Too many commands", close=True)
        if any(octet < 0x20 or octet == 0x7F for octet in line):
            raise Refusal(500, "5.5.2", "Control characters in a command")
        try:
            verb, _, argument = line.decode().partition(" ")
        except UnicodeDecodeError:
            raise Refusal(500, "5.5.2", "Commands must be ASCII or UTF-8") from None
        verb = verb.upper()
        if len(line) > COMMAND and verb != "AUTH":
            raise Refusal(500, "5.5.2", "Line too long")
        method = self._smtp_methods.get(verb)
        if method is None:
            raise Refusal(500, "5.5.1", "Command not recognised", close=verb in BROWSERS)
        await method(argument.strip(" "))

    async def _refuse(self, refusal: Refusal) -> None:
        reply = refusal.reply
        self._shared.observe("refused")
        self._log.info("smtp_refused", reply=reply.code, status=reply.status, reason=reply.text)
        self._errors += 1
        await self.answer(reply)
        if refusal.close:
            self._over = True
        elif self._errors >= self.limits.errors:
            await self._say_goodbye("4.7.0", "Too many errors")

    async def _say_goodbye(self, status: str, text: str) -> None:
        self._over = True
        await self.answer(Reply(421, status, f"{self.hostname} {text}"))

    def _fault(self, error: Exception) -> None:
        """Logs what broke and where, but not the error's text: it may quote the message."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
        self._shared.observe("fault")
        self._log.error("smtp_fault", error=type(error).__name__, where=where)

    def _reset(self) -> None:
        self._mail = None
        self._forwarded = None
        self.utf8_replies = False

    # -- greeting and small talk

    async def smtp_HELO(self, argument: str | None) -> None:  # noqa: N802
        self._greet("HELO", argument)
        await self.answer(Reply(250, "", self.hostname))

    async def smtp_EHLO(self, argument: str | None) -> None:  # noqa: N802
        self._greet("EHLO", argument)
        self._extended = True
        lines = [
            self.hostname,
            "PIPELINING",
            f"SIZE {self.limits.message_bytes}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            *(["STARTTLS"] if self._can_start_tls() else []),
            *(["AUTH PLAIN LOGIN"] if self._can_log_in() else []),
            *(["XFORWARD " + " ".join(ATTRIBUTES)] if self._proxy else []),
        ]
        await self.send("".join(f"250-{line}\r\n" for line in lines).encode() + b"250 HELP\r\n")

    def _greet(self, verb: str, argument: str | None) -> None:
        if not HELO.fullmatch(argument or ""):
            raise Refusal(501, "5.5.4", f"Syntax: {verb} hostname")
        self._reset()
        self._helo = argument or ""
        self._extended = False

    async def smtp_NOOP(self, argument: str | None) -> None:  # noqa: N802
        await self.answer(OK)

    async def smtp_RSET(self, argument: str | None) -> None:  # noqa: N802
        _no_argument("RSET", argument)
        self._reset()
        await self.answer(OK)

    async def smtp_HELP(self, argument: str | None) -> None:  # noqa: N802
        await self.answer(Reply(214, "2.0.0", "See RFC 5321"))

    async def smtp_VRFY(self, argument: str | None) -> None:  # noqa: N802
        await self.answer(Reply(252, "2.0.0", "Addresses are not verified, but mail is accepted"))

    async def smtp_EXPN(self, argument: str | None) -> None:  # noqa: N802
        raise Refusal(502, "5.5.1", "Lists are not shown")

    async def smtp_QUIT(self, argument: str | None) -> None:  # noqa: N802
        _no_argument("QUIT", argument)
        self._over = True
        await self.answer(Reply(221, "2.0.0", "Bye"))

    # -- TLS and AUTH

    def _can_start_tls(self) -> bool:
        return self._listener.tls == "starttls" and not self.tls

    def _can_log_in(self) -> bool:
        on_loopback = self._address is not None and self._address.is_loopback
        return self._listener.auth and (self.tls or (self.settings.plaintext_auth_on_loopback and on_loopback))

    async def smtp_STARTTLS(self, argument: str | None) -> None:  # noqa: N802
        _no_argument("STARTTLS", argument)
        if not self._can_start_tls() or self.settings.tls is None:
            raise Refusal(503, "5.5.1", "TLS is not available now")
        # RFC 3207 section 4.2: nothing that was said in clear counts
        self._reset()
        self._helo = ""
        self._extended = False
        self._account = None
        await self.start_tls(self.settings.tls, Reply(220, "2.0.0", "Ready to start TLS"))

    async def smtp_AUTH(self, argument: str | None) -> None:  # noqa: N802
        self._check_auth_now()
        mechanism, _, initial = (argument or "").partition(" ")
        if mechanism.upper() == "PLAIN":
            given = plain(await self._response(initial, b""))
        elif mechanism.upper() == "LOGIN":
            name = await self._response(initial, b"VXNlcm5hbWU6")
            given = credentials(name, await self._response("", b"UGFzc3dvcmQ6"))
        else:
            raise Refusal(504, "5.5.4", "Unknown mechanism")
        self._account = await self._log_in(given)
        self._log = self._log.bind(account=self._account.id)
        self._shared.observe("login")
        self._log.info("smtp_login")
        await self.answer(Reply(235, "2.7.0", "Authentication successful"))

    def _check_auth_now(self) -> None:
        if not self._extended:
            raise Refusal(503, "5.5.1", "Send EHLO first")
        if not self._can_log_in():
            if self._listener.auth and self._can_start_tls():
                raise Refusal(538, "5.7.11", "Encryption required, use STARTTLS")
            raise Refusal(502, "5.5.1", "AUTH is not available here")
        if self._account is not None or self._mail is not None:
            raise Refusal(503, "5.5.1", "Not now")

    async def _response(self, initial: str, challenge: bytes) -> bytes:
        if initial:
            return decode(initial.encode())
        await self.send(b"334 " + challenge + b"\r\n")
        return decode(await self.read_line(self.limits.command_seconds, AUTH_LINE))

    async def _log_in(self, given: Credentials) -> Account:
        try:
            return await self._shared.gate.admit(given, self._place)
        except Refusal:
            self._shared.observe("login_failed")
            raise
        except Exception as error:
            self._fault(error)
            raise Refusal(454, "4.7.0", "Temporary authentication failure") from None

    # -- the envelope

    async def smtp_XFORWARD(self, argument: str | None) -> None:  # noqa: N802
        if not self._proxy:
            raise Refusal(550, "5.7.0", "XFORWARD is not for you")
        if self._mail is not None:
            raise Refusal(503, "5.5.1", "Not during a mail transaction")
        self._forwarded = parse_xforward(argument or "", self._forwarded)
        await self.answer(OK)

    async def smtp_MAIL(self, argument: str | None) -> None:  # noqa: N802
        if not self._helo:
            raise Refusal(503, "5.5.1", "Send EHLO first")
        if self._mail is not None:
            raise Refusal(503, "5.5.1", "Nested MAIL command")
        path = parse_path("FROM", argument or "")
        self._check_mail_parameters(path)
        smtputf8 = "SMTPUTF8" in path.parameters
        check_address(path.address, smtputf8=smtputf8)
        organisation = organisation_of_sender(
            self._shared.organisations, path.address, account=self._account, trusted=self._trusted
        )
        self.utf8_replies = smtputf8
        self._mail = MailTransaction(path.address, organisation, outbound=bool(organisation), smtputf8=smtputf8)
        await self.answer(Reply(250, "2.1.0", "Ok"))

    def _check_mail_parameters(self, path: Path) -> None:
        """SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531); AUTH= (RFC 4954 section 5) is taken and not believed."""
        given = path.parameters
        if given and not self._extended:
            raise Refusal(555, "5.5.4", "Parameters need EHLO")
        if given.keys() - {"SIZE", "BODY", "SMTPUTF8", "AUTH"}:
            raise Refusal(555, "5.5.4", "Unsupported parameter")
        if given.get("BODY", "7BIT").upper() not in ("7BIT", "8BITMIME") or given.get("SMTPUTF8"):
            raise Refusal(501, "5.5.4", "Bad value of BODY or SMTPUTF8")
        size = given.get("SIZE", "0")
        if not re.fullmatch(r"[0-9]{1,20}", size):
            raise Refusal(501, "5.5.4", "Bad value of SIZE")
        if int(size) > self.limits.message_bytes:
            raise Refusal(552, "5.3.4", "The message is too large")
        if not self._shared.budget.fits(int(size)):
            raise Refusal(452, "4.3.1", "Too much mail at once, please try again later")

    async def smtp_RCPT(self, argument: str | None) -> None:  # noqa: N802
        mail = self._transaction()
        path = parse_path("TO", argument or "")
        address = path.address
        if address.lower() == "postmaster" and self.settings.postmaster:
            address = self.settings.postmaster
        if not address:
            raise Refusal(501, "5.1.3", "A recipient needs an address")
        check_address(address, smtputf8=mail.smtputf8)
        if path.parameters:
            raise Refusal(555, "5.5.4", "Unsupported parameter")
        if len(mail.rcpt_tos) >= self.limits.recipients:
            raise Refusal(452, "4.5.3", "Too many recipients")
        mail.organisation = organisation_of_recipient(self._shared.organisations, mail, address)
        if address not in mail.rcpt_tos:
            mail.rcpt_tos.append(address)
        await self.answer(Reply(250, "2.1.5", "Ok"))

    def _transaction(self) -> MailTransaction:
        if self._mail is None:
            raise Refusal(503, "5.5.1", "Send MAIL first")
        return self._mail

    # -- the message

    async def smtp_DATA(self, argument: str | None) -> None:  # noqa: N802
        mail = self._transaction()
        _no_argument("DATA", argument)
        if not mail.rcpt_tos:
            raise Refusal(503, "5.5.1", "Send RCPT first")
        await self.answer(Reply(354, "", "End data with <CR><LF>.<CR><LF>"))
        limits = self.limits
        with self._shared.budget.lease() as lease:
            reader = DataReader(message_bytes=limits.message_bytes, line_bytes=limits.line_bytes, room=lease.grow)
            await self.read_message(reader)
            reply = await self._take(mail, reader)
        await self.answer(reply)
        self._reset()

    async def _take(self, mail: MailTransaction, reader: DataReader) -> Reply:
        """The answer to DATA: 250 only when `accept` says so. The client's end of the connection does not stop it."""
        try:
            raw = reader.message()
            block = header_block(raw)
            check_hops(block, self.limits.hops)
            if self._account is not None:
                check_authors(block, self._account.addresses)
            async with asyncio.timeout(self.limits.accept_seconds):
                queue_id = await self._shared.accept(self._envelope(mail), raw)
        except ZegelError as error:
            reply = reply_to(error)
            self._shared.observe("message_refused")
            self._log.info("smtp_message_refused", reply=reply.code, status=reply.status, mail_from=mail.mail_from)
            return reply
        except Exception as error:
            self._fault(error)
            return FAILED
        self._shared.observe("message_queued")
        self._log.info(
            "smtp_queued",
            trace=queue_id,
            mail_from=mail.mail_from,
            recipients=len(mail.rcpt_tos),
            octets=len(raw),
            upstream=self._forwarded.ident if self._forwarded else "",
        )
        return Reply(250, "2.0.0", f"Ok: queued as {queue_id}")

    def _envelope(self, mail: MailTransaction) -> Envelope:
        told = self._forwarded or Forwarded()
        session = Session(
            peer=told.addr or str(self._address),
            helo=told.helo or self._helo,
            tls=self.tls,
            account=self._account.id if self._account is not None else None,
            trusted=self._trusted,
            proxied=self._forwarded is not None,
        )
        return Envelope(mail.organisation, mail.mail_from, tuple(mail.rcpt_tos), session, mail.smtputf8)


def _no_argument(verb: str, argument: str | None) -> None:
    if argument:
        raise Refusal(501, "5.5.4", f"Syntax: {verb}")
