"""Conditions: the keys of a policy's `when` and `except`, and whether they hold.

Rules: of the conditions of `when` all must hold, of those of `except` one is enough; inside a condition one of several
values is enough. Why a condition holds is told in a line for `zegel explain` and the audit log; no line tells a subject,
a file's name, a header's value or anything that was matched. A condition about something that was not kept of a past
message can't be told: that is never the same as not holding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import Enum

from gateway.core.address_group import Group, first_group
from gateway.core.envelope import domain_of, spellings
from gateway.core.facts import Direction, Facts
from gateway.core.finding import Confidence, Finding
from gateway.core.glob import first_match, matches
from gateway.core.labels import labels
from gateway.core.misdirected import MANY_VISIBLE, Sign
from gateway.core.schedule import Schedule

# In `Facts.unknown`: names of files were not kept; other rules were in force, so what is wanted may have been missed.
OTHER_PLACES, OTHER_RULES = "finds.places", "finds.rules"
NAMELESS = "attachment:"  # the place of a finding whose file's name was not kept


class Wish(Enum):
    SEAL = "seal"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Finds:
    """At least `count` values of these rules together, of at least `different` rules, at that confidence or above, in those
    places (globs; empty: all).

    `rule_ids` is what the globs and tags of the file stand for in the rule set in force.
    """

    rule_ids: frozenset[str]
    confidence: Confidence
    count: int
    places: tuple[str, ...]
    different: int = 1


@dataclass(frozen=True, slots=True)
class HeaderGlob:
    """A header field by its name (a glob, in any case) whose decoded value fits one of `values`."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The keys of `when` or `except` (`gateway.core.condition_keys`); what is empty or None was not written."""

    direction: tuple[Direction, ...] = ()
    sender: tuple[str, ...] = ()
    sender_domain: tuple[str, ...] = ()
    sender_group: tuple[Group, ...] = ()
    recipient: tuple[str, ...] = ()
    recipient_domain: tuple[str, ...] = ()
    recipient_group: tuple[Group, ...] = ()
    recipients_over: int | None = None
    visible_recipients_over: int | None = None
    misdirected: tuple[Sign, ...] = ()
    subject: tuple[str, ...] = ()
    header: tuple[HeaderGlob, ...] = ()
    label: tuple[str, ...] = ()
    attachment_name: tuple[str, ...] = ()
    attachment_type: tuple[str, ...] = ()
    attachment_kind: tuple[str, ...] = ()
    attachment_size_over: int | None = None
    attachments_over: int | None = None
    size_over: int | None = None
    finds: tuple[Finds, ...] = ()
    unscannable: tuple[str, ...] = ()  # globs over reasons
    asked: tuple[Wish, ...] = ()
    authenticated: bool | None = None
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The facts don't hold what these conditions ask for."""

    keys: frozenset[str]


Because = tuple[str, ...]


def takes_part(when: Conditions, unless: Conditions, facts: Facts, recipient: str) -> Because | CannotTell | None:
    """Why a policy takes part, a line for each condition; None when it does not."""
    because, besides = _all(when, facts, recipient), _any(unless, facts, recipient)
    if because is None or besides is True:
        return None
    unknown = [found.keys for found in (because, besides) if isinstance(found, CannotTell)]
    return (
        because if not unknown and not isinstance(because, CannotTell) else CannotTell(frozenset[str]().union(*unknown))
    )


def _all(conditions: Conditions, facts: Facts, recipient: str) -> Because | CannotTell | None:
    """Why all conditions that are written hold; None when one does not."""
    lines: list[str] = []
    unknown: set[str] = set()
    for key, line in _answers(conditions, facts, recipient):
        if line is None:
            return None
        if line == "?":
            unknown.add(key)
        else:
            lines.append(line)
    return CannotTell(frozenset(unknown)) if unknown else tuple(lines)


def _any(conditions: Conditions, facts: Facts, recipient: str) -> bool | CannotTell:
    """Whether at least one condition is written and holds."""
    unknown: set[str] = set()
    for key, line in _answers(conditions, facts, recipient):
        if line == "?":
            unknown.add(key)
        elif line is not None:
            return True
    return CannotTell(frozenset(unknown)) if unknown else False


def _answers(conditions: Conditions, facts: Facts, recipient: str) -> Iterable[tuple[str, str | None]]:
    """Each condition that is written, with a line when it holds, None when not, "?" when that can't be told."""
    for key, check in _CHECKS.items():
        if getattr(conditions, key) != _ABSENT[key]:
            yield key, "?" if key in facts.unknown else check(conditions, facts, recipient)


# Each check is about a condition that is written: a line when it holds, None when it does not, "?" when it can't be told.


def _direction(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    found = facts.direction(recipient)
    return f"direction is {found.value}" if found in conditions.direction else None


def _sender(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("sender", conditions.sender, [facts.mail_from])


def _sender_domain(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("sender_domain", conditions.sender_domain, [domain_of(facts.mail_from)])


def _sender_group(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _in_group("sender", conditions.sender_group, facts.mail_from)


def _recipient(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("recipient", conditions.recipient, spellings(recipient))


def _recipient_domain(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("recipient_domain", conditions.recipient_domain, map(domain_of, spellings(recipient)))


def _recipient_group(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _in_group("recipient", conditions.recipient_group, recipient)


def _in_group(who: str, groups: tuple[Group, ...], address: str) -> str | None:
    group = first_group(groups, address)
    return None if group is None else f'{who} is in group "{group.name}"'


def _recipients_over(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _over("recipients", len(facts.recipients), conditions.recipients_over)


def _visible_recipients_over(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _over("outside addresses in To and Cc", len(facts.visible), conditions.visible_recipients_over)


def _misdirected(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    signs = facts.signs.get(recipient, {})
    told = [
        f"{sign.value} ({signs[sign]})" if signs[sign] else sign.value
        for sign in conditions.misdirected
        if sign in signs
    ]
    if Sign.MANY_VISIBLE in conditions.misdirected and len(facts.visible) > MANY_VISIBLE:
        told.append(Sign.MANY_VISIBLE.value)
    return f"misdirected: {', '.join(told)}" if told else None


def _subject(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("subject", conditions.subject, [facts.subject])


def _header(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    for wanted in conditions.header:
        for name, value in facts.headers:
            if matches(wanted.name, name) and first_match(wanted.values, value) is not None:
                return f'header "{wanted.name}" fits'
    return None


def _label(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("label", conditions.label, labels(facts.headers))


def _attachment_name(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("attachment_name", conditions.attachment_name, (a.name for a in facts.attachments))


def _attachment_type(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("attachment_type", conditions.attachment_type, (a.content_type for a in facts.attachments))


def _attachment_kind(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _fits("attachment_kind", conditions.attachment_kind, (a.kind for a in facts.attachments))


def _attachment_size_over(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    largest = max((attachment.size for attachment in facts.attachments), default=0)
    return _over("an attachment's bytes", largest, conditions.attachment_size_over)


def _attachments_over(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _over("attachments", len(facts.attachments), conditions.attachments_over)


def _size_over(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    return _over("bytes", facts.size, conditions.size_over)


def _over(what: str, number: int, limit: int | None) -> str | None:
    return f"{what}: {number}, over {limit}" if limit is not None and number > limit else None


def _fits(key: str, globs: tuple[str, ...], texts: Iterable[str]) -> str | None:
    found = next((glob for text in texts if (glob := first_match(globs, text)) is not None), None)
    return None if found is None else f'{key} fits "{found}"'


def _authenticated(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    told = "signed in" if facts.authenticated else "not signed in"
    return f"the sender is {told}" if conditions.authenticated is facts.authenticated else None


def _schedule(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    if conditions.schedule is None or facts.at is None:
        return "?"
    return "it is the scheduled time" if conditions.schedule.holds(facts.at) else None


def _asked(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    if facts.wants_seal(recipient):
        return "the sender asked to seal" if Wish.SEAL in conditions.asked else None
    return "the sender asked for plain mail" if facts.directives.plain and Wish.PLAIN in conditions.asked else None


def _unscannable(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    reasons = [item.reason for item in facts.findings.unscannable]
    fitting = sorted({reason for reason in reasons if any(_names(glob, reason) for glob in conditions.unscannable)})
    return f"could not be read: {', '.join(fitting)}" if fitting else None


def _names(glob: str, reason: str) -> bool:
    """A bare star means all but images: nearly every mail has a logo. To mean images, name them ("image*")."""
    return matches(glob, reason) and not (glob == "*" and reason.startswith("image"))


def _finds(conditions: Conditions, facts: Facts, recipient: str) -> str | None:
    lines = [_found(wanted, facts) for wanted in conditions.finds]
    if None in lines:
        return None
    return "?" if "?" in lines else "; ".join(line for line in lines if line)


def _found(wanted: Finds, facts: Facts) -> str | None:
    of_rules = [f for f in facts.findings.findings if f.rule in wanted.rule_ids and f.confidence >= wanted.confidence]
    fitting = [found for found in of_rules if not wanted.places or first_match(wanted.places, found.place) is not None]
    if not _enough(fitting, wanted):
        # Of the past only "attachment:" is kept of a file's place, so by name it may have fitted.
        may = [found for found in of_rules if found in fitting or found.place == NAMELESS]
        in_doubt = OTHER_RULES in facts.unknown or (OTHER_PLACES in facts.unknown and _enough(may, wanted))
        return "?" if in_doubt else None
    # An attachment's name may be secret; its kind of place is not.
    told = [
        f"{finding.rule} in {finding.place.partition(':')[0]}: {finding.count} at {finding.confidence.name.lower()}"
        for finding in fitting
    ]
    return f"finds {', '.join(told)} (wanted: {wanted.count} at {wanted.confidence.name.lower()} or above)"


def _enough(fitting: list[Finding], wanted: Finds) -> bool:
    count, rules = sum(finding.count for finding in fitting), {finding.rule for finding in fitting}
    return count >= wanted.count and len(rules) >= wanted.different


_CHECKS: Mapping[str, Callable[[Conditions, Facts, str], str | None]] = {
    "direction": _direction,
    "sender": _sender,
    "sender_domain": _sender_domain,
    "sender_group": _sender_group,
    "recipient": _recipient,
    "recipient_domain": _recipient_domain,
    "recipient_group": _recipient_group,
    "recipients_over": _recipients_over,
    "visible_recipients_over": _visible_recipients_over,
    "misdirected": _misdirected,
    "subject": _subject,
    "header": _header,
    "label": _label,
    "attachment_name": _attachment_name,
    "attachment_type": _attachment_type,
    "attachment_kind": _attachment_kind,
    "attachment_size_over": _attachment_size_over,
    "attachments_over": _attachments_over,
    "size_over": _size_over,
    "authenticated": _authenticated,
    "asked": _asked,
    "schedule": _schedule,
    "unscannable": _unscannable,
    "finds": _finds,
}
_ABSENT = {field.name: field.default for field in fields(Conditions)}
