"""What letters are made of: blocks, and sentences with the facts filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from gateway.core.mailbox import one_line
from gateway.core.orders import CaseWords
from gateway.core.organisation import Organisation

ZONE = ZoneInfo("Europe/Amsterdam")  # as the pages'
MOMENT = {"nl": "EEEE d MMMM 'om' HH:mm 'uur'", "en": "EEEE d MMMM 'at' HH:mm"}

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


Writer = Callable[[str, Sentences, Facts, Organisation], list[Block]]


def button(label: str, say: Sentences, facts: Facts) -> list[Block]:
    """The one button and, for those whose client shows none, the address in full."""
    url = str(facts["url"])
    return [Block("button", label, url=url), Block("address", say("link-plain"), url=url)]


def support(say: Sentences, organisation: Organisation) -> str:
    return say("support" if organisation.support else "support-none")


def _words(language: str, organisation: Organisation, facts: Facts) -> dict[str, str]:
    """What `{word}` in a sentence stands for."""
    until = facts.get("expires_at") or facts.get("until")
    about = listed(facts, "recipients") or listed(facts, "waiting")
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
        **_case_words(language, facts),
    }


def _case_words(language: str, facts: Facts) -> dict[str, str]:
    """Until when, and who decided."""
    case = facts.get("case")
    if not isinstance(case, CaseWords):
        return {}
    words = {"reviewer": one_line(case.name)}
    if case.deadline:
        local = datetime.fromisoformat(case.deadline).astimezone(ZONE)
        words["moment"] = format_datetime(local, MOMENT[language], locale=language)
    return words


def listed(facts: Facts, name: str) -> tuple[str, ...]:
    value = facts.get(name, ())
    return tuple(one_line(str(item)) for item in value) if isinstance(value, (tuple, list)) else ()
