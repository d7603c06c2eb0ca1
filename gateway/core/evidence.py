"""Which peculiar numbers may count at all: those near a word of a rule that would take them.

Terms: a *trigger* is where a peculiar number ends (`gateway.core.triggers`). Rule: a second reading without such a word counts
for nothing (`gateway.core.classify`), and reading a second time costs far more than looking for the word; so this may keep
too many triggers and never one too few. A word spelled oddly is a word, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from gateway.core.normalise import normalise
from gateway.core.readings import REGION_AFTER, REGION_BEFORE, is_dated, odd_words
from gateway.core.rules import Rule

Span = tuple[int, int]


def takes_second_readings(rule: Rule) -> bool:
    """Whether a rule takes numbers that no pattern reads: with less to confirm them they would be anything."""
    return bool(rule.list) or bool(rule.near and (rule.validator or rule.near_required))


class Evidence:
    """The near words of the rules that take second readings."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        takers = [rule for rule in rules if rule.patterns and takes_second_readings(rule)]
        self._any = any(
            rule.list for rule in takers
        )  # the row of a list is evidence, and no word tells where it stands
        self._words = frozenset(word for rule in takers for word in rule.near)
        plain = {word: normalise(word.rstrip("*")).lower() for word in self._words}
        self._whole = frozenset(text for word, text in plain.items() if word[-1].isalnum())
        self._beginnings = tuple(text for word, text in plain.items() if not word[-1].isalnum())

    def near(self, data: bytes, triggers: Sequence[int], words: Mapping[str, Sequence[Span]]) -> Sequence[int]:
        """The triggers that have such a word in reach, plain or odd; `words` are the plain ones of the text."""
        if self._any:
            return triggers
        kept, others = _parted(triggers, sorted(span for word in self._words & words.keys() for span in words[word]))
        anchors = [(end - REGION_BEFORE, end + REGION_AFTER) for end in others if not is_dated(data, end)]
        if anchors and (
            odd := [(item.start, item.end) for item in odd_words(data, anchors) if self._is_one(item.text)]
        ):
            kept = sorted([*kept, *_parted(others, sorted(odd))[0]])
        return kept

    def _is_one(self, text: str) -> bool:
        text = text.lower()
        return text in self._whole or text.startswith(self._beginnings)


def _parted(triggers: Sequence[int], spans: Sequence[Span]) -> tuple[list[int], list[int]]:
    """The triggers in reach of one of the spans (sorted, of words and so all short), and the others."""
    if not spans:
        return [], list(triggers)
    kept: list[int] = []
    others: list[int] = []
    for end in triggers:
        first = bisect_left(spans, (end - REGION_BEFORE - _LONGEST_WORD, 0))
        (kept if first < len(spans) and spans[first][0] <= end + REGION_AFTER else others).append(end)
    return kept, others


_LONGEST_WORD = 200  # octets, with all blanks between its parts
