"""(text units, RuleSet) -> findings: which rule, where, how sure, how many. Matched text never leaves here.

Terms: a *text unit* is (place, text); one place may come in several units, such as the pages of a PDF. A *hit* is one
place in a unit where a rule's pattern or keyword stands.

How sure a hit is, in the sense of Microsoft Purview's levels (the number alone, with some evidence, with strong evidence):

    the rule's own confidence                     nothing stands around it
    MEDIUM at least, only with a validator        a near word stands anywhere else in the place, its name or the subject
    HIGH                                          a near word stands within the rule's window
    one step lower; LOW is dropped                a not_near word stands in the 40 characters before it, and no near word closer
    MEDIUM instead of LOW                         `several` different valid values, half of all look-alikes: chance is out

Rule: all patterns and words of all rules are one Hyperscan database, made once per `Classifier`; the time is linear in
the text. Windows are measured in bytes of UTF-8, so an accented letter counts as two characters.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import hyperscan

from gateway.core.finding import Confidence, Finding
from gateway.core.normalise import normalise
from gateway.core.rules import Rule, RuleSet, pattern_flags
from gateway.core.validators import VALIDATORS

TextUnit = tuple[str, str]

LABEL_WINDOW = 40  # bytes: a label such as "ordernummer:" stands right before its number
MOST_VALUES = 10_000  # per rule, place and level; a list that long needs no more counting
_FAR = 1 << 60
_ESCAPED = frozenset("\\^$.|?*+()[]{}-")

Span = tuple[int, int]


@dataclass(slots=True)
class _Tally:
    """What one rule has found in one place so far. Values are the matched ones: never let out."""

    judged: tuple[set[str], ...] = field(default_factory=lambda: tuple(set() for _ in range(Confidence.HIGH + 1)))
    bare: set[str] = field(default_factory=set)  # values seen with no word around them
    look_alikes: set[str] = field(default_factory=set)  # what the pattern found and the validator did not confirm


@dataclass(slots=True)
class _Place:
    """What all units of one place have shown: words seen, and tallies by rule id."""

    words: set[str] = field(default_factory=set)
    tallies: defaultdict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))


class Classifier:
    """Finds what a rule set describes. Compile once per process: it is not for use by several threads at once."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._expressions: list[tuple[Rule | None, str]] = []  # (rule, "") of a pattern, or (None, word)
        compiled: list[tuple[str, int]] = []
        for rule in rules.rules:
            for pattern in rule.patterns:
                self._expressions.append((rule, ""))
                compiled.append((pattern, pattern_flags(rule.case_sensitive)))
        for word in sorted({word for rule in rules.rules for word in (*rule.keywords, *rule.near, *rule.not_near)}):
            self._expressions.append((None, word))
            compiled.append((_word_pattern(word), pattern_flags(False)))
        self._database = hyperscan.Database()
        if compiled:
            self._database.compile(
                expressions=[pattern.encode() for pattern, _ in compiled],
                ids=list(range(len(compiled))),
                flags=[flags for _, flags in compiled],
            )

    def classify(self, units: Iterable[TextUnit]) -> tuple[Finding, ...]:
        """The findings of all units of one message, by rule and place. Give the subject as place 'subject': its words
        are evidence for every other place.
        """
        if not self._expressions:
            return ()
        places: dict[str, _Place] = {}
        for place, text in units:
            if place not in places:
                places[place] = _Place()
                name = place.partition(":")[2]
                if name:  # an attachment's name is text too
                    self._unit(places[place], name)
            self._unit(places[place], text)
        everywhere = places["subject"].words if "subject" in places else set()
        return tuple(
            finding
            for rule in self.rules.rules
            for place in sorted(places)
            for finding in _findings(rule, place, places[place], everywhere)
        )

    def _unit(self, place: _Place, text: str) -> None:
        data = normalise(text).encode()
        patterns, words = self._scan(data)
        place.words.update(words)
        for rule in self.rules.rules:
            spans = _keyword_spans(rule, words) if rule.keywords else patterns.get(rule.id, [])
            if spans:
                _weigh(rule, data, spans, words, place.tallies[rule.id])

    def _scan(self, data: bytes) -> tuple[dict[str, list[Span]], dict[str, list[Span]]]:
        """The spans of every rule's patterns by rule id, and of every word."""
        patterns: defaultdict[str, list[Span]] = defaultdict(list)
        words: defaultdict[str, list[Span]] = defaultdict(list)

        def matched(expression: int, start: int, end: int, _flags: int, _context: object) -> None:
            rule, word = self._expressions[expression]
            if rule is not None:
                patterns[rule.id].append((start, end))
            elif _stands_alone(data, start, end, word):
                words[word].append((start, end))

        self._database.scan(data, match_event_handler=matched)
        return patterns, words


# -- words


def _word_pattern(word: str) -> str:
    """A word as a pattern: any white space between its parts; a star at the end stands for the rest of a word."""
    stem = word.rstrip("*")
    parts = ("".join(f"\\{c}" if c in _ESCAPED else c for c in part) for part in normalise(stem).split())
    return r"\s{1,3}".join(parts)


def _stands_alone(data: bytes, start: int, end: int, word: str) -> bool:
    """Whether letters or digits go on before or after: checked here since `\\b` knows ASCII only."""
    if word[0].isalnum() and _last(data[max(0, start - 4) : start]).isalnum():
        return False
    return word[-1] == "*" or not (word[-1].isalnum() and _first(data[end : end + 4]).isalnum())


def _last(tail: bytes) -> str:
    return tail.decode("utf-8", "ignore")[-1:]


def _first(head: bytes) -> str:
    return head.decode("utf-8", "ignore")[:1]


def _keyword_spans(rule: Rule, words: dict[str, list[Span]]) -> list[Span]:
    """The keywords that stand there, when at least `at_least` different ones share a window."""
    found = sorted((span, word) for word in rule.keywords for span in words.get(word, ()))
    if rule.at_least == 1:
        return [span for span, _ in found]
    kept: list[Span] = []
    inside: Counter[str] = Counter()
    first = reached = 0
    for last, ((_, end), word) in enumerate(found):
        inside[word] += 1
        while first < last and end - found[first][0][0] > rule.window:
            inside -= Counter([found[first][1]])
            first += 1
        if len(inside) >= rule.at_least:
            kept += [span for span, _ in found[max(first, reached) : last + 1]]
            reached = last + 1
    return kept


# -- confidence


def _weigh(rule: Rule, data: bytes, spans: list[Span], words: dict[str, list[Span]], tally: _Tally) -> None:
    """Notes the value of each confirmed hit, with the level that the words around it give."""
    near = _Neighbours(rule.near, words)
    not_near = _Neighbours(rule.not_near, words)
    for (start, end), value in _confirmed(rule, data, spans, tally):
        helped, hindered = near.gap(start, end), not_near.gap_before(start)
        close = helped <= rule.window
        lowered = hindered <= LABEL_WINDOW and hindered < helped
        if close or lowered:
            level = (Confidence.HIGH if close else rule.confidence) - lowered
            _note(value, tally.judged[level])
        elif not rule.near_required:
            _note(value, tally.bare)


def _note(value: str, values: set[str]) -> None:
    """A full set takes no more; each level has its own, so that many weak hits can't crowd out a strong one."""
    if len(values) < MOST_VALUES:
        values.add(value)


def _confirmed(rule: Rule, data: bytes, spans: list[Span], tally: _Tally) -> list[tuple[Span, str]]:
    """The hits with their canonical values. Hyperscan reports every end of a match: of those that overlap and are
    confirmed, the one that starts first counts, and of these the longest. One byte may belong to two hits, since a
    pattern can't look at the sign before or after a number without taking it.
    """
    validate = VALIDATORS.get(rule.validator, _as_written)
    hits: list[tuple[Span, str]] = []
    reached = 0
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if start < reached - 1:
            continue
        text = data[start:end].decode("utf-8", "replace")
        value = validate(text)
        if value:
            hits.append(((start, end), value))
            reached = end
        elif rule.several and len(tally.bare) < MOST_VALUES:
            tally.look_alikes.add(text)
    return hits


def _as_written(text: str) -> str:
    return " ".join(text.lower().split())


class _Neighbours:
    """How far the nearest of some words stands from a hit, in bytes."""

    def __init__(self, wanted: Sequence[str], words: dict[str, list[Span]]) -> None:
        spans = [span for word in wanted for span in words.get(word, ())]
        self._starts = sorted(start for start, _ in spans)
        self._ends = sorted(end for _, end in spans)

    def gap_before(self, start: int) -> int:
        index = bisect_right(self._ends, start)
        return start - self._ends[index - 1] if index else _FAR

    def gap(self, start: int, end: int) -> int:
        """0 for a word inside the hit, such as the label that a pattern takes along."""
        index = bisect_left(self._starts, start)
        if index < len(self._starts) and self._starts[index] < end:
            return 0
        after = self._starts[index] - end if index < len(self._starts) else _FAR
        return min(after, self.gap_before(start))


def _findings(rule: Rule, name: str, place: _Place, everywhere: set[str]) -> list[Finding]:
    """One finding per confidence, each value in its highest only."""
    tally = place.tallies.get(rule.id)
    if tally is None:
        return []
    bare_level = _bare_level(rule, tally, place.words | everywhere)
    levels = dict.fromkeys(tally.bare, bare_level)
    for level, values in enumerate(tally.judged):  # from low to high, so that the highest stays
        levels.update((value, max(level, levels.get(value, 0))) for value in values)
    counts = Counter(levels.values())
    return [Finding(rule.id, name, level, counts[level]) for level in reversed(Confidence) if counts[level]]


def _bare_level(rule: Rule, tally: _Tally, words: set[str]) -> int:
    elsewhere = bool(rule.validator) and any(word in words for word in rule.near)
    values = len(tally.bare)
    in_a_row = 0 < rule.several <= values and values >= len(tally.look_alikes)
    return max(rule.confidence, Confidence.MEDIUM) if elsewhere or in_a_row else rule.confidence
