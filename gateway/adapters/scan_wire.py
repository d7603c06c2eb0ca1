"""How a Scan travels: frames of bytes, the first a JSON header, then one for the content of each part. Never pickle.

A worker has read hostile files, so what comes from it is checked as if a stranger had sent it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from gateway.core.errors import ScanFailed
from gateway.core.finding import MOST_SPANS, Confidence, Finding, Findings, Scan, Unscannable
from gateway.core.message import Disposition, Message, Part

SCANNED = b"scanned"
MALFORMED = b"malformed"
FAILED = b"failed"

_RULE = re.compile(r"[a-z0-9.-]{1,200}")  # as `gateway.core.rules` names them: ids go to logs and the audit table

_PLAIN = ("headers", "subject", "from_", "to", "cc", "date", "message_id", "references", "auto_submitted")


def to_frames(scan: Scan) -> list[bytes]:
    """The header and the parts' contents."""
    message, findings = scan.message, scan.findings
    header = {
        **{name: getattr(message, name) for name in _PLAIN},
        "parts": [[p.number, p.disposition.value, p.content_type, p.name, p.content_id] for p in message.parts],
        "findings": [[f.rule, f.place, int(f.confidence), f.count, f.at] for f in findings.findings],
        "unscannable": [[item.place, item.reason] for item in findings.unscannable],
        "rules_digest": findings.rules_digest,
        "kinds": scan.kinds,
    }
    # ASCII escapes also carry lone surrogates, which UTF-8 does not.
    return [json.dumps(header, ensure_ascii=True).encode("ascii"), *(part.content for part in message.parts)]


def from_frames(frames: Sequence[bytes]) -> Scan:
    """Raises `ScanFailed` when the frames are not what `to_frames` makes."""
    try:
        return _scan(json.loads(frames[0]), frames[1:])
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise ScanFailed from error


def _scan(header: dict[str, Any], contents: Sequence[bytes]) -> Scan:
    parts = tuple(
        Part(int(number), Disposition(disposition), _text(kind), _text(name), content, _text(content_id))
        for (number, disposition, kind, name, content_id), content in zip(header["parts"], contents, strict=True)
    )
    message = Message(
        parts=parts,
        auto_submitted=bool(header["auto_submitted"]),
        headers=_pairs(header["headers"]),
        subject=_text(header["subject"]),
        from_=_pairs(header["from_"]),
        to=_pairs(header["to"]),
        cc=_pairs(header["cc"]),
        date=_text(header["date"]),
        message_id=_text(header["message_id"]),
        references=_text(header["references"]),
    )
    findings = Findings(
        tuple(
            Finding(_rule(rule), _text(place), Confidence(level), _place(count), _spans(at))
            for rule, place, level, count, at in header["findings"]
        ),
        tuple(Unscannable(_text(place), _text(reason)) for place, reason in header["unscannable"]),
        _text(header["rules_digest"]),
    )
    return Scan(message, findings, tuple((int(number), _text(kind)) for number, kind in header["kinds"]))


def _pairs(value: Sequence[Sequence[object]]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(first), _text(second)) for first, second in value)


def _spans(value: Sequence[Sequence[object]]) -> tuple[tuple[int, int], ...]:
    return tuple((_place(start), _place(end)) for start, end in value[:MOST_SPANS])


def _place(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError("not a place in a text, nor a count")
    return value


def _rule(value: object) -> str:
    if not isinstance(value, str) or not _RULE.fullmatch(value):
        raise TypeError("not a rule's id")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
