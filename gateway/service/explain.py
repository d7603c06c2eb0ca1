"""Explains what would happen to a message, and why: what `zegel explain MESSAGE.eml --from --to` prints.

The explanation holds rules, places (with names of attachments), counts and policies; never matched text or a subject.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.decision import Action, Decision
from gateway.core.directives import Directives
from gateway.core.envelope import Envelope
from gateway.core.facts import Facts, Signs
from gateway.core.finding import Findings, Scan
from gateway.core.organisation import Organisation
from gateway.core.policy import PolicySet, decide
from gateway.core.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decisions for all recipients with what they rest on."""

    findings: Findings
    decisions: tuple[Decision, ...]
    directions: tuple[str, ...]  # one for each decision
    signs: Mapping[str, Signs]
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
            if signs := self.signs.get(decision.recipient):
                lines.append(f"  signs of a wrong recipient: {', '.join(_told(signs))}")
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
            "headers": dict(decision.headers),
            "bcc": decision.bcc,
            "require_tls": decision.require_tls,
            "notify": sorted({address for reason in decision.reasons for address in reason.notify}),
            "waiting": _waiting(decision),
            "signs": _told(self.signs.get(decision.recipient, {})),
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
    signs: Mapping[str, Signs] | None = None,
) -> Explanation:
    """Decides as `Accept` does, without doing anything. `size` is that of the raw message in bytes, `at` now; `signs` are of a
    wrong recipient, by address.
    """
    facts = Facts.of(
        organisation=organisation,
        envelope=envelope,
        scan=scan,
        directives=directives or Directives(),
        size=size,
        at=at,
        signs=signs,
    )
    recipients: Sequence[str] = envelope.rcpt_tos
    return Explanation(
        findings=scan.findings,
        decisions=tuple(decide(policies, facts, recipient) for recipient in recipients),
        directions=tuple(facts.direction(recipient).value for recipient in recipients),
        rules=rules,
        language=language,
        signs=facts.signs,
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
    words += [f'header "{name}: {value}"' for name, value in decision.headers]
    if decision.waiting is not None:
        words.append(f"waits {_days(decision.waiting.answer_within)}, then {decision.waiting.unanswered.value}")
    words += ["nobody sees the others (bcc)"] * decision.bcc + ["TLS required"] * decision.require_tls
    return ", ".join(words)


def _waiting(decision: Decision) -> dict[str, object] | None:
    waiting = decision.waiting
    if waiting is None:
        return None
    return {
        "choices": sorted(choice.value for choice in waiting.choices),
        "reason_required": waiting.reason_required,
        "answer_within_seconds": int(waiting.answer_within.total_seconds()),
        "unanswered": waiting.unanswered.value,
        "reviewers": list(waiting.reviewers),
    }


def _told(signs: Signs) -> list[str]:
    return [f"{sign.value} ({of})" if of else sign.value for sign, of in signs.items()]


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span >= timedelta(days=1) and not span.seconds else str(span)
