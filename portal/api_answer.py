"""A live check's outcome as JSON, as portal/openapi/v1.json describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.core.cases import Titles
from gateway.core.decision import Action, Decision, Reason
from gateway.service.live_check import Checked, Found, Outcome, Unread
from portal.api_draft import Asked
from portal.check_words import CheckWords

REFUSE = "refuse"  # stands for an action: a wish can't be understood, or the message is too large


def answer(
    checked: Checked, asked: Asked, known: Mapping[str, Titles], language: str, most_bytes: int
) -> dict[str, Any]:
    """For `json.dumps`. `known` are the rules' titles, `most_bytes` is what a message may have to be taken in."""
    titles = {rule: dict(texts).get(language, rule) for rule, texts in known.items()}
    words = CheckWords(language, lambda rule: titles.get(rule, rule))
    if checked.size > most_bytes:
        checked = replace(checked, mistakes=(*checked.mistakes, words.too_large()))
    return {
        "action": REFUSE if checked.mistakes else _name(checked.action),
        "headline": words.headline(checked, asked.not_sent),
        "complete": not asked.not_sent,
        "findings": [_found(found, asked, words, titles) for found in checked.found],
        "unscannable": [_unread(unread, asked, words) for unread in checked.unread],
        "not_examined": list(asked.not_sent),
        "mistakes": list(checked.mistakes),
        "recipients": [_outcome(outcome, words, language) for outcome in checked.outcomes],
        "language": language,
        "rules_digest": checked.rules_digest,
        "policy_digest": checked.policy_digest,
    }


def _found(found: Found, asked: Asked, words: CheckWords, titles: dict[str, str]) -> dict[str, Any]:
    finding = found.finding
    return {
        "rule": finding.rule,
        "title": titles.get(finding.rule, finding.rule),
        "place": finding.place,
        "attachments": [asked.files[place] for place in found.files if place < len(asked.files)],
        "confidence": finding.confidence.name.lower(),
        "count": finding.count,
        "at": [list(span) for span in found.at],
        "decisive": found.decisive,
        "sentence": words.thing(finding),
    }


def _unread(unread: Unread, asked: Asked, words: CheckWords) -> dict[str, Any]:
    return {
        "place": unread.item.place,
        "attachments": [asked.files[place] for place in unread.files if place < len(asked.files)],
        "reason": unread.item.reason,
        "decisive": unread.decisive,
        "sentence": words.unread(unread.item),
    }


def _outcome(outcome: Outcome, words: CheckWords, language: str) -> dict[str, Any]:
    decision = outcome.decision
    return {
        "recipient": decision.recipient,
        "direction": outcome.direction.value,
        "action": _name(decision.action),
        "verification": decision.verification.name.lower(),
        "missing": outcome.missing.name.lower() if outcome.missing is not None else None,
        "missing_sentence": words.missing(outcome.missing) if outcome.missing is not None else None,
        "expires_seconds": int(decision.expires.total_seconds()),
        "hide_subject": decision.hide_subject,
        "waiting": _waiting(decision),
        "signs": [{"sign": sign.value, "like": like or None} for sign, like in outcome.signs.items()],
        "reasons": [_reason(reason, language) for reason in decision.reasons],
    }


def _waiting(decision: Decision) -> dict[str, Any] | None:
    waiting = decision.waiting
    if waiting is None:
        return None
    return {
        "choices": sorted(choice.value for choice in waiting.choices) if decision.action is Action.WARN else [],
        "reason_required": waiting.reason_required,
        "answer_within_seconds": int(waiting.answer_within.total_seconds()),
        "unanswered": waiting.unanswered.value,
    }


def _reason(reason: Reason, language: str) -> dict[str, str]:
    return {"policy": reason.policy, "action": _name(reason.action), "explain": reason.sentence(language)}


def _name(action: Action) -> str:
    return action.name.lower()
