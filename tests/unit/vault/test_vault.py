"""Properties of the vault: any size and range comes back, no flipped bit passes, codes are forgiving and checked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import CannotOpen
from gateway.core.ports import Vault as VaultPort
from gateway.vault import codes, grants, keys, stream
from gateway.vault.stream import CHUNK
from gateway.vault.vault import Vault, part_sealed_size

KEY = bytes(range(32))
VAULT: VaultPort = Vault()
SIZES = st.one_of(st.integers(0, 300), st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 7]))
QUICK = settings(max_examples=60, deadline=None)


def opened(sealed: bytes, size: int, start: int = 0, end: int | None = None) -> bytes:
    async def read(first: int, last: int) -> AsyncIterator[bytes]:
        yield sealed[first:last]

    async def run() -> bytes:
        return b"".join([piece async for piece in VAULT.open_part(KEY, "m", 1, size, read, start, end)])

    return asyncio.run(run())


@QUICK
@given(size=SIZES, cut=st.integers(97, 100_000), data=st.data())
def test_any_size_and_range_comes_back(size: int, cut: int, data: st.DataObject) -> None:
    content = os.urandom(size)
    sealed = b"".join(VAULT.seal_part(KEY, "m", 1, (content[at : at + cut] for at in range(0, size, cut))))
    assert len(sealed) == part_sealed_size(size)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    assert opened(sealed, size, start, end) == content[start:end]
    assert opened(sealed, size) == content


@QUICK
@given(size=st.integers(0, 200), data=st.data())
def test_no_flipped_bit_passes(size: int, data: st.DataObject) -> None:
    sealed = bytearray(b"".join(VAULT.seal_part(KEY, "m", 1, (bytes(size),))))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CannotOpen):
        opened(bytes(sealed), size)


@QUICK
@given(st.integers(0, 10 * CHUNK))
def test_sealed_size_and_content_size_are_inverse(size: int) -> None:
    assert stream.content_size(stream.sealed_size(size)) == size


@pytest.mark.parametrize("impossible", [0, 15, 16, 31, 32 + CHUNK + 1, 32 + CHUNK + 16])
def test_no_stream_has_such_a_length(impossible: int) -> None:
    with pytest.raises(CannotOpen):
        stream.content_size(impossible)


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, 11)])
def test_a_range_outside_the_part_is_a_mistake_of_the_caller(start: int, end: int) -> None:
    sealed = b"".join(VAULT.seal_part(KEY, "m", 1, (bytes(10),)))
    with pytest.raises(ValueError, match="range"):
        opened(sealed, 10, start, end)


def test_sealing_is_lazy_and_reads_no_more_than_a_chunk_ahead() -> None:
    taken = 0

    def content() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += CHUNK
            yield bytes(CHUNK)

    pieces = iter(VAULT.seal_part(KEY, "m", 1, content()))
    for _ in range(5):  # header, salt and three chunks
        next(pieces)
    assert taken <= 4 * CHUNK


def test_a_range_reads_only_its_chunks() -> None:
    content = os.urandom(5 * CHUNK)
    sealed = b"".join(VAULT.seal_part(KEY, "m", 1, (content,)))
    reads: list[tuple[int, int]] = []

    async def read(first: int, last: int) -> AsyncIterator[bytes]:
        reads.append((first, last))
        yield sealed[first:last]

    async def run() -> bytes:
        at = 2 * CHUNK + 5
        return b"".join([piece async for piece in VAULT.open_part(KEY, "m", 1, len(content), read, at, at + 10)])

    assert asyncio.run(run()) == content[2 * CHUNK + 5 : 2 * CHUNK + 15]
    assert sum(last - first for first, last in reads) == 18 + stream.SEALED_CHUNK


def test_a_reader_that_gives_more_than_asked_is_not_believed() -> None:
    sealed = b"".join(VAULT.seal_part(KEY, "m", 1, (os.urandom(4 * CHUNK),)))

    async def generous(first: int, last: int) -> AsyncIterator[bytes]:
        yield sealed[first : last if first == 0 else None]

    got = bytearray()

    async def run() -> None:
        async for piece in VAULT.open_part(KEY, "m", 1, 4 * CHUNK, generous, 5, 10):
            got.extend(piece)

    with pytest.raises(CannotOpen):
        asyncio.run(run())
    assert len(got) == 5


def test_sealing_twice_never_uses_a_key_twice() -> None:
    once, again = (b"".join(VAULT.seal_part(KEY, "m", 1, (bytes(100),))) for _ in range(2))
    assert once[18:] != again[18:]


@QUICK
@given(st.binary(min_size=16, max_size=16))
def test_codes_come_back_however_they_are_typed(code: bytes) -> None:
    printed = codes.format_code(code)
    assert codes.parse_code(printed) == code
    assert codes.parse_code(printed.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code


@QUICK
@given(st.binary(min_size=16, max_size=16), st.integers(0, 26), st.sampled_from(codes.ALPHABET))
def test_one_wrong_symbol_is_noticed(code: bytes, place: int, wrong: str) -> None:
    symbols = codes.format_code(code).replace("-", "")
    typed = symbols[:place] + wrong + symbols[place + 1 :]
    assert codes.parse_code(typed) == (code if wrong == symbols[place] else None)


@QUICK
@given(st.binary(min_size=16, max_size=16), st.integers(0, 26), st.integers(0, 26))
def test_two_swapped_symbols_are_noticed(code: bytes, one: int, two: int) -> None:
    symbols = list(codes.format_code(code).replace("-", ""))
    same = symbols[one] == symbols[two]
    symbols[one], symbols[two] = symbols[two], symbols[one]
    assert codes.parse_code("".join(symbols)) == (code if same else None)


@QUICK
@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = codes.parse_code(text)
    assert parsed is None or len(parsed) == 16


def test_a_password_is_the_same_composed_or_not() -> None:
    salt = VAULT.new_salt()
    assert VAULT.password_factor("caf\u00e9", salt) == VAULT.password_factor("cafe\u0301", salt)
    assert VAULT.password_factor("caf\u00e9", salt) != VAULT.password_factor("cafe", salt)
    assert VAULT.password_factor("caf\u00e9", salt) != VAULT.password_factor("caf\u00e9", VAULT.new_salt())


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        VAULT.wrap_private_by_secret(b"", b"private", "a", "password")


@pytest.mark.parametrize("broken", [b"", b"\x01\x09", b"\x01\x09" + bytes(10), b"\x02\x09" + bytes(1216)])
def test_a_broken_public_key_does_not_seal(broken: bytes) -> None:
    with pytest.raises(CannotOpen):
        VAULT.wrap_data_key(broken, KEY, "m", "account", "a")


def test_a_broken_private_key_does_not_open() -> None:
    public, private = VAULT.new_key_pair()
    wrapped = VAULT.wrap_data_key(public, KEY, "m", "account", "a")
    assert VAULT.unwrap_data_key(private, wrapped, "m", "account", "a") == KEY
    for broken in (b"", private[:-1], private + b"0", public):
        with pytest.raises(CannotOpen):
            VAULT.unwrap_data_key(broken, wrapped, "m", "account", "a")
    assert keys.public_of(private) == public


def test_what_opens_but_is_no_data_key_is_refused() -> None:
    public, private = VAULT.new_key_pair()
    short = VAULT.wrap_data_key(public, KEY[:16], "m", "account", "a")
    with pytest.raises(CannotOpen):
        VAULT.unwrap_data_key(private, short, "m", "account", "a")


@pytest.mark.parametrize(("code", "share"), [(bytes(16), b""), (b"", bytes(32)), (b"", b"")])
def test_a_grant_without_share_or_code_never_opens_even_if_made_so(code: bytes, share: bytes) -> None:
    wrapped = grants.wrap_for_recipient(KEY, "m", "g", code=code, factor=b"", share=share)
    with pytest.raises(CannotOpen):
        VAULT.open_recipient_key(wrapped, "m", "g", code, b"", share)


def test_a_number_beyond_128_bits_is_no_code() -> None:
    # Only the first symbol is too high; the check symbol, found by trying, is right.
    front = "8" + "0" * 25
    assert [codes.parse_code(front + check) for check in codes.ALPHABET] == [None] * 32


def test_nothing_secret_shows_in_a_repr() -> None:
    made = VAULT.new_recipient_key(KEY, "m", "g", b"")
    assert repr(made) == "RecipientKey()"
