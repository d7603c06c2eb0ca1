"""The keys of a policy's `when` and `except`: how each is read, and what docs/policy-reference.md says about it."""

from __future__ import annotations

import difflib
from typing import Any, cast
from zoneinfo import ZoneInfo

from gateway.core.address_group import Group
from gateway.core.conditions import Conditions, Finds, HeaderGlob, Wish
from gateway.core.facts import Direction
from gateway.core.file_kinds import KINDS
from gateway.core.finding import Confidence
from gateway.core.glob import matches
from gateway.core.misdirected import Sign
from gateway.core.policy_keys import Around, Key, addresses, domains, globs, number, read_all, size, some
from gateway.core.rules import CONFIDENCES
from gateway.core.schedule import DAYS, Schedule
from gateway.core.toml_source import Table

_DIRECTIONS = {direction.value: direction for direction in Direction}
_SIGNS = {sign.value: sign for sign in Sign}
_WISHES = {wish.value: wish for wish in Wish}
_DAYS = {name: index for index, name in enumerate(DAYS)}


def conditions(table: Table, around: Around) -> Conditions:
    """The conditions of one table, `when` or `except`."""
    return Conditions(**cast(dict[str, Any], read_all(CONDITION_KEYS, table, around)))


def _groups(table: Table, key: str, around: Around) -> tuple[Group, ...]:
    names = table.words(key, ())
    for index, name in enumerate(names):
        if name not in around.groups:
            table.mistake(key, f'no group is called "{name}"{_meant(name, set(around.groups))}', index)
    return tuple(around.groups[name] for name in names if name in around.groups)


def _kinds(table: Table, key: str, around: Around) -> tuple[str, ...]:
    found = table.words(key, ())
    for index, glob in enumerate(found):
        if not any(matches(glob, kind) for kind in KINDS):
            table.mistake(key, f'there is no kind "{glob}"; kinds are {", ".join(KINDS)}', index)
    return found


def _headers(table: Table, key: str, around: Around) -> tuple[HeaderGlob, ...]:
    """One table, or a list of tables of which one is enough."""
    tables = table.tables(key) if isinstance(table.raw(key), list) else (table.table(key),)
    return tuple(
        HeaderGlob(each.string("name").strip(), each.words("value", ("*",))) for each in tables if table.has(key)
    )


def _unscannable(table: Table, key: str, around: Around) -> tuple[str, ...]:
    """`true` is short for every reason; `false` would be a condition that never holds."""
    if table.raw(key) is False:
        table.mistake(key, "may be true or a list of reasons; to leave the condition out, leave the key out")
        return ()
    return ("*",) if table.raw(key) is True else table.words(key, ())


def _authenticated(table: Table, key: str, around: Around) -> bool | None:
    return table.boolean(key) if table.has(key) else None


def _schedule(table: Table, key: str, around: Around) -> Schedule | None:
    inside = table.table(key)
    if not table.has(key):
        return None
    days = inside.choices("days", _DAYS, tuple(_DAYS.values()))
    start, end = inside.hour("from"), inside.hour("until")
    if inside.has("from") != inside.has("until"):
        inside.mistake("", 'from and until go together, as in from = "18:00", until = "08:00"')
    elif start is not None and start == end:
        inside.mistake("until", "is the same as from; for whole days leave both out")
    first, last = inside.day("valid_from"), inside.day("valid_until")
    if first is not None and last is not None and last < first:
        inside.mistake("valid_until", "is before valid_from, so this never holds")
    timezone = inside.string("timezone")
    if timezone and not _is_zone(timezone):
        inside.mistake("timezone", f'"{timezone}" is no time zone like "Europe/Amsterdam"')
        timezone = "UTC"
    return Schedule(timezone, frozenset(days), start, end, first, last)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name).utcoffset(None)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _finds(table: Table, key: str, around: Around) -> tuple[Finds, ...]:
    """One table, or a list of tables that must all hold."""
    tables = table.tables(key) if isinstance(table.raw(key), list) else (table.table(key),)
    return tuple(_find(each, around) for each in tables if table.has(key))


def _find(table: Table, around: Around) -> Finds:
    wanted, tags = table.words("rules", ()), table.words("tags", ())
    if not wanted and not tags:
        table.mistake("", 'needs rules or tags, as in { rules = ["nl.bsn"], confidence = "medium" }')
    rules = around.rules
    ids = {rule.id for rule in rules.rules}
    found: set[str] = set()
    for index, glob in enumerate(wanted):
        fitting = {rule_id for rule_id in ids if matches(glob, rule_id)}
        if not fitting:
            table.mistake("rules", f'no rule is called "{glob}"{_meant(glob, ids)}', index)
        found |= fitting
    for index, tag in enumerate(tags):
        fitting = {rule.id for rule in rules.rules if any(matches(tag, own) for own in rule.tags)}
        if not fitting:
            table.mistake("tags", f'no rule has the tag "{tag}"{_meant(tag, rules.tags)}', index)
        found |= fitting
    different = table.integer("different", 1, minimum=1, maximum=1000)
    if found and different > len(found):
        table.mistake("different", f"asks for {different} different rules of {len(found)}")
    return Finds(
        rule_ids=frozenset(found),
        confidence=table.choice("confidence", CONFIDENCES, Confidence.MEDIUM),
        count=table.integer("count", 1, minimum=1, maximum=1_000_000),
        places=table.words("places", ()),
        different=different,
    )


def _meant(name: str, names: set[str] | frozenset[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), 1)
    return f'; did you mean "{close[0]}"?' if close else ""


CONDITION_KEYS: tuple[Key, ...] = (
    Key(
        "direction",
        "`outbound` `internal` `inbound`",
        "outbound: the recipient is outside; internal: both are inside; inbound: only the recipient is",
        some(_DIRECTIONS),
    ),
    Key("sender", "globs", "the envelope's sender", addresses),
    Key("sender_domain", "globs", "the sender's domain", domains),
    Key("sender_group", "names of groups", "the sender is in one of them", _groups),
    Key("recipient", "globs", "the envelope's recipient", addresses),
    Key(
        "recipient_domain",
        "globs",
        "its domain; `example.org` does not include its subdomains, `*.example.org` are those",
        domains,
    ),
    Key("recipient_group", "names of groups", "the recipient is in one of them", _groups),
    Key("recipients_over", "number", "the envelope has more recipients than this", number(0)),
    Key(
        "visible_recipients_over",
        "number",
        "more outside addresses than this stand in To and Cc, where every recipient reads them",
        number(0),
    ),
    Key(
        "misdirected",
        " ".join(f"`{name}`" for name in _SIGNS),
        "signs that the recipient is the wrong one; told below",
        some(_SIGNS),
    ),
    Key("subject", "globs", 'the whole subject: `"*vertrouwelijk*"`', globs),
    Key(
        "header",
        "table, or list of tables",
        'a header field: `{ name = "X-Project", value = ["secret*"] }`; globs, `value` may be left out',
        _headers,
    ),
    Key(
        "label",
        "globs",
        "a sensitivity label: the value of Sensitivity, X-Sensitivity, X-Classification or X-Protective-Marking, the name or "
        "id of a Microsoft Purview label (`msip_labels`)",
        globs,
    ),
    Key("attachment_name", "globs", "the name of an attachment", globs),
    Key("attachment_type", "globs", "the MIME type that the sender's program gave an attachment", globs),
    Key(
        "attachment_kind",
        "globs",
        "what an attachment is by its content, whatever it is called: " + " ".join(f"`{kind}`" for kind in KINDS),
        _kinds,
    ),
    Key("attachment_size_over", "size", "an attachment is larger", size),
    Key("attachments_over", "number", "there are more attachments", number(0)),
    Key("size_over", "size", 'the message is larger: bytes, `"25 MB"`, `"64 KiB"`', size),
    Key(
        "finds",
        "table, or list of tables that must all hold",
        "`{ rules, tags, confidence, count, different, places }`: globs over rule ids and tags (what fits either counts); "
        "confidence at least this, default `medium`; so many values together, default 1, each once for each place; of so many "
        'different rules, default 1; globs over places: `"subject"`, `"attachment:*"`',
        _finds,
    ),
    Key(
        "unscannable",
        "`true`, or globs over reasons",
        'something could not be read, images excepted: `"encrypted"`, `"unknown-type"`, `"broken"`, `"no-text"`, `"limit:*"`, '
        '`"ambiguous:*"`; images by `"image*"`',
        _unscannable,
    ),
    Key("asked", "`seal` `plain`", "what the sender asked for", some(_WISHES)),
    Key(
        "authenticated",
        "`true` `false`",
        "true: the sender signed in; false: the mail came from a trusted network",
        _authenticated,
    ),
    Key(
        "schedule",
        "table",
        '`{ days = ["mon", "tue"], from = "18:00", until = "08:00", valid_from = 2026-12-20, valid_until = 2027-01-03, '
        'timezone = "Europe/Amsterdam" }`: all but `timezone` may be left out. A stretch over midnight belongs to the day on '
        "which it begins; both valid days are included",
        _schedule,
    ),
)
