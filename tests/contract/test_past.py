"""What is kept of the past: the same on every store."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from gateway.core.history import ANYBODY, Contact, DomainShape
from gateway.core.ports import Store
from gateway.core.records import PastDecision
from tests.contract.rows import NOW
from tests.contract.test_store import store as store

WRITER, JAN, PIET, DOMAIN = b"w" * 16, b"j" * 16, b"p" * 16, b"d" * 16
DAY = timedelta(days=1)


def contact(subject: bytes, writer: bytes = WRITER, organisation: str = "example", **more: object) -> Contact:
    return Contact(organisation, writer, subject, **{"times": 1, "last_at": NOW, **more})  # type: ignore[arg-type]


def decision(name: str, **more: object) -> PastDecision:
    fields: dict[str, object] = {
        "id": name,
        "organisation": "example",
        "at": NOW,
        "mail_from": "anna@example.nl",
        "recipients": ("jan@elders.example", "bram@example.nl"),
        "actions": ("seal", "relay"),
        "policies": ("bsn-leaves-sealed",),
        "policy_digest": "p",
        "rules_digest": "r",
        "facts": '{"v":1}',
    }
    return PastDecision(**{**fields, **more})  # type: ignore[arg-type]


async def test_contacts_add_up(store: Store) -> None:
    together = ((PIET[:8], 2), (b"q" * 8, 65535))
    async with store.write() as tx:
        await tx.remember([contact(JAN), contact(PIET), contact(JAN, ANYBODY)], [])
        await tx.remember([contact(JAN, times=2, last_at=NOW + DAY, companions=together)], [])
        await tx.remember([contact(JAN, organisation="other")], [])
        await tx.remember([], [])
    async with store.read() as tx:
        found = await tx.contacts("example", [WRITER, ANYBODY], [JAN, b"x" * 16])
        assert sorted(found, key=lambda c: c.writer) == [
            contact(JAN, ANYBODY),
            contact(JAN, times=3, last_at=NOW + DAY, companions=together),
        ]
        assert await tx.contacts("example", [b"other"], [JAN]) == []
        assert await tx.contacts("example", [WRITER], []) == []


async def test_many_subjects_at_once(store: Store) -> None:
    many = [number.to_bytes(16, "big") for number in range(12_000)]
    async with store.write() as tx:
        await tx.remember([contact(subject) for subject in many[:50]], [])
        assert len(await tx.contacts("example", [WRITER, ANYBODY], many)) == 50


async def test_shapes_of_domains(store: Store) -> None:
    shapes = [DomainShape("example", bytes([n]) * 16, DOMAIN) for n in range(3)]
    async with store.write() as tx:
        await tx.remember([contact(DOMAIN, ANYBODY)], shapes)
        await tx.remember([contact(DOMAIN, ANYBODY)], shapes)  # again is no mistake
        assert await tx.domain_shapes("example", [b"\1" * 16, b"\7" * 16]) == [shapes[1]]
        assert await tx.domain_shapes("other", [b"\1" * 16]) == []


async def test_past_decisions_in_order(store: Store) -> None:
    rows = [decision(name) for name in "abc"]
    old = decision("0", at=NOW - DAY)
    async with store.write() as tx:
        for row in (*reversed(rows), old):
            await tx.add_past_decision(row)
        assert await tx.past_decisions(NOW, 2) == rows[:2]
        assert await tx.past_decisions(NOW, 2, "b") == rows[2:]
        assert await tx.past_decisions(NOW - DAY, 9) == [old, *rows]


async def test_what_is_old_is_forgotten(store: Store) -> None:
    shape = DomainShape("example", b"s" * 16, DOMAIN)
    async with store.write() as tx:
        await tx.remember(
            [contact(JAN, last_at=NOW - DAY), contact(PIET), contact(DOMAIN, ANYBODY, last_at=NOW - DAY)], [shape]
        )
        await tx.add_past_decision(decision("old", at=NOW - DAY))
        await tx.add_past_decision(decision("new"))
        assert await tx.forget(NOW - DAY, NOW - DAY, 10) == 0
        assert await tx.forget(NOW, NOW, 10) == 4
        assert await tx.forget(NOW, NOW, 10) == 0
        assert [c.subject for c in await tx.contacts("example", [WRITER, ANYBODY], [JAN, PIET, DOMAIN])] == [PIET]
        assert await tx.domain_shapes("example", [shape.shape]) == []
        assert [row.id for row in await tx.past_decisions(NOW - DAY, 9)] == ["new"]


async def test_it_is_forgotten_in_portions(store: Store) -> None:
    async with store.write() as tx:
        await tx.remember([contact(bytes([n]) * 16, last_at=NOW - DAY) for n in range(5)], [])
        assert await tx.forget(NOW, NOW, 3) == 3
        assert await tx.forget(NOW, NOW, 3) == 2


async def test_writers_at_the_same_moment_wait_for_each_other_and_count_all(store: Store) -> None:
    many = sorted(bytes([n]) * 16 for n in range(20))
    shapes = [DomainShape("example", bytes([n]) * 16, DOMAIN) for n in range(20)]

    async def write(number: int) -> None:
        async with store.write() as tx:
            await tx.remember([contact(subject) for subject in many[number % 3 :]], shapes)

    await asyncio.gather(*(write(number) for number in range(12)))
    async with store.read() as tx:
        found = await tx.contacts("example", [WRITER], many)
        assert len(await tx.domain_shapes("example", [shape.shape for shape in shapes])) == 20
    assert {c.subject: c.times for c in found} == {s: {0: 4, 1: 8}.get(n, 12) for n, s in enumerate(many)}
