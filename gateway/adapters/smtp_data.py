"""The message between 354 and the final dot: found, unstuffed, measured.

Terms: *stuffing* is the dot that a client puts before a line that begins with one (RFC 5321 section 4.5.2).
The rule: only CR LF "." CR LF ends a message. A bare CR or LF makes the message refused, but never moves its end, so what a
more lenient server would take for a second message stays inside the first (CVE-2023-51764, CVE-2024-27305).
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.core.errors import Malformed, OutOfSpace, TooLarge, ZegelError

END = b"\r\n.\r\n"
START = b"\r\n"  # put in front, so that a dot on the first line is a dot after CR LF like any other


class DataReader:
    """Feed it chunks until it gives back what follows the end; then ask for the `message`.

    Memory: one growing buffer of the message's size; `message` makes one copy (a second only while unstuffing), so the
    peak is twice the message. A message that is refused is not kept while it is read to its end.
    `room(octets)` books memory as the message grows, and says False when there is none left.
    """

    def __init__(self, *, message_bytes: int, line_bytes: int, room: Callable[[int], bool]) -> None:
        self._message_bytes = message_bytes
        self._line_bytes = line_bytes
        self._room = room
        self._raw = bytearray(START)
        self._stuffed = 0
        self._problem: ZegelError | None = None
        self.received = 0

    def feed(self, chunk: bytes | bytearray) -> bytes | None:
        """None while the end has not come; else the octets after it (pipelined commands)."""
        before = len(self._raw)
        self.received += len(chunk)
        self._raw += chunk
        end = self._raw.find(END, max(0, before - len(END) + 1))
        rest = None
        if end >= 0:
            rest = bytes(self._raw[end + len(END) :])
            del self._raw[end + len(START) :]
        if self._problem is None:
            self._stuffed += self._raw.count(b"\r\n.", max(0, before - 2))
            self._measure(len(chunk))
        if self._problem is not None and rest is None:
            del self._raw[: -len(END)]
        return rest

    def message(self) -> bytes:
        """The message, once `feed` has found its end. Raises `Malformed`, `TooLarge` or `OutOfSpace`."""
        if self._problem is not None:
            raise self._problem
        raw, self._raw = self._raw, bytearray()
        breaks = raw.count(b"\r\n")
        if raw.count(b"\r") != breaks or raw.count(b"\n") != breaks:
            raise Malformed("Bare carriage return or line feed in the message")
        if _has_longer_line(raw, self._line_bytes):
            raise Malformed("A line of the message is too long")
        message = bytes(memoryview(raw)[len(START) :])
        del raw
        message = message.removeprefix(b".").replace(b"\r\n.", b"\r\n")
        if len(message) > self._message_bytes:
            raise TooLarge
        return message

    def _measure(self, new: int) -> None:
        # `len(END)` more, since the end mark may be here in part; `message` measures to the octet
        if len(self._raw) - len(START) - self._stuffed > self._message_bytes + len(END):
            self._problem = TooLarge()
        elif not self._room(new):
            self._problem = OutOfSpace()


def _has_longer_line(raw: bytearray, limit: int) -> bool:
    """Leaps from line end to line end at most `limit` octets apart: far fewer steps than lines."""
    position = 0
    while len(raw) - position > limit:
        line_end = raw.rfind(b"\n", position, position + limit)
        if line_end < 0:
            return True
        position = line_end + 1
    return False
