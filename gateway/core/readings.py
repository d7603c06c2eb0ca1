"""Second readings: numbers and words that are written so that no pattern reads them.

Terms: a *run* is digits with any signs between them, over lines and cells too; look-alike letters and number words count as
digits. A *candidate* is what a run, or a part of it, reads as without those signs. Parts follow the gaps: a candidate has
no gap inside that is wider than those at its ends, as people group numbers ("12-03-1954 111/222/333" are two). An *odd
word* is one spelled apart ("B S N"), cut over lines, or in look-alike letters; it reads as the plain word.
Rule: a reading only proposes. A candidate counts when a pattern takes it whole, its validator confirms it, and a word that
makes it probable stands within its `reach`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.core.confusables import from_leet, skeleton
from gateway.core.triggers import DIGIT_WORDS, GAP, LOOK_ALIKES

REACH, GLUED_REACH = 120, 30  # octets to the word that makes a candidate probable
SHORTEST, LONGEST = 6, 24  # digits of a number
_MOST_GROUPS = 64
_LOOK_BACK, _LOOK_AHEAD = 96, 400  # octets around the end of a trigger
REGION_BEFORE, REGION_AFTER = _LOOK_BACK + REACH, _LOOK_AHEAD + REACH  # where a word for its number stands, if any does

_ALIKE = "".join(re.escape(sign) for sign in LOOK_ALIKES if sign.isalnum())
_WORD = "|".join(sorted(DIGIT_WORDS, key=len, reverse=True))
_TOKEN = re.compile(r"[^\W_]+")
_WORDS = re.compile(rf"(?:{_WORD})+", re.IGNORECASE)
_BEGINNINGS = frozenset(word[:2] for word in DIGIT_WORDS)
_ONE_WORD = re.compile(_WORD, re.IGNORECASE)
_LOOKS = re.compile(rf"(?=[^\W_]*[0-9])[0-9{_ALIKE}]+")
_GLUED = re.compile(r"[A-Za-z]{0,3}([0-9]{6,19})[A-Za-z]{0,3}")
_PIPES = re.compile(r"[0-9|!]{8,12}")
_LETTER_MARK = re.compile(r"\n[^\w\n]{0,4}[A-Za-z]{1,3}[>).][^\w\n]{0,4}")
_NUMBER_MARK = re.compile(r"(?:^|\n)[^\w\n]{0,4}(?:[A-Za-z]{1,3}|[0-9]{1,2})[>).][^\w\n]{0,4}")
# The end of a date or a span of years: by far the most usual run, and never a split number.
_DATED = re.compile(
    rb"(?:(?:19|20)[0-9][0-9][-/. ](?:[01]?[0-9][-/. ][0-3]?[0-9]|(?:19|20)[0-9][0-9])"
    rb"|[0-3]?[0-9][-/. ][01]?[0-9][-/. ](?:19|20)[0-9][0-9])\Z"
)
_TO_DIGITS = str.maketrans(LOOK_ALIKES)

# Numbers of other kinds, as they are written: what holds one is no split number.
_OTHER = re.compile(
    r"(?<![0-9])(?:"
    r"[0-3]?\d([-/. ])[01]?\d\1(?:19|20)\d\d|(?:19|20)\d\d([-/. ])[01]?\d\2[0-3]?\d"  # a date
    r"|(?<![^\s(\[])[0-2]?\d:[0-5]\d(?::[0-5]\d)?(?![^\s)\]])"  # a time
    r"|(?:19|20)\d\d\s?[-/]\s?(?:19|20)\d\d"  # from year to year
    r"|\d{1,3}(?:\.\d{3}){1,4},\d\d|\d{1,3}(?:,\d{3}){1,4}\.\d\d"  # an amount
    r")(?![0-9])"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """`start` and `end` in octets of the normal text; `text` is what it reads as."""

    start: int
    end: int
    text: str = field(repr=False)
    reach: int = REACH


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits that stand together, in characters of the region; `glued` when letters stood at them."""

    start: int
    end: int
    digits: str = field(repr=False)
    plain: bool
    glued: bool = False
    in_words: bool = False


def candidates(data: bytes, triggers: Sequence[int]) -> list[Candidate]:
    """What the runs at the triggers (offsets where they ended) read as."""
    found: dict[tuple[int, int, str], Candidate] = {}
    done = 0
    for end in sorted(triggers):
        if end <= done or is_dated(data, end, done):
            continue
        start = _whole(data, max(done, end - _LOOK_BACK))
        region = data[start : end + _LOOK_AHEAD].decode("utf-8", "ignore")
        offsets = _Offsets(region, start)
        last = 0
        for run in _runs_of(region, offsets.character(end)):
            last = run[-1].end
            for first, behind, text, reach in _proposals(region, run):
                item = Candidate(offsets.octet(first), offsets.octet(behind), text, reach)
                found.setdefault((item.start, item.end, item.text), item)
        done = max(end, offsets.octet(last))
    return list(found.values())


def is_dated(data: bytes, end: int, done: int = 0) -> bool:
    """Whether a trigger is the end of a date or a span of years, all of it behind `done`."""
    return _DATED.search(data, max(done, end - 10), end) is not None


def _whole(data: bytes, start: int) -> int:
    """`start`, or where the next character begins when it is in the middle of one."""
    while start < len(data) and data[start] & 0xC0 == 0x80:
        start += 1
    return start


class _Offsets:
    """Characters of a region -> octets of the text."""

    def __init__(self, region: str, start: int) -> None:
        self._region = "" if region.isascii() else region
        self._start = start

    def character(self, octet: int) -> int:
        return (
            len(self._region.encode()[: octet - self._start].decode("utf-8", "ignore"))
            if self._region
            else octet - self._start
        )

    def octet(self, character: int) -> int:
        return self._start + (len(self._region[:character].encode()) if self._region else character)


# -- runs


def _runs_of(region: str, limit: int) -> Iterator[list[_Group]]:
    """The runs that begin before `limit`; those of numbered lines also without the numbers of the lines."""
    marks = [mark.span() for mark in _LETTER_MARK.finditer(region)] if "\n" in region else []
    yield from _runs(region, limit, marks)
    if "\n" in region and len(numbered := [mark.span() for mark in _NUMBER_MARK.finditer(region)]) > len(marks):
        yield from _runs(region, limit, numbered)


def _runs(region: str, limit: int, marks: Sequence[tuple[int, int]]) -> Iterator[list[_Group]]:
    """Groups of digits between which only signs stand, or marks at the beginning of lines."""
    run: list[_Group] = []
    for token in _TOKEN.finditer(region):
        start = token.start()
        if start > limit and not run:
            return
        if marks and any(first <= start < last for first, last in marks):
            continue
        text = token[0]
        if text.isalpha() and text[:2].lower() not in _BEGINNINGS:
            if run:
                yield run
                run = []
            continue
        group = _group(token)
        apart = run and start - run[-1].end > GAP and not any(run[-1].end <= first < start for first, _ in marks)
        if run and (group is None or apart or len(run) >= _MOST_GROUPS):
            yield run
            run = []
        if group is not None:
            run.append(group)
    if run:
        yield run


def _group(token: re.Match[str]) -> _Group | None:
    """The digits that a token stands for, if it does."""
    text = token[0]
    if text.isdecimal():
        return _Group(token.start(), token.end(), text, plain=True)
    if text.isalpha():
        if not _WORDS.fullmatch(text):
            return None
        digits = "".join(DIGIT_WORDS[word.lower()] for word in _ONE_WORD.findall(text))
        return _Group(token.start(), token.end(), digits, plain=False, in_words=True)
    if _LOOKS.fullmatch(text):
        return _Group(token.start(), token.end(), text.translate(_TO_DIGITS), plain=False)
    if glued := _GLUED.fullmatch(text):
        return _Group(token.start() + glued.start(1), token.start() + glued.end(1), glued[1], plain=False, glued=True)
    return None


# -- candidates of a run

_Proposal = tuple[int, int, str, int]


def _proposals(region: str, run: Sequence[_Group]) -> Iterator[_Proposal]:
    gaps = [region[before.end : after.start] for before, after in pairwise(run)]
    widths = [_width(gap) for gap in gaps]
    pieces = {(0, len(run))}
    for width in sorted(set(widths)):
        pieces.update(_split(widths, width))
    pieces.update(_wraps(widths))
    pieces.update((index, index + 1) for index in range(len(run)))
    for first, behind in sorted(pieces):
        groups = run[first:behind]
        start, end = groups[0].start, groups[-1].end
        digits = "".join(group.digits for group in groups)
        if (len(groups) == 1 and groups[0].plain and digits[:2] != "00") or _OTHER.search(region, start, end):
            continue
        if any(group.in_words for group in groups) and any(len(group.digits) >= 4 for group in groups if group.plain):
            continue  # "20250607 een reactie": the article, and no more of the number
        reach = GLUED_REACH if any(group.glued for group in groups) else REACH
        padded = digits[:2] == "00" and len(digits) > 9
        for text in (digits, digits.lstrip("0").zfill(9)) if padded else (digits,):
            if SHORTEST <= len(text) <= LONGEST:
                yield start, end, text, reach
    if "|" in region or "!" in region:
        for found in _PIPES.finditer(region, max(0, run[0].start - 2), run[-1].end + 2):
            yield found.start(), found.end(), found[0].translate(_TO_DIGITS), REACH


def _width(gap: str) -> int:
    """How far a gap sets apart: 1 a sign, 2 a blank, 3 several, 4 a line end, 5 an empty line."""
    lines = gap.count("\n")
    if lines or "\f" in gap or "\v" in gap:
        return 5 if lines > 1 else 4
    if gap == " ":
        return 2
    return 1 if len(gap) <= 1 else 3


def _split(widths: Sequence[int], width: int) -> Iterator[tuple[int, int]]:
    """The pieces that wider gaps leave."""
    first = 0
    for index, gap in enumerate((*widths, 9)):
        if gap > width:
            yield first, index + 1
            first = index + 1


def _wraps(widths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pieces that a line end cuts: what stands around it without wider gaps."""
    for cut, gap in enumerate(widths):
        if gap < 4:
            continue
        for width in (1, 2):
            first, last = cut, cut + 1
            while first and widths[first - 1] <= width:
                first -= 1
            while last < len(widths) and widths[last] <= width:
                last += 1
            yield first, last + 1


# -- words

# Each is anchored at what is rare in text; the word around it is found from there.
_FOREIGN = re.compile(r"[^\W\d_\x00-\x7f]")
_CUT = re.compile(r"-[^\w]{0,8}[^\W\d_]")
_LEET = re.compile(r"[0-9$@](?=[A-Za-z])")
_APART = re.compile(r"\b[^\W\d_](?:[^\w\n]{1,3}[^\W\d_]\b)+")
_LETTERS = re.compile(r"[^\W\d_]+")
_CUT_WORD = re.compile(r"[^\W\d_]+(?:-[^\w]{0,8}[^\W\d_]+)+")
_LEET_WORD = re.compile(r"[A-Za-z]+[0-9$@]+[A-Za-z]+")
_LONGEST_WORD = 40


def odd_words(data: bytes, anchors: Iterable[tuple[int, int]], window: int = REACH) -> list[Candidate]:
    """The odd words within `window` octets of the anchors, as the plain words that they pass for."""
    found: list[Candidate] = []
    for start, end in _merged(anchors, window, len(data)):
        start = _whole(data, start)
        region = data[start:end].decode("utf-8", "ignore")
        offsets = _Offsets(region, start)
        for first, last, text in _odd_in(region):
            if text.isascii():
                found.append(Candidate(offsets.octet(first), offsets.octet(last), text))
    return found


def _odd_in(region: str) -> Iterator[tuple[int, int, str]]:
    for match in _APART.finditer(region):
        yield match.start(), match.end(), _squeezed(match[0])
    for anchor, word, plain in (
        (_FOREIGN, _LETTERS, skeleton),
        (_CUT, _CUT_WORD, _squeezed),
        (_LEET, _LEET_WORD, from_leet),
    ):
        done = 0
        for sign in anchor.finditer(region):
            if sign.start() < done or (anchor is _FOREIGN and region.isascii()):
                continue
            first = _word_start(region, sign.start())
            if found := word.match(region, first):
                done = found.end()
                yield first, done, plain(found[0])


def _word_start(region: str, at: int) -> int:
    """Where the letters before a place begin."""
    first = at
    while first and at - first < _LONGEST_WORD and region[first - 1].isalpha():
        first -= 1
    return first


def _squeezed(text: str) -> str:
    return skeleton("".join(character for character in text if character.isalpha()))


def _merged(anchors: Iterable[tuple[int, int]], window: int, length: int) -> Iterator[tuple[int, int]]:
    """The windows around the anchors, those that touch as one."""
    reached: tuple[int, int] | None = None
    for start, end in sorted((max(0, start - window), min(length, end + window)) for start, end in anchors):
        if reached is not None and start <= reached[1]:
            reached = (reached[0], max(reached[1], end))
            continue
        if reached is not None:
            yield reached
        reached = (start, end)
    if reached is not None:
        yield reached
