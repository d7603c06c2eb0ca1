"""The blob folder: durable before put returns, whole or not there, and private."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.blobs import open_blobs
from gateway.adapters.file_blobs import LEFTOVER_AFTER, FileBlobs
from gateway.core.errors import OutOfSpace, StoreUnavailable

KEY = "abcdefghij234567.0"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


async def test_a_blob_is_synced_before_it_gets_its_name_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def spy_fsync(number: int) -> None:
        steps.append("sync " + Path(f"/proc/self/fd/{number}").readlink().name.split(".0.")[0])
        fsync(number)

    def spy_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(Path, "rename", spy_rename)
    await FileBlobs(tmp_path / "blobs").put(KEY, [b"x"])
    assert steps == ["sync blobs", f"sync {tmp_path.name}", "sync .abcdefghij234567", "rename", "sync ab"]


async def test_blobs_stand_in_private_shards(tmp_path: Path) -> None:
    blobs = open_blobs(f"file://{tmp_path}/blobs")
    await blobs.put(KEY, [b"x"])
    place = tmp_path / "blobs" / "ab" / KEY
    assert place.read_bytes() == b"x"
    assert place.stat().st_mode & 0o077 == 0
    assert place.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("number", "wanted"), [(errno.ENOSPC, OutOfSpace), (errno.EDQUOT, OutOfSpace), (errno.EIO, StoreUnavailable)]
)
async def test_a_disk_error_leaves_nothing(tmp_path: Path, number: int, wanted: type[Exception]) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * 100_000
        assert len(files(tmp_path)) == 1  # it was under way
        raise OSError(number, os.strerror(number))

    with pytest.raises(wanted):
        await FileBlobs(tmp_path).put(KEY, chunks())
    assert files(tmp_path) == []


async def test_a_device_that_is_full_is_out_of_space(tmp_path: Path) -> None:
    """The kernel's own answer, from a file size limit of the process (EFBIG) as a full disk gives it half-way."""
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
    try:
        with pytest.raises(OutOfSpace):
            await FileBlobs(tmp_path).put(KEY, [b"x" * 100_000] * 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert files(tmp_path) == []


async def test_leftovers_of_a_crash_are_no_blobs_and_go_after_a_day(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    await blobs.put(KEY, [b"x"])
    for name, age in ((".new.1", timedelta()), (".old.1", LEFTOVER_AFTER + timedelta(hours=1))):
        leftover = tmp_path / "ab" / name
        leftover.touch()
        written = leftover.stat().st_mtime - age.total_seconds()
        os.utime(leftover, (written, written))
    assert [key async for key, _ in blobs.keys()] == [KEY]  # noqa: SIM118
    assert files(tmp_path) == ["ab/.new.1", f"ab/{KEY}"]


async def test_a_reader_that_stops_early_leaves_no_open_file(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    await blobs.put(KEY, [b"x" * 1_000_000])
    chunks = blobs.get(KEY)
    assert len(await anext(chunks)) == 256 * 1024
    await chunks.aclose()  # type: ignore[attr-defined]
    opened = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    assert not [name for name in opened if name.startswith(str(tmp_path))]


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(ValueError, match="file:// or s3://"):
        open_blobs("ftp://example.nl/blobs")
