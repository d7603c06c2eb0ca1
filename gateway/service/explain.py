"""Explains what would happen to a message, and why: what `zegel explain MESSAGE.eml --from --to` prints.

The explanation holds rules, places (with names of attachments), counts and policies; never matched text or a subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.decision import Action, Decision
from gateway.core.directives import Directives
from gateway.core.envelope import Envelope
from gateway.core.finding import Findings, Scan
from gateway.core.organisation import Organisation
from gateway.core.policy import Facts, PolicySet, decide
from gateway.core.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decisions for all recipients with what they rest on."""

    findings: Findings
    decisions: tuple[Decision, ...]
    directions: tuple[str, ...]  # one for each decision
    rules: RuleSet
    language: str

    def as_json(self) -> dict[str, object]:
        """For `json.dumps`: plain lists, texts and numbers; times in seconds."""
        return {
            "findings": [
                {
                    "rule": finding.rule,
                    "title": self._title(finding.rule),
                    "place": finding.place,
                    "confidence": finding.confidence.name.lower(),
                    "count": finding.count,
                }
                for finding in self.findings.findings
            ],
            "unscannable": [{"place": item.place, "reason": item.reason} for item in self.findings.unscannable],
            "recipients": [
                self._recipient(decision, direction)
                for decision, direction in zip(self.decisions, self.directions, strict=True)
            ],
            "rules_digest": self.findings.rules_digest,
            "policy_digest": self.decisions[0].policy_digest if self.decisions else "",
        }

    def as_text(self) -> str:
        """For a person at a terminal."""
        lines = ["Found:"]
        lines += [
            f"  {finding.rule} ({self._title(finding.rule)}) in {finding.place}: "
            f"{finding.count} at {finding.confidence.name.lower()} confidence"
            for finding in self.findings.findings
        ] or ["  nothing"]
        lines += [f"  could not be read: {item.place} ({item.reason})" for item in self.findings.unscannable]
        for decision, direction in zip(self.decisions, self.directions, strict=True):
            lines += ["", f"{decision.recipient} ({direction}): {_verdict(decision)}"]
            lines += self._reasons(decision) or ["  no policy takes part"]
        return "\n".join(lines) + "\n"

    def _reasons(self, decision: Decision) -> list[str]:
        lines = []
        for reason in decision.reasons:
            lines.append(f"  {reason.policy}: {reason.action.name.lower()}")
            lines += [f"    because {line}" for line in reason.because]
            lines.append(f"    the sender reads: {reason.sentence(self.language)}")
        return lines

    def _recipient(self, decision: Decision, direction: str) -> dict[str, object]:
        return {
            "recipient": decision.recipient,
            "direction": direction,
            "action": decision.action.name.lower(),
            "verification": decision.verification.name.lower(),
            "fallback": decision.fallback.value,
            "expires_seconds": int(decision.expires.total_seconds()),
            "hide_subject": decision.hide_subject,
            "tag_header": decision.tag_header,
            "tag_subject": decision.tag_subject,
            "reasons": [
                {
                    "policy": reason.policy,
                    "action": reason.action.name.lower(),
                    "because": list(reason.because),
                    "explain": reason.sentence(self.language),
                }
                for reason in decision.reasons
            ],
        }

    def _title(self, rule_id: str) -> str:
        return next((rule.title(self.language) for rule in self.rules.rules if rule.id == rule_id), rule_id)


def explain(
    scan: Scan,
    envelope: Envelope,
    *,
    policies: PolicySet,
    rules: RuleSet,
    organisation: Organisation,
    at: datetime,
    directives: Directives | None = None,
    size: int = 0,
    language: str = "en",
) -> Explanation:
    """Decides as `Accept` does, without doing anything. `size` is that of the raw message in bytes, `at` now."""
    facts = Facts.of(
        organisation=organisation, envelope=envelope, scan=scan, directives=directives or Directives(), size=size, at=at
    )
    recipients: Sequence[str] = envelope.rcpt_tos
    return Explanation(
        findings=scan.findings,
        decisions=tuple(decide(policies, facts, recipient) for recipient in recipients),
        directions=tuple(facts.direction(recipient).value for recipient in recipients),
        rules=rules,
        language=language,
    )


def _verdict(decision: Decision) -> str:
    words = [decision.action.name.lower()]
    if decision.action is Action.SEAL:
        words.append(f"verification {decision.verification.name.lower()} (fallback {decision.fallback.value})")
        words.append(f"expires after {_days(decision.expires)}")
        words.append("subject hidden" if decision.hide_subject else "subject shown")
    if decision.tag_header:
        words.append(f'header "{decision.tag_header}"')
    if decision.tag_subject:
        words.append(f'subject prefix "{decision.tag_subject}"')
    return ", ".join(words)


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span >= timedelta(days=1) and not span.seconds else str(span)
