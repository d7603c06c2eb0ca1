"""The deliver role on the memory store: nothing lost, nothing twice, nobody held up by another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
import structlog

from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.errors import StoreUnavailable
from gateway.core.records import EventKind, GrantKind
from gateway.service.deliver import DeliverLimits, Queue
from tests.unit.service.queue_world import (
    ANNA,
    JAN,
    LATER,
    NEVER,
    PIET,
    RAW,
    SMS,
    START,
    World,
    order,
)

QUEUED, DELIVERED, FAILED = DeliveryState.QUEUED, DeliveryState.DELIVERED, DeliveryState.FAILED


@pytest.fixture
def world() -> World:
    return World()


async def until(true: Callable[[], bool]) -> None:
    """Lets the loop run until something holds; the test's own time limit is a generous one."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - there is no event for "the row says so"
            await asyncio.sleep(0.005)


async def blobs(world: World) -> int:
    keys = world.blobs.keys()
    return len([key async for key, _ in keys])


# -- sending


async def test_mail_leaves_guarded_and_signed_and_is_shredded(world: World) -> None:
    [row] = await world.queued(RAW, JAN)
    await world.deliver.once()
    [(mail_from, rcpt_tos, raw)] = world.courier.sent
    assert (mail_from, rcpt_tos) == (ANNA, (JAN,))
    assert raw == b"DKIM-Signature: d=example.nl\r\nX-Zegel-Transport: v1.jan@out.example\r\n" + RAW
    assert world.row(row.id).state is DELIVERED
    assert world.row(row.id).last_reply == "250 2.0.0 taken"
    assert world.store.tables.payloads == {}


async def test_what_a_policy_lets_leave_over_tls_only_is_sent_so(world: World) -> None:
    await world.queued(RAW, JAN)
    await world.queued(RAW, "kees@out.example", require_tls=True)
    await world.deliver.once()
    assert len(world.courier.sent) == 2
    assert world.courier.required_tls == {"kees@out.example"}


async def test_a_large_payload_is_shredded_from_the_blobs_too(world: World) -> None:
    raw = RAW + b"x" * 100_000
    await world.queued(raw, JAN)
    assert await blobs(world) == 1
    await world.deliver.once()
    assert world.courier.sent[0][2].endswith(raw)
    assert await blobs(world) == 0


async def test_one_payload_goes_in_one_transaction_per_next_server() -> None:
    world = World(route="smtp://relay.example:25")
    await world.queued(RAW, JAN, PIET)
    await world.deliver.once()
    assert [sent[1] for sent in world.courier.sent] == [(JAN, PIET)]
    by_mx = World()
    await by_mx.queued(RAW, JAN, PIET, "eva@out.example")
    await by_mx.deliver.once()
    assert sorted(sent[1] for sent in by_mx.courier.sent) == [(JAN, "eva@out.example"), (PIET,)]


async def test_mail_of_others_is_signed_for_the_envelope_sender(world: World) -> None:
    await world.queued(RAW.replace(b"anna@example.nl", b"eva@elsewhere.example"), JAN)
    await world.deliver.once()
    assert world.courier.sent[0][2].startswith(b"DKIM-Signature: d=example.nl\r\n")


# -- trying again, giving up


async def test_a_temporary_failure_waits_for_its_turn(world: World) -> None:
    world.courier.answers[JAN] = LATER
    [row] = await world.queued(RAW, JAN)
    await world.deliver.once()
    waiting = world.row(row.id)
    assert (waiting.state, waiting.attempts, waiting.lease_until) == (QUEUED, 1, None)
    assert waiting.next_at == START + timedelta(minutes=1)
    assert await world.deliver.once() == 0
    world.now += timedelta(minutes=1)
    world.courier.answers.clear()
    assert await world.deliver.once() == 1
    assert world.row(row.id).state is DELIVERED


async def test_only_the_recipient_that_failed_is_tried_again(world: World) -> None:
    world.courier.answers["eva@out.example"] = LATER
    await world.queued(RAW, JAN, "eva@out.example")
    await world.deliver.once()
    world.now += timedelta(minutes=1)
    await world.deliver.once()
    assert [sent[1] for sent in world.courier.sent] == [(JAN, "eva@out.example"), ("eva@out.example",)]


async def test_a_permanent_failure_becomes_one_report_to_the_sender(world: World) -> None:
    world.courier.answers = {JAN: NEVER, "eva@out.example": NEVER}
    rows = await world.queued(RAW, JAN, "eva@out.example", "ok@out.example")
    await world.deliver.once()
    assert [world.row(row.id).state for row in rows] == [FAILED, FAILED, DELIVERED]
    mail_from, rcpt_tos, raw = world.courier.sent[-1]
    assert (mail_from, rcpt_tos) == ("", (ANNA,))
    report = message_from_bytes(raw, policy=default)
    assert report.get_content_type() == "multipart/report"
    assert report["Subject"] == "Niet bezorgd: uw bericht aan jan@out.example, eva@out.example"
    assert b"550 5.1.1 no such person" in raw
    assert b"Dag Jan." not in raw
    assert len(world.courier.sent) == 2
    assert world.store.tables.payloads == {}


@pytest.mark.parametrize(("mail_from", "header"), [("", b""), (ANNA, b"Auto-Submitted: auto-generated\r\n")])
async def test_nobody_is_told_about_mail_from_nobody_or_a_machine(world: World, mail_from: str, header: bytes) -> None:
    world.courier.answers[JAN] = NEVER
    [row] = await world.queued(header + RAW, JAN, mail_from=mail_from)
    await world.deliver.once()
    assert world.row(row.id).state is FAILED
    assert len(world.courier.sent) == 1


async def test_a_report_that_fails_ends_there(world: World) -> None:
    world.courier.answers = {JAN: NEVER, ANNA: NEVER}
    await world.queued(RAW, JAN)
    await world.deliver.once()
    assert {row.state for row in world.rows()} == {FAILED}
    assert len(world.courier.sent) == 2


async def test_after_five_days_it_ends_with_a_report_and_one_warning_on_the_way(world: World) -> None:
    world.courier.answers[JAN] = LATER
    [row] = await world.queued(RAW, JAN)
    while world.row(row.id).state is QUEUED:
        world.now = max(world.now, world.row(row.id).next_at)
        await world.deliver.once()
    assert world.now == START + timedelta(days=5)
    subjects = [
        message_from_bytes(raw, policy=default)["Subject"]
        for _, rcpt_tos, raw in world.courier.sent
        if ANNA in rcpt_tos
    ]
    assert subjects == ["Vertraagd: uw bericht aan jan@out.example", "Niet bezorgd: uw bericht aan jan@out.example"]
    assert b"Status: 5.4.7" in world.courier.sent[-1][2]


async def test_a_courier_that_raises_loses_nothing(world: World) -> None:
    world.courier.answers[JAN] = RuntimeError("a bug")
    [row] = await world.queued(RAW, JAN)
    await world.deliver.once()
    assert (world.row(row.id).state, world.row(row.id).attempts) == (QUEUED, 1)


# -- poison


async def test_a_bug_of_ours_is_not_met_again_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_raw: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr("gateway.service.deliver.Original.of", broken)
    [row] = await world.queued(RAW, JAN)
    await world.deliver.once()
    assert (world.row(row.id).state, world.row(row.id).attempts) == (QUEUED, 1)
    assert world.row(row.id).next_at > world.now


async def test_what_can_not_be_opened_is_kept_and_holds_nobody_up(world: World) -> None:
    [poison] = await world.queued(RAW, JAN)
    [good] = await world.queued(RAW, PIET)
    payload = world.store.tables.payloads[poison.payload_id]
    world.store.tables.payloads[payload.id] = replace(payload, inline=b"damaged")
    with structlog.testing.capture_logs() as logs:
        await world.deliver.once()
    assert world.row(good.id).state is DELIVERED
    assert (world.row(poison.id).state, world.row(poison.id).attempts) == (QUEUED, 1)
    assert [entry["delivery"] for entry in logs if entry["event"] == "payload_not_opened"] == [poison.id]
    world.now += timedelta(days=30)
    await world.deliver.once()
    assert world.row(poison.id).state is QUEUED
    world.store.tables.payloads[payload.id] = payload
    world.now += timedelta(days=1)
    await world.deliver.once()
    assert world.row(poison.id).state is DELIVERED


# -- sealed messages


async def test_from_order_to_notification_and_the_end_of_the_queue_grants(world: World) -> None:
    await world.sealed(JAN, PIET)
    await world.ordered(order("notification", JAN))
    await world.ordered(order("notification", PIET))
    world.courier.answers[PIET] = LATER
    await world.deliver.once()
    grants = world.store.tables.grants.values()
    assert [g.kind for g in grants].count(GrantKind.QUEUE) == 1
    assert [(e.recipient, e.kind) for e in world.store.tables.events] == [(JAN, EventKind.NOTIFIED)]
    world.courier.answers[PIET] = NEVER
    world.now += timedelta(minutes=1)
    await world.deliver.once()
    assert [g.kind for g in world.store.tables.grants.values()].count(GrantKind.QUEUE) == 0
    assert [(e.recipient, e.kind) for e in world.store.tables.events][1:] == [(PIET, EventKind.BOUNCED)]


async def test_a_recipient_who_waits_keeps_the_queue_grant(world: World) -> None:
    await world.sealed(JAN, PIET)
    await world.ordered(order("notification", JAN))
    await world.ordered(order("notification", PIET, verification=SMS), state=DeliveryState.WAITING)
    await world.deliver.once()
    assert [g.kind for g in world.store.tables.grants.values()].count(GrantKind.QUEUE) == 1


async def test_an_order_that_can_not_be_carried_out_ends_with_a_report(world: World) -> None:
    await world.sealed(JAN)
    row = await world.ordered(order("notification", JAN, verification=SMS))  # without a number
    await world.deliver.once()
    assert (world.row(row.id).state, world.row(row.id).attempts) == (QUEUED, 1)
    world.now += timedelta(days=6)
    await world.deliver.once()
    assert world.row(row.id).state is FAILED
    assert [e.kind for e in world.store.tables.events] == [EventKind.BOUNCED]
    assert world.courier.sent[-1][:2] == ("", (ANNA,))


async def test_logs_hold_no_code_and_no_subject(world: World) -> None:
    await world.sealed(JAN)
    await world.ordered(order("notification", JAN, subject="Uitslag"))
    world.courier.answers[JAN] = NEVER
    with structlog.testing.capture_logs() as logs:
        await world.deliver.once()
    assert {"order_done", "delivery"} <= {entry["event"] for entry in logs}
    assert "CODE-" not in str(logs)
    assert "Uitslag" not in str(logs)


# -- several workers, leases, limits


async def test_two_workers_never_send_the_same_row(world: World) -> None:
    for _ in range(20):
        await world.queued(RAW, JAN)
    await asyncio.gather(world.deliver.once(), world.worker().once())
    assert len(world.courier.sent) == 20


async def test_a_lease_is_renewed_while_a_slow_server_is_talked_to() -> None:
    world = World(limits=DeliverLimits(lease=0.06))
    world.courier.gates[JAN] = asyncio.Event()
    [row] = await world.queued(RAW, JAN)
    keeper = asyncio.create_task(world.deliver._keep_leases())  # without the loop, which would claim the row again
    working = asyncio.create_task(world.deliver.once())
    await until(lambda: world.courier.busy == 1)
    world.now += timedelta(seconds=1)  # far past the first lease
    await until(lambda: (world.row(row.id).lease_until or START) > world.now)
    assert await world.worker().once() == 0
    world.courier.gates[JAN].set()
    await working
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    assert world.row(row.id).state is DELIVERED
    assert len(world.courier.sent) == 1


async def test_a_dead_workers_rows_are_taken_over_when_the_lease_ends(world: World) -> None:
    [row] = await world.queued(RAW, JAN)
    async with world.store.write() as tx:
        await tx.claim(world.now, timedelta(seconds=60), 10)
    assert await world.deliver.once() == 0
    world.now += timedelta(seconds=61)
    assert await world.deliver.once() == 1
    assert world.row(row.id).state is DELIVERED


async def test_what_was_withdrawn_while_it_was_sent_stays_withdrawn(world: World) -> None:
    gate = world.courier.gates[JAN] = asyncio.Event()
    [row] = await world.queued(RAW, JAN)
    working = asyncio.create_task(world.deliver.once())
    await until(lambda: world.courier.busy == 1)
    async with world.store.write() as tx:
        await tx.advance(row.id, DeliveryState.CANCELLED, attempts=0, next_at=START, last_reply="")
    gate.set()
    await working
    assert world.row(row.id).state is DeliveryState.CANCELLED


async def test_a_slow_destination_does_not_hold_up_the_others() -> None:
    world = World(limits=DeliverLimits(at_once=4, at_once_per_destination=2, waiting=3, postpone=0.2, lease=60))
    gate = world.courier.gates[JAN] = asyncio.Event()
    slow = [(await world.queued(RAW, JAN))[0] for _ in range(10)]
    [quick] = await world.queued(RAW, PIET)
    stop = asyncio.Event()
    running = asyncio.create_task(world.deliver.run(stop))
    await until(lambda: world.row(quick.id).state is DELIVERED)
    assert world.courier.busiest <= 3
    await until(lambda: sum(world.row(row.id).next_at > world.now for row in slow) == 8)
    assert all(world.row(row.id).attempts == 0 for row in slow)
    gate.set()
    stop.set()
    await running


async def test_nobody_is_postponed_for_a_destination_that_is_quick() -> None:
    world = World(limits=DeliverLimits(at_once=2, at_once_per_destination=1, waiting=3))
    rows = [(await world.queued(RAW, JAN))[0] for _ in range(50)]
    assert await world.deliver.once() == 50
    assert all(world.row(row.id).state is DELIVERED for row in rows)


async def test_newcomers_do_not_queue_for_a_destination_that_hangs() -> None:
    queue = Queue(asyncio.Semaphore(2), jobs=6, running=[100.0, 107.0], pace=0.1)
    assert queue.wait(110.0, at_once=2) == 30.0
    assert Queue(asyncio.Semaphore(2), jobs=6, running=[109.9], pace=0.5).wait(110.0, at_once=2) == 1.5


async def test_an_outcome_is_written_when_the_store_comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    [row] = await world.queued(RAW, JAN)
    record = world.deliver._settle.record
    failures = [StoreUnavailable(), StoreUnavailable()]

    async def flaky(*arguments: object) -> None:
        if failures:
            raise failures.pop()
        await record(*arguments)  # type: ignore[arg-type]

    async def at_once(_seconds: float) -> None:
        return None

    monkeypatch.setattr(world.deliver._settle, "record", flaky)
    monkeypatch.setattr("gateway.service.deliver.asyncio.sleep", at_once)
    await world.deliver.once()
    assert world.row(row.id).state is DELIVERED
    assert len(world.courier.sent) == 1


# -- the loop


async def test_the_loop_wakes_up_for_new_mail_and_stops_gracefully(world: World) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(world.deliver.run(stop))
    await asyncio.sleep(0.01)
    gate = world.courier.gates[JAN] = asyncio.Event()
    [row] = await world.queued(RAW, JAN)
    world.bus.wake("deliver")
    await until(lambda: world.courier.busy == 1)
    stop.set()
    await asyncio.sleep(0.01)
    assert not running.done()  # what is being sent may end
    gate.set()
    await running
    assert world.row(row.id).state is DELIVERED


async def test_the_loop_sees_due_rows_without_a_wake_up() -> None:
    world = World(limits=DeliverLimits(poll=0.02))
    stop = asyncio.Event()
    running = asyncio.create_task(world.deliver.run(stop))
    await asyncio.sleep(0.01)
    [row] = await world.queued(RAW, JAN)
    await until(lambda: world.row(row.id).state is DELIVERED)
    stop.set()
    await running


async def test_a_stop_does_not_wait_for_ever_and_leaves_the_row_to_others() -> None:
    world = World(limits=DeliverLimits(drain=0.02))
    world.courier.gates[JAN] = asyncio.Event()
    [row] = await world.queued(RAW, JAN)
    stop = asyncio.Event()
    running = asyncio.create_task(world.deliver.run(stop))
    await until(lambda: world.courier.busy == 1)
    stop.set()
    await running
    assert world.row(row.id).state is QUEUED
    assert world.courier.sent == []
    world.courier.gates.clear()
    world.now += timedelta(seconds=61)
    await world.worker().once()
    assert world.row(row.id).state is DELIVERED


async def test_audit_tells_each_end(world: World) -> None:
    world.courier.answers = {JAN: NEVER}
    await world.queued(RAW, JAN, "ok@out.example", mail_from="")
    await world.deliver.once()
    assert sorted((entry.actor, entry.action) for entry in world.store.tables.audit) == [
        ("deliver", "delivered"),
        ("deliver", "failed"),
    ]


# -- answers to cases


async def test_an_answer_that_can_not_be_carried_out_is_tried_again_without_end(world: World) -> None:
    """Longer than mail is: what waits for it must not be lost because a scanner was away for a week."""
    world.carry_out.failure = RuntimeError()
    [row] = await world.queued(b"an answer", ANNA, kind=DeliveryKind.ANSWER)
    for _ in range(4):
        await world.deliver.once()
        world.now += timedelta(days=2)
    assert world.row(row.id).state is DeliveryState.QUEUED
    world.carry_out.failure = None
    await world.deliver.once()
    assert world.carry_out.answers == [b"an answer"]
