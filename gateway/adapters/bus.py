"""Wake-ups between processes of one machine, over ZeroMQ sockets in a folder.

Each waiting process binds a PULL socket of its own, `TOPIC.RANDOM` in the folder; who wakes a topic pushes one empty
message to each of them. So several may wait for one topic and all wake up; that is harmless, since the database decides
who gets the work. A wake-up is dropped when the other does not take it: a dead or hanging process never blocks anyone.
The rule: losing every wake-up costs latency, never mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
from pathlib import Path

import structlog
import zmq
import zmq.asyncio

TOPIC = re.compile(r"[a-z][a-z0-9-]{0,19}")
LONGEST_PATH = 100  # of a socket, in bytes; the kernel allows 107
LINGER = 200  # milliseconds that closing gives to wake-ups just sent

log = structlog.get_logger()


class ZmqBus:
    """See `gateway.core.ports.Bus`. Raises ValueError when the folder's path is too long for sockets."""

    def __init__(self, folder: Path) -> None:
        if len(bytes(folder)) + 32 > LONGEST_PATH + 7:
            raise ValueError(f"{folder} is too long a path for sockets")
        self._folder = folder
        self._context = zmq.asyncio.Context()
        self._listening: dict[str, zmq.asyncio.Socket] = {}
        self._bound: list[Path] = []
        self._peers: dict[Path, zmq.Socket[bytes]] = {}

    def wake(self, topic: str) -> None:
        """Never blocks and never raises for what a peer does."""
        present = set(self._sockets(topic))
        for path in present:
            with contextlib.suppress(zmq.ZMQError):
                self._peer(path).send(b"", zmq.NOBLOCK)
        for path in [path for path in self._peers if _topic(path) == topic and path not in present]:
            self._peers.pop(path).close(linger=0)

    async def wait(self, topic: str, seconds: float) -> None:
        listening = self._listen(topic)
        if await listening.poll(int(seconds * 1000)):
            with contextlib.suppress(zmq.Again):
                while True:  # many wake-ups are one
                    await listening.recv(zmq.NOBLOCK)

    async def close(self) -> None:
        for path in self._bound:
            path.unlink(missing_ok=True)
        for listening in self._listening.values():
            listening.close(linger=0)
        for peer in self._peers.values():
            peer.close(linger=LINGER)
        self._listening.clear()
        self._peers.clear()
        await asyncio.to_thread(self._context.term)

    def _sockets(self, topic: str) -> list[Path]:
        return list(self._folder.glob(f"{_checked(topic)}.*"))

    def _peer(self, path: Path) -> zmq.Socket[bytes]:
        if path not in self._peers:
            peer = zmq.Socket(self._context, zmq.PUSH)
            peer.sndhwm = 1  # one waiting wake-up is as good as a hundred
            peer.connect(f"ipc://{path}")
            self._peers[path] = peer
        return self._peers[path]

    def _listen(self, topic: str) -> zmq.asyncio.Socket:
        if topic not in self._listening:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in self._sockets(topic):
                if _is_dead(path):
                    path.unlink(missing_ok=True)
            path = self._folder / f"{topic}.{secrets.token_hex(5)}"
            listening = self._context.socket(zmq.PULL)
            listening.rcvhwm = 8
            listening.bind(f"ipc://{path}")
            self._bound.append(path)
            self._listening[topic] = listening
        return self._listening[topic]


def _checked(topic: str) -> str:
    if TOPIC.fullmatch(topic) is None:
        raise ValueError("not a topic")
    return topic


def _topic(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_dead(path: Path) -> bool:
    """Whether nobody listens: the process was killed and could not clean up."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
