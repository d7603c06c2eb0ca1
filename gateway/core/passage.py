"""A long text in passages, so that the time and memory that it takes are bounded whatever is written in it.

Terms: a *passage* is a piece of the normal text with a *margin* of its neighbours on either side; its *core* is what lies
between the margins, and the cores of a text make up the whole, each octet once. Rule: whoever counts only what begins in a
core, and looks no further than a margin for evidence, finds what stands in the text and where it stands, cut or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.core.normalise import Normal, read

LENGTH = 128 * 1024  # characters: half a second of work at the very worst, and no ordinary body is longer
MARGIN = 6000  # octets: more than the widest window of a rule
_OVERRIDE, _OVERRIDE_REACH = "\u202e", 402  # what is normalised together is never cut: see `normalise`
_ESCAPE, _ESCAPE_REACH = "\x1b", 20


@dataclass(frozen=True, slots=True)
class Passage:
    """`start` and `end` are the core's, in octets of `normal.data`; `is_first` when its offsets are those of the text, too."""

    normal: Normal
    start: int
    end: int
    is_first: bool = False

    def holds(self, offset: int) -> bool:
        return self.start <= offset < self.end


def passages(text: str) -> Iterator[Passage]:
    """At least one; the last one's core ends with the text."""
    if len(text) <= LENGTH:
        normal = read(text)
        yield Passage(normal, 0, len(normal.data) + 1, is_first=True)
        return
    data, start, reached = b"", 0, 0
    while reached < len(text):
        is_first, cut = reached == 0, _cut(text, reached)
        block = read(text[reached:cut])
        data, reached = data + block.data, cut
        end = len(data) + 1 if reached == len(text) else len(data) - MARGIN
        if end <= start:
            continue  # next to nothing is left of the block: invisible signs
        yield Passage(Normal(data, block.stretches if is_first else ()), start, end, is_first)
        kept = _whole(data, max(0, end - MARGIN))
        data, start = data[kept:], end - kept


def _cut(text: str, start: int) -> int:
    """Where a block that begins at `start` ends: at a line's end if there is one in its second half."""
    end = start + LENGTH
    if end >= len(text):
        return len(text)
    line = text.rfind("\n", start + LENGTH // 2, end)
    if line >= 0:
        return line + 1
    for sign, reach in ((_OVERRIDE, _OVERRIDE_REACH), (_ESCAPE, _ESCAPE_REACH)):
        if (found := text.rfind(sign, end - reach, end)) >= 0:
            end = found
    return end


def _whole(data: bytes, offset: int) -> int:
    """`offset`, or where the character begins that it lies in."""
    while offset and data[offset] & 0xC0 == 0x80:
        offset -= 1
    return offset
