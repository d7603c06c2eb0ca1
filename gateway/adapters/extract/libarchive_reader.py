"""Archives that libarchive reads: 7z, rar, cab, lha, cpio, iso and more. It is a system library that may be lacking.

Rule: only formats and filters that are named here are switched on. Others would run programs or open files on this machine.
"""

from __future__ import annotations

import functools
import os
import re
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p, cast, create_string_buffer
from typing import Any

from gateway.adapters.extract.budget import Budget, Inner, LimitReached

_FORMATS = ("7zip", "rar", "rar5", "cab", "lha", "cpio", "iso9660", "xar", "ar", "tar")
_FILTERS = ("bzip2", "compress", "gzip", "lzip", "lzma", "xz", "zstd", "lz4", "rpm", "none")
_PIECE = 1 << 16
_SMALL = 1 << 20
_END, _OK, _WARN = 1, 0, -20
_LOCKED = re.compile(r"encrypt|passphrase|password", re.IGNORECASE)
_DIRECTORY = 0o040000


@functools.cache
def load() -> Any:
    """The library's functions, or None when it is not installed. For a process that may open no files later."""
    os.environ.setdefault("LIBARCHIVE", "libarchive.so.13")  # asking the linker for its name would start a compiler
    try:
        from libarchive import ffi
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    library = ffi.libarchive
    for name, result, arguments in _SIGNATURES:
        function = getattr(library, name, None)
        if function is None:
            return None
        function.restype, function.argtypes = result, arguments
    return library


_SIGNATURES: tuple[tuple[str, Any, list[Any]], ...] = (
    ("archive_read_new", c_void_p, []),
    ("archive_read_free", c_int, [c_void_p]),
    ("archive_read_open_memory", c_int, [c_void_p, c_void_p, c_size_t]),
    ("archive_read_next_header", c_int, [c_void_p, c_void_p]),
    ("archive_read_data", c_size_t, [c_void_p, c_void_p, c_size_t]),
    ("archive_error_string", c_char_p, [c_void_p]),
    ("archive_entry_pathname", c_char_p, [c_void_p]),
    ("archive_entry_pathname_utf8", c_char_p, [c_void_p]),
    ("archive_entry_filetype", c_int, [c_void_p]),
    ("archive_entry_is_encrypted", c_int, [c_void_p]),
    ("archive_read_has_encrypted_entries", c_int, [c_void_p]),
)


class _Refused(Exception):
    """What libarchive said."""


def read_archive(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Every file in it by `inner`; a single compressed file likewise."""
    library = load()
    if library is None:
        budget.cannot(place, "unknown-type")
        return
    try:
        _read_all(library, _FORMATS, place, content, budget, inner)
    except _Refused as refusal:
        if "Unrecognized archive format" in str(refusal):
            _read_raw(library, place, content, budget, inner)
        else:
            budget.cannot(place, "encrypted" if _LOCKED.search(str(refusal)) else "broken")


def _read_raw(library: Any, place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    try:
        _read_all(library, ("raw",), place, content, budget, inner)
    except _Refused:
        budget.cannot(place, "broken")


def _read_all(library: Any, formats: tuple[str, ...], place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    archive = library.archive_read_new()
    if not archive:
        raise MemoryError
    try:
        for kind, names in (("format", formats), ("filter", _FILTERS)):
            for name in names:
                function = getattr(library, f"archive_read_support_{kind}_{name}", None)
                if function is not None:
                    function.argtypes = [c_void_p]
                    function(archive)
        buffer = c_char_p(content)
        if library.archive_read_open_memory(archive, cast(buffer, c_void_p), len(content)) < _WARN:
            raise _Refused(_error(library, archive))
        _read_entries(library, archive, place, content, budget, inner)
    finally:
        library.archive_read_free(archive)


def _read_entries(library: Any, archive: Any, place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    most = max(_SMALL, len(content) * budget.limits.ratio)
    total = 0
    entry = c_void_p()
    buffer = create_string_buffer(_PIECE)
    while True:
        answer = library.archive_read_next_header(archive, byref(entry))
        if answer == _END:
            break
        if answer < _WARN:
            raise _Refused(_error(library, archive))
        budget.file()
        name = _name(library, entry) or "data"
        within = f"{place}/{name}"
        if library.archive_entry_filetype(entry) == _DIRECTORY:
            budget.add(place, name)
            continue
        if library.archive_entry_is_encrypted(entry):
            budget.add(place, name)
            budget.cannot(within, "encrypted")
            continue
        pieces: list[bytes] = []
        while (size := library.archive_read_data(archive, buffer, _PIECE)) not in (0, *_FAILURES):
            total += size
            budget.unpacked(size)
            if total > most:
                raise LimitReached("limit:ratio")
            pieces.append(buffer.raw[:size])
        if size:
            budget.cannot(within, "encrypted" if _LOCKED.search(_error(library, archive)) else "broken")
        inner(within, name, b"".join(pieces))
    if library.archive_read_has_encrypted_entries(archive) == 1:
        budget.cannot(place, "encrypted")


# archive_read_data answers -10 (retry) to -30 (fatal) as a signed size.
_FAILURES = frozenset((1 << 64) - code for code in (10, 20, 25, 30))


def _name(library: Any, entry: c_void_p) -> str:
    told = library.archive_entry_pathname_utf8(entry) or library.archive_entry_pathname(entry) or b""
    return str(told.decode("utf-8", "replace"))


def _error(library: Any, archive: Any) -> str:
    return str((library.archive_error_string(archive) or b"").decode("ascii", "replace"))
