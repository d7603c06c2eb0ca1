"""What every blob store must do: in memory, in a folder, and on S3 (moto's server)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from gateway.adapters.file_blobs import FileBlobs
from gateway.adapters.memory_blobs import MemoryBlobs
from gateway.adapters.s3_blobs import S3Blobs
from gateway.core.ports import Blobs

MEBIBYTE = 1024 * 1024
KEY = "abcdefghij234567"


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["memory", "file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    match request.param:
        case "memory":
            return MemoryBlobs()
        case "file":
            return FileBlobs(tmp_path / "blobs")
        case _:
            endpoint = request.getfixturevalue("s3_server")
            httpx.post(f"{endpoint}/moto-api/reset").raise_for_status()
            httpx.put(f"{endpoint}/zegel").raise_for_status()
            return S3Blobs(
                "s3://zegel/some/prefix",
                endpoint=endpoint,
                access_key_id="test",
                secret_access_key="test",
                region="us-east-1",
                client_options={"allow_http": True},
            )


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def keys(blobs: Blobs) -> dict[str, datetime]:
    return {key: at async for key, at in blobs.keys()}  # noqa: SIM118


@pytest.mark.parametrize("chunks", [(), (b"",), (b"one",), (b"one", b"", b"two", b"x" * 300_000)])
async def test_what_was_put_comes_back(blobs: Blobs, chunks: tuple[bytes, ...]) -> None:
    content = b"".join(chunks)
    assert await blobs.put(KEY, iter(chunks)) == len(content)
    assert await read(blobs.get(KEY)) == content


async def test_a_big_blob_by_ranges(blobs: Blobs) -> None:
    pieces = [bytes([i]) * MEBIBYTE for i in range(20)]
    assert await blobs.put(KEY, (piece for piece in pieces)) == 20 * MEBIBYTE
    content = b"".join(pieces)
    last = len(content)
    for start, end in ((0, 1), (MEBIBYTE - 1, MEBIBYTE + 1), (5, 700_001), (last - 1, last), (last - 3, last + 9)):
        assert await read(blobs.get(KEY, start, end)) == content[start:end]
    for start in (last - 10, last, last + 1):
        assert await read(blobs.get(KEY, start)) == content[start:]
    assert await read(blobs.get(KEY, 7, 7)) == b""
    sizes = [len(chunk) async for chunk in blobs.get(KEY)]
    assert sum(sizes) == last
    assert len(sizes) > 1


async def test_a_missing_blob_is_a_key_error(blobs: Blobs) -> None:
    with pytest.raises(KeyError):
        await read(blobs.get(KEY))
    with pytest.raises(KeyError):
        await read(blobs.get(KEY, 3, 3))


async def test_deleting_twice_is_no_error(blobs: Blobs) -> None:
    await blobs.put(KEY, [b"x"])
    await blobs.delete(KEY)
    await blobs.delete(KEY)
    assert await keys(blobs) == {}


async def test_keys_with_their_times(blobs: Blobs) -> None:
    names = {KEY, f"{KEY}.0", f"{KEY}.1", "zyxwvutsrq234567.12"}
    before = datetime.now(UTC) - timedelta(seconds=2)  # S3 tells whole seconds
    for name in names:
        await blobs.put(name, [b"x"])
    found = await keys(blobs)
    assert set(found) == names
    assert all(before <= at <= datetime.now(UTC) + timedelta(seconds=2) for at in found.values())


@pytest.mark.parametrize("size", [10, 20 * MEBIBYTE])
async def test_a_failed_put_leaves_nothing(blobs: Blobs, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * (size // 10)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await blobs.put(KEY, chunks())
    assert await keys(blobs) == {}
    with pytest.raises(KeyError):
        await read(blobs.get(KEY))


@pytest.mark.parametrize("key", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b", ".hidden", "a.b.c", "A", "a\n"])
async def test_a_key_is_no_path(blobs: Blobs, key: str) -> None:
    with pytest.raises(ValueError):
        await blobs.put(key, [b"x"])
    with pytest.raises(ValueError):
        await read(blobs.get(key))
    with pytest.raises(ValueError):
        await blobs.delete(key)


async def test_the_loop_goes_on_while_chunks_are_drained(blobs: Blobs) -> None:
    loop = asyncio.get_running_loop()

    def chunks() -> Iterator[bytes]:
        # The generator waits for the loop: this could not end if it were drained on the loop.
        for number in itertools.count():
            if number == 3:
                return
            yield asyncio.run_coroutine_threadsafe(asyncio.sleep(0, b"x"), loop).result(30)

    assert await blobs.put(KEY, chunks()) == 3
