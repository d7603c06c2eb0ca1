"""One message -> Scan, in this very process: what a scan worker does, and what `zegel explain` uses."""

from __future__ import annotations

import time

from gateway.adapters.extract.extractor import extract
from gateway.adapters.extract.sniff import Kind, sniff
from gateway.core.classify import Classifier
from gateway.core.file_kinds import PROGRAM
from gateway.core.finding import Findings, Scan, Unscannable
from gateway.core.limits import Limits
from gateway.core.message import Disposition, Message
from gateway.core.parse import parse_whole
from gateway.core.rules import RuleSet

# Windows (MZ), Linux (ELF), macOS (Mach-O, three ways, the last one also Java's): no reader takes them, and policies may.
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def scan_with(classifier: Classifier, raw: bytes, limits: Limits) -> Scan:
    """Parses, extracts and classifies. Raises `Malformed`."""
    parsed = parse_whole(raw, limits)
    units, unscannable = extract(parsed, limits)
    until = time.monotonic() + limits.classify_seconds
    findings, unread = classifier.classify_in_time(units, lambda: time.monotonic() < until)
    late = tuple(Unscannable(place, "limit:time") for place in unread)
    told = Findings(findings, tuple(dict.fromkeys((*unscannable, *late))), classifier.rules.digest)
    return Scan(parsed.message, told, _kinds(parsed.message))


def _kinds(message: Message) -> tuple[tuple[int, str], ...]:
    """By content alone: a name or type is the sender's word."""
    files = (part for part in message.parts if part.disposition in (Disposition.ATTACHMENT, Disposition.INLINE))
    return tuple((part.number, _kind(part.content)) for part in files if part.content)


def _kind(content: bytes) -> str:
    kind = sniff(content, "")
    runs = content.startswith(_PROGRAMS) if kind is Kind.UNKNOWN else kind is Kind.TEXT and content.startswith(b"#!")
    return PROGRAM if runs else kind.value


def scan_now(raw: bytes, ruleset: RuleSet, limits: Limits | None = None) -> Scan:
    """As `scan_with`, for one message only: compiling the rules takes longer than the scan."""
    return scan_with(Classifier(ruleset), raw, limits or Limits())
