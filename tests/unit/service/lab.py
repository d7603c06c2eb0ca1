"""A small world for the services: memory store and blobs, the real vault, a clock that a test moves."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from gateway.adapters.memory_blobs import MemoryBlobs
from gateway.adapters.memory_bus import MemoryBus
from gateway.adapters.memory_store import MemoryStore
from gateway.adapters.passkeys import WebAuthn
from gateway.adapters.password_judge import Zxcvbn
from gateway.adapters.system import new_secret
from gateway.core.decision import Fallback
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import Verification, VerificationKind
from gateway.core.errors import SmsFailed
from gateway.core.message import Disposition, Message, Part
from gateway.core.orders import Order
from gateway.core.organisation import Organisation, Organisations
from gateway.core.pickup import Client
from gateway.core.records import Account, AccountKind, Grant, GrantKind
from gateway.service.accounts import Accounts
from gateway.service.answer import Answers
from gateway.service.contents import Contents
from gateway.service.familiar import Familiar
from gateway.service.gate import Gate
from gateway.service.login_desk import login_desk
from gateway.service.manage import Manage
from gateway.service.new_passwords import NewPasswords
from gateway.service.owners import Owners
from gateway.service.payloads import Payloads
from gateway.service.pickup import Pickup
from gateway.service.reading import Reader
from gateway.service.revoke import Revoke
from gateway.service.sealing import Sealed, SealFor, Sealing
from gateway.service.sender_letters import SenderLetters
from gateway.service.sweep import Sweep
from gateway.vault.history_key import HistoryKey
from gateway.vault.logins import Argon2Logins
from gateway.vault.queue_key import QueueKeyRing, QueueKeySealer
from gateway.vault.server_key import SymmetricServerKey
from gateway.vault.totp import AppCodes
from gateway.vault.vault import Vault

CLIENT = Client("192.0.2.7", "test")
SENDER = "anna@example.nl"
RECIPIENT = "jan@elders.example"
BIG = bytes(range(256)) * 1200  # several chunks, so a blob


class FakeSms:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.failure: SmsFailed | None = None

    async def send(self, to: str, text: str, sender: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append((to, text))


class Lab:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.seconds = 0.0
        self._ids = itertools.count(1)
        self._digits = itertools.count(123456)
        self.store, self.blobs, self.bus, self.sms = MemoryStore(), MemoryBlobs(), MemoryBus(), FakeSms()
        self.vault = Vault()
        public, private = self.vault.new_key_pair()
        self.recovery_private = private
        queue_public, queue_private = self.vault.new_key_pair()
        self.queue, self.ring = QueueKeySealer(queue_public), QueueKeyRing(queue_private)
        self.server_key = SymmetricServerKey(b"k" * 32)
        self.organisation = Organisation("example", "Voorbeeld", ("example.nl",), "nl", "https://p.example.nl", public)
        self.organisations = Organisations((self.organisation,))
        self.build()

    def build(self) -> None:
        """New instances of all services over the same store, as after a restart."""
        common = {"clock": self.clock, "new_id": self.new_id}
        self.payloads = Payloads(queue=self.queue, blobs=self.blobs, **common)
        self.contents = Contents(vault=self.vault, blobs=self.blobs)
        self.sealing = Sealing(
            vault=self.vault, contents=self.contents, queue=self.queue, payloads=self.payloads, **common
        )
        self.gate = Gate(organisations=self.organisations, vault=self.vault, clock=self.clock)
        self.reader = Reader(
            store=self.store,
            blobs=self.blobs,
            vault=self.vault,
            gate=self.gate,
            clock=self.clock,
            monotonic=lambda: self.seconds,
            boundary=self.new_id,
        )
        self.pickup = Pickup(
            store=self.store,
            vault=self.vault,
            server_key=self.server_key,
            sms=self.sms,
            gate=self.gate,
            reader=self.reader,
            letters=SenderLetters(payloads=self.payloads, **common),
            bus=self.bus,
            clock=self.clock,
            digits=lambda: str(next(self._digits)),
        )
        self.revoke = Revoke(store=self.store, blobs=self.blobs, clock=self.clock)
        self.manage = Manage(
            store=self.store,
            vault=self.vault,
            server_key=self.server_key,
            organisations=self.organisations,
            payloads=self.payloads,
            revoke=self.revoke,
            bus=self.bus,
            **common,
        )
        self.answers = Answers(
            store=self.store,
            gate=self.gate,
            reader=self.reader,
            sealing=self.sealing,
            payloads=self.payloads,
            bus=self.bus,
            **common,
        )
        self.passwords = NewPasswords(Zxcvbn())
        self.accounts = Accounts(
            store=self.store,
            vault=self.vault,
            logins=Argon2Logins(memory_kib=64),
            passwords=self.passwords,
            payloads=self.payloads,
            **common,
        )
        self.login = login_desk(
            store=self.store,
            blobs=self.blobs,
            vault=self.vault,
            accounts=self.accounts,
            manage=self.manage,
            passwords=self.passwords,
            letters=SenderLetters(payloads=self.payloads, **common),
            server_key=self.server_key,
            sms=self.sms,
            totp=AppCodes(),
            passkeys=WebAuthn(),
            organisations=self.organisations,
            bus=self.bus,
            new_secret=new_secret,
            digits=lambda: str(next(self._digits)),
            boundary=self.new_id,
            **common,
        )
        self.owners = Owners(store=self.store, organisations=self.organisations)
        self.familiar = Familiar(
            store=self.store,
            pseudonyms=HistoryKey(b"h" * 32),
            providers=frozenset({"gmail.com", "ziggo.nl"}),
            clock=self.clock,
        )
        self.sweep = Sweep(store=self.store, blobs=self.blobs, revoke=self.revoke, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    def new_id(self) -> str:
        return base64.b32encode(next(self._ids).to_bytes(10, "big")).decode().lower()

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def seal(
        self,
        verification: Verification | None = None,
        parts: tuple[Part, ...] | None = None,
        fallback: Fallback = Fallback.ASK,
        subject: str = "Uitslag",
    ) -> Sealed:
        self.public, self.private = self.vault.new_key_pair()
        account = Account(self.new_id(), "example", SENDER, AccountKind.PERSONAL, "Anna", "nl", self.public, self.now)
        async with self.store.write() as tx:
            known = await tx.account_by_address(SENDER)
            if known is None:
                await tx.add_account(account, [])
        sealed = await self.sealing.seal(
            organisation=self.organisation,
            account=known or account,
            mail_from=SENDER,
            recipients=[SealFor(RECIPIENT, verification or Verification(VerificationKind.NONE), fallback, "nl")],
            message=message(parts or default_parts(), subject),
            expires=timedelta(days=30),
            policy_digest="d",
            subject_shown=False,
            trace=self.new_id(),
            reasons=("Er staat een BSN in.",),
        )
        async with self.store.write() as tx:
            await sealed.save(tx)
        return sealed

    async def order(self, sealed: Sealed, recipient: str = RECIPIENT) -> Order:
        row = next(row for row in sealed.deliveries if row.rcpt_to == recipient)
        payload = next(payload for payload in sealed.payloads if payload.id == row.payload_id)
        return Order.from_bytes(self.ring.open(await self.payloads.sealed_bytes(payload), payload.id))

    async def orders(self, letter: str) -> list[Order]:
        """All orders of that letter now in the queue."""
        async with self.store.read() as tx:
            rows = await tx.deliveries_in(DeliveryState.QUEUED, 100)
            payloads = [await tx.payload(row.payload_id) for row in rows if row.kind is DeliveryKind.ORDER]
        opened = [Order.from_bytes(self.ring.open(await self.payloads.sealed_bytes(p), p.id)) for p in payloads if p]
        return [order for order in opened if order.letter == letter]

    def data_key(self, sealed: Sealed) -> bytes:
        grant = next(grant for grant in sealed.grants if grant.kind is GrantKind.QUEUE)
        return self.ring.unwrap_data_key(grant.wrapped, sealed.message.id, grant.holder)

    async def grant(self, sealed: Sealed) -> tuple[str, bytes]:
        """Does what the deliver role does with the order: (grant id, message code)."""
        order, grant_id = await self.order(sealed), self.new_id()
        sms = order.verification is VerificationKind.SMS
        factor = self.vault.new_factor() if sms else order.factor
        key = self.vault.new_recipient_key(self.data_key(sealed), sealed.message.id, grant_id, factor)
        grant = Grant(
            id=grant_id,
            message_id=sealed.message.id,
            kind=GrantKind.RECIPIENT,
            holder=RECIPIENT,
            created_at=self.now,
            wrapped=key.wrapped,
            verification=order.verification,
            expires_at=sealed.message.expires_at,
            code_check=key.code_check,
            share=key.share,
            salt=order.salt,
            sealed_factor=self.server_key.seal(factor, f"factor:{grant_id}") if sms else b"",
            sealed_phone=self.server_key.seal(order.phone.encode(), f"phone:{grant_id}") if sms else b"",
            sealed_hint=self.server_key.seal(order.hint.encode(), f"hint:{grant_id}"),
        )
        async with self.store.write() as tx:
            await tx.add_grant(grant)
        return grant_id, key.code


def app_digits(secret: bytes, now: datetime) -> str:
    """What an authenticator app shows."""
    return TOTP(secret, 6, SHA1(), 30).generate(int(now.timestamp())).decode()


def default_parts() -> tuple[Part, ...]:
    return (
        Part(1, Disposition.TEXT, "text/plain", "", "Het BSN is 111222333. Ünïcode\r\n".encode()),
        Part(2, Disposition.HTML, "text/html", "", b"<p>Hallo</p>"),
        Part(3, Disposition.ATTACHMENT, "application/pdf", "brief.pdf", BIG),
        Part(4, Disposition.ATTACHMENT, "image/png", "BRIEF.pdf", b"klein"),
    )


def message(parts: tuple[Part, ...], subject: str) -> Message:
    return Message(
        headers=(),
        subject=subject,
        from_=(("Anna", SENDER),),
        to=(("Jan Jansen", RECIPIENT),),
        cc=(),
        date="Sun, 01 Mar 2026 12:00:00 +0000",
        message_id="<orig@example.nl>",
        references="",
        parts=parts,
    )
