"""Random work on the queue and on grants, done on the memory store and on SQLite side by side: they must always agree."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.adapters.memory_store import MemoryStore
from gateway.adapters.migrate import upgrade
from gateway.adapters.store import SqlStore
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.ports import Duplicate, Store, Transaction
from gateway.core.records import GrantKind, GrantState, MessageState
from tests.contract.rows import NOW, delivery, grant, message, payload

NAMES = st.sampled_from("abcdef")
FEW = st.sampled_from("mn")
MINUTES = st.integers(0, 5).map(lambda number: timedelta(minutes=number))


class StoreMachine(RuleBasedStateMachine):
    """`both` runs one transaction on each store; the answers, or the errors, must be equal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        url = f"sqlite:///{self.folder.name}/zegel.db"
        upgrade(url)
        self.runner = asyncio.Runner()
        self.stores: tuple[Store, ...] = (MemoryStore(), SqlStore(url))
        self.now = NOW
        self.leased: dict[str, object] = {}

    def both(self, work: Callable[[Transaction], Awaitable[object]]) -> object:
        expected, found = (self.runner.run(self.once(store, work)) for store in self.stores)
        assert found == expected
        return found

    async def once(self, store: Store, work: Callable[[Transaction], Awaitable[object]]) -> object:
        try:
            async with store.write() as tx:
                return await work(tx)
        except (Duplicate, KeyError) as error:
            return type(error)

    @rule(pause=MINUTES)
    def time_passes(self, pause: timedelta) -> None:
        self.now += pause

    @rule(
        name=NAMES,
        shared=NAMES,
        kind=st.sampled_from(DeliveryKind),
        state=st.sampled_from(DeliveryState),
        after=MINUTES,
    )
    def queue(self, name: str, shared: str, kind: DeliveryKind, state: DeliveryState, after: timedelta) -> None:
        row = delivery(name, payload_id=shared, kind=kind, state=state, created_at=self.now, next_at=self.now + after)
        self.both(lambda tx: tx.add_deliveries([row]))

    @rule(lease=MINUTES, limit=st.integers(1, 3))
    def claim(self, lease: timedelta, limit: int) -> None:
        claimed = self.both(lambda tx: tx.claim(self.now, lease, limit))
        assert isinstance(claimed, list)
        for row in claimed:  # never taken from an owner whose lease runs
            assert self.leased.get(row.id, self.now) <= self.now  # type: ignore[operator]
            self.leased[row.id] = self.now + lease

    @rule(name=NAMES, lease=MINUTES)
    def renew(self, name: str, lease: timedelta) -> None:
        until = self.now + lease
        self.both(lambda tx: tx.renew([name], until))
        if name in self.leased:
            self.leased[name] = until

    @rule(name=NAMES, state=st.sampled_from(DeliveryState), after=MINUTES)
    def advance(self, name: str, state: DeliveryState, after: timedelta) -> None:
        next_at = self.now + after
        self.both(lambda tx: tx.advance(name, state, attempts=1, next_at=next_at, last_reply="250"))
        self.leased.pop(name, None)

    @rule(name=NAMES)
    def add_payload(self, name: str) -> None:
        self.both(lambda tx: tx.add_payload(payload(name, inline=None, blob=name)))

    @rule(name=NAMES)
    def drop_payload(self, name: str) -> None:
        self.both(lambda tx: tx.drop_payload_if_done(name))

    @rule(name=FEW, kept=NAMES)
    def seal(self, name: str, kept: str) -> None:
        self.both(lambda tx: tx.add_message(message(name), [grant(kept, message_id=name)]))

    @rule(name=NAMES, of=FEW, kind=st.sampled_from(GrantKind))
    def give(self, name: str, of: str, kind: GrantKind) -> None:
        self.both(lambda tx: tx.add_grant(grant(name, message_id=of, kind=kind)))

    @rule(name=FEW, state=st.sampled_from([MessageState.REVOKED, MessageState.EXPIRED]))
    def end_message(self, name: str, state: MessageState) -> None:
        self.both(lambda tx: tx.end_message(name, state))

    @rule(name=NAMES, state=st.sampled_from(GrantState))
    def set_grant_state(self, name: str, state: GrantState) -> None:
        self.both(lambda tx: tx.set_grant_state(name, state))

    @rule(name=NAMES)
    def change_grant(self, name: str) -> None:
        self.both(lambda tx: tx.set_grant_phone(name, b"new"))
        self.both(lambda tx: tx.count_wrong(name, 2, self.now))
        self.both(lambda tx: tx.mark_read(name, self.now))

    @invariant()
    def all_rows_agree(self) -> None:
        async def look(tx: Transaction) -> object:
            messages = [(await tx.message(name), await tx.grants(name)) for name in "mn"]
            rows = [(await tx.delivery(name), await tx.payload(name)) for name in "abcdef"]
            return messages, rows, await tx.next_due(), await tx.blob_keys()

        messages, *_ = self.both(look)  # type: ignore[misc]
        for sealed, grants in messages:
            if sealed is not None and sealed.state is not MessageState.ACTIVE:
                assert not any(kept.wrapped or kept.share for kept in grants)

    def teardown(self) -> None:
        for store in self.stores:
            self.runner.run(store.close())
        self.runner.close()
        self.folder.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
