"""What stands near what: words around a hit, and different words that share a window.

Rule: distances are in octets of UTF-8 between the nearest ends; a word inside a hit is at 0. `NEAR` is Microsoft Purview's
"in proximity", 300 characters; a *label* stands right before its number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

Span = tuple[int, int]

FAR = 1 << 60


class Neighbours:
    """How far the nearest of some words stands from a hit."""

    def __init__(self, wanted: Sequence[str], words: Mapping[str, Sequence[Span]]) -> None:
        spans = [span for word in wanted if word in words for span in words[word]]
        self._spans = sorted(spans)
        self._starts = [start for start, _ in self._spans]
        self._ends = sorted(end for _, end in spans)

    def gap_before(self, start: int) -> int:
        index = bisect_right(self._ends, start)
        return start - self._ends[index - 1] if index else FAR

    def gap(self, start: int, end: int) -> int:
        """0 for a word inside the hit, such as the label that a pattern takes along, or one that reaches into it."""
        index = bisect_left(self._starts, start)
        if index < len(self._starts) and self._starts[index] < end:
            return 0
        if index and self._spans[index - 1][1] > start:
            return 0
        after = self._starts[index] - end if index < len(self._starts) else FAR
        return min(after, self.gap_before(start))


def together(wanted: Sequence[str], at_least: int, window: int, words: Mapping[str, Sequence[Span]]) -> list[Span]:
    """The spans of the wanted words that stand there, when at least `at_least` different ones share a window."""
    found = sorted((span, word) for word in wanted if word in words for span in words[word])
    if at_least == 1:
        return [span for span, _ in found]
    kept: list[Span] = []
    inside: Counter[str] = Counter()
    first = reached = 0
    for last, ((_, end), word) in enumerate(found):
        inside[word] += 1
        while first < last and end - found[first][0][0] > window:
            inside -= Counter([found[first][1]])
            first += 1
        if len(inside) >= at_least:
            kept += [span for span, _ in found[max(first, reached) : last + 1]]
            reached = last + 1
    return kept
