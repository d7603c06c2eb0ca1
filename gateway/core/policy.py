"""Policies: under which conditions what happens to a message, decided for each recipient.

Terms: a policy *takes part* for a recipient when all conditions of its `when` hold and none of its `except`.

How the policies that take part, and the sender's wishes, become one Decision:

    action        the strictest wins; without any, relay. A wish to seal raises to SEAL; "plain" lowers nothing.
    verification  the strictest of the policies, the sender's `least` and the sender's wish for this recipient. But the
                  means that the sender gave (a number, a password) is taken at once where it is enough for `least` and
                  for the policies whose fallback is ASK: for the others it is better than their NONE.
    fallback      ASK when a policy says so, or the sender did by `least` or by a wish without its means; else NONE.
    expires       the shortest of the policies; the sender may shorten it, and chooses freely when no policy says.
    hide_subject  when any says so.
    tags          from the strictest policy that has one; among equals the first in the files. Other header fields: of every
                  policy, each name from the strictest that has it.
    bcc, TLS      when any says so. Letters to `notify` go out for every policy that takes part.
    waiting       of the policies with the winning action, WARN or HOLD: the choices that all of them allow (CANCEL always),
                  a reason when any asks for one, the shortest time, the strictest of what happens without an answer
                  (cancel, seal, send), all reviewers.

An *answer* to a message that waited takes the policies that asked out of the action: they warn or hold no more, but stay
among the reasons, and their other words (verification, expiry, tags) still count. SEAL raises to SEAL. All other policies
decide as ever, so that an answer never beats a block.

Rule: everything here is pure, and every reason is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.core.conditions import CannotTell, Conditions, takes_part
from gateway.core.decision import Action, Answered, Choice, Decision, Fallback, Reason, Waiting
from gateway.core.directives import Directives, Verification, VerificationKind
from gateway.core.facts import Direction, Facts

__all__ = ["Facts", "Policy", "PolicySet", "decide"]

EXPIRES = timedelta(days=30)  # when neither a policy nor the sender says
SENDER = "sender"  # stands for the sender's wish where a policy's id is told
ANSWER = "answer"  # stands for the choice that was made about a message that waited
RESERVED = {SENDER: "the sender's own wish", ANSWER: "a choice about mail that waited"}

_STRICTEST_FIRST = (Choice.CANCEL, Choice.SEAL, Choice.SEND)  # of what happens without an answer

Explain = tuple[tuple[str, str], ...]

ASKED: Explain = (
    ("nl", "Uw bericht is beveiligd verzonden omdat u daarom vroeg."),
    ("en", "Your message was sent secured because you asked for it."),
)
CHOSEN: Explain = (
    ("nl", "Uw bericht is beveiligd verzonden omdat daarvoor is gekozen."),
    ("en", "Your message was sent secured because that was chosen."),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """None, and an empty text, mean that the policy says nothing about it."""

    id: str
    when: Conditions
    unless: Conditions  # `except` in the file
    action: Action
    verification: VerificationKind | None
    fallback: Fallback
    expires: timedelta | None
    hide_subject: bool
    tag_header: str
    tag_subject: str
    explain: Explain
    waiting: Waiting | None = None  # for WARN and HOLD
    header: tuple[tuple[str, str], ...] = ()
    bcc: bool = False
    require_tls: bool = False
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies in force, in the order of their files. `digest` (64 hex digits) names exactly this set, together with
    the rules it was read for, whose own digest is `rules_digest`.
    """

    policies: tuple[Policy, ...]
    digest: str
    rules_digest: str = ""


def decide(policies: PolicySet, facts: Facts, recipient: str, answered: Answered | None = None) -> Decision:
    """What happens to the message for this recipient; `answered` when it waited before and comes back."""
    taking_part = _taking_part(policies, facts, recipient)
    reasons = [
        Reason(policy.id, policy.action, policy.explain or default_explanation(policy.action), because, policy.notify)
        for policy, because in taking_part
    ]
    strictest = [policy for policy, _ in taking_part]
    asking = [policy for policy in strictest if not _has_answer(policy, answered)]
    action = max((policy.action for policy in asking), default=Action.RELAY)
    if answered is not None and answered.choice is Choice.SEAL and action < Action.SEAL:
        action = Action.SEAL
        reasons.insert(0, Reason(ANSWER, Action.SEAL, CHOSEN, ("sealing was chosen while the message waited",)))
    wished = facts.wants_seal(recipient) and facts.direction(recipient) is not Direction.INBOUND
    if wished and action < Action.SEAL:
        action = Action.SEAL
        reasons.insert(0, Reason(SENDER, Action.SEAL, ASKED, ("the sender asked to seal",)))
    verification, fallback = _verification(strictest, facts.directives, recipient)
    return Decision(
        recipient=recipient,
        action=action,
        verification=verification,
        fallback=fallback,
        expires=_expires(strictest, facts.directives),
        hide_subject=any(policy.hide_subject for policy in strictest),
        tag_header=next((policy.tag_header for policy in strictest if policy.tag_header), ""),
        tag_subject=next((policy.tag_subject for policy in strictest if policy.tag_subject), ""),
        reasons=tuple(reasons),
        policy_digest=policies.digest,
        headers=_headers(strictest),
        bcc=any(policy.bcc for policy in strictest),
        require_tls=any(policy.require_tls for policy in strictest),
        waiting=together(
            [policy.waiting for policy in asking if policy.action is action and policy.waiting is not None]
        ),
    )


def _has_answer(policy: Policy, answered: Answered | None) -> bool:
    if answered is None or policy.waiting is None or policy.id not in answered.policies:
        return False
    return policy.action is Action.WARN or not answered.to_warning


def together(wanted: Sequence[Waiting]) -> Waiting | None:
    """What holds when all of these ask; None when nobody does."""
    if not wanted:
        return None
    choices = frozenset(Choice).intersection(*(waiting.choices for waiting in wanted))
    return Waiting(
        choices=choices | {Choice.CANCEL},
        reason_required=any(waiting.reason_required for waiting in wanted),
        answer_within=min(waiting.answer_within for waiting in wanted),
        unanswered=next(choice for choice in _STRICTEST_FIRST if choice in {waiting.unanswered for waiting in wanted}),
        reviewers=tuple(dict.fromkeys(reviewer for waiting in wanted for reviewer in waiting.reviewers)),
    )


def _taking_part(policies: PolicySet, facts: Facts, recipient: str) -> list[tuple[Policy, tuple[str, ...]]]:
    """The policies that hold, strictest first, with why."""
    found = []
    for policy in policies.policies:
        because = takes_part(policy.when, policy.unless, facts, recipient)
        if isinstance(because, CannotTell):  # in doubt the stricter way
            because = (f"can't be told: {', '.join(sorted(because.keys))}",)
        if because is not None:
            found.append((policy, because))
    return sorted(found, key=lambda pair: -pair[0].action)


def _headers(policies: Sequence[Policy]) -> tuple[tuple[str, str], ...]:
    """Of several policies that set one field, the strictest does."""
    found: dict[str, tuple[str, str]] = {}
    for policy in policies:
        for name, value in policy.header:
            found.setdefault(name.lower(), (name, value))
    return tuple(found.values())


def _verification(
    policies: Sequence[Policy], directives: Directives, recipient: str
) -> tuple[VerificationKind, Fallback]:
    asking = [(policy.verification, policy.fallback) for policy in policies if policy.verification is not None]
    least = directives.least or VerificationKind.NONE
    floor = max([least, *(kind for kind, fallback in asking if fallback is Fallback.ASK)])
    wish = directives.per_recipient.get(recipient.lower()) or directives.verification
    wished = wish.kind if wish is not None else VerificationKind.NONE
    strict = floor > VerificationKind.NONE
    if wish is not None and _has_means(wish) and wished >= floor:
        return wished, Fallback.ASK if strict else Fallback.NONE
    strict = strict or wished > VerificationKind.NONE
    return max([least, wished, *(kind for kind, _ in asking)]), Fallback.ASK if strict else Fallback.NONE


def _has_means(wish: Verification) -> bool:
    return bool({VerificationKind.SMS: wish.phone, VerificationKind.PASSWORD: wish.password}.get(wish.kind))


def _expires(policies: Sequence[Policy], directives: Directives) -> timedelta:
    said = [policy.expires for policy in policies if policy.expires is not None]
    if directives.expires is not None:
        said.append(directives.expires)
    return min(said, default=EXPIRES)


def default_explanation(action: Action) -> Explain:
    """What a policy without an explanation of its own says to the sender."""
    return _EXPLANATIONS[action]


_EXPLANATIONS: dict[Action, Explain] = {
    Action.RELAY: (
        ("nl", "Uw bericht is gewoon verzonden."),
        ("en", "Your message was sent in the ordinary way."),
    ),
    Action.TAG: (
        ("nl", "Uw bericht is gewoon verzonden, met een kenmerk."),
        ("en", "Your message was sent in the ordinary way, with a mark."),
    ),
    Action.WARN: (
        ("nl", "Uw bericht wacht op uw keuze: kijk nog eens of het zo mag worden verzonden."),
        ("en", "Your message waits for your choice: please check whether it may be sent like this."),
    ),
    Action.SEAL: (
        ("nl", "Uw bericht is beveiligd verzonden volgens het beleid van uw organisatie."),
        ("en", "Your message was sent secured, as your organisation's policy asks."),
    ),
    Action.HOLD: (
        ("nl", "Uw bericht wacht op een beoordeling volgens het beleid van uw organisatie."),
        ("en", "Your message waits for a review, as your organisation's policy asks."),
    ),
    Action.BLOCK: (
        ("nl", "Het beleid van uw organisatie staat dit bericht niet toe."),
        ("en", "Your organisation's policy does not allow this message."),
    ),
}
