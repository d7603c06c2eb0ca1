"""Workers that scan are killed, frozen and starved of memory, and their broker with them, while mail comes in: each message is
scanned in the end, or answered 451; none passes unscanned, and none that was answered 250 is lost.

`ZEGEL_SCAN_SEED=123 pytest tests/e2e/test_scan_faults.py` repeats a run.
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
from pathlib import Path

import pytest

from tests.e2e.at_rest import finds
from tests.e2e.demo import until
from tests.e2e.ledger import Answer, Ledger
from tests.e2e.processes import roles_below
from tests.e2e.site import Site, folder
from tests.peers.sink import sink

pytestmark = pytest.mark.e2e

BSN = "111222333"
SCAN = "\n[scan]\nworkers = 2\nseconds = 3\nmemory_mb = {memory}\n"
MEMORY = 256  # MiB of address space for a worker
GREEDY = 30 << 20  # octets of a body that needs more than that
FAULTS = {"kill worker": 10, "freeze worker": 2, "nap worker": 3, "kill broker": 2, "nap broker": 1, "greedy": 2}
NAP_SECONDS = {"nap worker": 1.0, "nap broker": 6.0}  # a broker is silent after four
CLIENTS = 4
STARTING_SECONDS = 2.5
LONG = "Een lange regel met cijfers 12 34 56 en woorden, telkens weer.\r\n" * 30_000
PATIENCE = 60


def message(name: str) -> bytes:
    """Kinds: plain, sealed, long-sealed (takes a while), greedy (needs more memory than a worker may have)."""
    secret = "" if name.startswith("plain") else f"Het BSN is {BSN}.\r\n"
    filling = LONG if name.startswith("long") else "x" * 70 + "\r\n"
    if name.startswith("greedy"):
        filling = LONG.replace("lange", "\u20ac\u20ac") * (GREEDY // len(LONG))
    head = f"From: anna@example.nl\r\nSubject: {name}\r\nContent-Type: text/plain\r\n\r\n"
    return f"{head}Kenmerk {name}.\r\n{filling}{secret}".encode()


class Client(threading.Thread):
    """Sends one message after another, none twice."""

    def __init__(self, number: int, site: Site, ledger: Ledger, codes: Counter[int], over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._site = site
        self._ledger = ledger
        self._codes = codes
        self._over = over

    def run(self) -> None:
        kinds = itertools.cycle(("sealed", "plain", "long", "plain", "sealed"))
        for count, kind in enumerate(kinds):
            if self._over.is_set():
                return
            self.send(f"{kind}-{self._number}-{count}")
            self._over.wait(0.05)

    def send(self, name: str) -> None:
        answer, code = Answer.NONE, 0
        with (
            contextlib.suppress(OSError, smtplib.SMTPServerDisconnected),
            smtplib.SMTP("127.0.0.1", self._site.smtp_port, local_hostname="c.example", timeout=60) as client,
        ):
            client.ehlo()
            client.mail("anna@example.nl")
            client.rcpt(f"{name}@elders.example")
            code, _ = client.data(message(name))
            answer = Answer.TAKEN if code == 250 else Answer.REFUSED
        self._codes[code] += 1
        self._ledger.note(name, answer)


@contextlib.contextmanager
def running(memory: int) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        site = Site(stack.enter_context(folder()))
        site.world = stack.enter_context(sink(port=site.sink_port))
        site.make()
        text = site.config.read_text(encoding="utf-8")
        site.config.write_text(
            text.replace("\n[deliver]", SCAN.format(memory=memory) + "\n[deliver]", 1), encoding="utf-8"
        )
        stack.callback(site.kill)
        yield site.start()


def scans(pid: int) -> bool:
    """Whether a worker computes now, and not since its start (then it compiles rules)."""
    with contextlib.suppress(OSError):
        told = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(told[19]) / os.sysconf("SC_CLK_TCK")
        return told[0] == "R" and age > STARTING_SECONDS
    return False


def strike(site: Site, fault: str, sender: Client, number: int) -> bool:
    """One fault; False when its victim is not alive just now, or a worker not amid a scan."""
    if fault == "greedy":
        sender.send(f"greedy-{number}")
        return True
    what, role = fault.split()
    assert site.process is not None
    pids = roles_below(site.process.pid).get("scan" if role == "broker" else role, [])
    if role == "worker":
        pids = [pid for pid in pids if scans(pid)]
    if not pids:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pids[0], signal.SIGKILL if what == "kill" else signal.SIGSTOP)
        if what == "nap":
            time.sleep(NAP_SECONDS[fault])
            os.kill(pids[0], signal.SIGCONT)
    return True


def arrivals_of(site: Site) -> dict[str, list[float]]:
    found = defaultdict(list)
    for received in list(site.world.messages):
        for recipient in received.rcpt_tos:
            if recipient.endswith("@elders.example"):
                found[recipient.partition("@")[0]].append(received.at)
    return found


def test_no_fault_lets_a_message_pass_unscanned(capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("ZEGEL_SCAN_SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    ledger, codes, over = Ledger(), Counter[int](), threading.Event()
    faults = [fault for fault, count in FAULTS.items() for _ in range(count)]
    chance.shuffle(faults)
    with running(MEMORY) as site:
        clients = [Client(number, site, ledger, codes, over) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        began = time.monotonic()
        for number, fault in enumerate(faults):
            time.sleep(chance.uniform(0.1, 0.6))
            until(lambda fault=fault, number=number: strike(site, fault, clients[0], number), PATIENCE, every=0.01)  # type: ignore[misc]
        lasted = time.monotonic() - began
        over.set()
        for client in clients:
            client.join(PATIENCE)
        with contextlib.suppress(AssertionError):  # below it says which
            until(lambda: not ledger.lost(arrivals_of(site)), PATIENCE, every=0.5)
        arrivals = arrivals_of(site)
        died = Counter(event["tries"] for event in site.events("scan_worker_died"))
        kinds = Counter(name.partition("-")[0] for name in arrivals)
        with capsys.disabled():
            print(f"\nseed {seed}; {lasted:.0f} s; faults {FAULTS}")
            print(f"  answers {dict(codes)}; arrived {sum(kinds.values())}: {dict(kinds)}")
            print(f"  workers that died in mid-scan: {died[1]}, at the second try {died[2]}")
            print(f"  sent again {len(site.events('scan_sent_again'))}, failed {len(site.events('scan_failed'))}")
        assert not any(client.is_alive() for client in clients)
        assert set(codes) <= {250, 451}
        assert ledger.count(Answer.TAKEN) > 50
        assert ledger.lost(arrivals) == []
        assert ledger.refused_but_arrived(arrivals) == []
        assert died.total() > 0
        for received in list(site.world.messages):
            name = received.rcpt_tos[0].partition("@")[0]
            if name.startswith("plain"):
                assert f"Kenmerk {name}.\r\n".encode() in received.raw
            else:
                assert finds(received.raw, [BSN], name) == []
        # And it goes on as if nothing had been.
        clients[0].send("plain-afterwards")
        assert ledger.answers["plain-afterwards"] is Answer.TAKEN
        assert site.stop() == 0
