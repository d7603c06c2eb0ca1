"""The letters about held mail, block by block. Facts besides those of all letters: `case`, a `CaseWords`.

    warned, warned-reminder     to the sender: what was found, what can be chosen, until when, and what happens otherwise
    review, review-reminder     to a reviewer
    held                        to the sender, while a reviewer decides
    refused                     to the sender: a reviewer did not let it go
    case-sent, case-sealed, case-cancelled, case-blocked    to the sender: how it ended

The rule: they travel as ordinary mail, so they tell kinds of findings and of places with counts; no subject and no file name.
"""

from __future__ import annotations

from gateway.adapters.letter_blocks import Block, Facts, Sentences, Writer, button, listed, support
from gateway.core.mailbox import one_line
from gateway.core.orders import CaseWords
from gateway.core.organisation import Organisation


def _question(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    """Somebody has to choose. A reminder says the same under another title."""
    case, letter = _case(facts), name.removesuffix("-reminder")
    found = tuple(_found(say, *one) for one in case.found)
    return [
        Block("words", say(f"{name}-intro")),
        Block("items", items=listed(facts, "recipients")),
        *_headed(say("found-head"), found),
        *_headed(say("why-head"), listed(facts, "reasons")),
        *_headed(say(f"{letter}-choices"), tuple(say(f"{letter}-{choice}") for choice in case.choices)),
        *button(say(f"{letter}-button"), say, facts),
        Block("words", say(f"{letter}-until") + " " + say(f"{letter}-unanswered-{case.unanswered}")),
        Block("quiet", say(f"{letter}-code") + " " + support(say, organisation)),
    ]


def _found(say: Sentences, title: str, place: str, count: int) -> str:
    where = say(f"found-{place}")
    if not title:
        return f"{say('found-unreadable')} {where}"
    return f"{title} ({count}×) {where}"


def _held(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    case = _case(facts)
    until = (
        [Block("words", say("held-until") + " " + say(f"held-unanswered-{case.unanswered}"))] if case.deadline else []
    )
    return [
        Block("words", say("held-intro")),
        Block("items", items=listed(facts, "recipients")),
        *_headed(say("why-head"), listed(facts, "reasons")),
        *until,
    ]


def _ended(name: str, say: Sentences, facts: Facts, organisation: Organisation) -> list[Block]:
    """`by` says whose decision it was: that makes the first sentence."""
    case = _case(facts)
    by = case.by or "reviewer"
    if by == "reviewer" and not case.name:
        by = "reviewer-unnamed"
    intro = say(f"{name}-intro") if name == "case-blocked" else say(f"{name}-{by}")
    return [
        Block("words", intro),
        Block("items", items=listed(facts, "recipients")),
        *_headed(say("why-head"), listed(facts, "reasons")),
        *([Block("head", say("note-head")), Block("words", one_line(case.note, 1000))] if case.note else []),
        Block("words", say(f"{name}-next")),
    ]


def _headed(head: str, items: tuple[str, ...]) -> list[Block]:
    return [Block("head", head), Block("items", items=items)] if items else []


def _case(facts: Facts) -> CaseWords:
    case = facts.get("case")
    return case if isinstance(case, CaseWords) else CaseWords()


CASE_LETTERS: dict[str, Writer] = {
    "warned": _question,
    "warned-reminder": _question,
    "review": _question,
    "review-reminder": _question,
    "held": _held,
    "refused": _ended,
    "case-sent": _ended,
    "case-sealed": _ended,
    "case-cancelled": _ended,
    "case-blocked": _ended,
}
