"""The deliver role: claims due rows, carries orders out, sends mail, and has the outcome written down.

Terms: a *job* is what is done in one go: one order, or the rows of one payload that one SMTP transaction can carry. Rules:
a row in work has a lease that is renewed until it is settled, so no two workers send it; one slow destination or one broken
row never holds up the others; a wake-up saves waiting, the database says what is due.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gateway.core.delivery import DeliveryKind
from gateway.core.envelope import domain_of
from gateway.core.errors import CannotOpen, Unavailable
from gateway.core.organisation import Organisations
from gateway.core.original import Original
from gateway.core.ports import (
    DELIVER,
    Bus,
    Clock,
    Courier,
    Outcome,
    OutcomeKind,
    QueueOpener,
    Signer,
    Store,
    TransportGuard,
)
from gateway.core.records import Delivery
from gateway.core.routes import Routes
from gateway.service.carry_out import CarryOut
from gateway.service.notify import Notify
from gateway.service.payloads import Payloads
from gateway.service.settle import Settle

log = structlog.get_logger()

NEWEST = 0.2  # weight of the newest job in a destination's pace
ORDERS = "orders"  # the "destination" of rows that go nowhere


@dataclass(frozen=True, slots=True)
class DeliverLimits:
    """How much at once, and times in seconds. `claimed` rows are held in all. Beyond `waiting` jobs for one destination,
    who would wait longer than `patience` by its present pace does not even try; who has waited `postpone` gives up. Both
    come back `postpone` later."""

    at_once: int = 16
    at_once_per_destination: int = 8
    claimed: int = 200
    waiting: int = 60
    patience: float = 120  # a busy machine is slow for some seconds too; a destination that hangs soon exceeds this
    postpone: float = 30
    lease: float = 60
    poll: float = 15
    send: float = 1800
    drain: float = 20


@dataclass(frozen=True, slots=True)
class Job:
    """`rows` share payload and sender; `destination` counts for the limits."""

    rows: tuple[Delivery, ...]
    destination: str

    @property
    def rcpt_tos(self) -> tuple[str, ...]:
        """Each recipient once."""
        return tuple(dict.fromkeys(row.rcpt_to for row in self.rows))


class TooSlow(Exception):
    """A destination's queue moves too slowly to wait in it."""


@dataclass(slots=True)
class Queue:
    """Jobs for one destination: how many in all, when the running ones began, and how long the last ones took."""

    turns: asyncio.Semaphore
    jobs: int = 0
    running: list[float] = field(default_factory=list)
    pace: float = 0.0

    def wait(self, now: float, at_once: int) -> float:
        """Seconds that a newcomer would wait; a destination that hangs counts as slow as it hangs long."""
        hanging = now - min(self.running, default=now)
        return self.jobs / at_once * max(self.pace, hanging)


class Deliver:
    """`await run(stop)` until `stop` is set; what is being sent then gets some seconds to end."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        store: Store,
        queue: QueueOpener,
        payloads: Payloads,
        courier: Courier,
        signer: Signer,
        guard: TransportGuard,
        notify: Notify,
        carry_out: CarryOut,
        settle: Settle,
        routes: Routes,
        bus: Bus,
        clock: Clock,
        limits: DeliverLimits | None = None,
    ) -> None:
        self._organisations = organisations
        self._store = store
        self._queue = queue
        self._payloads = payloads
        self._courier = courier
        self._signer = signer
        self._guard = guard
        self._notify = notify
        self._carry_out = carry_out
        self._settle = settle
        self._routes = routes
        self._bus = bus
        self._clock = clock
        self._limits = limits or DeliverLimits()
        self._tasks: set[asyncio.Task[None]] = set()
        self._leased: set[str] = set()
        self._queues: dict[str, Queue] = {}
        self._all = asyncio.Semaphore(self._limits.at_once)

    # -- the loop

    async def run(self, stop: asyncio.Event) -> None:
        keeper = asyncio.create_task(self._keep_leases())
        try:
            while not stop.is_set():
                claimed = await self._claim()
                for job in self._jobs(claimed):
                    self._start(job)
                if not claimed:
                    await self._rest(stop)
            await self._drain()
        finally:
            keeper.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(keeper, *self._tasks, return_exceptions=True)

    async def once(self) -> int:
        """Does all that is due now, and returns how many rows that were: for tests and `zegel deliver --once`."""
        done = 0
        while claimed := await self._claim():
            done += len(claimed)
            for job in self._jobs(claimed):
                self._start(job)
            await asyncio.gather(*self._tasks)
        return done

    async def _claim(self) -> list[Delivery]:
        """Leased rows; empty when nothing is due, there is no room, or the store is away."""
        room = self._limits.claimed - len(self._leased)
        if room <= 0:
            return []
        try:
            async with self._store.write() as tx:
                claimed = await tx.claim(self._clock(), timedelta(seconds=self._limits.lease), room)
        except Unavailable as exc:
            log.warning("claim_failed", error=type(exc).__name__)
            return []
        fresh = [row for row in claimed if row.id not in self._leased]
        self._leased.update(row.id for row in fresh)
        return fresh

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until a wake-up, a job's end, the next due row or `stop`, whichever is first."""
        seconds = self._limits.poll
        with contextlib.suppress(Unavailable):
            async with self._store.read() as tx:
                due = await tx.next_due()
            if due is not None:
                seconds = min(seconds, max(0.2, (due - self._clock()).total_seconds()))
        waiters = {asyncio.create_task(self._bus.wait(DELIVER, seconds)), asyncio.create_task(stop.wait())}
        full = len(self._leased) >= self._limits.claimed
        await asyncio.wait(waiters | (self._tasks if full else set()), return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)

    async def _keep_leases(self) -> None:
        """Renews what is in work, thrice a lease."""
        while True:
            await asyncio.sleep(self._limits.lease / 3)
            if self._leased:
                until = self._clock() + timedelta(seconds=self._limits.lease)
                try:
                    async with self._store.write() as tx:
                        await tx.renew(sorted(self._leased), until)
                except Unavailable as exc:
                    log.warning("leases_not_renewed", error=type(exc).__name__)

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._limits.drain)

    # -- jobs

    def _jobs(self, rows: Sequence[Delivery]) -> list[Job]:
        """One per order; mail of one payload together, as far as one transaction can carry it."""
        jobs = [Job((row,), ORDERS) for row in rows if row.kind is not DeliveryKind.MAIL]
        groups: dict[tuple[str, str], list[Delivery]] = {}
        for row in rows:
            if row.kind is DeliveryKind.MAIL:
                groups.setdefault((row.payload_id, row.mail_from), []).append(row)
        for members in groups.values():
            for parcel in self._routes.parcels(tuple(dict.fromkeys(row.rcpt_to for row in members))):
                mine = tuple(row for row in members if row.rcpt_to in parcel.rcpt_tos)
                jobs.append(Job(mine, parcel.destination))
        return jobs

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(self._work(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job) -> None:
        """One job from its place in the queue of its destination to the end of its lease. Never raises but to be cancelled."""
        try:
            async with self._turn(job.destination), self._all:
                await self._do(job)
        except TooSlow:
            await self._settle.postpone(job.rows, self._clock() + timedelta(seconds=self._limits.postpone))
        except Exception as exc:
            log.error("job_failed", trace=job.rows[0].trace, delivery=job.rows[0].id, error=type(exc).__name__)
            with contextlib.suppress(Unavailable):  # then the lease runs out by itself
                await self._settle.put_back(job.rows, "internal: an error in the gateway")
        finally:
            self._leased.difference_update(row.id for row in job.rows)

    @contextlib.asynccontextmanager
    async def _turn(self, destination: str) -> AsyncIterator[None]:
        """A place among those that talk to one destination. Raises `TooSlow` rather than wait for long."""
        limits, now = self._limits, asyncio.get_running_loop().time
        queue = self._queues.setdefault(destination, Queue(asyncio.Semaphore(limits.at_once_per_destination)))
        if queue.jobs >= limits.waiting and queue.wait(now(), limits.at_once_per_destination) > limits.patience:
            raise TooSlow
        queue.jobs += 1
        try:
            try:
                async with asyncio.timeout(limits.postpone):
                    await queue.turns.acquire()
            except TimeoutError:
                raise TooSlow from None
            started = now()
            queue.running.append(started)
            try:
                yield
            finally:
                queue.turns.release()
                queue.running.remove(started)
                queue.pace += (now() - started - queue.pace) * NEWEST
        finally:
            queue.jobs -= 1
            if not queue.jobs:
                self._queues.pop(destination, None)

    async def _do(self, job: Job) -> None:
        plaintext = await self._open(job)
        if plaintext is None:
            return
        if job.destination == ORDERS:
            await self._order(job, plaintext)
        else:
            await self._mail(job, plaintext)

    async def _open(self, job: Job) -> bytes | None:
        """The plaintext; None when it can't be opened now: then the rows are put back, and somebody must look."""
        row = job.rows[0]
        try:
            async with self._store.read() as tx:
                payload = await tx.payload(row.payload_id)
            if payload is None:
                raise CannotOpen("the payload is gone")
            sealed = await self._payloads.sealed_bytes(payload)
            return await asyncio.to_thread(self._queue.open, sealed, payload.id)
        except (CannotOpen, KeyError) as exc:
            log.error("payload_not_opened", trace=row.trace, delivery=row.id, error=type(exc).__name__)
            await self._settle.put_back(job.rows, "internal: the queued mail can't be opened")
            return None

    # -- orders

    async def _order(self, job: Job, plaintext: bytes) -> None:
        row = job.rows[0]
        if row.kind is DeliveryKind.ANSWER:
            await self._answer(job, plaintext)
            return
        try:
            await self._notify.carry_out(row, plaintext)
        except Exception as exc:
            log.error("order_failed", trace=row.trace, delivery=row.id, error=type(exc).__name__)
            outcome = Outcome(OutcomeKind.RETRY, "4.3.0", "internal: the notification could not be made")
            await self._until_written(job, {row.rcpt_to: outcome}, Original(b"", "", automatic=False))
        else:
            self._bus.wake(DELIVER)

    async def _answer(self, job: Job, plaintext: bytes) -> None:
        """Tried again without end: mail that waits for it must not be lost because something was away for long."""
        row = job.rows[0]
        try:
            await self._carry_out.carry_out(row, plaintext)
        except Exception as exc:
            log.error("answer_failed", trace=row.trace, delivery=row.id, error=type(exc).__name__)
            await self._settle.put_back(job.rows, "internal: the answer could not be carried out")
        else:
            self._bus.wake(DELIVER)

    # -- mail

    async def _mail(self, job: Job, plaintext: bytes) -> None:
        original = await asyncio.to_thread(Original.of, plaintext)
        try:
            async with asyncio.timeout(self._limits.send):
                ready = await asyncio.to_thread(self._finish, job, plaintext, original)
                outcomes = await self._courier.send(
                    job.rows[0].mail_from,
                    job.rcpt_tos,
                    ready,
                    require_tls=any(row.require_tls for row in job.rows),
                    trace=job.rows[0].trace,
                )
        except Exception as exc:
            log.error("sending_failed", trace=job.rows[0].trace, delivery=job.rows[0].id, error=type(exc).__name__)
            outcomes = {}
        lost = Outcome(OutcomeKind.RETRY, "4.3.0", "internal: sending broke off")
        await self._until_written(job, {rcpt_to: outcomes.get(rcpt_to, lost) for rcpt_to in job.rcpt_tos}, original)

    def _finish(self, job: Job, plaintext: bytes, original: Original) -> bytes:
        """The loop guard, then the signature: nothing changes the message after that. Slow: called in a thread."""
        row = job.rows[0]
        organisation = self._organisations.get(row.organisation)
        token = self._guard.token(plaintext, job.rcpt_tos)
        guarded = b"X-Zegel-Transport: " + token.encode("ascii") + b"\r\n" + plaintext
        # DMARC looks at the From header; mail of others that is only relayed is signed for its envelope sender, if ours.
        own = original.from_domain in organisation.domains
        domain = original.from_domain if own else domain_of(row.mail_from)
        return self._signer.sign(guarded, organisation, domain, self._clock())

    async def _until_written(self, job: Job, outcomes: dict[str, Outcome], original: Original) -> None:
        """Mail that has left must be settled, or it leaves twice: the store gets a while to come back."""
        for pause in (0.5, 1, 2, 4, 8, 16, 30, 60):
            try:
                await self._settle.record(job.rows, outcomes, original)
            except Unavailable as exc:
                log.warning("outcome_not_written", trace=job.rows[0].trace, error=type(exc).__name__)
                await asyncio.sleep(pause)
            else:
                return
        await self._settle.record(job.rows, outcomes, original)
