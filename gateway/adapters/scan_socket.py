"""The socket of the scan role's broker: where it listens, and who may connect.

Rule: messages pass here in clear, so a Unix socket is for its own user only, and an open port for clients whose keys are known.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import zmq
import zmq.asyncio
from zmq.auth.asyncio import AsyncioAuthenticator

PRIVATE = ("ipc://", "tcp://127.0.0.1:", "tcp://[::1]:")
LONGEST_SOCKET_PATH = 107  # of a Unix socket's address, in octets


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """CURVE keys (Z85): the broker's own pair and the public keys of the clients it serves."""

    public: bytes
    secret: bytes = field(repr=False)
    clients: frozenset[bytes]


def bound(
    context: zmq.asyncio.Context, endpoint: str, keys: BrokerKeys | None, message_bytes: int
) -> zmq.asyncio.Socket:
    """A ROUTER that listens; frames larger than `message_bytes` end their connection. Raises ValueError, zmq.ZMQError."""
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 500)
    socket.setsockopt(zmq.MAXMSGSIZE, message_bytes)
    if keys is not None:
        socket.curve_server = True
        socket.curve_publickey = keys.public
        socket.curve_secretkey = keys.secret
    _bind(socket, endpoint)
    return socket


def guard(context: zmq.asyncio.Context, keys: BrokerKeys | None) -> AsyncioAuthenticator | None:
    """Asked for every connection while it runs; to be there before the socket. None where no keys are asked for."""
    if keys is None:
        return None
    made = AsyncioAuthenticator(context)
    made.start()
    made.configure_curve_callback(credentials_provider=_Allowed(keys.clients))
    return made


class _Allowed:
    """Which clients may connect, for pyzmq's authenticator."""

    def __init__(self, keys: frozenset[bytes]) -> None:
        self._keys = keys

    def callback(self, _domain: str, key: bytes) -> bool:
        return key in self._keys


def _bind(socket: zmq.asyncio.Socket, endpoint: str) -> None:
    if not endpoint.startswith("ipc://"):
        socket.bind(endpoint)
        return
    path = Path(endpoint.removeprefix("ipc://"))
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise ValueError(f"the path of the scan socket is longer than {LONGEST_SOCKET_PATH} octets: {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    before = os.umask(0o077)  # messages pass here in clear: only this user may connect
    try:
        socket.bind(endpoint)
    finally:
        os.umask(before)
