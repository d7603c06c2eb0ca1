"""What only a real database can break: migrations, several processes at once, bytes left on the disk, a disk that is full."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy import Column, Integer

from gateway.adapters.database import sqlite_file
from gateway.adapters.migrate import check, upgrade
from gateway.adapters.schema import messages, metadata
from gateway.adapters.store import SqlStore, SqlTransaction
from gateway.core.delivery import DeliveryState
from gateway.core.errors import OutOfSpace, StoreUnavailable
from gateway.core.records import GrantKind, GrantState, MessageState, StoredPart
from tests.contract.rows import HOUR, NOW, account, delivery, grant, message, payload, wraps

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    upgrade(database_url)
    made = SqlStore(database_url)
    yield made
    await made.close()


@pytest.fixture
async def on_sqlite(sqlite_url: str) -> AsyncIterator[SqlStore]:
    upgrade(sqlite_url)
    made = SqlStore(sqlite_url)
    yield made
    await made.close()


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return outputs


# -- migrations


def test_migrations_make_the_tables_of_the_schema(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)
    check(database_url)


def test_the_check_sees_a_difference(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(database_url)
    changed = metadata.tables["messages"].to_metadata(other := type(metadata)())
    changed.append_column(Column("forgotten", Integer()))
    for table in metadata.sorted_tables:
        if table is not messages:
            table.to_metadata(other)
    monkeypatch.setattr("gateway.adapters.schema.metadata", other)
    with pytest.raises(CommandError, match="forgotten"):
        check(database_url)


def test_several_processes_may_upgrade_at_once(database_url: str) -> None:
    program = "import sys; from gateway.adapters.migrate import upgrade; upgrade(sys.argv[1])"
    finish([start(program, database_url) for _ in range(4)])
    check(database_url)


# -- several processes at once

WRITER = """
import asyncio, sys
from datetime import timedelta
from gateway.adapters.store import SqlStore
from tests.contract.rows import NOW, HOUR, delivery, payload

async def main(url, who):
    store = SqlStore(url)
    for number in range(25):
        async with store.write() as tx:
            await tx.add_payload(payload(f"{who}-{number}"))
            await tx.add_deliveries([delivery(f"{who}-{number}")])
            await tx.count("all", NOW, HOUR)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""

CLAIMER = """
import asyncio, sys
from gateway.adapters.store import SqlStore
from tests.contract.rows import NOW, HOUR

async def work(store):
    while True:
        async with store.write() as tx:
            claimed = await tx.claim(NOW, HOUR, 3)
        if not claimed:
            return
        print(*(row.id for row in claimed), flush=True)

async def main(url):
    store = SqlStore(url)
    await asyncio.gather(*(work(store) for _ in range(4)))
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_several_processes_write_and_none_is_refused(store: SqlStore, database_url: str) -> None:
    await asyncio.to_thread(finish, [start(WRITER, database_url, f"w{i}") for i in range(4)])
    async with store.write() as tx:
        assert len(await tx.deliveries_in(DeliveryState.QUEUED, 1000)) == 100
        assert await tx.count("all", NOW, HOUR) == 101


async def test_no_row_is_ever_claimed_twice(store: SqlStore, database_url: str) -> None:
    rows = [delivery(f"d{i}", payload_id=f"p{i // 4}") for i in range(120)]
    async with store.write() as tx:
        await tx.add_deliveries(rows)
    outputs = await asyncio.to_thread(finish, [start(CLAIMER, database_url) for _ in range(3)])
    claimed = " ".join(outputs).split()
    assert len(claimed) == len(set(claimed))
    async with store.write() as tx:
        late = await tx.claim(NOW, HOUR, 1000)  # what a claim skipped because another had locked it
    assert {*claimed, *(row.id for row in late)} == {row.id for row in rows}


async def test_the_last_of_two_workers_shreds_the_payload(store: SqlStore) -> None:
    for turn in range(10):
        first, second, name = f"a{turn}", f"b{turn}", f"p{turn}"
        async with store.write() as tx:
            await tx.add_payload(payload(name))
            await tx.add_deliveries([delivery(first, payload_id=name), delivery(second, payload_id=name)])

        async def carry(delivery_id: str, name: str = name) -> None:
            async with store.write() as tx:
                await tx.advance(delivery_id, DeliveryState.DELIVERED, attempts=1, next_at=NOW, last_reply="")
                await asyncio.sleep(0.01)
                await tx.drop_payload_if_done(name)

        await asyncio.gather(carry(first), carry(second))
        async with store.read() as tx:
            assert await tx.payload(name) is None


async def test_the_last_of_two_workers_sees_that_it_is_the_last(store: SqlStore) -> None:
    queue = grant("q", kind=GrantKind.QUEUE)
    async with store.write() as tx:
        await tx.add_message(message(), [queue])
        await tx.add_deliveries([delivery(name, message_id="m") for name in "ab"])

    first_looked, second_looked = asyncio.Event(), asyncio.Event()

    async def advance_and_look(tx: SqlTransaction, delivery_id: str) -> None:
        await tx.advance(delivery_id, DeliveryState.DELIVERED, attempts=1, next_at=NOW, last_reply="")
        if delivery_id == "a":  # until the second is through, or waits for us
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(second_looked.wait(), 0.3)
        if all(row.state is DeliveryState.DELIVERED for row in await tx.deliveries_of("m")):
            await tx.drop_queue_grants("m")

    async def second() -> None:
        async with store.write() as tx:
            await advance_and_look(tx, "b")
            second_looked.set()
            await first_looked.wait()

    async with store.write() as tx:
        after = asyncio.create_task(second())
        await advance_and_look(tx, "a")
        first_looked.set()
    await after
    async with store.read() as tx:
        assert await tx.grants("m") == []


async def test_a_grant_made_while_the_message_ends_opens_nothing(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.add_message(message(), [])

    async def give() -> None:
        async with store.write() as tx:
            await asyncio.sleep(0.02)
            await tx.add_grant(grant())
            await asyncio.sleep(0.05)

    async def revoke() -> None:
        await asyncio.sleep(0.04)
        async with store.write() as tx:
            await tx.end_message("m", MessageState.REVOKED)

    await asyncio.gather(give(), revoke())
    async with store.read() as tx:
        assert [(found.state, found.wrapped, found.share) for found in await tx.grants("m")] == [
            (GrantState.REVOKED, b"", b"")
        ]


async def test_a_cancelled_transaction_is_rolled_back_and_the_store_goes_on(store: SqlStore) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.write() as tx:
            await tx.add_payload(payload())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write() as tx:
        assert await tx.payload("p") is None
        await tx.add_payload(payload())


# -- what remains on the disk (SQLite)


def on_disk(url: str) -> bytes:
    file = sqlite_file(url)
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


SECRETS = {
    name: os.urandom(length)
    for name, length in (("wrapped", 1200), ("share", 32), ("salt", 16), ("sealed_factor", 60), ("sealed_phone", 40))
}


async def end_the_message(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.end_message("m", MessageState.REVOKED)


async def end_the_grant(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.end_grant("g", GrantState.REVOKED)


@pytest.mark.parametrize("end", [end_the_message, end_the_grant])
async def test_nothing_of_a_revoked_key_is_left_in_the_files(
    on_sqlite: SqlStore, sqlite_url: str, end: Callable[[SqlStore], object]
) -> None:
    for number in range(30):  # neighbours, so that pages are split and rows moved
        async with on_sqlite.write() as tx:
            near = [grant(f"g{number}-{i}", message_id=f"m{number}", wrapped=os.urandom(1100)) for i in range(3)]
            await tx.add_message(message(f"m{number}", head=os.urandom(500)), near)
            if number == 15:
                await tx.add_message(message(), [grant(**SECRETS)])
    async with on_sqlite.write() as tx:
        await tx.count_wrong("g", 1, None)  # another version of the row
    before = on_disk(sqlite_url)
    assert all(secret in before for secret in SECRETS.values())
    await end(on_sqlite)  # type: ignore[misc]
    after = on_disk(sqlite_url)
    for name, secret in SECRETS.items():
        for at in range(0, len(secret) - 15, 16):
            assert secret[at : at + 16] not in after, f"bytes {at}.. of {name}"


async def test_a_reader_in_the_way_delays_the_wiping_only(
    on_sqlite: SqlStore, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.adapters.store.WIPE_AGAIN", 0.05)
    async with on_sqlite.write() as tx:
        await tx.add_message(message(), [grant(**SECRETS)])
    async with on_sqlite.read() as tx:
        assert await tx.grant("g") is not None
        await end_the_grant(on_sqlite)
        assert SECRETS["share"] in on_disk(sqlite_url)
    async with asyncio.timeout(60):
        while SECRETS["share"] in on_disk(sqlite_url):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_shredded_payload_is_wiped_soon(
    on_sqlite: SqlStore, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.adapters.store.WIPE_AGAIN", 0.05)
    sealed = os.urandom(9000)  # on overflow pages, too
    async with on_sqlite.write() as tx:
        await tx.add_payload(payload(inline=sealed))
    async with on_sqlite.write() as tx:
        await tx.drop_payload_if_done("p")
    async with asyncio.timeout(60):
        while any(sealed[at : at + 16] in on_disk(sqlite_url) for at in range(0, 8900, 100)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


# -- settings and errors


async def test_sqlite_commits_are_on_disk(on_sqlite: SqlStore, sqlite_url: str) -> None:
    async with on_sqlite.write() as tx:
        found = [
            (await tx._connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 1, 30000]
    assert sqlite_file(sqlite_url).stat().st_mode & 0o077 == 0


async def test_a_database_that_stays_locked_is_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(sqlite_url)
    monkeypatch.setattr("gateway.adapters.database.SQLITE_SETTINGS", ("PRAGMA busy_timeout=50",))
    store = SqlStore(sqlite_url)
    other = sqlite3.connect(sqlite_file(sqlite_url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        async with store.write():
            pass
    other.close()
    async with store.write() as tx:
        await tx.add_payload(payload())
    await store.close()


async def test_a_full_disk_is_out_of_space_and_nothing_is_half_written(on_sqlite: SqlStore) -> None:
    async def fill() -> None:
        async with on_sqlite.write() as tx:
            pages = (await tx._connection.exec_driver_sql("PRAGMA page_count")).scalar()
            await tx._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            await tx.add_account(account(), wraps())
            big = tuple(StoredPart(i, 60_000, inline=os.urandom(60_000)) for i in range(10))
            await tx.add_message(message(parts=big), [])

    with pytest.raises(OutOfSpace) as caught:
        await fill()
    assert "anna" not in f"{caught.value} {caught.value.__cause__}"
    async with on_sqlite.write() as tx:
        await tx._connection.exec_driver_sql("PRAGMA max_page_count=100000")
        assert await tx.account("anna") is None
        assert await tx.message("m") is None


@pytest.mark.parametrize(
    "url", ["postgresql://zegel@127.0.0.1:1/none", "sqlite:////nonexistent/folder/zegel.db"], ids=["pg", "sqlite"]
)
async def test_a_database_that_is_away_is_unavailable(url: str) -> None:
    store = SqlStore(url)
    for context in (store.write, store.read):
        with pytest.raises(StoreUnavailable):
            async with context():
                pass
    await store.close()


async def test_a_postgres_that_goes_away_is_unavailable_then_back(postgres_url: str) -> None:
    upgrade(postgres_url)
    store = SqlStore(postgres_url)

    async def cut_off() -> None:
        async with store.write() as tx:
            await tx.add_payload(payload())
            number = (await tx._connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar()
            other = SqlStore(postgres_url)
            async with other.write() as killer:
                await killer._connection.exec_driver_sql(f"SELECT pg_terminate_backend({number})")
            await other.close()
            await tx.add_payload(payload("q"))

    with pytest.raises(StoreUnavailable):
        await cut_off()
    async with store.write() as tx:
        assert await tx.payload("p") is None
        await tx.add_payload(payload())
    await store.close()
