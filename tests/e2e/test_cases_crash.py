"""SIGKILL of the deliver role while the answers to held mail are carried out: each message goes on once, and nothing waits on.

The next server is away until the killing is over, so what arrives twice was taken in twice: no lost 250 can explain it.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections import Counter

import pytest

from tests.e2e.demo import until
from tests.e2e.processes import roles_below
from tests.e2e.site import Site, running_site
from tests.peers.sink import sink

pytestmark = pytest.mark.e2e

MAILS = 24
KILLS = 12
POLICIES = """
[[policy]]
id = "hold-drafts"
when.subject = "*concept*"
then.action = "hold"
then.answer_within = "PT{seconds}S"
then.unanswered = "release"
then.explain.nl = "Concepten gaan eerst langs een collega."
then.explain.en = "Drafts are reviewed first."
"""
BLOB = "Een lange regel zonder iets bijzonders.\r\n" * 2500  # larger than what goes inline


def rows(site: Site, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{site.folder / 'zegel.db'}?mode=ro", uri=True)) as database:
        return database.execute(sql).fetchall()


def due_now(site: Site) -> None:
    """What was tried in vain would wait for minutes."""
    with contextlib.closing(sqlite3.connect(site.folder / "zegel.db")) as database, database:
        database.execute("update deliveries set next_at = created_at, lease_until = null where state = 'queued'")


def open_cases(site: Site) -> int:
    return int(str(rows(site, "select count(*) from cases where ended_at is null")[0][0]))


def kill_deliver(site: Site) -> bool:
    """Whether there was one to kill."""
    assert site.process is not None
    pids = roles_below(site.process.pid).get("deliver", [])
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def test_each_answer_is_carried_out_once_whatever_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    with running_site(POLICIES.format(seconds=20), world=False) as site:
        names = [f"concept{number}" for number in range(MAILS)]
        for number, name in enumerate(names):
            body = f"Kenmerk {name}.\r\n{BLOB if number % 4 == 0 else ''}"
            raw = f"From: anna@example.nl\r\nSubject: concept\r\n\r\n{body}".encode()
            site.submit(raw, f"{name}@elders.example")
        until(lambda: open_cases(site) < MAILS, 60, every=0.02)
        killed, while_open = 0, 0
        while killed < KILLS:
            time.sleep(random.uniform(0.02, 0.5))
            still = open_cases(site)
            if kill_deliver(site):
                killed += 1
                while_open += still > 0
        until(lambda: open_cases(site) == 0, 150, every=0.5)
        waiting = Counter(
            str(address)
            for (address,) in rows(
                site,
                "select rcpt_to from deliveries where kind = 'mail' and state = 'queued' and rcpt_to like 'concept%'",
            )
        )
        assert waiting == {f"{name}@elders.example": 1 for name in names}
        assert (
            rows(site, "select 1 from deliveries where state = 'held' or (kind = 'answer' and state = 'queued')") == []
        )
        assert rows(site, "select 1 from grants") == []
        with capsys.disabled():
            print(
                f"\n{MAILS} answers, {killed} kills of the deliver role, {while_open} of them while answers were open"
            )
        assert while_open
        site.kill()
        due_now(site)
        with sink(port=site.sink_port) as world:
            site.world = world
            site.start()
            for name in names:
                [raw] = site.arrived(f"{name}@elders.example", seconds=60)
                assert f"\r\n\r\nKenmerk {name}.\r\n".encode() in raw
