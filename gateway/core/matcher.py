"""All patterns and words of a rule set as one Hyperscan database: what stands where, in one pass.

Terms: an *expression* is one entry of the database: a rule's pattern, a word (keyword, near or not_near), or a *trigger*,
which marks where a second reading may be worth while. Spans are in octets of the normal text. Rules: time is linear in the
text; a database is compiled once and travels as octets (`dump`), since loading takes a thousandth of compiling; octets of
another rule set, library or machine are refused by their key.
"""

from __future__ import annotations

import hashlib
import platform
from array import array
from collections import defaultdict
from dataclasses import dataclass, field

import hyperscan

from gateway.core.normalise import normalise
from gateway.core.rules import Rule, RuleSet, pattern_flags
from gateway.core.triggers import NUMBER_TRIGGERS, WORD_TRIGGERS

Span = tuple[int, int]

_MOST_KEPT = 4
_kept: dict[bytes, bytes] = {}  # by key, what this process has compiled: the same rules are never compiled twice

_ESCAPED = frozenset("\\^$.|?*+()[]{}-/'\"#")
_BETWEEN = r"(?:[\s>]{1,4}|-[\s>]{0,4})"  # between the parts of a phrase: blanks, quote marks, a hyphen
_KEY_SIZE = 32
_UNDERSCORE = 95


@dataclass(slots=True)
class Hits:
    """What one text holds: spans by rule id and by word, and where triggers ended."""

    patterns: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    words: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    odd_words: array[int] = field(default_factory=lambda: array("Q"))


class Matcher:
    """One compiled rule set. Not for use by several threads at once."""

    def __init__(self, rules: RuleSet, dumped: bytes = b"") -> None:
        """`dumped` is what `dump` gave for the same rules; ValueError when it is anything else."""
        self.rules = rules
        self._patterns = [(rule, pattern) for rule in rules.rules for pattern in rule.patterns]
        self._words = sorted({word for rule in rules.rules for word in words_of(rule)})
        self._dumped = dumped or _kept.get(key(rules), b"") or self._compile()
        if self._dumped[:_KEY_SIZE] != key(rules):
            raise ValueError("a database of other rules, or of another Hyperscan")
        self._database = hyperscan.loadb(self._dumped[_KEY_SIZE:], hyperscan.HS_MODE_BLOCK)
        self._database.scratch = hyperscan.Scratch(self._database)

    def _compile(self) -> bytes:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        expressions = [(pattern, pattern_flags(rule.case_sensitive)) for rule, pattern in self._patterns]
        expressions += [(_word_pattern(word), pattern_flags(False)) for word in self._words]
        expressions += [*NUMBER_TRIGGERS, *WORD_TRIGGERS]
        database.compile(
            expressions=[pattern.encode() for pattern, _ in expressions],
            ids=list(range(len(expressions))),
            flags=[flags for _, flags in expressions],
        )
        dumped = key(self.rules) + bytes(hyperscan.dumpb(database))
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key(self.rules)] = dumped
        return dumped

    def dump(self) -> bytes:
        """The compiled database, for `Matcher(rules, dumped)` in another process of this machine."""
        return self._dumped

    def scan(self, data: bytes) -> Hits:
        """Every place of every expression in a normal text."""
        spans: defaultdict[int, list[Span]] = defaultdict(list)
        hits = Hits()
        rules_end = len(self._patterns) + len(self._words)
        numbers_end = rules_end + len(NUMBER_TRIGGERS)

        def matched(expression: int, start: int, end: int, _flags: int, _context: object) -> None:
            if expression < rules_end:
                spans[expression].append((start, end))
            elif expression < numbers_end:
                hits.numbers.append(end)
            else:
                hits.odd_words.append(end)

        self._database.scan(data, match_event_handler=matched)
        for expression, found in spans.items():
            if expression < len(self._patterns):
                hits.patterns[self._patterns[expression][0].id] += found
            else:
                word = self._words[expression - len(self._patterns)]
                if alone := _alone(data, found, word):
                    hits.words[word] = alone
        return hits


def key(rules: RuleSet) -> bytes:
    """Names a compiled database: these rules, this library, this kind of machine."""
    told = (
        f"{rules.digest} {getattr(hyperscan, '__version__', '')} {platform.machine()} {NUMBER_TRIGGERS} {WORD_TRIGGERS}"
    )
    return hashlib.sha256(told.encode()).digest()


def words_of(rule: Rule) -> tuple[str, ...]:
    return (*rule.keywords, *rule.near, *rule.not_near)


def _word_pattern(word: str) -> str:
    """A word as a pattern: any white space between its parts; a star at the end stands for the rest of a word.

    `\\b` knows ASCII only and takes '_' for a letter; `_alone` sees to what is left.
    """
    stem = normalise(word.rstrip("*"))
    parts = ("".join(f"\\{c}" if c in _ESCAPED else c for c in part) for part in stem.split())
    before = r"(?:\b|_)" if stem[0].isascii() and stem[0].isalnum() else ""
    after = r"(?:\b|_)" if word[-1].isascii() and word[-1].isalnum() else ""
    return before + _BETWEEN.join(parts) + after


def _alone(data: bytes, found: list[Span], word: str) -> list[Span]:
    """The spans before and after which no letter or digit goes on."""
    begins, ends = word[0].isalnum(), word[-1].isalnum()  # a star at the end is no letter
    kept = []
    for start, end in found:
        if begins:
            if data[start] == _UNDERSCORE:
                start += 1
            if start and data[start - 1] != 32 and _last(data[max(0, start - 4) : start]).isalnum():
                continue
        if ends:
            if data[end - 1] == _UNDERSCORE:
                end -= 1
            if end < len(data) and data[end] != 32 and _first(data[end : end + 4]).isalnum():
                continue
        kept.append((start, end))
    return kept


def _last(tail: bytes) -> str:
    return tail.decode("utf-8", "ignore")[-1:]


def _first(head: bytes) -> str:
    return head.decode("utf-8", "ignore")[:1]
