"""One process group: starts the roles as child processes, starts a dead one again, ends them all cleanly.

The supervisor holds no state and no keys. A role that dies is started again: at once when it had served, else after a pause
that doubles up to half a minute. On SIGTERM or SIGINT every role gets SIGTERM, and SIGKILL when it doesn't end in time.
SIGHUP is passed on (reload). A role says that it serves by writing a line to the pipe in `READY_FD`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

READY_FD = "ZEGEL_READY_FD"
GRACE_SECONDS = 20.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0

log = structlog.get_logger()


def end_with_supervisor() -> None:
    """Called first by a role: the kernel kills it when the supervisor dies, so that no orphan holds a port (prctl(2)).

    Nothing is lost by that: roles are safe against SIGKILL at any moment. SIGHUP comes to every role and by default would
    end it; a role that can reload sets a handler of its own.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if READY_FD in os.environ and sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() == 1:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)


def leave_no_core() -> None:
    """Called by roles that hold keys: no core file when one crashes, and no look into its memory by others of the same user
    (prctl(2)). The limit alone would not hold where cores are piped to a collector."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        pr_set_dumpable = 4
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_dumpable, 0, 0, 0, 0)


def say_ready() -> None:
    """Called by a role when it serves; harmless without a supervisor."""
    number = os.environ.pop(READY_FD, "")
    if number.isdigit():
        with contextlib.suppress(OSError):
            os.write(int(number), b"ready\n")
            os.close(int(number))


@dataclass(frozen=True, slots=True)
class Role:
    """A child process: its name in the log, its command line and what its environment adds."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Supervisor:
    """`await run(on_ready)` returns when a signal asked to stop and all roles have ended."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self._roles = roles
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._serving: set[str] = set()  # roles that said so in this life
        self._ready = {role.name: asyncio.Event() for role in roles}
        self._stopping = asyncio.Event()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Starts the roles in their order, each when the one before serves, since later ones need earlier ones."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._pass_on, signal.SIGHUP)
        keepers = []
        for role in self._roles:
            keepers.append(asyncio.create_task(self._keep(role)))
            await self._either(self._ready[role.name])
        if not self._stopping.is_set():
            on_ready()
        await self._stopping.wait()
        self._pass_on(signal.SIGTERM)
        _, slow = await asyncio.wait(keepers, timeout=GRACE_SECONDS)
        self._pass_on(signal.SIGKILL)
        if slow:
            await asyncio.wait(slow)

    async def _either(self, event: asyncio.Event) -> None:
        waiters = [asyncio.create_task(event.wait()), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()

    def _pass_on(self, number: signal.Signals) -> None:
        # The group of each role, so that what a role started (scan workers) ends with it.
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                if number is signal.SIGKILL:
                    os.killpg(process.pid, number)
                elif process.returncode is None:
                    process.send_signal(number)

    async def _keep(self, role: Role) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            self._serving.discard(role.name)
            code = await self._live(role)
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE if role.name in self._serving else min(pause * 2, LONGEST_PAUSE)
            log.warning("role_ended", role=role.name, exit_status=code, again_in=pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _live(self, role: Role) -> int:
        reader, writer = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *role.command,
            env={**os.environ, **role.environment, READY_FD: str(writer)},
            pass_fds=(writer,),
            start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
        )
        os.close(writer)
        self._processes[role.name] = process
        asyncio.get_running_loop().add_reader(reader, self._heard, role.name, reader)
        try:
            return await process.wait()
        finally:
            # What a killed role leaves behind must not live on beside its successor.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            self._unhear(reader)

    def _heard(self, name: str, reader: int) -> None:
        if os.read(reader, 64):
            self._serving.add(name)
            self._ready[name].set()
        else:
            self._unhear(reader)

    def _unhear(self, reader: int) -> None:
        if asyncio.get_running_loop().remove_reader(reader):
            os.close(reader)


def role(name: str, *arguments: str, module: str = "gateway", environment: Mapping[str, str] | None = None) -> Role:
    """A role run by this same Python: `python -m MODULE NAME ARGUMENTS`."""
    return Role(name, (sys.executable, "-m", module, *arguments), environment or {})
