"""A process that locked itself in tries to get out, as root too: nothing that an attacker wants works any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

# What the locked-in process tries; each prints the name of the error that it met.
TRIES = {
    "socket": "socket.socket()",
    "socketpair": "socket.socketpair()",
    "open for write": "open(PLACE + '/new', 'w')",
    "open for read": "open('/etc/passwd')",
    "stat": "os.stat('/etc/passwd')",
    "list": "os.listdir('/')",
    "delete": "os.remove(PLACE + '/old')",
    "rename": "os.rename(PLACE + '/old', PLACE + '/other')",
    "link": "os.symlink('/etc', PLACE + '/link')",
    "fork": "os.fork()",
    "subprocess": "subprocess.run(['/bin/true'])",
    "thread": "threading.Thread(target=print).start()",
    "pipe": "os.pipe()",
    "kill": "os.kill(os.getppid(), 15)",
    "change user": "os.setuid(1000)",
    "other's limits": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (1, 1))",
    "code in memory": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
}
FATAL = {
    "exec": "os.execv('/bin/true', ['true'])",
    "ptrace": "libc.ptrace(16, os.getppid(), 0, 0)",
    "read a process": "libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0)",
    "namespaces": "libc.unshare(0x10000000)",
}
PROGRAM = """
import ctypes, mmap, os, resource, socket, subprocess, sys, threading, zlib
from gateway.adapters import sandbox
PLACE = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
assert sandbox.lock_in(1 << 30), "no seccomp on this machine"
print("locked in", flush=True)
try:
    {attempt}
except BaseException as error:
    print("refused:", type(error).__name__, flush=True)
else:
    print("it worked", flush=True)
"""


def attempt(text: str, place: Path) -> subprocess.CompletedProcess[str]:
    (place / "old").write_text("x")
    program = textwrap.dedent(PROGRAM).format(attempt=text)
    return subprocess.run([sys.executable, "-c", program, str(place)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", TRIES)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    done = attempt(TRIES[name], tmp_path)
    assert done.stdout.splitlines()[0] == "locked in", done.stderr
    assert done.stdout.splitlines()[1].startswith("refused: "), done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old"]


@pytest.mark.parametrize("name", FATAL)
def test_it_is_the_end(name: str, tmp_path: Path) -> None:
    done = attempt(FATAL[name], tmp_path)
    assert done.stdout == "locked in\n"
    assert done.returncode == -signal.SIGSYS


def test_memory_is_limited(tmp_path: Path) -> None:
    assert "refused: MemoryError" in attempt("bytes(2 << 30)", tmp_path).stdout


def test_what_a_reader_needs_still_works(tmp_path: Path) -> None:
    done = attempt("zlib.decompress(zlib.compress(bytes(1 << 20))); sandbox.allow_cpu(5)", tmp_path)
    assert "it worked" in done.stdout


def test_without_seccomp_it_says_so() -> None:
    program = "import platform; platform.machine = lambda: 'pdp11'\nfrom gateway.adapters import sandbox\n"
    program += "print(sandbox.lock_in(1 << 30))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=os.environ)
    assert done.stdout == "False\n"
