"""Blobs in a folder: `KE/KEY`, by the first two characters of the key.

A blob is written beside its place, fsynced, renamed, and the folder fsynced: so it is whole and durable, or not there.
Dot files are unfinished ones; a crash may leave some, and `keys` removes those that are a day old.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.adapters.blob_key import KEY, check_key
from gateway.core.errors import OutOfSpace, StoreUnavailable

PIECE = 256 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
LEFTOVER_AFTER = timedelta(days=1)


class FileBlobs:
    """See `gateway.core.ports.Blobs`. All work on the disk is done in threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, chunks: Iterable[bytes]) -> int:
        return await asyncio.to_thread(self._put, self._path(key), chunks)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        pieces = _pieces(self._path(key), start, end)
        try:
            while piece := await asyncio.to_thread(_next, pieces, key):
                yield piece
        finally:
            pieces.close()  # type: ignore[attr-defined]

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, self._path(key))

    async def keys(self) -> AsyncIterator[tuple[str, datetime]]:
        for shard in await asyncio.to_thread(self._shards):
            for found in await asyncio.to_thread(_blobs_in, shard):
                yield found

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)[:2] / key

    def _shards(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.is_dir() else []

    def _put(self, path: Path, chunks: Iterable[bytes]) -> int:
        with _disk_errors():
            self._make_shard(path.parent)
            unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
            try:
                size = _write(unfinished, chunks)
                unfinished.rename(path)
                _sync_folder(path.parent)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
        return size

    def _make_shard(self, shard: Path) -> None:
        if not shard.is_dir():
            shard.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync_folder(self._folder)
            _sync_folder(self._folder.parent)

    def _delete(self, path: Path) -> None:
        with _disk_errors(), contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)  # a shredded blob must not come back with a power cut


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    size = 0
    with open(path, "xb", buffering=0, opener=_private) as file:
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            size += len(chunk)
        os.fsync(file.fileno())
    return size


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _pieces(path: Path, start: int, end: int | None) -> Iterator[bytes]:
    with _disk_errors(), path.open("rb", buffering=0) as file:
        file.seek(start)
        left = float("inf") if end is None else end - start
        while left > 0 and (piece := file.read(int(min(PIECE, left)))):
            left -= len(piece)
            yield piece


def _next(pieces: Iterator[bytes], key: str) -> bytes:
    """The next piece, empty at the end."""
    try:
        return next(pieces, b"")
    except FileNotFoundError:
        raise KeyError(key) from None


def _blobs_in(shard: Path) -> list[tuple[str, datetime]]:
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in sorted(os.scandir(shard), key=lambda entry: entry.name):
            with contextlib.suppress(FileNotFoundError):
                written_at = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
                if KEY.fullmatch(entry.name):
                    found.append((entry.name, written_at))
                elif entry.name.startswith(".") and written_at < datetime.now(UTC) - LEFTOVER_AFTER:
                    Path(entry.path).unlink()
    return found


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise (OutOfSpace if error.errno in FULL else StoreUnavailable)() from error
