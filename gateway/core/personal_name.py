"""Names of people in addresses and beside them, brought to forms that can be compared.

Rule: a form is letters only. What is too short, or the name of a task and not of a person, has none.
"""

from __future__ import annotations

import re
import unicodedata

SHORTEST = 6  # letters
_TASKS = frozenset(
    {
        "administratie",
        "contact",
        "facturen",
        "helpdesk",
        "invoice",
        "noreply",
        "office",
        "postmaster",
        "receptie",
        "secretariaat",
        "service",
        "support",
        "webmaster",
    }
)


def forms_of_colleague(local: str) -> tuple[str, ...]:
    """All forms by which somebody with this local part may be known elsewhere: jan.jansen, jansenjan, jjansen."""
    words = _words(local)
    found = [*_joined(words)]
    if len(words) > 1:
        found += _joined([words[0][0], *words[1:]])
    return tuple(dict.fromkeys(form for form in found if _says_something(form)))


def forms_of_stranger(local: str) -> tuple[str, ...]:
    """The forms of a local part as it is written."""
    return tuple(dict.fromkeys(form for form in _joined(_words(local)) if _says_something(form)))


def form_of_name(name: str) -> str:
    """Of a display name: its words in order of the alphabet; empty with fewer than two."""
    words = sorted(word for word in re.findall(r"[a-z]+", _plain(name)) if len(word) > 1)
    return "-".join(words) if len(words) > 1 else ""


def _joined(words: list[str]) -> list[str]:
    return ["".join(words), "".join(reversed(words))]


def _words(local: str) -> list[str]:
    return re.findall(r"[a-z]+", _plain(local.partition("+")[0]))


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in flat if not unicodedata.combining(sign))


def _says_something(form: str) -> bool:
    return len(form) >= SHORTEST and form not in _TASKS
