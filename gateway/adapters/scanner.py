"""The client of the scan role: `gateway.core.ports.Scanner` over ZeroMQ.

Terms: a *link* is the connection to one broker. Rules: a scan ends in an answer or in `ScanFailed`, never in waiting for
ever. A link asks its broker every half second whether it still has what it was given; when the broker says no (it was
started anew) or says nothing for a while (it hangs, or is gone), the message is sent once more, to another broker where
there is one, as long as there is time. A message scanned twice does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
import zmq
import zmq.asyncio

from gateway.adapters.scan_broker import ANSWER, PING, PONG, SCAN
from gateway.adapters.scan_wire import MALFORMED, SCANNED, from_frames
from gateway.core.errors import Malformed, ScanFailed
from gateway.core.finding import Scan

log = structlog.get_logger()

PING_SECONDS = 0.5
SILENCE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """CURVE keys (Z85): the client's own pair and the public key that all brokers share."""

    public: bytes
    secret: bytes = field(repr=False)
    broker: bytes


class Lost(Exception):
    """The broker no longer has the message, or can't be heard."""


class ZmqScanner:
    """`seconds` is how long one scan may take in all, waiting and second tries included."""

    def __init__(self, endpoints: Sequence[str], *, seconds: float = 90.0, keys: ClientKeys | None = None) -> None:
        if not endpoints:
            raise ValueError("a scanner needs at least one endpoint")
        self._seconds = seconds
        self._context = zmq.asyncio.Context()
        self._links = [_Link(self._context, endpoint, keys) for endpoint in endpoints]
        self._turn = 0

    async def scan(self, raw: bytes) -> Scan:
        """Raises `ScanFailed` (temporary) or `Malformed` (permanent)."""
        try:
            async with asyncio.timeout(self._seconds):
                frames = await self._ask(raw)
        except TimeoutError as error:
            raise ScanFailed from error
        if frames[:1] == [SCANNED]:
            # Parsing the header and copying parts is short work even for 25 MB.
            return from_frames(frames[1:])
        if frames[:1] == [MALFORMED]:
            raise Malformed
        raise ScanFailed

    async def _ask(self, raw: bytes) -> list[bytes]:
        while True:
            link = self._choose()
            try:
                return await link.ask(raw)
            except Lost:
                log.warning("scan_sent_again", endpoint=link.endpoint)
                await asyncio.sleep(0.05)

    def _choose(self) -> _Link:
        """The least busy of the links that are not known to be silent; by turns when all are alike."""
        self._turn += 1
        turn = self._turn % len(self._links)
        order = self._links[turn:] + self._links[:turn]
        return min(order, key=lambda link: (link.silent, link.pending))

    async def close(self) -> None:
        for link in self._links:
            await link.close()
        self._context.term()


class _Link:
    """One DEALER socket. It is replaced after a silence, so that nothing waits in its queue for a broker that is gone."""

    def __init__(self, context: zmq.asyncio.Context, endpoint: str, keys: ClientKeys | None) -> None:
        self.endpoint = endpoint
        self.silent = False
        self._context = context
        self._keys = keys
        self._socket: zmq.asyncio.Socket | None = None
        self._waiting: dict[bytes, asyncio.Future[list[bytes]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._next_id = 0
        self._heard = 0.0

    @property
    def pending(self) -> int:
        return len(self._waiting)

    async def ask(self, raw: bytes) -> list[bytes]:
        """The answer's frames. Raises `Lost`."""
        loop = asyncio.get_running_loop()
        socket = self._open(loop)
        if not self._waiting:
            self._heard = loop.time()
        self._next_id += 1
        id_ = self._next_id.to_bytes(8, "big")
        future: asyncio.Future[list[bytes]] = loop.create_future()
        self._waiting[id_] = future
        try:
            await socket.send_multipart([SCAN, id_, raw], copy=False)
            return await future
        except zmq.ZMQError as error:  # the socket was replaced while this waited to send
            raise Lost from error
        finally:
            self._waiting.pop(id_, None)

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._drop()

    def _open(self, loop: asyncio.AbstractEventLoop) -> zmq.asyncio.Socket:
        if self._socket is None:
            socket = self._context.socket(zmq.DEALER)
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, 50)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
            if self._keys is not None:
                socket.curve_publickey = self._keys.public
                socket.curve_secretkey = self._keys.secret
                socket.curve_serverkey = self._keys.broker
            socket.connect(self.endpoint)
            self._socket = socket
            self._heard = loop.time()
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]
        return self._socket

    def _drop(self) -> None:
        """Closes the socket; whoever waits on it is told that the message is lost."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Lost())

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            socket = self._socket
            if socket is None or not await _readable(socket):
                await asyncio.sleep(0.02 if socket is None else 0)
                continue
            with contextlib.suppress(zmq.ZMQError):
                frames = await socket.recv_multipart(zmq.NOBLOCK)
                self._heard, self.silent = loop.time(), False
                self._sort(frames)

    def _sort(self, frames: Sequence[bytes]) -> None:
        kind, *rest = frames
        if kind == ANSWER and rest and (future := self._waiting.get(rest[0])) and not future.done():
            future.set_result(list(rest[1:]))
        elif kind == PONG:
            for id_ in rest:
                if (future := self._waiting.get(id_)) and not future.done():
                    future.set_exception(Lost())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._waiting or self._socket is None:
                continue
            if loop.time() - self._heard > SILENCE_SECONDS:
                log.warning("scan_broker_silent", endpoint=self.endpoint)
                self.silent = True
                self._drop()
                continue
            with contextlib.suppress(zmq.ZMQError):
                await self._socket.send_multipart([PING, *self._waiting], zmq.NOBLOCK)


async def _readable(socket: zmq.asyncio.Socket) -> bool:
    try:
        return bool(await socket.poll(200))
    except (zmq.ZMQError, asyncio.CancelledError):
        if socket.closed:
            return False
        raise
