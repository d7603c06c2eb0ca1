"""Conditions: the keys of a policy's `when` and `except`, and whether they hold.

Rules: of the conditions of `when` all must hold, of those of `except` one is enough; inside a condition one of several
values is enough. Why a condition holds is told in a line for `zegel explain` and the audit log; no line tells a subject,
a file's name or anything that was matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from gateway.core.envelope import domain_of, spellings
from gateway.core.facts import Direction, Facts
from gateway.core.finding import Confidence
from gateway.core.glob import first_match, matches


class Wish(Enum):
    SEAL = "seal"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Finds:
    """At least `count` values of these rules together, at that confidence or above, in those places (globs; empty: all).

    `rule_ids` is what the globs and tags of the file stand for in the rule set in force.
    """

    rule_ids: frozenset[str]
    confidence: Confidence
    count: int
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The keys of `when` or `except`; what is empty or None was not written. Globs are in lower case."""

    direction: tuple[Direction, ...] = ()
    sender: tuple[str, ...] = ()
    sender_domain: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    recipient_domain: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    attachment_name: tuple[str, ...] = ()
    attachment_type: tuple[str, ...] = ()
    size_over: int | None = None
    finds: tuple[Finds, ...] = ()
    unscannable: tuple[str, ...] = ()  # globs over reasons
    asked: tuple[Wish, ...] = ()
    authenticated: bool | None = None


def met(conditions: Conditions, facts: Facts, recipient: str) -> tuple[str, ...] | None:
    """Why all conditions that are written hold, a line for each; None when one does not."""
    lines = [check(conditions, facts, recipient) for check in _CHECKS]
    return None if None in lines else tuple(line for line in lines if line)


def any_met(conditions: Conditions, facts: Facts, recipient: str) -> bool:
    """Whether at least one condition is written and holds."""
    return any(check(conditions, facts, recipient) for check in _CHECKS)


# Each check returns a line when its condition holds, an empty one when it is not written, None when it fails.


def _direction(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    found = facts.direction(recipient)
    return "" if not conditions.direction else f"direction is {found.value}" if found in conditions.direction else None


def _sender(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("sender", conditions.sender, [facts.mail_from])


def _sender_domain(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("sender_domain", conditions.sender_domain, [domain_of(facts.mail_from)])


def _recipient(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("recipient", conditions.recipient, spellings(recipient))


def _recipient_domain(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("recipient_domain", conditions.recipient_domain, map(domain_of, spellings(recipient)))


def _subject(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("subject", conditions.subject, [facts.subject])


def _attachment_name(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("attachment_name", conditions.attachment_name, (a.name for a in facts.attachments))


def _attachment_type(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("attachment_type", conditions.attachment_type, (a.content_type for a in facts.attachments))


def _fits(key: str, globs: tuple[str, ...], texts: Iterable[str]) -> str | None:
    if not globs:
        return ""
    found = next((glob for text in texts if (glob := first_match(globs, text)) is not None), None)
    return None if found is None else f'{key} fits "{found}"'


def _size_over(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    if conditions.size_over is None:
        return ""
    return f"size is over {conditions.size_over} bytes" if facts.size > conditions.size_over else None


def _authenticated(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    if conditions.authenticated is None:
        return ""
    told = "signed in" if facts.authenticated else "not signed in"
    return f"the sender is {told}" if conditions.authenticated is facts.authenticated else None


def _asked(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    if not conditions.asked:
        return ""
    if facts.wants_seal(recipient):
        return "the sender asked to seal" if Wish.SEAL in conditions.asked else None
    return "the sender asked for plain mail" if facts.directives.plain and Wish.PLAIN in conditions.asked else None


def _unscannable(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    if not conditions.unscannable:
        return ""
    reasons = [item.reason for item in facts.findings.unscannable]
    fitting = sorted({reason for reason in reasons if any(_names(glob, reason) for glob in conditions.unscannable)})
    return f"could not be read: {', '.join(fitting)}" if fitting else None


def _names(glob: str, reason: str) -> bool:
    """A bare star means all but images: nearly every mail has a logo. To mean images, name them ("image*")."""
    return matches(glob, reason) and not (glob == "*" and reason.startswith("image"))


def _finds(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    lines = [_found(wanted, facts) for wanted in conditions.finds]
    return None if None in lines else "; ".join(line for line in lines if line)


def _found(wanted: Finds, facts: Facts) -> str | None:
    fitting = [
        finding
        for finding in facts.findings.findings
        if finding.rule in wanted.rule_ids
        and finding.confidence >= wanted.confidence
        and (not wanted.places or first_match(wanted.places, finding.place) is not None)
    ]
    if sum(finding.count for finding in fitting) < wanted.count:
        return None
    # An attachment's name may be secret; its kind of place is not.
    told = [
        f"{finding.rule} in {finding.place.partition(':')[0]}: {finding.count} at {finding.confidence.name.lower()}"
        for finding in fitting
    ]
    return f"finds {', '.join(told)} (wanted: {wanted.count} at {wanted.confidence.name.lower()} or above)"


_CHECKS: tuple[Callable[[Conditions, Facts, str], str | None], ...] = (
    _direction,
    _sender,
    _sender_domain,
    _recipient,
    _recipient_domain,
    _subject,
    _attachment_name,
    _attachment_type,
    _size_over,
    _authenticated,
    _asked,
    _unscannable,
    _finds,
)
