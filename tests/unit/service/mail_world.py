"""A lab that takes mail in: real parsing, rules and policies; and a deliver role that carries answers out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from gateway.adapters.scan_now import scan_with
from gateway.adapters.toml_folder import texts
from gateway.core import policy_file, rules
from gateway.core.classify import Classifier
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import ScanFailed
from gateway.core.finding import Scan
from gateway.core.limits import Limits
from gateway.core.orders import Order
from gateway.core.policy import PolicySet
from gateway.core.records import Case, Delivery
from gateway.core.rules import RuleSet
from gateway.resources import resource
from gateway.service.accept import Accept
from gateway.service.aftermath import Aftermath
from gateway.service.carry_out import CarryOut
from gateway.service.case_desk import CaseDesk
from gateway.service.cases import Cases
from gateway.service.deciding import Deciding
from gateway.service.parts import Parts
from gateway.service.review import Review
from gateway.service.sender_letters import SenderLetters
from gateway.vault.transport import HmacTransportGuard
from tests.unit.service.lab import Lab

RULES = rules.load(texts(resource("dlp_rules")))
OUTSIDE, INSIDE, SENDER = "jan@elders.example", "bram@example.nl", "anna@example.nl"


def policies_with(site: str) -> PolicySet:
    return policy_file.load(texts(resource("policies")), RULES, (("site.toml", site),))


@cache
def _classifier(ruleset: RuleSet) -> Classifier:
    return Classifier(ruleset)


class NowScanner:
    """Scans in this process; `broken` stands for a worker that died twice."""

    broken = False
    rules = RULES

    async def scan(self, raw: bytes) -> Scan:
        if self.broken:
            raise ScanFailed
        return scan_with(_classifier(self.rules), raw, Limits())

    async def close(self) -> None:
        pass


class MailWorld(Lab):
    def __init__(self, site: str = "") -> None:
        super().__init__()
        self.policies = policies_with(site)
        self.scanner = NowScanner()
        self.guard = HmacTransportGuard(b"t" * 32)
        common = {"store": self.store, "payloads": self.payloads, "clock": self.clock}
        letters = SenderLetters(payloads=self.payloads, clock=self.clock, new_id=self.new_id)
        self.accept = Accept(
            hostname="mail.example.nl",
            organisations=self.organisations,
            deciding=Deciding(
                policies=lambda: self.policies, scanner=self.scanner, familiar=self.familiar, clock=self.clock
            ),
            aftermath=Aftermath(
                store=self.store, familiar=self.familiar, letters=letters, clock=self.clock, new_id=self.new_id
            ),
            sealing=self.sealing,
            cases=Cases(
                vault=self.vault,
                contents=self.contents,
                accounts=self.accounts,
                titles=lambda: {rule.id: rule.titles for rule in RULES.rules},
                new_id=self.new_id,
                **common,
            ),
            accounts=self.accounts,
            guard=self.guard,
            bus=self.bus,
            new_id=self.new_id,
            **common,
        )
        self.carry_out = CarryOut(
            organisations=self.organisations,
            queue=self.ring,
            blobs=self.blobs,
            accept=self.accept,
            letters=letters,
            **common,
        )
        self.desk = CaseDesk(
            vault=self.vault,
            parts=Parts(blobs=self.blobs, vault=self.vault),
            organisations=self.organisations,
            accounts=self.accounts,
            server_key=self.server_key,
            bus=self.bus,
            new_id=self.new_id,
            **common,
        )
        self.review = Review(
            organisations=self.organisations, letters=letters, bus=self.bus, new_id=self.new_id, **common
        )

    async def deliver(self) -> list[str]:
        """Carries out the answers that are due, once each; the errors."""
        async with self.store.write() as tx:
            due = await tx.claim(self.now, timedelta(seconds=60), 100)
        errors = []
        for row in due:
            async with self.store.read() as tx:
                current = await tx.delivery(row.id)
            if row.kind is DeliveryKind.ANSWER and current is not None and current.state is DeliveryState.QUEUED:
                try:
                    await self.carry_out.carry_out(row, await self.content(row))
                except Exception as error:
                    errors.append(type(error).__name__)
        async with self.store.write() as tx:
            await tx.renew([row.id for row in due], self.now)  # the leases of what stays are over
        return errors

    async def case(self) -> Case:
        """The newest."""
        async with self.store.read() as tx:
            return (await tx.cases(1))[0]

    async def take(self, raw: bytes, *to: str, mail_from: str = SENDER) -> str:
        session = Session(peer="192.0.2.1", helo="client", tls=True, trusted=True)
        return await self.accept.accept(Envelope("example", mail_from, to or (OUTSIDE,), session), raw)

    async def rows(self, state: DeliveryState = DeliveryState.QUEUED) -> list[Delivery]:
        async with self.store.read() as tx:
            return await tx.deliveries_in(state, 100)

    async def content(self, row: Delivery) -> bytes:
        async with self.store.read() as tx:
            payload = await tx.payload(row.payload_id)
        assert payload is not None
        return self.ring.open(await self.payloads.sealed_bytes(payload), payload.id)

    async def mails(self) -> dict[str, bytes]:
        return {r.rcpt_to: await self.content(r) for r in await self.rows() if r.kind is DeliveryKind.MAIL}

    async def orders(self, state: DeliveryState = DeliveryState.QUEUED) -> dict[str, Order]:
        rows = [row for row in await self.rows(state) if row.kind is DeliveryKind.ORDER]
        orders = [Order.from_bytes(await self.content(row)) for row in rows]
        return {order.letter + ":" + order.recipient: order for order in orders}


def mail(body: bytes = b"Tot morgen.", subject: str = "Afspraak", headers: Sequence[str] = ()) -> bytes:
    lines = ["From: Anna de Vries <anna@example.nl>", f"To: {OUTSIDE}", f"Subject: {subject}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body + b"\r\n"
