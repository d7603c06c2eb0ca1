"""Writes down what became of deliveries: states, events, DSNs, shredding; one transaction for what was sent together.

The rule: what is over is shredded in the same breath; a permanent failure of mail from somebody makes a DSN, one for all
recipients that failed together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from gateway.core import dsn
from gateway.core.delivery import (
    GIVE_UP_AFTER,
    WARN_AT_ATTEMPT,
    DeliveryEvent,
    DeliveryKind,
    DeliveryState,
    after,
    next_attempt,
    pause_after,
)
from gateway.core.dsn import DsnAction, FailedRecipient
from gateway.core.mailbox import one_line
from gateway.core.organisation import Organisation, Organisations
from gateway.core.original import Original
from gateway.core.ports import DELIVER, Bus, Clock, Letters, NewId, Outcome, OutcomeKind, Store, Transaction
from gateway.core.records import AuditEntry, Delivery, Event, EventKind, Payload
from gateway.service.payloads import Payloads
from gateway.service.queue_grants import drop_when_done

log = structlog.get_logger()

EXPIRED = "5.4.7"  # delivery time expired (RFC 3463)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happened to one row, and when to try again."""

    row: Delivery
    event: DeliveryEvent
    outcome: Outcome
    next_at: datetime
    status: str
    warn: bool = False


class Settle:
    """`record` for outcomes, `put_back` for what could not even be tried."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        store: Store,
        payloads: Payloads,
        letters: Letters,
        bus: Bus,
        clock: Clock,
        new_id: NewId,
        jitter: Callable[[], float],
        hostname: str,
    ) -> None:
        self._organisations = organisations
        self._store = store
        self._payloads = payloads
        self._letters = letters
        self._bus = bus
        self._clock = clock
        self._new_id = new_id
        self._jitter = jitter
        self._hostname = hostname

    async def record(self, rows: Sequence[Delivery], outcomes: Mapping[str, Outcome], original: Original) -> None:
        """Rows of one payload and one sender; `outcomes` by recipient. Raises what the store raises."""
        now = self._clock()
        verdicts = [self._verdict(row, outcomes[row.rcpt_to], now) for row in rows]
        reports = [
            await self._report(action, concerned, original, now)
            for action, concerned in (
                (DsnAction.FAILED, [v for v in verdicts if v.event is DeliveryEvent.REFUSED]),
                (DsnAction.DELAYED, [v for v in verdicts if v.warn]),
            )
            if concerned and dsn.wanted(concerned[0].row.mail_from, original)
        ]
        blob = await self._write(verdicts, reports, now)
        await self._payloads.shred(blob)
        if reports:
            self._bus.wake(DELIVER)

    async def put_back(self, rows: Sequence[Delivery], why: str) -> None:
        """Tries again later, without end: what can't be opened today can when the key or the blob is back, and only a person
        may decide that it is lost."""
        now = self._clock()
        async with self._store.write() as tx:
            for row in rows:
                if await _is_ours(tx, row):
                    pause = pause_after(row.attempts + 1, self._jitter())
                    await tx.advance(
                        row.id,
                        after(row.state, DeliveryEvent.DEFERRED),
                        attempts=row.attempts + 1,
                        next_at=now + pause,
                        last_reply=why,
                    )

    async def postpone(self, rows: Sequence[Delivery], until: datetime) -> None:
        """Not an attempt: the destination is busy with others."""
        async with self._store.write() as tx:
            for row in rows:
                if await _is_ours(tx, row):
                    await tx.advance(row.id, row.state, attempts=row.attempts, next_at=until, last_reply=row.last_reply)

    # -- deciding

    def _verdict(self, row: Delivery, outcome: Outcome, now: datetime) -> Verdict:
        if outcome.kind is OutcomeKind.DELIVERED:
            return Verdict(row, DeliveryEvent.SENT, outcome, now, outcome.status)
        if outcome.kind is OutcomeKind.FAILED:
            return Verdict(row, DeliveryEvent.REFUSED, outcome, now, outcome.status)
        again = next_attempt(row.created_at, now, row.attempts + 1, self._jitter())
        if again is None:
            return Verdict(row, DeliveryEvent.REFUSED, outcome, now, EXPIRED)
        warn = row.attempts + 1 == WARN_AT_ATTEMPT
        return Verdict(row, DeliveryEvent.DEFERRED, outcome, again, outcome.status, warn)

    async def _report(
        self, action: DsnAction, verdicts: Sequence[Verdict], original: Original, now: datetime
    ) -> tuple[Payload, Delivery]:
        """A DSN as mail in the queue, from `<>`."""
        row = verdicts[0].row
        organisation = self._organisations.get(row.organisation)
        until = row.created_at + GIVE_UP_AFTER
        letter = self._letters.render(action.value, organisation.language, organisation, _told(verdicts, until))
        report = dsn.Dsn(
            action=action,
            to=row.mail_from,
            recipients=tuple(
                FailedRecipient(v.row.rcpt_to, v.status, v.outcome.reply, v.outcome.remote) for v in verdicts
            ),
            original=original,
            language=organisation.language,
            subject=letter.subject,
            explain=letter.text,
            reporting_mta=self._hostname,
            organisation_name=f"Zegel – {organisation.name}",
            organisation_domain=organisation.domains[0],
            arrived_at=row.created_at,
            now=now,
            message_id=self._new_id(),
            retry_until=until if action is DsnAction.DELAYED else None,
        )
        payload = await self._payloads.seal(dsn.compose(report), organisation.id)
        return payload, self._report_row(row, payload, organisation, now)

    def _report_row(self, row: Delivery, payload: Payload, organisation: Organisation, now: datetime) -> Delivery:
        """Not tied to the sealed message: its queue grants need not wait for it."""
        return replace(
            row,
            id=self._new_id(),
            kind=DeliveryKind.MAIL,
            state=DeliveryState.QUEUED,
            payload_id=payload.id,
            mail_from="",
            rcpt_to=row.mail_from,
            created_at=now,
            next_at=now,
            attempts=0,
            lease_until=None,
            message_id=None,
            grant_id=None,
            last_reply="",
        )

    # -- writing

    async def _write(
        self, verdicts: Sequence[Verdict], reports: Sequence[tuple[Payload, Delivery]], now: datetime
    ) -> str | None:
        """The key of the blob to delete now that the transaction is on disk."""
        async with self._store.write() as tx:
            ours = [verdict for verdict in verdicts if await _is_ours(tx, verdict.row)]
            for verdict in ours:
                await _advance(tx, verdict, now)
            if ours:
                for payload, row in reports:
                    await tx.add_payload(payload)
                    await tx.add_deliveries([row])
            for message_id in {v.row.message_id for v in ours if v.row.message_id}:
                await drop_when_done(tx, message_id)
            return await self._payloads.drop(tx, verdicts[0].row.payload_id)


async def _advance(tx: Transaction, verdict: Verdict, now: datetime) -> None:
    row, outcome = verdict.row, verdict.outcome
    state = after(row.state, verdict.event)
    await tx.advance(
        row.id, state, attempts=row.attempts + 1, next_at=verdict.next_at, last_reply=one_line(outcome.reply, 500)
    )
    log.info(
        "delivery",
        trace=row.trace,
        delivery=row.id,
        state=state.value,
        status=verdict.status,
        attempts=row.attempts + 1,
        remote=outcome.remote,
    )
    if verdict.event is DeliveryEvent.DEFERRED:
        return
    detail = f"{row.id} {row.kind.value} {verdict.status}"
    await tx.audit(AuditEntry(now, row.organisation, "deliver", state.value, row.trace, detail))
    await _tell_history(tx, verdict, now)


async def _tell_history(tx: Transaction, verdict: Verdict, now: datetime) -> None:
    """For a sealed message's recipient: the notification has left, or can't be delivered."""
    row = verdict.row
    if row.message_id is None:
        return
    message = await tx.message(row.message_id)
    if message is None or row.rcpt_to not in message.recipients:
        return  # a letter to the sender
    if verdict.event is DeliveryEvent.REFUSED:
        await tx.add_event(Event(row.message_id, row.rcpt_to, EventKind.BOUNCED, now, verdict.status))
    elif row.grant_id is not None:
        await tx.add_event(Event(row.message_id, row.rcpt_to, EventKind.NOTIFIED, now, verdict.outcome.remote))


async def _is_ours(tx: Transaction, row: Delivery) -> bool:
    """False when it was withdrawn meanwhile, or finished by another worker after our lease had run out."""
    current = await tx.delivery(row.id)
    if current is not None and current.state is DeliveryState.QUEUED:
        return True
    log.warning("delivery_taken_over", trace=row.trace, delivery=row.id)
    return False


def _told(verdicts: Sequence[Verdict], until: datetime) -> dict[str, object]:
    """The facts of a DSN's words."""
    details = []
    for verdict in verdicts:
        reply = one_line(verdict.outcome.reply, 300)
        details.append(f"{verdict.row.rcpt_to}: {reply}" if reply else verdict.row.rcpt_to)
    return {"recipients": tuple(v.row.rcpt_to for v in verdicts), "details": tuple(details), "until": until}
