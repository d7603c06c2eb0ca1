"""A small deliver role on the memory store: its cryptography is readable on purpose, its courier does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from gateway.adapters.letters import JinjaLetters
from gateway.adapters.memory_blobs import MemoryBlobs
from gateway.adapters.memory_bus import MemoryBus
from gateway.adapters.memory_store import MemoryStore
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import VerificationKind
from gateway.core.errors import CannotOpen
from gateway.core.orders import Order
from gateway.core.organisation import Organisation, Organisations
from gateway.core.ports import Outcome, OutcomeKind, RecipientKey, Vault
from gateway.core.records import Delivery, Grant, GrantKind, MessageState, SealedMessage
from gateway.core.routes import Route, Routes, TlsDemand
from gateway.service.carry_out import CarryOut
from gateway.service.deliver import Deliver, DeliverLimits
from gateway.service.notify import Notify
from gateway.service.payloads import Payloads
from gateway.service.settle import Settle

ORGANISATION = Organisation(
    id="example",
    name="Voorbeeld",
    domains=("example.nl",),
    language="nl",
    portal_url="https://veilig.example.nl",
    recovery_public=b"",
    support="helpdesk@example.nl",
)
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANNA, JAN, PIET = "anna@example.nl", "jan@out.example", "piet@other.example"
RAW = b"From: Anna <anna@example.nl>\r\nTo: jan@out.example\r\nSubject: hallo\r\n\r\nDag Jan.\r\n"
SENT = Outcome(OutcomeKind.DELIVERED, "2.0.0", "250 2.0.0 taken", "mx.out.example")
LATER = Outcome(OutcomeKind.RETRY, "4.4.1", "no connection", "mx.out.example")
NEVER = Outcome(OutcomeKind.FAILED, "5.1.1", "550 5.1.1 no such person", "mx.out.example")
MESSAGE = "messagemessage22"


class PlainQueue:
    """QueueSealer and QueueOpener in one: a prefix stands for the encryption."""

    public = b"public"

    def seal(self, plaintext: bytes, payload_id: str) -> bytes:
        return b"sealed:" + payload_id.encode() + b":" + plaintext

    def open(self, sealed: bytes, payload_id: str) -> bytes:
        prefix = b"sealed:" + payload_id.encode() + b":"
        if not sealed.startswith(prefix):
            raise CannotOpen
        return sealed[len(prefix) :]

    def unwrap_data_key(self, wrapped: bytes, message_id: str, holder: str) -> bytes:
        assert holder == "queuekey"
        return wrapped.removeprefix(f"{message_id}:".encode())


class PlainServerKey:
    def seal(self, plaintext: bytes, context: str) -> bytes:
        return context.encode() + b"|" + plaintext

    def open(self, sealed: bytes, context: str) -> bytes:
        return sealed.removeprefix(context.encode() + b"|")

    def mac(self, data: bytes, context: str) -> bytes:
        raise NotImplementedError


class PlainVault:
    """The few computations that notifications need."""

    def __init__(self) -> None:
        self.codes = 0

    def new_factor(self) -> bytes:
        return b"f" * 32

    def new_recipient_key(self, data_key: bytes, message_id: str, grant_id: str, factor: bytes) -> RecipientKey:
        self.codes += 1
        code = self.codes.to_bytes(16, "big")
        return RecipientKey(code, b"check:" + code, b"share", b"|".join((data_key, message_id.encode(), factor)))

    def format_code(self, code: bytes) -> str:
        return "CODE-" + code.hex().upper()


class Courier:
    """Answers by recipient; remembers what it carried. `gate` holds it up when it is cleared."""

    def __init__(self) -> None:
        self.answers: dict[str, Outcome | Exception] = {}
        self.sent: list[tuple[str, tuple[str, ...], bytes]] = []
        self.required_tls: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}
        self.busy = 0
        self.busiest = 0

    async def send(
        self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes, *, require_tls: bool = False, trace: str = ""
    ) -> dict[str, Outcome]:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            for rcpt_to in rcpt_tos:
                if rcpt_to in self.gates:
                    await self.gates[rcpt_to].wait()
            answers = {rcpt_to: self.answers.get(rcpt_to, SENT) for rcpt_to in rcpt_tos}
            self.sent.append((mail_from, tuple(rcpt_tos), raw))
            self.required_tls.update(rcpt_tos if require_tls else ())
            for answer in answers.values():
                if isinstance(answer, Exception):
                    raise answer
            return cast("dict[str, Outcome]", answers)
        finally:
            self.busy -= 1

    async def close(self) -> None: ...


class Signer:
    def sign(self, raw: bytes, organisation: Organisation, domain: str, now: datetime) -> bytes:
        return b"DKIM-Signature: d=" + domain.encode() + b"\r\n" + raw


class Guard:
    def token(self, raw: bytes, rcpt_tos: Sequence[str]) -> str:
        return "v1." + ",".join(sorted(rcpt_tos))

    def valid(self, token: str, raw: bytes, rcpt_tos: Sequence[str]) -> bool:
        return token == self.token(raw, rcpt_tos)


class CarriedOut:
    """Remembers the answers to cases; `failure` is raised instead."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.failure: Exception | None = None

    async def carry_out(self, delivery: Delivery, plaintext: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.answers.append(plaintext)


@dataclass
class World:
    now: datetime = START
    limits: DeliverLimits = field(default_factory=DeliverLimits)
    route: str = "mx"

    def __post_init__(self) -> None:
        self.ids = 0
        self.store = MemoryStore()
        self.blobs = MemoryBlobs()
        self.bus = MemoryBus()
        self.queue = PlainQueue()
        self.vault = PlainVault()
        self.courier = Courier()
        self.payloads = Payloads(queue=self.queue, blobs=self.blobs, clock=self.clock, new_id=self.new_id)
        self.carry_out = CarriedOut()
        self.deliver = self.worker()

    def clock(self) -> datetime:
        return self.now

    def new_id(self) -> str:
        self.ids += 1
        return f"id{self.ids:014d}".replace("0", "a").replace("1", "b").replace("8", "y").replace("9", "z")

    def worker(self) -> Deliver:
        """Another deliver process on the same store."""
        organisations = Organisations((ORGANISATION,))
        letters = JinjaLetters()
        notify = Notify(
            organisations=organisations,
            store=self.store,
            vault=cast(Vault, self.vault),
            queue=self.queue,
            server_key=PlainServerKey(),
            letters=letters,
            payloads=self.payloads,
            clock=self.clock,
            new_id=self.new_id,
        )
        settle = Settle(
            organisations=organisations,
            store=self.store,
            payloads=self.payloads,
            letters=letters,
            bus=self.bus,
            clock=self.clock,
            new_id=self.new_id,
            jitter=lambda: 0.0,
            hostname="gate.example.nl",
        )
        return Deliver(
            organisations=organisations,
            store=self.store,
            queue=self.queue,
            payloads=self.payloads,
            courier=self.courier,
            signer=Signer(),
            guard=Guard(),
            notify=notify,
            carry_out=cast(CarryOut, self.carry_out),
            settle=settle,
            routes=Routes(Route.parse(self.route, TlsDemand.OPPORTUNISTIC)),
            bus=self.bus,
            clock=self.clock,
            limits=self.limits,
        )

    async def queued(
        self,
        raw: bytes,
        *rcpt_tos: str,
        mail_from: str = ANNA,
        kind: DeliveryKind = DeliveryKind.MAIL,
        message_id: str | None = None,
        grant_id: str | None = None,
        state: DeliveryState = DeliveryState.QUEUED,
        require_tls: bool = False,
    ) -> list[Delivery]:
        """Rows of one payload, in the store."""
        payload = await self.payloads.seal(raw, "example")
        rows = [
            Delivery(
                id=self.new_id(),
                organisation="example",
                kind=kind,
                state=state,
                payload_id=payload.id,
                mail_from=mail_from,
                rcpt_to=rcpt_to,
                trace="tracetracetrace2",
                require_tls=require_tls,
                created_at=self.now,
                next_at=self.now,
                message_id=message_id,
                grant_id=grant_id,
            )
            for rcpt_to in rcpt_tos
        ]
        async with self.store.write() as tx:
            await tx.add_payload(payload)
            await tx.add_deliveries(rows)
        return rows

    async def sealed(self, *recipients: str, **changes: Any) -> SealedMessage:
        """A sealed message with its QUEUE grant."""
        message = SealedMessage(
            id=MESSAGE,
            organisation="example",
            account_id="accountaccount22",
            mail_from=ANNA,
            recipients=recipients,
            state=MessageState.ACTIVE,
            size=10,
            created_at=self.now,
            expires_at=self.now + timedelta(days=30),
            policy_digest="digest",
            head=b"head",
        )
        grant = Grant(
            id=self.new_id(),
            message_id=MESSAGE,
            kind=GrantKind.QUEUE,
            holder="queuekey",
            created_at=self.now,
            wrapped=f"{MESSAGE}:datakey".encode(),
        )
        message = replace(message, **changes)
        async with self.store.write() as tx:
            await tx.add_message(message, [grant])
        return message

    async def ordered(self, order: Order, **more: Any) -> Delivery:
        [row] = await self.queued(
            order.to_bytes(), order.recipient, kind=DeliveryKind.ORDER, message_id=MESSAGE, **more
        )
        return row

    def rows(self, where: Callable[[Delivery], bool] = lambda _: True) -> list[Delivery]:
        return [row for row in self.store.tables.deliveries.values() if where(row)]

    def row(self, delivery_id: str) -> Delivery:
        return self.store.tables.deliveries[delivery_id]

    def mails(self) -> list[bytes]:
        """The plaintext of all mail in the queue."""
        payloads = self.store.tables.payloads
        return [
            self.queue.open(payloads[row.payload_id].inline or b"", row.payload_id)
            for row in self.rows(lambda row: row.kind is DeliveryKind.MAIL and row.payload_id in payloads)
        ]


def order(letter: str = "notification", recipient: str = JAN, **more: Any) -> Order:
    defaults: dict[str, Any] = {"language": "nl", "sender_name": "Anna de Vries", "sender_address": ANNA}
    return Order(letter=letter, recipient=recipient, **{**defaults, **more})


SMS = VerificationKind.SMS
PASSWORD = VerificationKind.PASSWORD
