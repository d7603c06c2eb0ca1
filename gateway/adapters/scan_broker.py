"""The scan role: takes messages in over ZeroMQ and hands them to worker processes that it watches over.

Terms: a *job* is one message of one client; a *keeper* is the task that keeps one worker alive. Frames from a client:
(SCAN, id, message) or (PING, ids...); to a client: (ANSWER, id, status, ...) or (PONG, ids that are not known here).
Rules: a worker that takes too long is killed; a job whose worker died or failed is tried once more in another process, then
answered FAILED; the second try waits its turn, so that messages that kill their workers don't hold up the others. A job that
no client has asked after for a while is dropped. The rules are compiled here, once for each set, and handed to the workers.
On SIGHUP they are read anew and each worker is replaced between two jobs; rules with mistakes leave those in force. Nothing
is kept: a client asks again when a broker died.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import structlog
import zmq
import zmq.asyncio

from gateway.adapters import scan_socket
from gateway.adapters.compiled_rules import CompiledRules, RuleTexts
from gateway.adapters.own_lists import MemoryFile, OwnLists
from gateway.adapters.scan_socket import BrokerKeys
from gateway.adapters.scan_wire import FAILED, MALFORMED, SCANNED
from gateway.adapters.scan_worker import LENGTH, packet_head
from gateway.core.errors import Misconfigured
from gateway.core.limits import Limits

log = structlog.get_logger()

SCAN, PING, ANSWER, PONG = b"scan", b"ping", b"answer", b"pong"
TRIES = 2
START_SECONDS = 60  # a busy machine starts Python slowly
MOST_FRAMES = 20_000
ANSWER_FACTOR, ANSWER_ROOM = 4, 16 * 1024 * 1024  # an answer repeats the message, its texts as UTF-8; more is no answer
ABANDONED_SECONDS = 15.0  # clients ask after their messages twice a second


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """`read_rules` and `read_lists` are called at start and on SIGHUP. `waiting` is how many jobs may queue up before clients
    are told to come back; `jobs_per_worker` is how many a worker does before a fresh one takes its place.
    """

    endpoint: str
    workers: int
    seconds: int
    memory_bytes: int
    read_rules: Callable[[], RuleTexts] = field(repr=False)
    read_lists: Callable[[], OwnLists] = field(default=OwnLists, repr=False)
    limits: Limits = field(default_factory=Limits)
    keys: BrokerKeys | None = None
    waiting: int = 256
    jobs_per_worker: int = 500
    message_bytes: int = 256 * 1024 * 1024


@dataclass(slots=True)
class _Job:
    client: bytes
    id: bytes
    raw: bytes = field(repr=False)
    tries: int = 0


@dataclass(frozen=True, slots=True)
class _FirstPacket:
    """What each worker is told first, and the files that it inherits: they stay open as long as this lives."""

    frames: tuple[bytes, bytes] = field(repr=False)
    files: tuple[MemoryFile, ...] = ()


class WorkerDied(Exception):
    """The worker ended, hung, or spoke out of turn."""


class _Worker:
    """One worker process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process, generation: int) -> None:
        self.process = process
        self.generation = generation
        self.jobs = 0

    @classmethod
    async def start(cls, told: _FirstPacket, generation: int) -> _Worker:
        """Raises `WorkerDied` when it does not come up."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway.adapters.scan_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[file.number for file in told.files],
            env={
                key: value for key, value in os.environ.items() if key in ("PATH", "PYTHONPATH", "LANG", "VIRTUAL_ENV")
            },
        )
        worker = cls(process, generation)
        await worker.ask(START_SECONDS, *told.frames)
        return worker

    async def ask(self, seconds: float, *frames: bytes) -> list[bytes]:
        """The frames of its answer. Raises `WorkerDied`, and then the process is gone."""
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(frames)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            await self.end()
            raise WorkerDied from error
        except asyncio.CancelledError:
            await self.end()
            raise

    async def _ask(self, frames: Sequence[bytes]) -> list[bytes]:
        writer, reader = self.process.stdin, self.process.stdout
        assert writer is not None  # noqa: S101 - both were asked for
        assert reader is not None  # noqa: S101
        writer.write(packet_head(frames))
        writer.writelines(frames)
        await writer.drain()
        count = LENGTH.unpack(await reader.readexactly(LENGTH.size))[0]
        if not 0 < count <= MOST_FRAMES:
            raise ValueError("too many frames")
        lengths = [LENGTH.unpack(await reader.readexactly(LENGTH.size))[0] for _ in range(count)]
        if sum(lengths) > sum(map(len, frames)) * ANSWER_FACTOR + ANSWER_ROOM:
            raise ValueError("too large an answer")
        return [await reader.readexactly(length) for length in lengths]

    def _kill(self) -> None:
        # Not `process.kill()`: it reaps the child before asyncio's watcher can, which then knows no exit code.
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    async def end(self) -> None:
        self._kill()
        await self.process.wait()


class Broker:
    """`await serve(on_ready)` until `stop()`."""

    def __init__(self, settings: BrokerSettings) -> None:
        """Raises `Misconfigured` for rules with mistakes, ValueError for an open port without keys."""
        if settings.keys is None and not settings.endpoint.startswith(scan_socket.PRIVATE):
            raise ValueError("a scan endpoint that others can reach needs CURVE keys")
        self._settings = settings
        self._jobs: deque[_Job] = deque()
        self._known: dict[tuple[bytes, bytes], float] = {}  # (client, job id) -> when it was last asked for
        self._changed = asyncio.Condition()
        self._generation = 0
        self._rules = CompiledRules(settings.read_rules, settings.read_lists)
        self._told = self._first_packet()
        self._stopping = asyncio.Event()
        self._outgoing: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self._started = 0
        self._all_started = asyncio.Event()
        self.workers: dict[int, int] = {}  # keeper's number -> process id

    def stop(self) -> None:
        self._stopping.set()

    async def serve(self, on_ready: Callable[[], None]) -> None:
        """Binds, starts the workers, calls `on_ready` once all can work, and serves."""
        context = zmq.asyncio.Context()
        guard = scan_socket.guard(context, self._settings.keys)
        socket = scan_socket.bound(context, self._settings.endpoint, self._settings.keys, self._settings.message_bytes)
        tasks = [asyncio.create_task(self._keep(number)) for number in range(self._settings.workers)]
        tasks += [asyncio.create_task(self._receive(socket)), asyncio.create_task(self._send(socket))]
        try:
            await self._until(self._all_started, tasks)
            if not self._stopping.is_set():
                on_ready()
            await self._until(self._stopping, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if guard is not None:
                guard.stop()
            socket.close()
            context.term()

    async def reload(self) -> None:
        """Reads the rules anew; with mistakes in them, those in force stay."""
        try:
            told = await asyncio.to_thread(self._first_packet)
        except Misconfigured as error:
            log.error("rules_refused", mistakes=[str(mistake) for mistake in error.mistakes])
            return
        async with self._changed:
            self._told, self._generation = told, self._generation + 1
            self._changed.notify_all()
        log.info("rules_reloaded", generation=self._generation)

    def _first_packet(self) -> _FirstPacket:
        """Raises `Misconfigured`."""
        compiled = self._rules.read()
        told = {
            **compiled.told,
            "limits": asdict(self._settings.limits),
            "memory_bytes": self._settings.memory_bytes,
            "seconds": self._settings.seconds,
        }
        return _FirstPacket((json.dumps(told).encode("ascii"), compiled.octets), compiled.files)

    async def _until(self, event: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Until the event, a stop, or until one of the tasks broke (which raises here: the role starts anew)."""
        waits = [asyncio.create_task(event.wait()), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait([*waits, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        for task in tasks:
            if task.done():
                task.result()

    # -- clients

    async def _receive(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            client, kind, *rest = [bytes(frame) for frame in await socket.recv_multipart()]
            if kind == PING:
                self._known.update({(client, id_): _now() for id_ in rest if (client, id_) in self._known})
                await self._outgoing.put([client, PONG, *(id_ for id_ in rest if (client, id_) not in self._known)])
            elif kind == SCAN and len(rest) == 2:
                await self._take(_Job(client, rest[0], rest[1]))

    async def _take(self, job: _Job) -> None:
        self._known[job.client, job.id] = _now()
        if len(self._jobs) >= self._settings.waiting:
            await self._answer(job, [FAILED, b"busy"])
            return
        async with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    async def _answer(self, job: _Job, frames: Sequence[bytes]) -> None:
        await self._outgoing.put([job.client, ANSWER, job.id, *frames])
        self._known.pop((job.client, job.id), None)

    async def _send(self, socket: zmq.asyncio.Socket) -> None:
        # One queue for answers and pongs: so a pong that no longer knows a job comes after the job's answer.
        while True:
            await socket.send_multipart(await self._outgoing.get(), copy=False)

    # -- workers

    async def _keep(self, number: int) -> None:
        worker: _Worker | None = None
        pause = 0.1
        try:
            while True:
                if worker is None:
                    worker = await self._fresh(number, pause)
                    pause = min(pause * 2, 5.0) if worker is None else 0.1
                    continue
                job = await self._next(worker)
                if job is None:
                    await worker.end()
                    worker = None
                elif not await self._work(worker, job):
                    worker = None
        finally:
            if worker is not None:
                await worker.end()

    async def _fresh(self, number: int, pause: float) -> _Worker | None:
        try:
            worker = await _Worker.start(self._told, self._generation)
        except (WorkerDied, OSError):  # OSError: no process or pipe to be had just now
            log.error("scan_worker_did_not_start", worker=number)
            await asyncio.sleep(pause)
            return None
        self.workers[number] = worker.process.pid
        self._started += 1
        if self._started >= self._settings.workers:
            self._all_started.set()
        return worker

    async def _next(self, worker: _Worker) -> _Job | None:
        """The next job; None when the worker's time has come, or when it ended while it had nothing to do."""
        ended = asyncio.create_task(self._tell_when_ended(worker))
        try:
            async with self._changed:
                while True:
                    await self._changed.wait_for(lambda: self._jobs or self._is_over(worker))
                    if self._is_over(worker):
                        return None
                    job = self._jobs.popleft()
                    if self._is_wanted(job):
                        return job
        finally:
            ended.cancel()

    def _is_wanted(self, job: _Job) -> bool:
        """False for a job whose client has given it up, or is gone: scanning it would only keep the others waiting."""
        key = (job.client, job.id)
        if _now() - self._known.get(key, 0.0) <= ABANDONED_SECONDS:
            return True
        self._known.pop(key, None)  # should the client still be there, its next PING is told so, and it sends it again
        log.warning("scan_abandoned")
        return False

    async def _tell_when_ended(self, worker: _Worker) -> None:
        await worker.process.wait()
        async with self._changed:
            self._changed.notify_all()

    def _is_over(self, worker: _Worker) -> bool:
        return (
            worker.generation != self._generation
            or worker.jobs >= self._settings.jobs_per_worker
            or worker.process.returncode is not None
        )

    async def _work(self, worker: _Worker, job: _Job) -> bool:
        """Does one job; False when the worker is gone."""
        worker.jobs += 1
        job.tries += 1
        try:
            answer = await worker.ask(self._settings.seconds, job.raw)
        except WorkerDied:
            log.warning("scan_worker_died", tries=job.tries)
            await self._again(job)
            return False
        if answer[0] in (SCANNED, MALFORMED):
            await self._answer(job, answer)
            return True
        log.warning("scan_failed", error=answer[-1].decode("ascii", "replace")[:80], tries=job.tries)
        await worker.end()  # what is left in its memory is anyone's guess
        await self._again(job)
        return False

    async def _again(self, job: _Job) -> None:
        if job.tries >= TRIES:
            await self._answer(job, [FAILED, b"tried"])
            return
        async with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()


def _now() -> float:
    return asyncio.get_running_loop().time()


def run_broker(settings: BrokerSettings, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serves until SIGTERM or SIGINT. Raises `Misconfigured` when the rules can't be used."""

    async def serve() -> None:
        broker = Broker(settings)
        loop = asyncio.get_running_loop()
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = asyncio.create_task(broker.reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, broker.stop)
        loop.add_signal_handler(signal.SIGHUP, reload)
        await broker.serve(on_ready)

    asyncio.run(serve())
