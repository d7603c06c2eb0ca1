"""Reads a request to the API: a JSON document, or a form with that document and files. In memory only, within limits.

Terms: the *document* is the part `message`; a *file* is a part `attachment`. The rule: nothing is ever on a disk (Starlette's
own reader of forms would put it there), and files that do not fit are read past and told, not kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from portal.api_problems import Problem
from portal.memory_budget import Lease

DOCUMENT_BYTES = 8 * 1024 * 1024
MOST_FILES = 200
LONGEST_NAME = 1000  # octets
PAST = 4  # a request may be that many times the limit; the files in it that do not fit are read past
OVERHEAD = 256 * 1024  # boundaries and part headers
SECONDS = 120.0  # for the whole request, also over a slow line

BAD_FORM = "The form can't be read"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """`content` is None when the file did not fit."""

    name: str = field(repr=False)
    content_type: str
    content: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Upload:
    document: bytes = field(repr=False)
    files: tuple[UploadedFile, ...] = ()


async def read_upload(request: Request, lease: Lease, limit: int) -> Upload:
    """`limit` is what the files together may have in bytes. Raises `Problem` (400, 408, 413, 415) and `NoRoom`."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    try:
        async with asyncio.timeout(SECONDS):
            if kind == b"application/json":
                chunks = _counted(request, lease, DOCUMENT_BYTES)
                return Upload(b"".join([chunk async for chunk in chunks]))
            if kind == b"multipart/form-data" and b"boundary" in options:
                return await _read_form(request, options[b"boundary"], lease, limit)
    except TimeoutError:
        raise Problem(408, "The request took too long") from None
    raise Problem(415, "Send application/json, or multipart/form-data with a boundary")


async def _read_form(request: Request, boundary: bytes, lease: Lease, limit: int) -> Upload:
    try:
        form = _Form(boundary, lease, limit)
        async for chunk in _counted(request, None, limit * PAST + DOCUMENT_BYTES + OVERHEAD):
            form.parser.write(chunk)
        form.parser.finalize()
    except (FormParserError, UnicodeError):
        raise Problem(400, BAD_FORM) from None
    if not form.ended or form.document is None:
        raise Problem(400, BAD_FORM)
    return Upload(bytes(form.document), tuple(form.files))


async def _counted(request: Request, lease: Lease | None, limit: int) -> AsyncIterator[bytes]:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise Problem(413, "The request is too large")
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > limit:
            raise Problem(413, "The request is too large")
        if lease is not None:
            lease.grow(len(chunk))
        yield chunk


class _Form:
    """What the parser tells, part by part."""

    def __init__(self, boundary: bytes, lease: Lease, limit: int) -> None:
        self.document: bytearray | None = None
        self.files: list[UploadedFile] = []
        self.ended = False
        self._lease = lease
        self._left = limit
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._file: bytearray | None = None  # None: the part is the document, or a file that does not fit
        self._is_file = False
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
            max_header_count=10,
            max_header_size=LONGEST_NAME + 1000,
        )

    def _begin(self) -> None:
        self._headers = {}
        self._file = None

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        self._is_file = name == b"attachment"
        if self._is_file:
            if len(self.files) == MOST_FILES:
                raise Problem(413, f"A draft may have {MOST_FILES} files here")
            shown = options.get(b"filename", b"")[:LONGEST_NAME].decode("utf-8", "replace")
            kind = self._headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
            self.files.append(UploadedFile(shown, kind, None))
            self._file = bytearray()
        elif name == b"message" and self.document is None:
            self.document = bytearray()
        else:
            raise Problem(400, "A form has one part 'message' and parts 'attachment'")

    def _data(self, data: bytes, start: int, end: int) -> None:
        octets = end - start
        if not self._is_file:
            assert self.document is not None  # noqa: S101
            if len(self.document) + octets > DOCUMENT_BYTES:
                raise Problem(413, "The message without its files is too large")
            self._lease.grow(octets)
            self.document += data[start:end]
        elif self._file is not None:
            if octets > self._left:
                self._drop(self._file)
                return
            self._lease.grow(octets)
            self._left -= octets
            self._file += data[start:end]

    def _drop(self, file: bytearray) -> None:
        self._lease.shrink(len(file))
        self._left += len(file)
        self._file = None

    def _end(self) -> None:
        if self._is_file and self._file is not None:
            known = self.files[-1]
            self.files[-1] = UploadedFile(known.name, known.content_type, bytes(self._file))
            self._file = None

    def _all(self) -> None:
        self.ended = True
