"""dlp_rules/*.toml -> RuleSet: what sensitive content looks like. The keys are told in docs/policy-reference.md.

Terms: a *rule* is a table [group.name] and its id is "group.name"; it has patterns (confirmed by a validator, if any) or
keywords; *near* words raise the confidence of a match, *not_near* words lower it. Rules: a pattern must compile in
Hyperscan, whose time is linear in the text, and be of limited length; every rule carries examples, which `zegel check`
runs; a site's file replaces whole rules by id.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import hyperscan

from gateway.core.finding import Confidence
from gateway.core.toml_source import Mistakes, Table, read
from gateway.core.validators import VALIDATORS

NEAR_WINDOW = 300  # characters; what Microsoft Purview takes as "in proximity"
CONFIDENCES = {level.name.lower(): level for level in Confidence}
_NAMES = {name: name for name in VALIDATORS}
CONTAINMENT = 50  # percent of a document's fingerprints
_LIST_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NOT_WITH_FINGERPRINT = (
    "pattern", "keywords", "case_sensitive", "validator", "near", "not_near", "near_required", "window", "several", "at_least",
    "list",
)  # fmt: skip
_ID_PART = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of sensitive content. `titles` is by language code; `window` in characters.

    `at_least` distinct keywords must stand within the window of each other. `several`: so many distinct valid values,
    at least three quarters of all that look alike, are of medium confidence without any near word; 0 means never.
    """

    id: str
    titles: tuple[tuple[str, str], ...]
    patterns: tuple[str, ...]
    case_sensitive: bool
    validator: str
    keywords: tuple[str, ...]
    at_least: int
    confidence: Confidence
    near: tuple[str, ...]
    not_near: tuple[str, ...]
    near_required: bool
    window: int
    several: int
    tags: tuple[str, ...]
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    list: str = ""
    fingerprint: str = ""
    containment: int = 0  # percent
    data: str = ""  # SHA-256, in hex, of the file of the list or fingerprint

    def title(self, language: str) -> str:
        """The title in `language`, else in English, else in any, else the id."""
        titles = dict(self.titles)
        return titles.get(language) or titles.get("en") or next(iter(titles.values()), self.id)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force, by id in order. `digest` (64 hex digits) names exactly this set."""

    rules: tuple[Rule, ...]
    digest: str

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> RuleSet:
        ordered = tuple(sorted(rules, key=lambda rule: rule.id))
        text = json.dumps([asdict(rule) for rule in ordered], sort_keys=True, ensure_ascii=True)
        return cls(ordered, hashlib.sha256(text.encode()).hexdigest())

    def to_json(self) -> str:
        """ASCII, for `from_json` in another process: reading and checking the files anew takes longer than a scan."""
        return json.dumps([asdict(rule) for rule in self.rules], ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> RuleSet:
        """What `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        return cls.of([_from_fields(fields) for fields in json.loads(text)])

    @property
    def tags(self) -> frozenset[str]:
        return frozenset(tag for rule in self.rules for tag in rule.tags)


def _from_fields(fields: dict[str, Any]) -> Rule:
    """A rule out of JSON, which knows lists and numbers only."""
    told: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    titles = tuple((language, title) for language, title in fields["titles"])
    told |= {"titles": titles, "confidence": Confidence(fields["confidence"])}
    return Rule(**told)


def load(
    files: Sequence[tuple[str, str]],
    site: Sequence[tuple[str, str]] = (),
    lists: Mapping[str, str] = MappingProxyType({}),
) -> RuleSet:
    """The rules of all files, given as (name, text). A rule in `site` replaces the one of the same id whole; one with
    `enabled = false` takes it away. `lists` are the organisation's own lists: name -> SHA-256 of the file. Raises
    `Misconfigured` with every mistake of every file.
    """
    mistakes = Mistakes()
    found: dict[str, Rule | None] = {}
    for group in (files, site):
        origins: dict[str, str] = {}
        for file, text in group:
            with mistakes.gather():
                found.update(read_file(file, text, origins, lists))
    mistakes.raise_any()
    return RuleSet.of([rule for rule in found.values() if rule is not None])


def read_file(
    file: str, text: str, origins: dict[str, str] | None = None, lists: Mapping[str, str] | None = None
) -> dict[str, Rule | None]:
    """The rules of one file by id; None for one that is not enabled. `origins` (id -> file) refuses what another
    file of the same folder already has; without `lists` it is not asked whether those exist. Raises `Misconfigured`.
    """
    origins = {} if origins is None else origins
    source = read(file, text)
    found: dict[str, Rule | None] = {}
    for group, tables in source.root.children():
        if tables.broken or tables.has("title"):
            tables.mistake("", f"a rule is named [group.name], as in [site.{group}]")
            tables.ignore()
            continue
        for name, table in tables.children():
            rule_id = f"{group}.{name}"
            if not (_ID_PART.fullmatch(group) and _ID_PART.fullmatch(name)):
                table.mistake("", "a rule is named [group.name], in small letters, digits and hyphens")
            if rule_id in origins:
                table.mistake("", f"is already in {origins[rule_id]}; to replace a rule put it in the site's folder")
            origins[rule_id] = f"{file}:{table.line}"
            enabled = table.boolean("enabled", True)
            rule = _rule(rule_id, table)
            if enabled and lists is not None:
                rule = _with_data(rule, table, lists)
            found[rule_id] = rule if enabled else None
    source.finish()
    return found


def _rule(rule_id: str, table: Table) -> Rule:
    title = table.table("title", required=True)
    by_fingerprint = table.has("fingerprint")
    rule = Rule(
        id=rule_id,
        titles=tuple((language, title.string(language)) for language in ("nl", "en")),
        patterns=table.words("pattern", ()),
        case_sensitive=table.boolean("case_sensitive", False),
        validator=table.choice("validator", _NAMES, ""),
        keywords=table.strings("keywords", ()),
        at_least=table.integer("at_least", 1, minimum=1, maximum=100),
        confidence=table.choice("confidence", CONFIDENCES, Confidence.LOW),
        near=table.strings("near", ()),
        not_near=table.strings("not_near", ()),
        near_required=table.boolean("near_required", False),
        window=table.integer("window", NEAR_WINDOW, minimum=10, maximum=5000),
        several=table.integer("several", 0, minimum=2, maximum=1000),
        tags=table.strings("tags", ()),
        match=table.strings("match", () if by_fingerprint else None),
        no_match=table.strings("no_match", () if by_fingerprint else None),
        list=table.string("list", "", pattern=_LIST_NAME, shape="a name in small letters, digits and hyphens"),
        fingerprint=table.string(
            "fingerprint", "", pattern=_LIST_NAME, shape="a name in small letters, digits and hyphens"
        ),
        containment=table.integer("containment", CONTAINMENT, minimum=10, maximum=100),
    )
    _check_sense(rule, table)
    _check_patterns(rule, table)
    return rule


def _check_sense(rule: Rule, table: Table) -> None:
    """Keys that contradict each other or would do nothing."""
    if table.has("fingerprint"):
        for key in _NOT_WITH_FINGERPRINT:
            if table.has(key):
                table.mistake(key, "does nothing in a rule with a fingerprint")
    elif table.has("pattern") == table.has("keywords"):
        table.mistake("pattern", "a rule has either a pattern or keywords, or a fingerprint")
    if table.has("containment") and not table.has("fingerprint"):
        table.mistake("containment", "belongs to a fingerprint")
    if rule.list and not rule.patterns:
        table.mistake("list", "confirms what a pattern found, so the rule needs one")
    if rule.keywords and rule.validator:
        table.mistake("validator", "keywords can't have a validator; it belongs to a pattern")
    if rule.at_least > max(1, len(rule.keywords)):
        table.mistake("at_least", f"asks for {rule.at_least} different keywords of {len(rule.keywords)}")
    if rule.near_required and not rule.near:
        table.mistake("near_required", "needs words in near, or nothing is ever found")
    if rule.several and not rule.validator:
        table.mistake("several", "only says something about values that a validator confirms")
    for key in ("match", "no_match"):
        if table.raw(key) == []:
            table.mistake(key, "needs at least one example, which `zegel check` runs")
    for key in ("pattern", "keywords"):
        if table.raw(key) == []:
            table.mistake(key, "is empty, so nothing is ever found")
    for key, words in (("keywords", rule.keywords), ("near", rule.near), ("not_near", rule.not_near)):
        for index, word in enumerate(words):
            if "*" in word[:-1] or not word.strip("*"):
                table.mistake(key, f'"{word}": a star may only end a word, as in "diagnos*"', index)


def _with_data(rule: Rule, table: Table, lists: Mapping[str, str]) -> Rule:
    """The rule, bound to the file that it names, so that another file makes another rule set."""
    key = "list" if rule.list else "fingerprint"
    name = rule.list or rule.fingerprint
    if name and name not in lists:
        table.mistake(
            key,
            f'there is no list "{name}"; make it with `zegel lists`, in a folder that `lists` names in the settings',
        )
    return replace(rule, data=lists.get(name, "")) if name else rule


def _check_patterns(rule: Rule, table: Table) -> None:
    for index, pattern in enumerate(rule.patterns):
        reason = why_refused(pattern, rule.case_sensitive)
        if reason:
            table.mistake("pattern", reason, index)


def pattern_flags(case_sensitive: bool) -> int:
    """UTF-8 without Unicode classes: so `\\b`, `\\w` and `\\d` are ASCII's, since `\\b` does not exist with them; matches
    tell where they start."""
    flags = hyperscan.HS_FLAG_UTF8 | hyperscan.HS_FLAG_SOM_LEFTMOST
    return int(flags if case_sensitive else flags | hyperscan.HS_FLAG_CASELESS)


@lru_cache(maxsize=10_000)
def why_refused(pattern: str, case_sensitive: bool = False) -> str:
    """Why a pattern can't be used, in words for who wrote it; empty when it can."""
    endless = _endless_repeat(pattern)
    if endless:
        return f'the repeat "{endless}" has no upper limit; write one, as in {{1,40}}'
    try:
        hyperscan.Database().compile(expressions=[pattern.encode()], ids=[0], flags=[pattern_flags(case_sensitive)])
    except hyperscan.HyperscanError as error:
        reason = re.sub(r"(?: at index \d+)?\.?$|; use HS_FLAG.*", "", str(error))
        hints = {
            "assertion": "; use near and not_near for what stands around a match",
            "empty": "; it must need at least one character",
            "ack-reference": "; a validator can compare parts",
        }
        hint = next((text for word, text in hints.items() if word in reason), "")
        return f"Hyperscan can't compile this pattern: {reason}{hint}"
    return ""


def _endless_repeat(pattern: str) -> str:
    """The first repeat without an upper limit, outside character classes and escapes."""
    bare = re.sub(r"\\.", lambda match: "\0" * len(match[0]), pattern, flags=re.DOTALL)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", lambda match: "\0" * len(match[0]), bare)
    found = re.search(r"[*+]|\{\d+,\}", re.sub(r"\(\?#[^)]*\)", "", bare))
    return found[0] if found else ""
