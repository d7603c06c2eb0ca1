"""Every sentence of the pages has a Dutch one: none missing, none dead, none unsure, and the same facts filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract, extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import portal

ROOT = Path(portal.__file__).parent
FACT = re.compile(r"%\(\w+\)s|\{\w*\}")
INFORMAL = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)

Words = str | tuple[str, ...]


def catalogue() -> Catalog:
    with (ROOT / "locale/nl/LC_MESSAGES/portal.po").open("rb") as file:
        return read_po(file, locale="nl")


def sentences() -> Iterator[Words]:
    """All message ids in code and templates."""
    for path in ROOT.rglob("*.py"):
        with path.open("rb") as file:
            yield from (found[1] for found in extract(extract_python, file))
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false", "newstyle_gettext": "true"}
    for path in ROOT.rglob("*.html"):
        with path.open("rb") as file:
            keywords = ("_", "gettext", "ngettext")
            for _line, _function, words, _comments in babel_extract(file, keywords, (), options):
                yield words if isinstance(words, str) else tuple(word for word in words if word is not None)


def key(words: Words) -> str:
    return words if isinstance(words, str) else words[0]


def test_nothing_is_missing_and_nothing_is_dead() -> None:
    used = {key(words) for words in sentences()}
    known = {key(message.id) for message in catalogue() if message.id}
    assert sorted(used - known) == []
    assert sorted(known - used) == []
    assert len(used) > 100


def test_nothing_is_unsure_empty_or_double() -> None:
    text = (ROOT / "locale/nl/LC_MESSAGES/portal.po").read_text(encoding="utf-8")
    ids = re.findall(r"^msgid (.+)$", text, re.MULTILINE)
    assert len(ids) == len(set(ids))
    assert "#~" not in text
    for message in catalogue():
        forms = (message.string,) if isinstance(message.string, str) else message.string
        assert all(form.strip() for form in forms), message.id
        assert not message.fuzzy or not message.id, message.id


def test_the_same_facts_are_filled_in() -> None:
    for message in catalogue():
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            forms = (message.string,) if isinstance(message.string, str) else message.string
            assert {tuple(sorted(FACT.findall(form))) for form in (*ids, *forms)} == {
                tuple(sorted(FACT.findall(ids[0])))
            }, message.id


def test_the_pages_say_u() -> None:
    for message in catalogue():
        forms = (message.string,) if isinstance(message.string, str) else message.string
        assert not any(INFORMAL.search(form) for form in forms), message.string
