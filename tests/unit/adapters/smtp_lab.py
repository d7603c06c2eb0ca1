"""A running SMTP server for tests, with two organisations, two accounts, and a client that speaks raw lines.

127.0.0.1 is a stranger, 127.0.0.2 is in a trusted network, 127.0.0.3 is a proxy (trusted, XFORWARD).
"""

from __future__ import annotations

import asyncio
import atexit
import datetime as dt
import functools
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.adapters.smtp_server import SmtpServer
from gateway.adapters.smtp_settings import Limits, Listener, SmtpSettings, server_context
from gateway.core.envelope import Envelope
from gateway.core.organisation import Organisation, Organisations
from gateway.core.records import Account, AccountKind

STRANGER, TRUSTED, PROXY = "127.0.0.1", "127.0.0.2", "127.0.0.3"
PASSWORD = "geheim-ë-1"
HOST = "zegel.example.nl"


def organisation(name: str, *domains: str) -> Organisation:
    return Organisation(
        id=name, name=name, domains=domains, language="nl", portal_url="https://x.example", recovery_public=b""
    )


ORGANISATIONS = Organisations((organisation("een", "example.nl", "example.org"), organisation("twee", "twee.example")))


def account(address: str, organisation_id: str = "een", aliases: tuple[str, ...] = ()) -> Account:
    return Account(
        id=address.partition("@")[0].ljust(16, "a"),
        organisation=organisation_id,
        address=address,
        kind=AccountKind.PERSONAL,
        name="",
        language="nl",
        public_key=b"",
        created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        aliases=aliases,
    )


ACCOUNTS = {
    "anna@example.nl": account("anna@example.nl", aliases=("info@example.nl",)),
    "bram@example.nl": account("bram@example.nl"),
    "lost@gone.example": account("lost@gone.example", "weg"),
}


@functools.cache
def certificate() -> tuple[str, str]:
    """Paths of a self-signed certificate and its key."""
    folder = Path(tempfile.mkdtemp(prefix="zegel-test-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


def client_context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate()[0])
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@dataclass
class Client:
    """One client connection; lines are text without CR LF, `latin-1` so that every octet is possible."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def say(self, line: str) -> None:
        await self.send(line.encode() + b"\r\n")

    async def line(self) -> str:
        """The next line; empty at the end of the connection."""
        octets = await asyncio.wait_for(self.reader.readline(), 10)
        assert not octets or octets.endswith(b"\r\n"), octets
        return octets.decode().removesuffix("\r\n")

    async def reply(self) -> list[str]:
        """All lines of the next reply, checked for form; empty at the end of the connection."""
        lines: list[str] = []
        while line := await self.line():
            assert line[:3].isdigit(), line
            assert len(line.encode()) <= 510, "RFC 5321 4.5.3.1.5"
            lines.append(line)
            if line[3:4] != "-":
                break
        return lines

    async def ask(self, line: str) -> str:
        """The last line of the answer to a command."""
        await self.say(line)
        return ((await self.reply()) or [""])[-1]

    async def start_tls(self, context: ssl.SSLContext | None = None) -> None:
        await self.writer.start_tls(context or client_context(), server_hostname=HOST)

    async def hello(self) -> None:
        await self.reply()
        assert (await self.ask("EHLO client.example")).startswith("250 ")

    async def envelope(self, mail_from: str, *rcpt_tos: str) -> str:
        """The answer to DATA."""
        assert (await self.ask(f"MAIL FROM:<{mail_from}>")).startswith("250 2.1.0")
        for address in rcpt_tos:
            assert (await self.ask(f"RCPT TO:<{address}>")).startswith("250 2.1.5")
        return await self.ask("DATA")

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError, ssl.SSLError):
            await asyncio.wait_for(self.writer.wait_closed(), 5)


@dataclass
class Lab:
    """The server and what it accepted. `before_accept` runs inside accept; `asked` holds the names given to AUTH."""

    server: SmtpServer
    ports: dict[str, int] = field(default_factory=dict)
    queue: list[tuple[Envelope, bytes]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    before_accept: Callable[[Envelope, bytes], Awaitable[None]] | None = None
    before_login: Callable[[str], Awaitable[None]] | None = None

    async def authenticate(self, name: str, password: str) -> Account | None:
        self.asked.append(name)
        if self.before_login is not None:
            await self.before_login(name)
        found = ACCOUNTS.get(name.lower())
        return found if password == PASSWORD else None

    async def accept(self, envelope: Envelope, raw: bytes) -> str:
        if self.before_accept is not None:
            await self.before_accept(envelope, raw)
        self.queue.append((envelope, raw))
        return f"{len(self.queue):016d}"

    async def connect(self, listener: str = "starttls", peer: str = STRANGER) -> Client:
        """`listener` is none, starttls, implicit or demo (AUTH in clear)."""
        context = client_context() if listener == "implicit" else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.ports[listener],
            local_addr=(peer, 0),
            ssl=context,
            server_hostname=HOST if context else None,
            limit=1 << 20,
        )
        return Client(reader, writer)

    @asynccontextmanager
    async def client(self, listener: str = "starttls", peer: str = STRANGER) -> AsyncIterator[Client]:
        client = await self.connect(listener, peer)
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def running(limits: Limits | None = None, **changes: object) -> AsyncIterator[Lab]:
    """A server on free ports, one per kind of listener."""
    lab = Lab(None)  # type: ignore[arg-type]
    settings = SmtpSettings(
        hostname=HOST,
        listeners=(
            Listener("127.0.0.1", 0, "none"),
            Listener("127.0.0.1", 0, "starttls"),
            Listener("127.0.0.1", 0, "implicit"),
        ),
        tls=server_context(*certificate()),
        trusted=(ip_network(f"{TRUSTED}/32"), ip_network(f"{PROXY}/32")),
        xforward=(ip_network(f"{PROXY}/32"),),
        limits=limits or Limits(),
        postmaster="anna@example.nl",
    )
    organisations = changes.pop("organisations", ORGANISATIONS)
    count = changes.pop("count", None)
    lab.server = SmtpServer(
        replace(settings, **changes),  # type: ignore[arg-type]
        authenticate=lab.authenticate,
        accept=lab.accept,
        organisations=organisations,  # type: ignore[arg-type]
        count=count,  # type: ignore[arg-type]
        observe=lab.events.append,
    )
    await lab.server.start()
    lab.ports = dict(zip(("none", "starttls", "implicit"), (port for _, port in lab.server.addresses), strict=False))
    try:
        yield lab
    finally:
        await lab.server.stop(5)
