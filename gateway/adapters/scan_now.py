"""One message -> Scan, in this very process: what a scan worker does, and what `zegel explain` uses."""

from __future__ import annotations

from gateway.adapters.extract.extractor import extract
from gateway.adapters.extract.sniff import sniff
from gateway.core.classify import Classifier
from gateway.core.finding import Findings, Scan
from gateway.core.limits import Limits
from gateway.core.message import Disposition, Message
from gateway.core.parse import parse_whole
from gateway.core.rules import RuleSet


def scan_with(classifier: Classifier, raw: bytes, limits: Limits) -> Scan:
    """Parses, extracts and classifies. Raises `Malformed`."""
    parsed = parse_whole(raw, limits)
    units, unscannable = extract(parsed, limits)
    findings = classifier.classify(units)
    return Scan(parsed.message, Findings(findings, unscannable, classifier.rules.digest), _kinds(parsed.message))


def _kinds(message: Message) -> tuple[tuple[int, str], ...]:
    """By content alone: a name or type is the sender's word."""
    files = (part for part in message.parts if part.disposition in (Disposition.ATTACHMENT, Disposition.INLINE))
    return tuple((part.number, sniff(part.content, "").value) for part in files if part.content)


def scan_now(raw: bytes, ruleset: RuleSet, limits: Limits | None = None) -> Scan:
    """As `scan_with`, for one message only: compiling the rules takes longer than the scan."""
    return scan_with(Classifier(ruleset), raw, limits or Limits())
