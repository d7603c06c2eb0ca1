"""The facts of a decided message that are kept, and what they answer when other policies are tried on them.

Rule: nothing that a person wrote: no subject, header, name of a file, display name or matched text. What policies ask of those
can't be told afterwards, and is reported so.
"""

from __future__ import annotations

import json
from typing import Any

from gateway.core.conditions import NAMELESS, OTHER_PLACES, OTHER_RULES
from gateway.core.directives import Directives, Verification, VerificationKind
from gateway.core.facts import Attachment, Facts
from gateway.core.finding import Confidence, Finding, Findings, Unscannable
from gateway.core.misdirected import Sign
from gateway.core.records import PastDecision

VERSION = 1
NOT_KEPT = frozenset({"subject", "header", "label", "attachment_name", OTHER_PLACES})


def kept(facts: Facts) -> str:
    """JSON of what is kept."""
    wishes = facts.directives
    value = {
        "v": VERSION,
        "domains": facts.domains,
        "size": facts.size,
        "visible": len(facts.visible),
        "recipients": len(facts.recipients),
        "attachments": [[a.content_type, a.size, a.kind] for a in facts.attachments],
        "findings": [[f.rule, f.place.partition(":")[0], int(f.confidence), f.count] for f in facts.findings.findings],
        "unscannable": [[u.place.partition(":")[0], u.reason] for u in facts.findings.unscannable],
        "authenticated": facts.authenticated,
        "seal": [r for r in facts.recipients if facts.wants_seal(r)],
        "plain": wishes.plain,
        "signs": {address: [sign.value for sign in signs] for address, signs in facts.signs.items() if signs},
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def facts_of(decision: PastDecision, rules_digest: str) -> Facts:
    """What can be asked again. With other rules in force than then, what was not found may have been there."""
    value: dict[str, Any] = json.loads(decision.facts)
    unknown = set(NOT_KEPT)
    if decision.rules_digest != rules_digest:
        unknown.add(OTHER_RULES)
    wish = Verification(VerificationKind.NONE)
    return Facts(
        mail_from=decision.mail_from,
        domains=tuple(value["domains"]),
        subject="",
        size=value["size"],
        attachments=tuple(Attachment("", kind, size, content) for kind, size, content in value["attachments"]),
        findings=Findings(
            tuple(Finding(rule, _place(place), Confidence(at), count) for rule, place, at, count in value["findings"]),
            tuple(Unscannable(_place(place), reason) for place, reason in value["unscannable"]),
            decision.rules_digest,
        ),
        directives=Directives(plain=value["plain"], per_recipient={address.lower(): wish for address in value["seal"]}),
        authenticated=value["authenticated"],
        recipients=decision.recipients + ("",) * (value["recipients"] - len(decision.recipients)),
        visible=("",) * value["visible"],
        at=decision.at,
        signs={address: {Sign(sign): "" for sign in signs} for address, signs in value["signs"].items()},
        unknown=frozenset(unknown),
    )


def _place(kind: str) -> str:
    return NAMELESS if kind == "attachment" else kind
