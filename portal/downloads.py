"""Downloads: streamed answers that break off, visibly and at once, when the message is taken back under way.

A watch runs beside the stream, since a reader who stalls asks for no chunk that could be refused.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import NoReturn
from urllib.parse import quote

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.core.errors import ZegelError
from portal.connection import cutter

log = structlog.get_logger()

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


class Download(StreamingResponse):
    """Streams chunks until they end or `ended`, an endless watch, raises. Then the connection is cut before the end, so that
    the browser shows a failed download instead of a short file."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        status: int,
        headers: Mapping[str, str],
        ended: Callable[[], Coroutine[None, None, NoReturn]],
    ) -> None:
        super().__init__(chunks, status, headers)
        self._ended = ended
        self._cut: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._cut = cutter(dict(scope))
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        sending, watching = asyncio.create_task(self._send_all(send)), asyncio.create_task(self._ended())
        try:
            first, _ = await asyncio.wait((sending, watching), return_when=asyncio.FIRST_COMPLETED)
            await first.pop()
        except ZegelError as error:
            log.info("download_stopped", reason=type(error).__name__)
            if self._cut is not None:
                self._cut()
                await asyncio.sleep(0)  # so that the server knows before it sees an answer without an end
        finally:
            for task in (sending, watching):
                task.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self.body_iterator:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, the first one made already: what can't be opened raises here, in time for a page that says so."""
    first = await anext(chunks, b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_of_it()


def clean_name(name: str, otherwise: str) -> str:
    """A file name without paths, controls and direction tricks."""
    return _UNSAFE.sub("_", name).strip(" .")[:150] or otherwise


def attachment(name: str) -> str:
    """A Content-Disposition value (RFC 6266): a plain name for old clients, the true one in UTF-8."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
