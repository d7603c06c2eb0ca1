"""What knowing the past costs a message: the read before the decision, and the write in the transaction that takes it in.

    python benchmarks/history.py [--contacts 100000] [--messages 300]

Prints medians in milliseconds on SQLite in a temporary folder, with so many contacts there already; beside them a read of one
row and a transaction with one row and its fsync, so that the ratio holds on another machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.adapters.migrate import upgrade
from gateway.adapters.store import SqlStore
from gateway.core.envelope import Envelope, Session
from gateway.core.message import Message
from gateway.core.organisation import Organisation
from gateway.core.records import AuditEntry
from gateway.service.familiar import Familiar
from gateway.vault.history_key import HistoryKey

ORGANISATION = Organisation("example", "Voorbeeld", ("example.nl",), "nl", "https://x", b"")
SESSION = Session("192.0.2.1", "client", tls=True, trusted=True)
MESSAGE = Message((), "", (("Anna de Vries", "anna@example.nl"),), (), (), "", "", "", ())
SENDERS = 200


def clock() -> datetime:
    return datetime.now(UTC)


def envelope(sender: int, *recipients: str) -> Envelope:
    return Envelope("example", f"sender{sender}@example.nl", recipients, SESSION)


async def fill(store: SqlStore, familiar: Familiar, contacts: int) -> None:
    each = max(1, contacts // SENDERS)
    for sender in range(SENDERS):
        recipients = tuple(f"r{n}@domain{n % 500}.nl" for n in range(sender, sender + each))
        past = await familiar.look(ORGANISATION, envelope(sender, *recipients), MESSAGE)
        async with store.write() as tx:
            await tx.remember(*familiar.news(past, recipients))


async def median(work: Callable[[], Awaitable[None]], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


async def main(contacts: int, messages: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/zegel.db"
        upgrade(url)
        store = SqlStore(url)
        familiar = Familiar(
            store=store, pseudonyms=HistoryKey(b"k" * 32), providers=frozenset({"gmail.com"}), clock=clock
        )
        await fill(store, familiar, contacts)
        numbers = random.Random(1)

        def some() -> Envelope:
            sender = numbers.randrange(SENDERS)
            return envelope(sender, *(f"r{sender + numbers.randrange(50)}@domain{n}.nl" for n in range(3)))

        async def empty_read() -> None:
            async with store.read() as tx:
                await tx.account("none")

        async def known() -> None:
            await familiar.look(ORGANISATION, some(), MESSAGE)

        async def strange() -> None:
            address = f"x@{numbers.randrange(10**9)}unknown.nl"
            await familiar.look(ORGANISATION, envelope(0, address), MESSAGE)

        async def plain_write() -> None:
            async with store.write() as tx:
                await tx.audit(AuditEntry(clock(), "example", "a", "b", "c"))

        async def remembering() -> None:
            mail = some()
            past = await familiar.look(ORGANISATION, mail, MESSAGE)
            async with store.write() as tx:
                await tx.audit(AuditEntry(clock(), "example", "a", "b", "c"))
                await tx.remember(*familiar.news(past, mail.rcpt_tos))

        results = {
            "a read of one row": await median(empty_read, messages),
            "read the past, domains known": await median(known, messages),
            "read the past, a strange domain": await median(strange, messages),
            "a transaction with one row": await median(plain_write, messages),
            "read the past, and the transaction with it": await median(remembering, messages),
        }
        await store.close()
    for name, milliseconds in results.items():
        print(f"{name:45} {milliseconds:8.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=300)
    options = parser.parse_args()
    asyncio.run(main(options.contacts, options.messages))
