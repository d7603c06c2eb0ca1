"""The supervisor with real processes: order, restarts, and a clean or a violent end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.supervisor import READY_FD

ROLE = """
import os, sys, time, signal
from gateway.supervisor import end_with_supervisor, say_ready
end_with_supervisor()
folder, name = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: (open(f"{folder}/{name}.term", "w").close(), sys.exit(0)))
with open(f"{folder}/{name}.pids", "a") as file:
    file.write(f"{os.getpid()} {time.monotonic()}\\n")
time.sleep(0.1)
say_ready()
while True:
    time.sleep(1)
"""

MAIN = """
import asyncio, sys
from gateway.supervisor import Role, Supervisor
folder = sys.argv[1]
roles = [Role(n, (sys.executable, "-c", open(f"{folder}/role.py").read(), folder, n)) for n in ("one", "two")]
asyncio.run(Supervisor(roles).run(lambda: print("ready", flush=True)))
"""


def pids(folder: Path, name: str) -> list[int]:
    path = folder / f"{name}.pids"
    return [int(line.split()[0]) for line in path.read_text().splitlines()] if path.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def wait_for(condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def group(tmp_path: Path):
    (tmp_path / "role.py").write_text(ROLE)
    assert READY_FD not in os.environ
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield tmp_path, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_role_starts_again_and_all_end_on_sigterm(group: tuple[Path, subprocess.Popen[bytes]]) -> None:
    folder, process = group
    first = pids(folder, "two")[0]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: len(pids(folder, "two")) == 2)
    wait_for(lambda: alive(pids(folder, "two")[1]))
    time.sleep(0.3)  # the new one sets its signal handler
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert (folder / "one.term").exists()
    assert not any(alive(pid) for name in ("one", "two") for pid in pids(folder, name))


def test_roles_start_in_order(group: tuple[Path, subprocess.Popen[bytes]]) -> None:
    folder, _ = group
    one, two = ((folder / f"{name}.pids").read_text().split() for name in ("one", "two"))
    assert float(two[1]) - float(one[1]) >= 0.1


def test_no_role_outlives_a_killed_supervisor(group: tuple[Path, subprocess.Popen[bytes]]) -> None:
    folder, process = group
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(pid) for name in ("one", "two") for pid in pids(folder, name)))


def test_a_reload_ends_no_role(group: tuple[Path, subprocess.Popen[bytes]]) -> None:
    folder, process = group
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)  # a role that it ended would be started again
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert [len(pids(folder, name)) for name in ("one", "two")] == [1, 1]
    assert (folder / "one.term").exists()


def test_a_role_that_served_starts_again_at_once_however_often_it_dies(
    group: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    folder, _ = group
    for life in range(1, 7):  # pauses that double would take 12 s by the sixth
        wait_for(lambda life=life: len(pids(folder, "two")) == life, 5)
        time.sleep(0.3)
        os.kill(pids(folder, "two")[-1], signal.SIGKILL)
    wait_for(lambda: len(pids(folder, "two")) == 7, 5)


def test_a_role_with_keys_leaves_no_core() -> None:
    program = (
        "import ctypes, resource; from gateway.supervisor import leave_no_core; leave_no_core(); "
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "(0, 0) 0\n"
