"""Connections that can be cut: ASGI has no way to end an answer to somebody who does not read it.

The rule: cut means at once. What waits in our buffers and in the kernel's is thrown away (a reset), so that nothing of a
message that was taken back arrives after all. A client that does not finish its request in time is cut too: the server's own
deadline holds between requests only, and a few hundred silent connections would keep everybody out.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "zegel.cut"  # the ASGI extension that holds the function
HEAD_SECONDS = 20.0  # from connecting, or from a request's first octet, to the end of its header
BODY_SECONDS = 300.0  # an answer with files over a slow line
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 seconds: close() discards and resets


class CuttableProtocol(H11Protocol):
    """Gives each request the means to cut its connection, in `scope["extensions"]`; cuts who does not finish asking."""

    _awaited = ""  # the state of the request that the deadline is for
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def cuttable(scope, receive, send):  # type: ignore[no-untyped-def]
            scope.setdefault("extensions", {})[CUT] = lambda: cut(transport)
            await app(scope, receive, send)

        self.app = cuttable
        self._await_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await_no_more()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        """Octets that dribble in do not move the deadline; only the next part of the request has one of its own."""
        state = str(self.conn.their_state)
        if state == self._awaited:
            return
        self._await_no_more()
        self._awaited = state
        seconds = {"IDLE": HEAD_SECONDS, "SEND_BODY": BODY_SECONDS}.get(state)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, cut, self.transport)

    def _await_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def cut(transport: asyncio.Transport) -> None:
    """Ends the connection now; the other side sees a reset."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    transport.abort()


def cutter(scope: dict[str, object]) -> Callable[[], None] | None:
    """The function for this request; None under a server that has none."""
    extensions = scope.get("extensions")
    return extensions.get(CUT) if isinstance(extensions, dict) else None
