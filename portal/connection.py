"""Connections that can be cut: ASGI has no way to end an answer to somebody who does not read it.

The rule: cut means at once. What waits in our buffers and in the kernel's is thrown away (a reset), so that nothing of a
message that was taken back arrives after all.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "zegel.cut"  # the ASGI extension that holds the function
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 seconds: close() discards and resets


class CuttableProtocol(H11Protocol):
    """Gives each request the means to cut its connection, in `scope["extensions"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def cuttable(scope, receive, send):  # type: ignore[no-untyped-def]
            scope.setdefault("extensions", {})[CUT] = lambda: cut(transport)
            await app(scope, receive, send)

        self.app = cuttable


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
