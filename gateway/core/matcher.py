"""All patterns and words of a rule set, compiled: what stands where.

Terms: an *expression* is a rule's pattern, a word (keyword, near or not_near), or a *trigger*, which marks where a second
reading may be worth while. Spans are in octets of the normal text. A *table* is one Hyperscan database:

    EVERYWHERE   words, triggers, and the patterns of rules that need none of what follows: one pass over the whole text
    NUMBERS      patterns that need at least six digits: looked for where so many stand close together
    LABELLED     the patterns of all rules that count only near one of their words: for second readings
    one for each rule of LABELLED: looked for when one of its words stands in the text

One database for all would say the same and be four times slower: a few patterns that may begin anywhere hold up the thousand
words that Hyperscan finds at once. Rules: time is linear in the text; tables are compiled once and travel as octets (`dump`),
since loading takes a thousandth of compiling; octets of another rule set, library or machine are refused by their key.
"""

from __future__ import annotations

import hashlib
import platform
import re
import struct
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import hyperscan

from gateway.core.normalise import normalise
from gateway.core.pattern_shape import shape_of
from gateway.core.rules import Rule, RuleSet, pattern_flags
from gateway.core.triggers import NUMBER_TRIGGERS, WORD_TRIGGERS

Span = tuple[int, int]
Expression = tuple[str, int]  # pattern and flags
Event = Callable[[int, int, int, int, object], None]  # expression's number in its table, start, end, flags, context

NUMBER_DIGITS = 6
LONGEST_NUMBER = 64  # octets; a longer pattern is looked for everywhere
MANY_DIGITS = 0.04  # of the text: then windows are not worth their while

_MOST_KEPT = 4
_kept: dict[bytes, bytes] = {}  # by key, what this process has compiled: the same rules are never compiled twice

_ESCAPED = frozenset("\\^$.|?*+()[]{}-/'\"#")
_BETWEEN = r"(?:[\s>]{1,4}|-[\s>]{0,4})"  # between the parts of a phrase: blanks, quote marks, a hyphen
_KEY_SIZE = 32
_LENGTH = struct.Struct("!Q")
_UNDERSCORE = 95
_DIGITS = b"0123456789"
_NUMBER_AREA = re.compile(rb"[0-9](?:[^0-9]{0,%d}+[0-9]){%d,}+" % (LONGEST_NUMBER, NUMBER_DIGITS - 1))


@dataclass(slots=True)
class Hits:
    """What one text holds: spans by rule id and by word, and where triggers ended."""

    patterns: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    words: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    odd_words: array[int] = field(default_factory=lambda: array("Q"))


class _Table:
    """One database. `owners` are the rules' ids by the expressions' numbers."""

    def __init__(self, owners: Sequence[str], octets: bytes) -> None:
        self.owners = owners
        self._database = hyperscan.loadb(octets, hyperscan.HS_MODE_BLOCK) if octets else None
        if self._database is not None:
            self._database.scratch = hyperscan.Scratch(self._database)

    def scan(self, data: bytes, event: Event) -> None:
        if self._database is not None:
            self._database.scan(data, match_event_handler=event)

    def read(self, data: bytes, patterns: defaultdict[str, list[Span]], offset: int = 0) -> None:
        """Adds the spans, moved by `offset`."""

        def matched(expression: int, start: int, end: int, _flags: int, _context: object) -> None:
            patterns[self.owners[expression]].append((start + offset, end + offset))

        self.scan(data, matched)


class Matcher:
    """One compiled rule set. Not for use by several threads at once."""

    def __init__(self, rules: RuleSet, dumped: bytes = b"") -> None:
        """`dumped` is what `dump` gave for the same rules; ValueError when it is anything else."""
        self.rules = rules
        self._sort()
        self._dumped = dumped or _kept.get(key(rules), b"") or self._compile()
        if self._dumped[:_KEY_SIZE] != key(rules):
            raise ValueError("a database of other rules, or of another Hyperscan")
        octets = list(_unpacked(self._dumped[_KEY_SIZE:]))
        tables = [_Table(owners, one) for (owners, _), one in zip(self._tables(), octets, strict=True)]
        self._everywhere, self._numbers, self._labelled, *each = tables
        self._each = list(zip((near for near, _ in self._with_words), each, strict=True))

    def _sort(self) -> None:
        """Which pattern belongs to which table."""
        self._words = sorted({word for rule in self.rules.rules for word in words_of(rule)})
        self._with_words: list[tuple[frozenset[str], Rule]] = []
        self._free: list[tuple[str, Expression]] = []
        self._long: list[tuple[str, Expression]] = []
        for rule in self.rules.rules:
            if rule.near_required and rule.patterns:
                self._with_words.append((frozenset(rule.near), rule))
                continue
            for expression in _patterns(rule):
                shape = shape_of(expression[0])
                is_number = shape.digits >= NUMBER_DIGITS and shape.octets <= LONGEST_NUMBER
                (self._long if is_number else self._free).append((rule.id, expression))

    def _tables(self) -> Iterator[tuple[list[str], list[Expression]]]:
        """Owners and expressions of each table, in order."""
        words = [(_word_pattern(word), pattern_flags(False)) for word in self._words]
        yield (
            [owner for owner, _ in self._free],
            [*(expression for _, expression in self._free), *words, *NUMBER_TRIGGERS, *WORD_TRIGGERS],
        )
        yield [owner for owner, _ in self._long], [expression for _, expression in self._long]
        each = [(rule.id, expression) for _, rule in self._with_words for expression in _patterns(rule)]
        yield [owner for owner, _ in each], [expression for _, expression in each]
        for _, rule in self._with_words:
            yield [rule.id] * len(rule.patterns), _patterns(rule)

    def _compile(self) -> bytes:
        dumped = key(self.rules) + b"".join(_packed(expressions) for _, expressions in self._tables())
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key(self.rules)] = dumped
        return dumped

    def dump(self) -> bytes:
        """The compiled tables, for `Matcher(rules, dumped)` in another process of this machine."""
        return self._dumped

    def scan(self, data: bytes) -> Hits:
        """Every place of every expression in a normal text, but for the patterns of rules none of whose words stand in it
        though they count only near one."""
        hits = self._read_everywhere(data)
        for start, end in _areas(data):
            self._numbers.read(data[start:end], hits.patterns, start)
        for near, table in self._each:
            if not near.isdisjoint(hits.words):
                table.read(data, hits.patterns)
        return hits

    def scan_all(self, data: bytes) -> Hits:
        """Every place of every expression."""
        hits = self._read_everywhere(data)
        self._numbers.read(data, hits.patterns)
        self._labelled.read(data, hits.patterns)
        return hits

    def scan_words(self, data: bytes) -> dict[str, list[Span]]:
        return self._read_everywhere(data).words

    def _read_everywhere(self, data: bytes) -> Hits:
        spans: defaultdict[int, list[Span]] = defaultdict(list)
        hits = Hits()
        patterns_end = len(self._free)
        words_end = patterns_end + len(self._words)
        numbers_end = words_end + len(NUMBER_TRIGGERS)

        def matched(expression: int, start: int, end: int, _flags: int, _context: object) -> None:
            if expression < words_end:
                spans[expression].append((start, end))
            elif expression < numbers_end:
                hits.numbers.append(end)
            else:
                hits.odd_words.append(end)

        self._everywhere.scan(data, matched)
        for expression, found in spans.items():
            if expression < patterns_end:
                hits.patterns[self._everywhere.owners[expression]] += found
            else:
                word = self._words[expression - patterns_end]
                if alone := _alone(data, found, word):
                    hits.words[word] = alone
        return hits


def _areas(data: bytes) -> list[Span]:
    """Where at least `NUMBER_DIGITS` digits stand close together, with room around them for the longest number and the
    octet on either side of it; the whole text when digits are everywhere."""
    digits = len(data) - len(data.translate(None, _DIGITS))
    if digits < NUMBER_DIGITS:
        return []
    if digits > len(data) * MANY_DIGITS:
        return [(0, len(data))]
    found: list[Span] = []
    for area in _NUMBER_AREA.finditer(data):
        start, end = area.start() - LONGEST_NUMBER - 1, area.end() + LONGEST_NUMBER + 1
        start, end = _character(data, max(start, 0), -1), _character(data, min(end, len(data)), 1)
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return found


def _character(data: bytes, at: int, step: int) -> int:
    """The nearest place in that direction where a character begins: Hyperscan wants whole ones."""
    while 0 < at < len(data) and data[at] & 0xC0 == 0x80:
        at += step
    return at


def _packed(expressions: Sequence[Expression]) -> bytes:
    """A compiled table behind its length; nothing for none."""
    if not expressions:
        return _LENGTH.pack(0)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[pattern.encode() for pattern, _ in expressions],
        ids=list(range(len(expressions))),
        flags=[flags for _, flags in expressions],
    )
    octets = bytes(hyperscan.dumpb(database))
    return _LENGTH.pack(len(octets)) + octets


def _unpacked(octets: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(octets):
        (length,) = _LENGTH.unpack_from(octets, at)
        at += _LENGTH.size
        yield octets[at : at + length]
        at += length


def key(rules: RuleSet) -> bytes:
    """Names compiled tables: these rules, this library, this kind of machine."""
    told = (
        f"{rules.digest} {getattr(hyperscan, '__version__', '')} {platform.machine()} {NUMBER_TRIGGERS} {WORD_TRIGGERS}"
    )
    return hashlib.sha256(told.encode()).digest()


def _patterns(rule: Rule) -> list[Expression]:
    return [(pattern, pattern_flags(rule.case_sensitive)) for pattern in rule.patterns]


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
