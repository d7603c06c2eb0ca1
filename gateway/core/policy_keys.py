"""One table of keys for reading and telling: a `Key` reads its value from a file, and is a line of docs/policy-reference.md.

Terms: `shape` says what a value looks like, `default` what holds when the key is not written; `only` names the actions that
a key of `then` belongs to. The tables themselves are in `condition_keys`, `action_keys` and `rule_keys`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.core.address_group import Group
from gateway.core.decision import Action
from gateway.core.rules import RuleSet
from gateway.core.toml_source import Table


@dataclass(frozen=True, slots=True)
class Around:
    """What the keys of a policy may name."""

    rules: RuleSet
    groups: Mapping[str, Group] = field(default_factory=dict)


Read = Callable[[Table, str, Around], object]


@dataclass(frozen=True, slots=True)
class Key:
    """`read` gives the value, or what stands for "not written"; mistakes are noted in the table."""

    name: str
    shape: str
    doc: str
    read: Read
    default: str = ""
    only: tuple[Action, ...] = ()


def read_all(keys: tuple[Key, ...], table: Table, around: Around) -> dict[str, object]:
    """The values by the keys' names."""
    return {key.name: key.read(table, key.name, around) for key in keys}


# -- readers


def globs(table: Table, key: str, around: Around) -> tuple[str, ...]:
    return table.words(key, ())


def addresses(table: Table, key: str, around: Around) -> tuple[str, ...]:
    """Globs over addresses."""
    found = table.words(key, ())
    for index, glob in enumerate(found):
        if "@" not in glob and glob != "*":
            table.mistake(key, f'"{glob}" is no address; for a whole domain use {key}_domain', index)
    return found


def domains(table: Table, key: str, around: Around) -> tuple[str, ...]:
    found = table.words(key, ())
    for index, glob in enumerate(found):
        if "@" in glob or not re.fullmatch(r"[^\s@.]+(\.[^\s@.]+)*", glob):
            table.mistake(key, f'"{glob}" is no domain; write one like "example.org" or "*.example.org"', index)
    return found


def mailboxes(table: Table, key: str, around: Around) -> tuple[str, ...]:
    """Whole addresses, in lower case, each once."""
    found = table.words(key, ())
    for index, address in enumerate(found):
        if not re.fullmatch(r"[^\s@*?]+@[^\s@*?]+", address):
            table.mistake(key, f'"{address}" is no address like "privacy@example.nl"', index)
    return tuple(dict.fromkeys(address.lower() for address in found))


def number(minimum: int) -> Read:
    """A whole number; None when it is not written."""

    def read(table: Table, key: str, around: Around) -> int | None:
        return table.integer(key, minimum=minimum) if table.has(key) else None

    return read


def size(table: Table, key: str, around: Around) -> int | None:
    return table.size(key) if table.has(key) else None


def flag(table: Table, key: str, around: Around) -> bool:
    return table.boolean(key, False)


def some(options: Mapping[str, object]) -> Read:
    """One or several of the named options."""

    def read(table: Table, key: str, around: Around) -> tuple[object, ...]:
        return table.choices(key, options, ())

    return read
