"""A whole message as .eml (RFC 5322, 2045) or .zip, streamed: memory stays at one chunk, whatever the size.

The rule: headers are written by the library from structured values, never by joining strings that a sender chose.
"""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import IO, cast

from gateway.core.file_name import clean_name, fallback_name
from gateway.core.mailbox import mailbox, one_line, policy_for
from gateway.core.manifest import Manifest, ManifestPart
from gateway.core.message import Disposition

Read = Callable[[ManifestPart], AsyncIterator[bytes]]

_LINE = 57  # bytes that make a base64 line of 76 characters (RFC 2045 section 6.8)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")


# -- .eml


async def eml(manifest: Manifest, read: Read, boundary: Callable[[], str]) -> AsyncIterator[bytes]:
    """mixed(related(alternative(text, html), inline...), attachments...), CRLF throughout, bodies in base64."""
    kinds = {kind: [part for part in manifest.parts if part.disposition is kind] for kind in Disposition}
    bodies = kinds[Disposition.TEXT] + kinds[Disposition.HTML]
    mixed, related, alternative = boundary(), boundary(), boundary()
    yield _head(manifest)
    yield _open("mixed", mixed)
    yield _between(mixed) + _open("related", related)
    yield _between(related) + _open("alternative", alternative)
    async for chunk in _leaves(alternative, bodies, read):
        yield chunk
    async for chunk in _leaves(related, kinds[Disposition.INLINE], read):
        yield chunk
    async for chunk in _leaves(mixed, kinds[Disposition.ATTACHMENT], read):
        yield chunk


async def _leaves(boundary: str, parts: Sequence[ManifestPart], read: Read) -> AsyncIterator[bytes]:
    """The parts, then the end of the multipart."""
    for part in parts:
        yield _between(boundary) + _part_head(part)
        async for chunk in _base64(read(part)):
            yield chunk
    yield f"--{boundary}--\r\n".encode()


async def _base64(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % _LINE
        if whole:
            yield base64.encodebytes(rest[:whole]).replace(b"\n", b"\r\n")
            rest = rest[whole:]
    if rest:
        yield base64.encodebytes(rest).replace(b"\n", b"\r\n")


def _open(subtype: str, boundary: str) -> bytes:
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()


def _between(boundary: str) -> bytes:
    return f"--{boundary}\r\n".encode()


def _head(manifest: Manifest) -> bytes:
    """The header block without its last, empty line: the content type follows."""
    people = (*manifest.from_, *manifest.to, *manifest.cc)
    message = EmailMessage(policy=policy_for(*(address for _, address in people)))
    for name, value in (("From", manifest.from_), ("To", manifest.to), ("Cc", manifest.cc)):
        if value:
            message[name] = tuple(mailbox(*person) for person in value)
    for name, text in (
        ("Subject", manifest.subject),
        ("Date", manifest.date),
        ("Message-ID", manifest.message_id),
        ("References", manifest.references),
    ):
        if text:
            message[name] = one_line(text)
    message["MIME-Version"] = "1.0"
    return message.as_bytes().removesuffix(b"\r\n")


def _part_head(part: ManifestPart) -> bytes:
    message = EmailMessage(policy=policy_for())
    message["Content-Type"] = safe_type(part)
    message["Content-Transfer-Encoding"] = "base64"
    if part.disposition in (Disposition.INLINE, Disposition.ATTACHMENT):
        name = clean_name(part.name) or fallback_name(part.content_type, part.number)
        kind = "inline" if part.disposition is Disposition.INLINE else "attachment"
        message.add_header("Content-Disposition", kind, filename=name)
    if part.content_id:
        message["Content-ID"] = f"<{one_line(part.content_id).strip('<>')}>"
    return message.as_bytes()


def safe_type(part: ManifestPart) -> str:
    """The part's type as it may be written. Composite types can't be in base64 (RFC 2046), so they go as plain files."""
    if part.disposition is Disposition.TEXT:
        return 'text/plain; charset="utf-8"'
    if part.disposition is Disposition.HTML:
        return 'text/html; charset="utf-8"'
    return plain_type(part.content_type)


def plain_type(content_type: str) -> str:
    """A leaf's type, or application/octet-stream for what is none."""
    kind = content_type.lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        return "application/octet-stream"
    return kind


# -- .zip


class _Outbox:
    """A file that can only be written; zipfile then streams, with sizes after the content."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None: ...

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def zip_archive(manifest: Manifest, read: Read, made: datetime) -> AsyncIterator[bytes]:
    """Stored, not compressed: most attachments are compressed already, and time to the first byte counts."""
    out = _Outbox()
    with zipfile.ZipFile(cast(IO[bytes], out), "w", zipfile.ZIP_STORED) as archive:
        for name, part in file_names(manifest):
            entry = zipfile.ZipInfo(name, made.timetuple()[:6])
            entry.file_size = part.size  # decides between 32 and 64 bit
            with archive.open(entry, "w") as file:
                async for chunk in read(part):
                    file.write(chunk)
                    yield out.take()
    yield out.take()


def file_names(manifest: Manifest) -> list[tuple[str, ManifestPart]]:
    """A safe name for every part, none twice (file systems that know no case included)."""
    taken: set[str] = set()
    named = []
    for part in manifest.parts:
        name = _unique(_file_name(part), taken)
        taken.add(name.casefold())
        named.append((name, part))
    return named


def _file_name(part: ManifestPart) -> str:
    if part.disposition is Disposition.TEXT:
        return "message.txt"
    if part.disposition is Disposition.HTML:
        return "message.html"
    return clean_name(part.name) or fallback_name(part.content_type, part.number)


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    number, candidate = 1, name
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem} ({number}){dot}{extension}"
    return candidate
