"""One compressed file: gzip, bzip2, xz, zlib. What comes out is counted as it comes, not as it is told."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Iterator

from gateway.adapters.extract.budget import Budget, Inner, LimitReached

_PIECE = 1 << 16
_SMALL = 1 << 20  # below this a high ratio does no harm
_MEMORY = 128 << 20  # of xz's dictionary
BROKEN = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
_ENDING = re.compile(r"\.(?:t?gz|t?bz2?|t?xz|z|zlib)\Z", re.IGNORECASE)


def read_compressed(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """What is inside, by `inner`, under the name without its ending. A stream that breaks off is read as far as it goes."""
    octets, whole = unpack(content, budget)
    if not whole:
        budget.cannot(place, "broken")
    if octets:
        budget.file()
        name = _ENDING.sub("", place.rpartition("/")[2].removeprefix("attachment:"))
        inner(f"{place}/{name}", name, octets)


def unpack(content: bytes, budget: Budget) -> tuple[bytes, bool]:
    """The octets of all streams that follow one another, and whether all ended well. Raises `LimitReached`."""
    most = max(_SMALL, len(content) * budget.limits.ratio)
    pieces: list[bytes] = []
    size = 0
    stream = _Stream(content)
    try:
        for piece in stream.pieces():
            size += len(piece)
            budget.unpacked(len(piece))
            if size > most:
                raise LimitReached("limit:ratio")
            pieces.append(piece)
    except BROKEN:
        return b"".join(pieces), False
    return b"".join(pieces), stream.is_whole


class _Stream:
    """Compressed data, fed to its decoder piece by piece: neither what goes in nor what comes out is ever copied whole."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._position = 0
        self.is_whole = False

    def pieces(self) -> Iterator[bytes]:
        """Raises one of `BROKEN`."""
        while self._position < len(self._data):
            head = bytes(self._data[self._position : self._position + 6])
            if head.startswith(b"\x1f\x8b"):
                yield from self._inflate(zlib.decompressobj(wbits=31))
            elif head.startswith(b"BZh"):
                yield from self._decompress(bz2.BZ2Decompressor())
            elif head == b"\xfd7zXZ\0":
                yield from self._decompress(lzma.LZMADecompressor(memlimit=_MEMORY))
            elif head[:1] == b"\x78" and not self._position:
                yield from self._inflate(zlib.decompressobj())
            else:  # padding, or a tail that unpackers ignore
                self.is_whole = self.is_whole and not bytes(self._data[self._position :]).strip(b"\0")
                return

    def _next(self) -> bytes:
        piece = bytes(self._data[self._position : self._position + _PIECE])
        self._position += len(piece)
        return piece

    def _inflate(self, decoder: zlib._Decompress) -> Iterator[bytes]:
        given = b""
        while not decoder.eof and (given := given or self._next()):
            yield decoder.decompress(given, _PIECE)
            given = decoder.unconsumed_tail
        self._end(decoder.eof, len(decoder.unused_data))

    def _decompress(self, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> Iterator[bytes]:
        while not decoder.eof:
            given = self._next() if decoder.needs_input else b""
            if decoder.needs_input and not given:
                break
            yield decoder.decompress(given, _PIECE)
        self._end(decoder.eof, len(decoder.unused_data))

    def _end(self, is_whole: bool, unused: int) -> None:
        self.is_whole = is_whole
        self._position = self._position - unused if is_whole else len(self._data)
