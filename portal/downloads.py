"""Downloads: streamed answers that break off, visibly, when the message is taken back under way."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Send

from gateway.core.errors import ZegelError

log = structlog.get_logger()

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


class Download(StreamingResponse):
    """Streams chunks. When they stop with an error, the connection is closed before the end, so that the browser
    shows a failed download instead of a short file."""

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for chunk in self.body_iterator:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except ZegelError as error:
            log.info("download_stopped", reason=type(error).__name__)
            return  # without a last chunk the server drops the connection
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
