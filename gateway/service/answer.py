"""A recipient's answer: back to the sender's ordinary mailbox, plainly inside the organisation or sealed again.

The rule: plain only to an address of the organisation, whatever the setting says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime

import structlog

from gateway.core.answer_mail import AnswerMail, answer_subject, compose
from gateway.core.decision import Fallback
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import Verification, VerificationKind
from gateway.core.file_name import clean_name, fallback_name
from gateway.core.manifest import Manifest
from gateway.core.message import Disposition, Message, Part
from gateway.core.organisation import Answers as AnswerMode
from gateway.core.pickup import HOUR, Client, NotPossible, TooMany, Unknown, Unlock, window_end
from gateway.core.ports import DELIVER, Bus, Clock, NewId, Store, Transaction
from gateway.core.records import Account, Delivery, Event, EventKind, Payload
from gateway.service.export import plain_type
from gateway.service.gate import Access, Gate
from gateway.service.payloads import Payloads
from gateway.service.reading import Reader
from gateway.service.sealing import Sealed, SealFor, Sealing

log = structlog.get_logger()

ANSWERS_PER_HOUR = 20  # per grant: a person writes a few


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the browser sent it; nothing of it is trusted."""

    name: str = field(repr=False)
    content_type: str
    content: bytes = field(repr=False)


class Answers:
    def __init__(
        self,
        *,
        store: Store,
        gate: Gate,
        reader: Reader,
        sealing: Sealing,
        payloads: Payloads,
        bus: Bus,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._gate = gate
        self._reader = reader
        self._sealing = sealing
        self._payloads = payloads
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def answer(self, grant_id: str, unlock: Unlock, text: str, files: Sequence[Upload], client: Client) -> None:
        """In the queue, durably, when it returns. Raises what reading raises, `TooMany`, and `NotPossible` when empty."""
        if not text.strip() and not files:
            raise NotPossible("The answer is empty")
        access, manifest = await self._reader.manifest(grant_id, unlock)
        async with self._store.read() as tx:
            account = await tx.account(access.message.account_id)
        if account is None:
            raise Unknown
        trace = self._new_id()
        parts = _parts(files)
        plain = access.organisation.answers is AnswerMode.PLAIN and access.organisation.owns(access.message.mail_from)
        work: Sealed | Payload
        if plain:
            work = await self._plain(access, manifest, text, parts)
        else:
            work = await self._sealed(access, manifest, account, text, parts, trace)
        await self._save(access, work, trace, client)
        self._bus.wake(DELIVER)
        log.info("answered", grant=grant_id, trace=trace, sealed=not plain)

    async def _plain(self, access: Access, manifest: Manifest, text: str, parts: tuple[Part, ...]) -> Payload:
        organisation, recipient = access.organisation, access.grant.holder
        domain = organisation.domains[0]
        mail = AnswerMail(
            from_=(f"{_name_of(recipient, manifest)} via {organisation.name}", f"noreply@{domain}"),
            reply_to=recipient,
            to=access.message.mail_from,
            subject=answer_subject(manifest.subject),
            text=text,
            parts=parts,
            date=self._clock(),
            message_id=f"{self._new_id()}@{domain}",
            in_reply_to=manifest.message_id,
            references=manifest.references,
        )
        return await self._payloads.seal(compose(mail), organisation.id)

    async def _sealed(
        self, access: Access, manifest: Manifest, account: Account, text: str, parts: tuple[Part, ...], trace: str
    ) -> Sealed:
        message, recipient = access.message, access.grant.holder
        name = _name_of(recipient, manifest)
        body = Part(len(parts) + 1, Disposition.TEXT, "text/plain", "", text.encode("utf-8", "replace"))
        answer = Message(
            headers=(),
            subject=answer_subject(manifest.subject),
            from_=((name, recipient),),
            to=(("", message.mail_from),),
            cc=(),
            date=format_datetime(self._clock()),
            message_id=f"<{self._new_id()}@{access.organisation.domains[0]}>",
            references=f"{manifest.references} {manifest.message_id}".strip(),
            parts=(*parts, body),
        )
        reader = SealFor(message.mail_from, Verification(VerificationKind.NONE), Fallback.NONE, account.language)
        return await self._sealing.seal(
            organisation=access.organisation,
            account=account,
            mail_from=recipient,
            recipients=(reader,),
            message=answer,
            expires=message.expires_at - message.created_at,
            policy_digest=message.policy_digest,
            subject_shown=False,
            trace=trace,
            in_reply_to=message.id,
            letter="answer",
            sender_name=name,
            report=False,
        )

    async def _save(self, access: Access, work: Sealed | Payload, trace: str, client: Client) -> None:
        now = self._clock()
        async with self._store.write() as tx:
            access = await self._gate.find(tx, access.grant.id)
            if await tx.count(f"answer:{access.grant.id}", now, HOUR) > ANSWERS_PER_HOUR:
                raise TooMany(window_end(now, HOUR))
            if isinstance(work, Sealed):
                await work.save(tx)
            else:
                await self._queue(tx, access, work, trace)
            event = Event(access.message.id, access.grant.holder, EventKind.ANSWERED, now, peer=client.peer)
            await tx.add_event(event)

    async def _queue(self, tx: Transaction, access: Access, payload: Payload, trace: str) -> None:
        """From `<>`: the answering person did not send this mail, and the organisation's noreply has no mailbox."""
        now = self._clock()
        row = Delivery(
            id=self._new_id(),
            organisation=access.organisation.id,
            kind=DeliveryKind.MAIL,
            state=DeliveryState.QUEUED,
            payload_id=payload.id,
            mail_from="",
            rcpt_to=access.message.mail_from,
            trace=trace,
            created_at=now,
            next_at=now,
        )
        await tx.add_payload(payload)
        await tx.add_deliveries([row])


def _parts(files: Sequence[Upload]) -> tuple[Part, ...]:
    return tuple(
        Part(
            number=number,
            disposition=Disposition.ATTACHMENT,
            content_type=plain_type(file.content_type),
            name=clean_name(file.name) or fallback_name(plain_type(file.content_type), number),
            content=file.content,
        )
        for number, file in enumerate(files, start=1)
    )


def _name_of(recipient: str, manifest: Manifest) -> str:
    """The recipient's name as the sender wrote it, else the address."""
    people = (*manifest.to, *manifest.cc)
    return next((name for name, address in people if address.lower() == recipient.lower() and name), recipient)
