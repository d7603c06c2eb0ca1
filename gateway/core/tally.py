"""What one rule has found in one place so far, and the findings that come of it.

Rule: values live here only while a message is classified; what leaves is counts and places.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from gateway.core.finding import MOST_SPANS, Confidence, Finding
from gateway.core.normalise import Normal
from gateway.core.rules import Rule

MOST_VALUES = 10_000  # per rule, place and level; a list that long needs no more counting
_MOST_SPANS = 500
_BARE = 0  # a value with no word around it: its level depends on the rest of the place

Span = tuple[int, int]


@dataclass(slots=True)
class Tally:
    """Distinct values by level, as far as the words around them settle it."""

    values: tuple[set[str], ...] = field(default_factory=lambda: tuple(set() for _ in range(Confidence.HIGH + 1)))
    look_alikes: set[str] = field(default_factory=set)  # what the pattern found and the validator did not confirm
    spans: dict[tuple[int, str], Span] = field(default_factory=dict)

    def note(self, value: str, level: int, span: Span | None) -> None:
        """A full set takes no more; each level has its own, so that many weak hits can't crowd out a strong one."""
        values = self.values[level]
        if len(values) < MOST_VALUES:
            values.add(value)
            if span is not None and len(self.spans) < _MOST_SPANS:
                self.spans.setdefault((level, value), span)

    def note_look_alike(self, text: str) -> None:
        if (
            len(self.look_alikes) < 2 * MOST_VALUES
        ):  # more than values can be, so that chance is never ruled out wrongly
            self.look_alikes.add(text)

    @property
    def bare(self) -> set[str]:
        return self.values[_BARE]


@dataclass(slots=True)
class Place:
    """What all units of one place have shown. `shown` is the unit whose offsets are told."""

    words: set[str] = field(default_factory=set)
    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    shown: Normal | None = None
    shingles: set[int] = field(default_factory=set)  # of all units, when a rule looks for documents

    def findings(self, rule: Rule, name: str, everywhere: set[str]) -> list[Finding]:
        """One finding per confidence, each value in its highest only."""
        tally = self.tallies[rule.id]
        bare_level = self._bare_level(rule, tally, everywhere)
        levels = dict.fromkeys(tally.bare, bare_level)
        for level in Confidence:  # from low to high, so that the highest stays
            levels.update((value, max(level, levels.get(value, 0))) for value in tally.values[level])
        counts = Counter(levels.values())
        return [
            Finding(rule.id, name, level, counts[level], self._at(tally, level, levels))
            for level in reversed(Confidence)
            if counts[level]
        ]

    def _bare_level(self, rule: Rule, tally: Tally, everywhere: set[str]) -> int:
        values = len(tally.bare)
        elsewhere = bool(rule.validator) and any(word in self.words or word in everywhere for word in rule.near)
        in_a_row = 0 < rule.several <= values and values >= 3 * len(tally.look_alikes)
        return max(rule.confidence, Confidence.MEDIUM) if elsewhere or in_a_row else rule.confidence

    def _at(self, tally: Tally, level: int, levels: dict[str, int]) -> tuple[Span, ...]:
        if self.shown is None:
            return ()
        own: dict[str, Span] = {}
        for (_, value), span in tally.spans.items():
            if levels.get(value) == level:
                own.setdefault(value, span)
        return tuple(self.shown.original(*span) for span in sorted(own.values())[:MOST_SPANS])
