"""SIGKILL of any process at any moment, under load: whatever was answered 250 arrives, and twice only where SMTP allows it.

SMTP can't tell a lost 250 from a message that was not taken (RFC 1047), so a message that the next server took may go out
again when the process that sent it is killed before it has written that down. Nothing else may.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import smtplib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from tests.e2e.demo import link_in, until
from tests.e2e.ledger import Answer, Ledger
from tests.e2e.processes import roles_below
from tests.e2e.site import Site, running_site
from tests.peers.place import greets, wait_until

pytestmark = pytest.mark.e2e

KILLS = {"smtp": 6, "scan": 5, "worker": 20, "deliver": 9, "portal": 7, "supervisor": 3}
CLIENTS = 4
BSN = "111222333"
LONG = "Een lange regel zonder iets bijzonders, telkens weer.\r\n" * 1500  # larger than what goes inline: a blob
DRAIN_SECONDS = 170  # a lease, a retry pause and two polls
SETBACKS = ("order_failed", "sending_failed", "job_failed", "payload_not_opened", "outcome_not_written")


class Client(threading.Thread):
    """Sends one message after another, and never one twice: so whatever arrives twice was sent twice by us."""

    def __init__(self, number: int, site: Site, ledger: Ledger, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._site = site
        self._ledger = ledger
        self._over = stop

    def run(self) -> None:
        for count in itertools.count():
            if self._over.is_set():
                return
            kind = "sealed" if count % 3 == 0 else "plain"
            message = f"{kind}-{self._number}-{count}"
            self._ledger.note(message, self._send(message, long=count % 5 == 0))
            self._over.wait(0.1)

    def _send(self, message: str, *, long: bool) -> Answer:
        secret = f"Het BSN is {BSN}." if message.startswith("sealed") else "Niets bijzonders."
        body = f"Kenmerk {message}.\r\n{secret}\r\n{LONG if long else ''}"
        raw = f"From: anna@example.nl\r\nSubject: belasting\r\n\r\n{body}".encode()
        answer = Answer.REFUSED
        try:
            with smtplib.SMTP("127.0.0.1", self._site.smtp_port, local_hostname="c.example", timeout=40) as client:
                client.ehlo()
                client.mail("anna@example.nl")
                client.rcpt(f"{message}@elders.example")
                answer = Answer.NONE
                answer = Answer.TAKEN if client.data(raw)[0] == 250 else Answer.REFUSED
        except smtplib.SMTPDataError:  # no 354
            answer = Answer.REFUSED
        except (OSError, smtplib.SMTPException):
            pass  # how far it came says what it knows
        return answer


def kill(site: Site, role: str, chance: random.Random) -> None:
    assert site.process is not None
    pid = chance.choice(roles_below(site.process.pid)[role])
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def rampage(site: Site, ledger: Ledger, chance: random.Random) -> None:
    """All kills, in random order at random moments; one whose victim is not alive just now comes later. Nobody is killed
    while no mail can come in: that would tell little."""
    victims = [role for role, count in KILLS.items() for _ in range(count)]
    chance.shuffle(victims)
    while victims:
        wait_until(lambda: greets(site.smtp_port), "SMTP after a kill", 60)
        time.sleep(chance.uniform(0.05, 0.6))
        assert site.process is not None
        alive = roles_below(site.process.pid)
        role = next((role for role in victims if role in alive), None)
        if role is None:
            continue
        victims.remove(role)
        ledger.kills.append((time.monotonic(), role))
        kill(site, role, chance)
        if role == "supervisor":
            site.process.wait(10)
            site.start()


def arrivals_of(site: Site) -> dict[str, list[float]]:
    found = defaultdict(list)
    for received in list(site.world.messages):
        for recipient in received.rcpt_tos:
            if recipient.endswith("@elders.example"):
                found[recipient.partition("@")[0]].append(received.at)
    return found


def check_contents(site: Site) -> None:
    """A plain mail is whole; of a sealed one only its notification left, with one and the same code in every copy."""
    links = defaultdict(set)
    for received in list(site.world.messages):
        name = received.rcpt_tos[0].partition("@")[0]
        if name.startswith("plain"):
            assert f"\r\n\r\nKenmerk {name}.\r\nNiets bijzonders.\r\n".encode() in received.raw
        elif name.startswith("sealed"):
            assert BSN.encode() not in received.raw
            links[name].add(link_in(received.raw).whole)
    assert [name for name, different in links.items() if len(different) > 1] == []


def summary(site: Site, ledger: Ledger, arrivals: dict[str, list[float]], killed: float) -> Iterator[str]:
    """The figures, for people."""
    yield "killed: " + ", ".join(f"{role} {count}" for role, count in Counter(role for _, role in ledger.kills).items())
    yield "answers: " + ", ".join(f"{answer.value} {ledger.count(answer)}" for answer in Answer)
    unanswered = sum(ledger.answers[message] is Answer.NONE for message in arrivals)
    yield f"arrived: {len(arrivals)} ({unanswered} of them unanswered), {len(ledger.twice(arrivals))} twice"
    yield f"the last one {max(max(times) for times in arrivals.values()) - killed:.0f} s after the last kill"
    yield "setbacks: " + ", ".join(f"{event} {count}" for event in SETBACKS if (count := len(site.events(event))))


def test_what_was_answered_250_arrives_whatever_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("ZEGEL_CRASH_SEED", random.randrange(10**6)))
    ledger, stop = Ledger(), threading.Event()
    with running_site() as site:
        clients = [Client(number, site, ledger, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        began = time.monotonic()
        rampage(site, ledger, random.Random(seed))
        killed = time.monotonic()
        stop.set()
        for client in clients:
            client.join(60)
        with contextlib.suppress(AssertionError):  # below it says which
            until(lambda: not ledger.lost(arrivals_of(site)), DRAIN_SECONDS, every=0.5)
        arrivals = arrivals_of(site)
        with capsys.disabled():
            print(
                f"\nseed {seed}; {killed - began:.0f} s of kills;", *summary(site, ledger, arrivals, killed), sep="\n  "
            )
        assert len(ledger.kills) == sum(KILLS.values())
        assert ledger.count(Answer.TAKEN) > 50
        assert ledger.lost(arrivals) == []
        assert ledger.refused_but_arrived(arrivals) == []
        assert ledger.twice_without_reason(arrivals) == []
        check_contents(site)
        assert site.stop() == 0
