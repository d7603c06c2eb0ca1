"""Reading forms: the only way to a POST's fields. Everything stays in memory, within limits, and the token is checked.

Starlette would write uploads of more than 1 MiB to a temporary file in clear, which breaks a promise: here nothing does,
since the spool is larger than the largest form.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

SMALL = 16 * 1024
UPLOAD = 25 * 1024 * 1024
OVERHEAD = 64 * 1024  # boundaries and part headers
MOST_FILES = 50
LONGEST_ANSWER = 1024 * 1024

_uploads = asyncio.Semaphore(4)  # at most 100 MiB of uploads in memory at once; others wait their turn


class FormTooLarge(Exception):
    """More bytes than a form may have (413)."""


class BadForm(Exception):
    """No form, or one that is not ours (400)."""


@dataclass(frozen=True, slots=True)
class File:
    """One uploaded file, as the browser names it."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name, the first of each; and files."""

    fields: Mapping[str, str] = field(repr=False)
    files: tuple[File, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


async def read_form(request: Request) -> Form:
    """A small form without files. Raises `FormTooLarge`, `BadForm`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadForm
    body = b"".join([chunk async for chunk in _limited(request, SMALL)])
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=30)
    except (ValueError, UnicodeError):
        raise BadForm from None
    return Form(dict(reversed(pairs)))


async def read_upload(request: Request) -> Form:
    """A form with files, 25 MiB in all. Raises `FormTooLarge`, `BadForm`."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadForm
    if int(request.headers.get("content-length") or 0) > UPLOAD + OVERHEAD:
        raise FormTooLarge
    async with _uploads:
        parser = _MemoryParser(
            request.headers,
            _limited(request, UPLOAD + OVERHEAD),
            max_files=MOST_FILES,
            max_fields=10,
            max_part_size=LONGEST_ANSWER,
        )
        try:
            data = await parser.parse()
        except (MultiPartException, KeyError, UnicodeError):
            raise BadForm from None
        try:
            files = [
                File(item.filename or "", item.content_type or "application/octet-stream", await item.read())
                for _, item in data.multi_items()
                if isinstance(item, UploadFile) and item.filename
            ]
            fields = {name: value for name, value in data.multi_items() if isinstance(value, str)}
        finally:
            await data.close()
    if sum(len(file.content) for file in files) > UPLOAD:
        raise FormTooLarge
    return Form(fields, tuple(files))


class _MemoryParser(MultiPartParser):
    spool_max_size = UPLOAD + 2 * OVERHEAD  # never reached, so never on a disk


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > limit:
            raise FormTooLarge
        yield chunk
