"""Tries other policies on decisions of the past: what would change.

Terms: *present* are the policies in force, *tried* the others. Both decide on the same kept facts, so that only the
difference between them shows, and not what changed since the day of the message. Rule: a policy that asks for what was not
kept (a subject, a name) is reported as "cannot tell"; it never counts as not holding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.core.conditions import CannotTell, takes_part
from gateway.core.decision import Action, Decision
from gateway.core.facts import Facts
from gateway.core.past_facts import facts_of
from gateway.core.policy import PolicySet, decide
from gateway.core.records import PastDecision


@dataclass(frozen=True, slots=True)
class Compared:
    """One recipient of one message. `unsure` are tried policies that can't be told, with what they ask for; with all of them
    the action might be `at_most`. `policies` take part under the tried set and did not, or otherwise, under the present one.
    """

    at: datetime
    mail_from: str
    recipient: str
    present: Action
    tried: Action
    at_most: Action
    policies: tuple[str, ...]
    unsure: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.present is not self.tried or bool(self.policies)

    def as_json(self) -> dict[str, object]:
        """For `json.dumps`."""
        return {
            "at": self.at.isoformat(),
            "from": self.mail_from,
            "to": self.recipient,
            "present": self.present.name.lower(),
            "tried": self.tried.name.lower(),
            "at_most": self.at_most.name.lower(),
            "policies": list(self.policies),
            "cannot_tell": {policy: sorted(keys) for policy, keys in self.unsure.items()},
        }


def replay(rows: Iterable[PastDecision], present: PolicySet, tried: PolicySet) -> Iterator[Compared]:
    """Each recipient of each past decision."""
    for row in rows:
        facts = facts_of(row, tried.rules_digest)
        for recipient in row.recipients:
            yield compare(present, tried, facts, recipient, row.at)


def compare(present: PolicySet, tried: PolicySet, facts: Facts, recipient: str, at: datetime) -> Compared:
    """What both sets decide about one recipient."""
    unsure = _unsure(tried, facts, recipient)
    before = decide(_without(present, _unsure(present, facts, recipient)), facts, recipient)
    after = decide(_without(tried, unsure), facts, recipient)
    unchanged = {policy.id for policy in present.policies if policy in tried.policies}
    return Compared(
        at=at,
        mail_from=facts.mail_from,
        recipient=recipient,
        present=before.action,
        tried=after.action,
        at_most=decide(_without(tried, unsure.keys() & unchanged), facts, recipient).action,
        policies=_differing(before, after, unchanged),
        unsure={policy: keys for policy, keys in unsure.items() if policy not in unchanged},
    )


def _differing(before: Decision, after: Decision, unchanged: set[str]) -> tuple[str, ...]:
    found = [reason.policy for decision in (before, after) for reason in decision.reasons]
    return tuple(dict.fromkeys(policy for policy in found if policy not in unchanged and _is_policy(policy)))


def _is_policy(name: str) -> bool:
    return name not in ("sender", "answer")


def _unsure(policies: PolicySet, facts: Facts, recipient: str) -> dict[str, frozenset[str]]:
    """The ids of policies of which can't be told whether they take part, with what they ask for."""
    asked = ((policy.id, takes_part(policy.when, policy.unless, facts, recipient)) for policy in policies.policies)
    return {policy: because.keys for policy, because in asked if isinstance(because, CannotTell)}


def _without(policies: PolicySet, ids: Iterable[str]) -> PolicySet:
    left_out = set(ids)
    kept = tuple(policy for policy in policies.policies if policy.id not in left_out)
    return PolicySet(kept, policies.digest, policies.rules_digest)


@dataclass(slots=True)
class Tally:
    """Counts what was compared."""

    recipients: int = 0
    changes: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    by_policy: Counter[str] = field(default_factory=Counter)
    unsure: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)

    def add(self, item: Compared) -> None:
        self.recipients += 1
        if item.present is not item.tried:
            self.changes[item.present, item.tried] += 1
        self.by_policy.update(item.policies)
        for policy, keys in item.unsure.items():
            count, known = self.unsure.get(policy, (0, frozenset()))
            self.unsure[policy] = count + 1, known | keys

    def lines(self) -> list[str]:
        """For a person at a terminal."""
        lines = [f"{self.recipients} recipients of past messages, {sum(self.changes.values())} with another action"]
        for (before, after), count in sorted(self.changes.items()):
            lines.append(f"  {before.name.lower()} -> {after.name.lower()}: {count}")
        if self.by_policy:
            lines.append("policies that are new, changed or gone, and took part:")
            lines += [f"  {policy}: {count}" for policy, count in sorted(self.by_policy.items())]
        for policy, (count, keys) in sorted(self.unsure.items()):
            lines.append(f"cannot tell for {count}: {policy} asks for {', '.join(sorted(keys))}, which is not kept")
        return lines
