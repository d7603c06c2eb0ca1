"""Every line ending that some server takes for the end of a message, and none of them is (CVE-2023-51764, CVE-2024-27305)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.smtp_data import DataReader
from gateway.core.errors import Malformed, OutOfSpace, TooLarge
from tests.unit.adapters.smtp_lab import TRUSTED, running

ENDS = [
    b"\n.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r.\r\n",
    b"\r.\n",
    b"\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\n"[:4] + b".\n",
    b"\n\n.\n\n",
    b"\n\r.\n\r",
]
SECOND = b"MAIL FROM:<anna@example.nl>\r\nRCPT TO:<victim@elsewhere.example>\r\nDATA\r\nSubject: two\r\n\r\nx"


@pytest.mark.parametrize("pieces", ["whole", "octets"])
@pytest.mark.parametrize("end", ENDS, ids=repr)
async def test_a_wrong_end_is_refused_and_stays_inside(end: bytes, pieces: str) -> None:
    async with running() as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        assert (await client.envelope("anna@example.nl", "x@elsewhere.example")).startswith("354")
        message = b"Subject: one\r\n\r\nx" + end + SECOND + b"\r\n.\r\n"
        for piece in [message] if pieces == "whole" else [message[i : i + 1] for i in range(len(message))]:
            await client.send(piece)
        assert (await client.reply())[-1].startswith("554 5.6.0 ")
        assert await client.ask("NOOP") == "250 2.0.0 Ok"
        assert lab.queue == []


async def test_a_message_in_single_octets_arrives() -> None:
    async with running() as lab, lab.client("none", TRUSTED) as client:
        await client.hello()
        await client.envelope("anna@example.nl", "x@elsewhere.example")
        for octet in b"Subject: one\r\n\r\n..\r\n.\r\n":
            await client.send(bytes([octet]))
        assert (await client.reply())[-1].startswith("250 2.0.0")
        assert lab.queue[0][1] == b"Subject: one\r\n\r\n.\r\n"


def read(octets: bytes, sizes: list[int], message_bytes: int = 10_000, line_bytes: int = 1000) -> tuple[bytes, bytes]:
    """The message and what follows it, fed in pieces of these sizes."""
    reader = DataReader(message_bytes=message_bytes, line_bytes=line_bytes, room=lambda _: True)
    turn = 0
    while octets:
        size = sizes[turn % len(sizes)]
        piece, octets = octets[:size], octets[size:]
        turn += 1
        rest = reader.feed(piece)
        if rest is not None:
            return reader.message(), rest + octets
    raise AssertionError("no end")


LINES = st.lists(st.binary(max_size=6).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")), max_size=8)
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=5)


@given(LINES, SIZES, st.binary(max_size=8))
def test_what_a_client_stuffs_comes_out_as_it_was(lines: list[bytes], sizes: list[int], after: bytes) -> None:
    message = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
    assert read(stuffed + b".\r\n" + after, sizes) == (message, after)


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n"]), max_size=12).map(b"".join), SIZES)
def test_a_bare_line_break_anywhere_is_refused(octets: bytes, sizes: list[int]) -> None:
    inside = (b"\r\n" + octets + b"\r\n.\r\n").partition(b"\r\n.\r\n")[0][2:]
    bare = b"\r" in inside.replace(b"\r\n", b"") or b"\n" in inside.replace(b"\r\n", b"")
    if bare:
        with pytest.raises(Malformed):
            read(octets + b"\r\n.\r\n", sizes)
    else:
        read(octets + b"\r\n.\r\n", sizes)


@pytest.mark.parametrize("sizes", [[1], [3], [7, 2], [10_000]])
def test_the_size_is_measured_to_the_octet_without_stuffing(sizes: list[int]) -> None:
    exact = b"..\r\n" * 30 + b"aa\r\n" + b".\r\n"  # 94 octets of message
    assert len(read(exact, sizes, message_bytes=94)[0]) == 94
    with pytest.raises(TooLarge):
        read(exact, sizes, message_bytes=93)


@pytest.mark.parametrize("sizes", [[1], [50], [10_000]])
def test_lines_have_a_bound(sizes: list[int]) -> None:
    longest = b"x" * 98 + b"\r\n"
    assert read(longest * 3 + b".\r\n", sizes, line_bytes=100)[0] == longest * 3
    with pytest.raises(Malformed):
        read(longest + b"x" + longest + b".\r\n", sizes, line_bytes=100)


def test_a_refused_message_is_not_kept() -> None:
    reader = DataReader(message_bytes=100, line_bytes=100, room=lambda _: True)
    for _ in range(50):
        assert reader.feed(b"x" * 1000) is None
        assert len(reader._raw) < 10
    assert reader.feed(b"\r\n.\r\nNOOP\r\n") == b"NOOP\r\n"
    with pytest.raises(TooLarge):
        reader.message()


def test_a_message_without_room_is_temporarily_refused() -> None:
    booked: list[int] = []
    reader = DataReader(message_bytes=100, line_bytes=100, room=lambda octets: not booked.append(octets) and octets < 5)
    assert reader.feed(b"abc") is None
    assert reader.feed(b"abcdefg") is None
    assert reader.feed(b"x\r\n.\r\n") == b""
    assert booked == [3, 7]
    with pytest.raises(OutOfSpace):
        reader.message()
