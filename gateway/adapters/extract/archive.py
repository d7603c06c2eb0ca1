"""Zip files: ordinary ones, and those that office documents are. Sizes are counted as they unpack, not as they are told."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.words import sentences_in

_LOCAL = b"PK\x03\x04"  # begins each file
_DIRECTORY_END, _DIRECTORY_END_SIZE = b"PK\x05\x06", 22
_PIECE = 1 << 16
_SMALL = 1 << 20  # below this a high ratio does no harm
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)


def members(place: str, content: bytes, budget: Budget, first: str = "") -> Iterator[tuple[zipfile.ZipInfo, IO[bytes]]]:
    """The files of a zip, opened one by one, the one named `first` before the others. What can't be opened is reported; a
    broken zip raises one of `BROKEN`.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _hides_files(archive, content):
            budget.cannot(place, "ambiguous:archive")
        if archive.comment:
            budget.add(place, archive.comment.decode("utf-8", "replace"))
        for member in sorted(archive.infolist(), key=lambda member: member.filename != first):
            budget.file()
            if member.is_dir():
                budget.add(place, member.filename)
                continue
            if member.flag_bits & 0x41:
                budget.add(place, member.filename)
                budget.cannot(f"{place}/{member.filename}", "encrypted")
                continue
            with archive.open(member) as stream:
                yield member, stream


def _hides_files(archive: zipfile.ZipFile, content: bytes) -> bool:
    """Whether files stand between those that the directory names: some unpackers read on without a directory."""
    reached = 0
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        start = member.header_offset
        if _LOCAL in content[reached:start]:
            return True
        lengths = content[start + 26 : start + 30]
        name, extra = int.from_bytes(lengths[:2], "little"), int.from_bytes(lengths[2:], "little")
        reached = start + 30 + name + extra + member.compress_size
    return _LOCAL in content[reached : archive.start_dir]


def read_whole(member: zipfile.ZipInfo, stream: IO[bytes], budget: Budget) -> bytes:
    """The file's content, as long as it stays within ratio and size."""
    most = max(_SMALL, member.compress_size * budget.limits.ratio)
    pieces, size = [], 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        budget.unpacked(len(piece))
        if size > most:
            raise LimitReached("limit:ratio")
        pieces.append(piece)
    return b"".join(pieces)


def read_zip(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Every file in it, by `inner`, and their names."""
    try:
        for member, stream in members(place, content, budget):
            within = f"{place}/{member.filename}"
            try:
                octets = read_whole(member, stream, budget)
            except LimitReached as limit:
                if limit.reason != "limit:ratio":
                    raise
                budget.cannot(within, limit.reason)
                continue
            inner(within, member.filename, octets)
            if member.comment:
                budget.add(within, member.comment.decode("utf-8", "replace"))
    except BROKEN:
        budget.cannot(place, "broken")
    budget.add(place, "\n".join(sentences_in(content[content.rfind(_DIRECTORY_END) + _DIRECTORY_END_SIZE :])))
