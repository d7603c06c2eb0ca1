"""The letters that Zegel writes, rendered with Jinja: a list of blocks, once as HTML and once as plain text.

Sentences stand by key in `gateway/templates/letters/{nl,en}.toml`; an organisation replaces single ones. The rule: a fact is
text, in HTML always escaped, and never a template; a letter loads nothing from anywhere. The facts of each letter:

    notification, answer   sender_name sender_address recipient url code expires_at verification [subject]
    sealed-report          recipients waiting reasons url
    waiting                waiting url
    wrong-number, locked   recipients [url]
    activation             url code
    held, refused          recipients [reasons]
    failed, delayed        recipients details [until]      a DSN's words; only `subject` and `text` are used
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.core.mailbox import one_line
from gateway.core.organisation import Organisation
from gateway.core.ports import Letter

FOLDER = Path(__file__).parents[1] / "templates" / "letters"
LANGUAGES = ("nl", "en")
PNG = b"\x89PNG\r\n\x1a\n"
MOST_LOGO_BYTES = 100_000

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a letter. `kind` is words, quiet, head, items, button, address, code or line."""

    kind: str
    text: str = ""
    url: str = ""
    code: str = ""
    items: tuple[str, ...] = ()


class Sentences:
    """The sentences of one letter, in its language, with the organisation's own ones and the facts filled in."""

    def __init__(self, texts: Mapping[str, str], language: str, organisation: Organisation, facts: Facts) -> None:
        own = {key: text for spoken, key, text in organisation.texts if spoken == language}
        self._texts = {**texts, **own}
        self._words = _words(language, organisation, facts)

    def __call__(self, key: str) -> str:
        """Fills in `{word}`; braces around anything else stay as they are. Raises KeyError for an unknown key."""
        return re.sub(r"\{([a-z]+)\}", lambda found: self._words.get(found[1], found[0]), self._texts[key])


class JinjaLetters:
    """Implements `gateway.core.ports.Letters`."""

    def __init__(self) -> None:
        self._texts = {
            language: tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8")) for language in LANGUAGES
        }
        loader = FileSystemLoader(FOLDER)
        self._html = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        # Plain text knows no escaping.
        self._plain = Environment(loader=loader, autoescape=False, undefined=StrictUndefined)  # noqa: S701
        self._logos: dict[str, bytes] = {}

    def render(self, name: str, language: str, organisation: Organisation, facts: dict[str, object]) -> Letter:
        language = language if language in LANGUAGES else "en"
        say = Sentences(self._texts[language], language, organisation, facts)
        subject = name + ("-subject-shown" if facts.get("subject") and name in PERSONAL else "-subject")
        logo = self._logo(organisation)
        page: dict[str, object] = {
            "language": language,
            "subject": one_line(say(subject)),
            "title": say(f"{name}-title"),
            "blocks": LETTERS[name](name, say, facts, organisation),
            "footer": say("footer") + ("" if name in PERSONAL else " " + say("footer-automatic")),
            "organisation": organisation.name,
            "colour": organisation.colour,
            "on_colour": _on(organisation.colour),
            "logo": bool(logo),
        }
        return Letter(
            subject=str(page["subject"]),
            text=self._plain.get_template("letter.txt").render(page) + "\n",
            html=self._html.get_template("letter.html").render(page),
            logo=logo,
        )

    def _logo(self, organisation: Organisation) -> bytes:
        """The organisation's PNG; mail clients show no SVG, so the name stands in its place."""
        path = organisation.logo
        if path and path not in self._logos:
            content = Path(path).read_bytes() if Path(path).is_file() else b""
            self._logos[path] = content if content.startswith(PNG) and len(content) <= MOST_LOGO_BYTES else b""
        return self._logos.get(path, b"")


# -- The letters, block by block ------------------------------------------------------------------------------------


def _notification(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    verification = str(facts.get("verification", "none"))
    return [
        Block("words", say(f"{name}-intro")),
        Block("words", say(f"notification-{verification}")),
        *_button(say("notification-button"), say, facts),
        Block("code", say("notification-code"), code=str(facts["code"])),
        Block("quiet", say("notification-code-why")),
        Block("words", say("notification-expires")),
        Block("line"),
        Block("quiet", say("notification-recognise") + " " + _support(say, organisation)),
        Block("quiet", say("notification-why")),
    ]


def _report(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    waiting, reasons = _list(facts, "waiting"), _list(facts, "reasons")
    sent = tuple(recipient for recipient in _list(facts, "recipients") if recipient not in waiting)
    blocks: list[Block] = []
    if sent:
        blocks += [Block("words", say(f"{name}-intro")), Block("items", items=sent)]
    if waiting:
        blocks += [Block("words", say(f"{name}-waiting")), Block("items", items=waiting)]
    if reasons:
        blocks += [Block("head", say(f"{name}-why")), Block("items", items=reasons)]
    return [*blocks, Block("words", say(f"{name}-manage")), *_button(say(f"{name}-button"), say, facts)]


def _notice(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    """Something about some recipients, with the manage link when there is one."""
    about = _list(facts, "waiting" if name == "waiting" else "recipients")
    blocks = [Block("words", say(f"{name}-intro")), Block("items", items=about)]
    if facts.get("url"):
        return blocks + _button(say(f"{name}-button"), say, facts)
    return [*blocks, Block("words", say(f"{name}-manage"))] if name != "waiting" else blocks


def _activation(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    return [
        Block("words", say("activation-intro")),
        *_button(say("activation-button"), say, facts),
        Block("code", say("activation-code"), code=str(facts["code"])),
        Block("words", say("activation-keep")),
        Block("quiet", _support(say, organisation)),
    ]


def _held(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    reasons = _list(facts, "reasons")
    why = [Block("head", say(f"{name}-why")), Block("items", items=reasons)] if reasons else []
    return [Block("words", say(f"{name}-intro")), Block("items", items=_list(facts, "recipients")), *why]


def _delivery(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    return [Block("words", say(f"{name}-intro")), Block("items", items=_list(facts, "details"))]


LETTERS: dict[str, Callable[[str, Sentences, Facts, Organisation], list[Block]]] = {
    "notification": _notification,
    "answer": _notification,
    "sealed-report": _report,
    "waiting": _notice,
    "wrong-number": _notice,
    "locked": _notice,
    "activation": _activation,
    "held": _held,
    "refused": _held,
    "failed": _delivery,
    "delayed": _delivery,
}
PERSONAL = ("notification", "answer")  # a person wrote, and reads what comes back


def _button(label: str, say: Sentences, facts: Facts) -> list[Block]:
    """The one button and, for those whose client shows none, the address in full."""
    url = str(facts["url"])
    return [Block("button", label, url=url), Block("address", say("link-plain"), url=url)]


def _support(say: Sentences, organisation: Organisation) -> str:
    return say("support" if organisation.support else "support-none")


def _words(language: str, organisation: Organisation, facts: Facts) -> dict[str, str]:
    """What `{word}` in a sentence stands for."""
    until = facts.get("expires_at") or facts.get("until")
    about = _list(facts, "recipients") or _list(facts, "waiting")
    return {
        "sender": one_line(str(facts.get("sender_name") or facts.get("sender_address", ""))),
        "address": one_line(str(facts.get("sender_address", ""))),
        "recipient": one_line(str(facts.get("recipient", ""))),
        "recipients": ", ".join(about[:3]) + (" …" if len(about) > 3 else ""),
        "subject": one_line(str(facts.get("subject", ""))),
        "organisation": organisation.name,
        "support": organisation.support,
        "host": urlsplit(organisation.portal_url).netloc,
        "date": format_date(until, "d MMMM y", locale=language) if isinstance(until, datetime) else "",
    }


def _list(facts: Facts, name: str) -> tuple[str, ...]:
    value = facts.get(name, ())
    return tuple(one_line(str(item)) for item in value) if isinstance(value, (tuple, list)) else ()


def _on(colour: str) -> str:
    """Black or white, whichever reads better on the organisation's colour (WCAG 2.2 relative luminance)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#14171a"
