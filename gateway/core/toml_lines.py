"""Where each key of a TOML document stands: `tomllib` reads the values but tells no lines.

Terms: a *path* is a tuple of keys and, inside arrays, of indexes from 0. Rule: `locate` is only given text that `tomllib`
has accepted, so it follows the structure of TOML 1.0 and checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL)


def locate(text: str) -> dict[Path, int]:
    """The line, from 1, of every key, table and array element of a valid TOML text, by its path.

    A table that is made in several places has the line of the first. The empty path has line 1.
    """
    locator = _Locator(text)
    locator.document()
    return locator.lines


class _Locator:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {(): 1}
        self._newlines = [m.start() for m in re.finditer("\n", text)]
        self._lengths: dict[Path, int] = {}  # arrays of tables: how many elements so far

    def document(self) -> None:
        here: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            here = self._header() if self.text[self.at] == "[" else self._pair(here)
            self._skip(_BLANK)

    def _header(self) -> Path:
        line = self._line()
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self._dotted()
        self.at += 2 if array else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._enter((*path, key), line)
        path = (*path, keys[-1])
        if array:
            self.lines.setdefault(path, line)
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path = (*path, index)
        self.lines.setdefault(path, line)
        return path

    def _enter(self, path: Path, line: int) -> Path:
        """A name inside a header means the last element when it is an array of tables."""
        self.lines.setdefault(path, line)
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _pair(self, table: Path) -> Path:
        """Reads `key = value` inside `table`, which it returns."""
        line = self._line()
        path = table
        for key in self._dotted():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)
        return table

    def _dotted(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _key(self) -> str:
        quote = self.text[self.at]
        if quote == "'":
            return self._take(_LITERAL)[1:-1]
        if quote == '"':
            quoted = self._take(_BASIC)
            return str(tomllib.loads(f"k = {quoted}")["k"])
        return self._take(_BARE_KEY)

    def _value(self, path: Path) -> None:
        text, at = self.text, self.at
        if text[at] == "[":
            self._array(path)
        elif text[at] == "{":
            self._inline_table(path)
        elif text.startswith('"""', at):
            self._skip(_LONG_BASIC)
        elif text.startswith("'''", at):
            self._skip(_LONG_LITERAL)
        elif text[at] in "\"'":
            self._skip(_BASIC if text[at] == '"' else _LITERAL)
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        self._skip(_BLANK)
        while self.text[self.at] != "]":
            element = (*path, index)
            self.lines[element] = self._line()
            self._value(element)
            index += 1
            self._comma()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        self._skip(_BLANK)
        while self.text[self.at] != "}":
            self._pair(path)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(_BLANK)

    def _line(self) -> int:
        return bisect_right(self._newlines, self.at - 1) + 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not valid TOML at offset {self.at}")
        self.at = match.end()
        return match.group()
