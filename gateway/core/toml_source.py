"""A TOML file that an admin edits, read so that every mistake is told with file, line and key, all at once.

    source = read("zegel.toml", text)
    smtp = source.root.table("smtp")
    port = smtp.integer("port", 2525, minimum=1, maximum=65535)
    idle = smtp.duration("idle", timedelta(minutes=5))
    source.finish()                       # raises Misconfigured with all mistakes

Terms: a *table* hands out typed values; a *required* value has no default. Rules: a getter never raises, it notes the
mistake and returns the default or an empty value, so that reading goes on; a key that nobody asked for is a mistake;
nothing that was read may be used before `finish` has returned.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from gateway.core.errors import Misconfigured, Mistake
from gateway.core.toml_lines import Path, locate

T = TypeVar("T")

_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)
_SIZE = re.compile(r"(?P<number>\d{1,12}) ?(?:(?P<unit>[kKMGT])?(?P<binary>i)?B)?")
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_SYNTAX_HINTS = {
    "Invalid value": "; a text needs quotes around it",
    "Illegal character '\\n'": "; a text must end, with a quote, on the line where it begins",
    "Unescaped '\\'": "; a text with backslashes goes between single quotes",
}
_KINDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def duration(text: str) -> timedelta | None:
    """An ISO 8601 duration in weeks, days, hours, minutes and seconds; None when it is no such thing.

    Years and months are left out on purpose: they have no fixed length.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    return timedelta(**{unit: int(number) for unit, number in match.groupdict().items() if number})


class Mistakes:
    """Collects the mistakes of one or several files.

    with mistakes.gather():      # one `read ... finish` inside; its Misconfigured is kept, not raised
        rules = load(file, text)
    mistakes.raise_any()
    """

    def __init__(self) -> None:
        self._all: list[Mistake] = []

    @property
    def all(self) -> tuple[Mistake, ...]:
        """By file in the order they were noted, then by line."""
        files = list(dict.fromkeys(mistake.file for mistake in self._all))
        return tuple(sorted(self._all, key=lambda mistake: (files.index(mistake.file), mistake.line)))

    def add(self, mistake: Mistake) -> None:
        if mistake not in self._all:
            self._all.append(mistake)

    @contextmanager
    def gather(self) -> Iterator[None]:
        try:
            yield
        except Misconfigured as error:
            for mistake in error.mistakes:
                self.add(mistake)

    def raise_any(self) -> None:
        """Raises `Misconfigured` when there is any mistake."""
        if self._all:
            raise Misconfigured(self.all)


class Source:
    """One parsed file: its root table, the line of every key, and the mistakes so far."""

    def __init__(self, file: str, values: dict[str, Any], lines: Mapping[Path, int]) -> None:
        self.file = file
        self.mistakes = Mistakes()
        self._lines = lines
        self._tables: list[Table] = []
        self.root = self.open_table((), values)

    def open_table(self, path: Path, values: dict[str, Any], *, broken: bool = False) -> Table:
        """A table whose keys `finish` will check; for `Table` itself. What a broken one lacks is not told again."""
        table = Table(self, path, values, broken=broken)
        self._tables.append(table)
        return table

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it that is written down."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def mistake(self, path: Path, sentence: str) -> None:
        self.mistakes.add(Mistake(self.file, self.line(path), dotted(path), sentence))

    def finish(self) -> None:
        """Ends the reading: notes keys that nobody asked for, then raises `Misconfigured` when there is any mistake."""
        for table in self._tables:
            table.note_unknown_keys()
        self.mistakes.raise_any()


class Table:
    """A TOML table. Getters take a key and a default; without a default the key is required."""

    def __init__(self, source: Source, path: Path, values: dict[str, Any], *, broken: bool = False) -> None:
        self.source = source
        self.path = path
        self.broken = broken  # required but absent, or not a table at all: a mistake that is noted already
        self._values = values
        self._known: dict[str, None] = {}

    @property
    def line(self) -> int:
        return self.source.line(self.path)

    def keys(self) -> tuple[str, ...]:
        """The keys that are written, in order; a loop over them should ask for each."""
        return tuple(self._values)

    def has(self, key: str) -> bool:
        """Whether the key is written, whatever its type; the key counts as known."""
        self._known[key] = None
        return key in self._values

    def raw(self, key: str) -> object:
        """The value as written, None when absent: to tell the forms of a key apart before a getter takes one."""
        self.has(key)
        return self._values.get(key)

    def mistake(self, key: str, sentence: str, index: int | None = None) -> None:
        """Notes a mistake about one key, or about one element of its list; about the table itself when `key` is empty."""
        path = (*self.path, key) if key else self.path
        of_list = index is not None and isinstance(self._values.get(key), list)
        self.source.mistake((*path, index) if of_list and index is not None else path, sentence)

    def string(self, key: str, default: str | None = None, *, pattern: str = "", shape: str = "") -> str:
        """A text. With `pattern` the whole text must match; `shape` says in words what is expected."""
        value = self._get(key, str, default, "")
        if self.has(key) and default is None and not value.strip() and isinstance(self._values[key], str):
            self.mistake(key, "may not be empty")
        elif pattern and value != default and value and not re.fullmatch(pattern, value):
            self.mistake(key, f"{json.dumps(value, ensure_ascii=False)} is not {shape or f'of the form {pattern}'}")
        return value

    def integer(
        self, key: str, default: int | None = None, *, minimum: int | None = None, maximum: int | None = None
    ) -> int:
        value = self._get(key, int, default, 0)
        if isinstance(self._values.get(key), int):
            if minimum is not None and value < minimum:
                self.mistake(key, f"must be at least {minimum}, not {value}")
            if maximum is not None and value > maximum:
                self.mistake(key, f"must be at most {maximum}, not {value}")
        return value

    def boolean(self, key: str, default: bool | None = None) -> bool:
        return self._get(key, bool, default, False)

    def duration(self, key: str, default: timedelta | None = None) -> timedelta:
        """An ISO 8601 duration longer than nothing, like P30D or PT15M."""
        if not self.has(key) and default is not None:
            return default
        text = self._get(key, str, None, "")
        value = duration(text)
        if isinstance(self._values.get(key), str) and not value:
            self.mistake(
                key, f'{json.dumps(text, ensure_ascii=False)} is not a duration; write one like "P30D" or "PT15M"'
            )
        return value or default or timedelta()

    def hour(self, key: str) -> time | None:
        """A text like "18:00"; None when it is not written."""
        match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", self.string(key, ""))
        if self.has(key) and match is None:
            self.mistake(key, 'must be a time like "18:00"')
        return time(int(match[1]), int(match[2])) if match else None

    def day(self, key: str) -> date | None:
        """A TOML date; None when it is not written."""
        value = self.raw(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is not None:
            self.mistake(key, "must be a date without quotes, like 2026-12-31")
        return None

    def strings(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of non-empty texts."""
        values = self._get(key, list, None if default is None else list(default), [])
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.mistake(key, f"must be a text, not {_kind(value)}", index)
            elif not value.strip():
                self.mistake(key, "may not be empty", index)
        return tuple(value for value in values if isinstance(value, str) and value.strip())

    def words(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A text, or a list of texts where there are several."""
        value = self.raw(key)
        if isinstance(value, str):
            return (self.string(key),)
        if value is not None and not isinstance(value, list):
            self.mistake(key, f"must be a text or a list of texts, not {_kind(value)}")
            return default or ()
        return self.strings(key, default)

    def size(self, key: str, default: int | None = None) -> int:
        """A number of bytes: whole, or a text like "25 MB" (powers of 1000) or "64 KiB" (powers of 1024)."""
        if not isinstance(self._values.get(key), str):
            return self.integer(key, default, minimum=0)
        text = self.string(key)
        match = _SIZE.fullmatch(text)
        if match is None:
            self.mistake(
                key, f'{json.dumps(text, ensure_ascii=False)} is not a size; write one like "25 MB" or "64 KiB"'
            )
            return default or 0
        base = 1024 if match["binary"] else 1000
        power = " KMGT".index((match["unit"] or " ").upper())
        return int(match["number"]) * int(base**power)

    def choice(self, key: str, options: Mapping[str, T], default: T | None = None) -> T:
        """One of the named options."""
        if not self.has(key) and default is not None:
            return default
        name = self._get(key, str, None, "")
        if name in options:
            return options[name]
        if isinstance(self._values.get(key), str):
            self.mistake(key, _not_one_of(name, tuple(options)))
        return default if default is not None else next(iter(options.values()))

    def choices(self, key: str, options: Mapping[str, T], default: tuple[T, ...] | None = None) -> tuple[T, ...]:
        """One of the named options, or a list of them."""
        if not self.has(key) and default is not None:
            return default
        names = self.words(key)
        for index, name in enumerate(names):
            if name not in options:
                self.mistake(key, _not_one_of(name, tuple(options)), index)
        return tuple(options[name] for name in names if name in options)

    def table(self, key: str, *, required: bool = False) -> Table:
        """A table; an absent one reads as empty."""
        values = self._get(key, dict, None if required else {}, {})
        written = self._values.get(key)
        broken = self.broken or (required and written is None) or not isinstance(written, dict | None)
        return self.source.open_table((*self.path, key), values, broken=broken)

    def tables(self, key: str) -> tuple[Table, ...]:
        """An array of tables (`[[key]]`); an absent one reads as empty."""
        found = []
        if isinstance(self.raw(key), dict):
            self.mistake(key, f"may be there several times; write [[{key}]] instead of [{key}]")
            return ()
        for index, values in enumerate(self._get(key, list, [], [])):
            path = (*self.path, key, index)
            if isinstance(values, dict):
                found.append(self.source.open_table(path, values))
            else:
                self.source.mistake(path, f"must be a table, not {_kind(values)}")
        return tuple(found)

    def children(self) -> tuple[tuple[str, Table], ...]:
        """Every key with its table, for a table of which the admin chooses the names (`[dkim."example.nl"]`)."""
        return tuple((key, self.table(key)) for key in self._values)

    def ignore(self) -> None:
        """Counts every key as known: what is wrong with this table is noted already."""
        self._known.update(dict.fromkeys(self._values))

    def note_unknown_keys(self) -> None:
        for key in self._values:
            if key not in self._known:
                self.mistake(key, f"unknown key{_hint(key, tuple(self._known))}")

    def _get(self, key: str, kind: type[T], default: T | None, empty: T) -> T:
        if not self.has(key):
            if default is not None:
                return default
            if not self.broken:
                self.mistake(key, "is required")  # told at the table's line: the key has none
            return empty
        value = self._values[key]
        if type(value) is not kind:
            self.mistake(key, f"must be {_KINDS[kind]}, not {_kind(value)}")
            return empty if default is None else default
        return value


def read(file: str, text: str) -> Source:
    """Parses a text; `file` is only used to name it. Raises `Misconfigured` when it is not TOML 1.0."""
    text = text.replace("\r\n", "\n")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured((_syntax(file, text, str(error)),)) from error
    return Source(file, values, locate(text))


def dotted(path: Path) -> str:
    """A path as an admin would write it; elements of arrays are counted from 1: `policy[2].when.direction`."""
    words = ""
    for step in path:
        if isinstance(step, int):
            words += f"[{step + 1}]"
        else:
            name = step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else json.dumps(step, ensure_ascii=False)
            words += f".{name}" if words else name
    return words


def _syntax(file: str, text: str, error: str) -> Mistake:
    match = _AT_LINE.search(error)
    # An end without what was expected is told at the last line that holds anything.
    line = int(match[1]) if match and match[1] else text.rstrip().count("\n") + 1
    reason = _AT_LINE.sub("", error)
    hint = next((text for words, text in _SYNTAX_HINTS.items() if words in reason), "")
    return Mistake(file, line, "", f"not valid TOML: {reason}{hint}")


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a date or time")


def _not_one_of(name: str, options: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, options, 1)
    meant = f'; did you mean "{close[0]}"?' if close else ""
    return f"{json.dumps(name, ensure_ascii=False)} is not one of {', '.join(options)}{meant}"


def _hint(key: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known here: {', '.join(known)}" if known else ""
