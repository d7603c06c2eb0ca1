"""The letters that Zegel writes, rendered with Jinja: a list of blocks, once as HTML and once as plain text.

Sentences stand by key in `gateway/templates/letters/{nl,en}.toml`; an organisation replaces single ones. The rule: a fact is
text, in HTML always escaped, and never a template; a letter loads nothing from anywhere. The facts of each letter:

    notification, answer   sender_name sender_address recipient url code expires_at verification [subject]
    sealed-report          recipients waiting reasons url
    waiting                waiting url
    wrong-number, locked   recipients [url]
    activation, activation-reviewer, recovery     url code
    policy-notice          sender_address recipients reasons
    recovery-request       sender_address
    failed, delayed        recipients details [until]      a DSN's words; only `subject` and `text` are used

and those about held mail, in `gateway.adapters.case_letters`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.adapters.case_letters import CASE_LETTERS
from gateway.adapters.letter_blocks import Block, Facts, Sentences, Writer, button, listed, support
from gateway.core.mailbox import one_line
from gateway.core.organisation import Organisation
from gateway.core.ports import Letter

FOLDER = Path(__file__).parents[1] / "templates" / "letters"
LANGUAGES = ("nl", "en")
PNG = b"\x89PNG\r\n\x1a\n"
MOST_LOGO_BYTES = 100_000


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
        *button(say("notification-button"), say, facts),
        Block("code", say("notification-code"), code=str(facts["code"])),
        Block("quiet", say("notification-code-why")),
        Block("words", say("notification-expires")),
        Block("line"),
        Block("quiet", say("notification-recognise") + " " + support(say, organisation)),
        Block("quiet", say("notification-why")),
    ]


def _report(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    waiting, reasons = listed(facts, "waiting"), listed(facts, "reasons")
    sent = tuple(recipient for recipient in listed(facts, "recipients") if recipient not in waiting)
    blocks: list[Block] = []
    if sent:
        blocks += [Block("words", say(f"{name}-intro")), Block("items", items=sent)]
    if waiting:
        blocks += [Block("words", say(f"{name}-waiting")), Block("items", items=waiting)]
    if reasons:
        blocks += [Block("head", say(f"{name}-why")), Block("items", items=reasons)]
    return [*blocks, Block("words", say(f"{name}-manage")), *button(say(f"{name}-button"), say, facts)]


def _notice(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    """Something about some recipients, with the manage link when there is one."""
    about = listed(facts, "waiting" if name == "waiting" else "recipients")
    blocks = [Block("words", say(f"{name}-intro")), Block("items", items=about)]
    if facts.get("url"):
        return blocks + button(say(f"{name}-button"), say, facts)
    return [*blocks, Block("words", say(f"{name}-manage"))] if name != "waiting" else blocks


def _activation(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    kind = "recovery" if name == "recovery" else "activation"
    return [
        Block("words", say(f"{name}-intro")),
        *button(say(f"{kind}-button"), say, facts),
        Block("code", say(f"{kind}-code"), code=str(facts["code"])),
        Block("words", say(f"{kind}-keep")),
        Block("quiet", support(say, organisation)),
    ]


def _policy_notice(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    return [
        Block("words", say(f"{name}-intro")),
        Block("items", items=listed(facts, "recipients")),
        Block("head", say(f"{name}-why")),
        Block("items", items=listed(facts, "reasons")),
    ]


def _request(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    """To an admin: who asks, and the command that helps."""
    command = f"zegel account recover {one_line(str(facts['sender_address']))}"
    return [
        Block("words", say(f"{name}-intro")),
        Block("words", say(f"{name}-how")),
        Block("items", items=(command,)),
        Block("words", say(f"{name}-factors")),
    ]


def _delivery(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    return [Block("words", say(f"{name}-intro")), Block("items", items=listed(facts, "details"))]


LETTERS: dict[str, Writer] = {
    "notification": _notification,
    "answer": _notification,
    "sealed-report": _report,
    "waiting": _notice,
    "wrong-number": _notice,
    "locked": _notice,
    "activation": _activation,
    "activation-reviewer": _activation,
    "recovery": _activation,
    "recovery-request": _request,
    "failed": _delivery,
    "delayed": _delivery,
    "policy-notice": _policy_notice,
    **CASE_LETTERS,
}
PERSONAL = ("notification", "answer")  # a person wrote, and reads what comes back


def _on(colour: str) -> str:
    """Black or white, whichever reads better on the organisation's colour (WCAG 2.2 relative luminance)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#14171a"
