"""(text units, RuleSet) -> findings: which rule, where, how sure, how many. Matched text never leaves here.

Terms: a *text unit* is (place, text); one place may come in several units, such as the pages of a PDF. A *hit* is one
place in a unit where a rule's pattern or keyword stands, and its validator agrees.

How sure a hit is, in the sense of Microsoft Purview's levels (the number alone, with some evidence, with strong evidence):

    the rule's own confidence                     nothing stands around it
    MEDIUM at least, only with a validator        a near word stands anywhere else in the place, its name or the subject
    HIGH                                          a near word stands within the rule's window
    one step lower; LOW is dropped                a not_near word stands in the 40 characters before it, and no near word closer
    LOW at most                                   a not_near word stands right before it ("ordernummer: 123")
    MEDIUM instead of LOW                         `several` different valid values, three quarters of all look-alikes

A number that only a second reading shows (`gateway.core.readings`) is HIGH behind its label, MEDIUM with a near word within
reach, and nothing without one. Rules: the time is linear in the text, and a place for which none is left is told; windows are
measured in octets of UTF-8, so an accented letter counts as two characters.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core.evidence import Evidence, takes_second_readings
from gateway.core.finding import Confidence, Finding
from gateway.core.list_file import OwnList
from gateway.core.lists_of_rules import ListsOfRules
from gateway.core.matcher import Hits, Matcher, Span
from gateway.core.passage import Passage, passages
from gateway.core.proximity import Neighbours, together
from gateway.core.readings import Candidate, candidates, odd_words
from gateway.core.rules import Rule, RuleSet
from gateway.core.tally import Place, Tally
from gateway.core.validators import VALIDATORS

TextUnit = tuple[str, str]

DIRECT = 3  # octets: nothing but ": " stands between a label and its number
LABEL_WINDOW = 40  # octets: a label such as "ordernummer:" stands right before its number
SHOWN_PLACES = ("subject", "body")  # of which a finding tells where


@dataclass(frozen=True, slots=True)
class _Hit:
    """A confirmed value; `reach` is that of the second reading that it comes from, 0 for a plain one."""

    start: int
    end: int
    value: str = field(repr=False)
    sure: bool = False  # the match itself begins with a near word, or more of its row in a list stands around it
    reach: int = 0


class Classifier:
    """Finds what a rule set describes. Compile once per process: it is not for use by several threads at once."""

    def __init__(self, rules: RuleSet, compiled: bytes = b"", lists: Mapping[str, OwnList] | None = None) -> None:
        """`compiled` is what `compiled()` gave for the same rules: then nothing is compiled here. `lists` are those that
        the rules name (ValueError when one is missing); None is for examples: then a pattern alone decides.
        """
        self.rules = rules
        self._lists = ListsOfRules(rules, lists)
        self._matcher = (
            Matcher(rules, compiled) if any(rule.patterns or rule.keywords for rule in rules.rules) else None
        )
        self._by_id = {rule.id: rule for rule in rules.rules}
        self._order = {rule.id: number for number, rule in enumerate(rules.rules)}
        self._keyword_rules: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in rules.rules:
            for word in rule.keywords:
                self._keyword_rules[word].append(rule)
        self._evidence = Evidence(rules.rules)
        self._near = {rule.id: frozenset(rule.near) for rule in rules.rules}
        self._labels = {rule.id: tuple(word.rstrip("*").lower() for word in rule.near) for rule in rules.rules}

    def compiled(self) -> bytes:
        """For a `Classifier` of the same rules in another process of this machine."""
        return b"" if self._matcher is None else self._matcher.dump()

    def classify(self, units: Iterable[TextUnit]) -> tuple[Finding, ...]:
        """The findings of all units of one message, by rule and place. Give the subject as place 'subject': its words
        are evidence for every other place.
        """
        return self.classify_in_time(units, lambda: True)[0]

    def classify_in_time(
        self, units: Iterable[TextUnit], in_time: Callable[[], bool]
    ) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """As `classify`, as long as `in_time` says so, which is asked every 128 Ki characters; with the places that were not
        read to their end.
        """
        places: dict[str, Place] = {}
        unread: dict[str, None] = {}
        for place, text in units:
            if place not in places:
                places[place] = Place()
                name = place.partition(":")[2]  # an attachment's name is text too
                texts = [name, text] if name else [text]
            else:
                texts = [text]
            is_shown = place in SHOWN_PLACES and places[place].shown is None and bool(text.strip())
            if unread or not all(self._read(places[place], one, is_shown, in_time) for one in texts):
                unread[place] = None
        for read_place in places.values():
            self._lists.note_documents(read_place)
        everywhere = places["subject"].words if "subject" in places else set()
        found = sorted((self._order[rule_id], name) for name, place in places.items() for rule_id in place.tallies)
        findings = tuple(
            finding
            for number, name in found
            for finding in places[name].findings(self.rules.rules[number], name, everywhere)
        )
        return findings, tuple(unread)

    def _read(self, place: Place, text: str, is_shown: bool, in_time: Callable[[], bool]) -> bool:
        """Whether there was time to read all of it."""
        for passage in passages(text):
            if not in_time():
                return False
            if is_shown and passage.is_first:
                place.shown = passage.normal
            self._passage(place, passage)
        return True

    def _passage(self, place: Place, passage: Passage) -> None:
        normal = passage.normal
        self._lists.read_documents(place, normal)
        matcher = self._matcher
        if matcher is None:
            return
        hits = matcher.scan(normal.data)
        confirmed = {}
        for rule_id, spans in hits.patterns.items():
            rule = self._by_id[rule_id]
            if rule.near_required and self._near[rule_id].isdisjoint(hits.words):
                continue  # none of its words stands here, so nothing would come of it
            confirmed[rule_id] = self._confirmed(rule, normal.data, spans, place.tallies)
        if hits.numbers:
            self._second_reading(matcher, normal.data, hits, confirmed)
        self._odd_words(matcher, normal.data, hits, confirmed)
        place.words.update(hits.words)
        told = place.shown is normal
        for rule_id, found in confirmed.items():
            if found := [hit for hit in found if passage.holds(hit.start)]:
                _weigh(self._by_id[rule_id], found, hits.words, place.tallies, told)
        for rule in {rule.id: rule for word in hits.words for rule in self._keyword_rules.get(word, ())}.values():
            spans = together(rule.keywords, rule.at_least, rule.window, hits.words)
            spans = [span for span in spans if passage.holds(span[0])]
            found = [_Hit(start, end, _as_written(_text(normal.data, start, end))) for start, end in spans]
            if found:
                _weigh(rule, found, hits.words, place.tallies, told)

    def _confirmed(
        self, rule: Rule, data: bytes, spans: Sequence[Span], tallies: defaultdict[str, Tally]
    ) -> list[_Hit]:
        """The hits with their canonical values. Hyperscan reports every end of a match: of those that overlap and are
        confirmed, the one that starts first counts, and of these the longest. One octet may belong to two hits, since a
        pattern can't look at the sign before or after a number without taking it.
        """
        validate = VALIDATORS.get(rule.validator, _as_written)
        labels = self._labels[rule.id]
        hits: list[_Hit] = []
        reached = 0
        for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
            if start < reached - 1:
                continue
            text = _text(data, start, end)
            value = validate(text)
            if value and rule.list and not self._lists.holds(rule, value):
                continue
            if value:
                sure = bool(labels) and text[0].isalpha() and text.lower().startswith(labels)
                sure = sure or self._lists.supports(rule, value, data, start, end)
                hits.append(_Hit(start, end, value, sure))
                reached = end
            elif rule.several:
                tallies[rule.id].note_look_alike(text)
        return hits

    def _second_reading(self, matcher: Matcher, data: bytes, hits: Hits, confirmed: dict[str, list[_Hit]]) -> None:
        """Adds what the peculiar numbers of a text read as, where a rule takes the whole and its validator agrees."""
        proposed = candidates(data, self._evidence.near(data, hits.numbers, hits.words))
        if not proposed:
            return
        sheet = _Sheet(proposed)
        for rule_id, spans in matcher.scan_all(sheet.data).patterns.items():
            rule = self._by_id[rule_id]
            if not takes_second_readings(rule):
                continue
            validate = VALIDATORS.get(rule.validator, _as_written)
            for start, end in set(spans):
                item = sheet.whole(start, end)
                if item is None or not (value := validate(item.text)):
                    continue
                if rule.list and not self._lists.holds(rule, value):
                    continue
                sure = self._lists.supports(rule, value, data, item.start, item.end)
                confirmed.setdefault(rule_id, []).append(_Hit(item.start, item.end, value, sure, item.reach))

    def _odd_words(self, matcher: Matcher, data: bytes, hits: Hits, confirmed: dict[str, list[_Hit]]) -> None:
        """Adds the words that are spelled oddly around hits that lack evidence, and those that mix alphabets."""
        anchors = [(end, end) for end in hits.odd_words]
        for rule_id, found in confirmed.items():
            rule = self._by_id[rule_id]
            if rule.near and found:
                near = Neighbours(rule.near, hits.words)
                anchors += [
                    (hit.start, hit.end)
                    for hit in found
                    if not hit.sure and near.gap(hit.start, hit.end) > (hit.reach or rule.window)
                ]
        if not anchors:
            return
        proposed = odd_words(data, anchors)
        if not proposed:
            return
        sheet = _Sheet(proposed)
        for word, spans in matcher.scan_words(sheet.data).items():
            hits.words[word] += [(item.start, item.end) for item in map(sheet.item, spans)]


class _Sheet:
    """Candidates as one text, a line each, so that one pass reads them all."""

    def __init__(self, items: Sequence[Candidate]) -> None:
        self._items = items
        self._starts: list[int] = []
        length = 0
        for item in items:
            self._starts.append(length)
            length += len(item.text) + 1
        self.data = "\n".join(item.text for item in items).encode("ascii", "replace")

    def item(self, span: Span) -> Candidate:
        """Whose line the span begins in."""
        return self._items[bisect_right(self._starts, span[0]) - 1]

    def whole(self, start: int, end: int) -> Candidate | None:
        """The candidate whose line is exactly this."""
        index = bisect_right(self._starts, start) - 1
        whole = (self._starts[index], self._starts[index] + len(self._items[index].text))
        return self._items[index] if (start, end) == whole else None


def _weigh(
    rule: Rule,
    found: Sequence[_Hit],
    words: dict[str, list[Span]],
    tallies: defaultdict[str, Tally],
    told: bool,
) -> None:
    """Notes the value of each hit, with the level that the words around it give; `told` when places are."""
    near = Neighbours(rule.near, words)
    not_near = Neighbours(rule.not_near, words)
    for hit in found:
        helped = 0 if hit.sure else near.gap(hit.start, hit.end)
        hindered = not_near.gap_before(hit.start)
        level = _level_read_twice(hit, helped, hindered) if hit.reach else _level(rule, helped, hindered)
        if level is not None:
            tallies[rule.id].note(hit.value, level, (hit.start, hit.end) if told else None)


def _level(rule: Rule, helped: int, hindered: int) -> int | None:
    """0 when no word settles it; None when it counts for nothing. Both distances in octets."""
    close = helped <= rule.window
    lowered = hindered <= LABEL_WINDOW and hindered < helped
    if close or lowered:
        level = (Confidence.HIGH if close else rule.confidence) - lowered
        if lowered and hindered <= DIRECT:
            level = min(level, Confidence.LOW)
        return level or None
    return None if rule.near_required else 0


def _level_read_twice(hit: _Hit, helped: int, hindered: int) -> int | None:
    if helped > hit.reach or hindered < helped:
        return None
    return Confidence.HIGH if helped <= LABEL_WINDOW else Confidence.MEDIUM


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace")


def _as_written(text: str) -> str:
    return " ".join(text.lower().split())
