"""What a scan found: which rule, where, how sure, how many. Never the matched text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from gateway.core.message import Message

MOST_SPANS = 5  # in `Finding.at`


class Confidence(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is 'subject', 'body', 'header', or 'attachment:NAME' (nested: 'attachment:a.zip/b.txt').

    `count` is the number of distinct values in that place at that confidence. `at` tells where the first of them stand, for
    'subject' and 'body' only: (start, end) in characters of the place's first text as it was given.
    """

    rule: str
    place: str
    confidence: Confidence
    count: int
    at: tuple[tuple[int, int], ...] = field(default=(), compare=False)  # where it stands makes it no other finding


@dataclass(frozen=True, slots=True)
class Unscannable:
    """Something that could not be read, and why: 'encrypted', 'unknown-type', 'limit:depth', 'ambiguous:...'."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    findings: tuple[Finding, ...]
    unscannable: tuple[Unscannable, ...]
    rules_digest: str


@dataclass(frozen=True, slots=True)
class Scan:
    """The answer of a scan worker: the parsed message, what was found in it, and what the content of each attachment is by
    its octets: (part number, kind), the kinds of `gateway.adapters.extract.sniff`.
    """

    message: Message
    findings: Findings
    kinds: tuple[tuple[int, str], ...] = ()
