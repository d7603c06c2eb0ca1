"""The header block of a message in the queue: all that a DSN may return of it, and whom to sign for. Never the body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.policy import compat32

_END = re.compile(rb"\r?\n\r?\n")
MOST_ADDRESS_CHARS = 2000
MOST_HEADER_BYTES = 32 * 1024  # of a returned header block; the rest says nothing a person needs

# Our own bookkeeping, and secrets of other systems, do not go back to anybody.
_PRIVATE = frozenset({"x-zegel-transport", "bcc", "authentication-results"})


@dataclass(frozen=True, slots=True)
class Original:
    """`headers` is the block with CRLF, cut at `MOST_HEADER_BYTES`, without our own and private fields."""

    headers: bytes = field(repr=False)
    from_domain: str
    automatic: bool  # Auto-Submitted (RFC 3834) or a list's mail: answers and DSNs would be noise or a loop

    @classmethod
    def of(cls, raw: bytes) -> Original:
        """Reads the header block only; never raises on what a sender wrote."""
        end = _END.search(raw)
        parsed = BytesHeaderParser(policy=compat32).parsebytes(raw[: end.start() if end else len(raw)])
        automatic = str(parsed.get("Auto-Submitted", "no")).partition(";")[0].strip().lower() != "no"
        return cls(
            headers=_returned(raw[: end.start() if end else len(raw)]),
            from_domain=_domain(str(parsed.get("From", ""))[:MOST_ADDRESS_CHARS]),
            automatic=automatic,
        )


def _domain(field_body: str) -> str:
    """The domain of the first address: in angle brackets, else bare. Not by the library's parser, which recurses into nested
    comments until Python gives up; which key signs is all that hangs on it."""
    found = re.search(r"<[^<>]*@([^\s<>@]+)>", field_body) or re.search(r"@([^\s<>@,;()\"]+)", field_body)
    return found[1].lower() if found else ""


def _returned(block: bytes) -> bytes:
    """The block field by field, so that a private one goes with its folded lines."""
    kept: list[bytes] = []
    size = 0
    keep = False
    for line in re.split(rb"\r\n|\r|\n", block):
        if line[:1] not in (b" ", b"\t"):
            name, colon, _ = line.partition(b":")
            keep = bool(colon) and name.strip().lower().decode("ascii", "replace") not in _PRIVATE
        size += len(line) + 2
        if size > MOST_HEADER_BYTES:
            break
        if keep:
            kept.append(line + b"\r\n")
    return b"".join(kept)
