"""Cases: held mail about which a person has to decide, and the answer.

Terms: a *case* is one message's share for the recipients that were all warned about (WARN: its sender chooses) or all held
(HOLD: a reviewer decides). Its *sheet* is what the page shows, sealed like content. An *answer* is a choice with what belongs
to it, sealed to the queue key: an order to the deliver role. When nobody answers, the *deadline* does; that answer waits in
the queue from the beginning. The rule: `TRANSITIONS` is complete; an answered case can't be answered again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from gateway.core.decision import Action, Choice, Decision
from gateway.core.delivery import ImpossibleTransition
from gateway.core.finding import Scan
from gateway.core.message import Disposition, Message, Part
from gateway.core.parse import ORIGINAL

VERSION = 1
SHEET = 0  # the part's number in the vault; a message's own parts begin at 1
LONGEST_WORDS = 1000  # characters of a reason or a note
DEADLINE, SENDER = "deadline", "sender"  # who decided, where it was no account and no operator

Titles = tuple[tuple[str, str], ...]  # a rule's title by language


class CaseKind(Enum):
    WARN = "warn"  # the sender chooses
    HOLD = "hold"  # a reviewer decides


class CaseState(Enum):
    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"  # nobody answered in time: what the policy says is done


class CaseEvent(Enum):
    ANSWER = "answer"
    DEADLINE = "deadline"


TRANSITIONS: dict[tuple[CaseState, CaseEvent], CaseState] = {
    (CaseState.OPEN, CaseEvent.ANSWER): CaseState.ANSWERED,
    (CaseState.OPEN, CaseEvent.DEADLINE): CaseState.EXPIRED,
}


def case_after(state: CaseState, event: CaseEvent) -> CaseState:
    """The state that follows. Raises `ImpossibleTransition`."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(f"{state.value} knows no {event.value}") from None


KINDS: Mapping[Action, CaseKind] = {Action.WARN: CaseKind.WARN, Action.HOLD: CaseKind.HOLD}


def answered_policies(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The policies that an answer settles: all that warned or held. Who releases has seen what the sender was warned about."""
    found = {reason.policy for decision in decisions for reason in decision.reasons if reason.action in KINDS}
    return tuple(sorted(found))


# -- what was found


@dataclass(frozen=True, slots=True)
class Found:
    """`place` is 'subject', 'body', 'header' or 'attachment'; `name` that attachment's name. `titles` is empty when it could
    not be read; then `count` is 0."""

    titles: Titles
    place: str
    name: str = field(default="", repr=False)
    count: int = 0

    def title(self, language: str) -> str:
        texts = dict(self.titles)
        return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class SheetFile:
    """An attachment that may be removed; `found` says that something was found in it, or that it could not be read."""

    number: int
    name: str = field(repr=False)
    content_type: str
    size: int
    found: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a case's page shows. `reasons` are the policies' sentences by language."""

    mail_from: str
    recipients: tuple[str, ...]
    found: tuple[Found, ...] = field(repr=False)
    files: tuple[SheetFile, ...] = field(repr=False)
    reasons: tuple[Titles, ...]

    def sentences(self, language: str) -> tuple[str, ...]:
        """Each sentence once, in `language`, else in English, else in any."""
        texts = [dict(reason) for reason in self.reasons]
        return tuple(dict.fromkeys(one.get(language) or one.get("en") or next(iter(one.values()), "") for one in texts))

    def to_bytes(self) -> bytes:
        return json.dumps({"v": VERSION, **asdict(self)}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Sheet:
        fields = _fields(data)
        return cls(
            mail_from=fields["mail_from"],
            recipients=tuple(fields["recipients"]),
            found=tuple(Found(**{**item, "titles": _titles(item["titles"])}) for item in fields["found"]),
            files=tuple(SheetFile(**item) for item in fields["files"]),
            reasons=tuple(_titles(item) for item in fields["reasons"]),
        )


def sheet_of(scan: Scan, decisions: Iterable[Decision], mail_from: str, titles: Mapping[str, Titles]) -> Sheet:
    """The sheet for these recipients; `titles` are the rules' by id."""
    decisions = tuple(decisions)
    found = [
        Found(titles.get(one.rule, (("en", one.rule),)), *_place(one.place), one.count)
        for one in sorted(scan.findings.findings, key=lambda one: (-one.confidence, -one.count))
    ]
    found += [Found((), *_place(place)) for place in dict.fromkeys(item.place for item in scan.findings.unscannable)]
    with_something = {one.name for one in found if one.name}
    return Sheet(
        mail_from=mail_from,
        recipients=tuple(decision.recipient for decision in decisions),
        found=tuple(found),
        files=tuple(
            SheetFile(part.number, part.name, part.content_type, len(part.content), _outer(part.name) in with_something)
            for part in removable(scan.message)
        ),
        reasons=tuple(
            dict.fromkeys(
                reason.explain for decision in decisions for reason in decision.reasons if reason.action in KINDS
            )
        ),
    )


def removable(message: Message) -> list[Part]:
    """Attachments and inline files; not the copy of the whole message that a parse may add at the end."""
    parts = [part for part in message.parts if part.disposition in (Disposition.ATTACHMENT, Disposition.INLINE)]
    if parts and parts[-1].name == ORIGINAL and parts[-1].content_type == "message/rfc822":
        parts.pop()
    return parts


def _place(place: str) -> tuple[str, str]:
    """Kind and name: a file in an archive counts as its archive, which is what can be removed."""
    kind, _, name = place.partition(":")
    return kind, _outer(name)


def _outer(name: str) -> str:
    return name.partition("/")[0]


# -- the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """`by` is who decided, for the audit log: 'sender', an account's id, 'operator:NAME' or 'deadline'. `name` is the
    reviewer's as the sender reads it. `remove` are part numbers; `recipients` narrows it to some of the case's, empty: all.
    """

    case_id: str
    choice: Choice
    by: str
    name: str = ""
    remove: tuple[int, ...] = ()
    note: str = field(default="", repr=False)
    recipients: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        return json.dumps({"v": VERSION, **asdict(self), "choice": self.choice.value}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Answer:
        fields = _fields(data)
        fields["choice"] = Choice(fields["choice"])
        for name in ("remove", "recipients"):
            fields[name] = tuple(fields[name])
        return cls(**fields)


def _fields(data: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(data)
    if fields.pop("v", None) != VERSION:
        raise ValueError("a case of an unknown version")
    return fields


def _titles(pairs: Iterable[tuple[str, str]]) -> Titles:
    return tuple((language, text) for language, text in pairs)
