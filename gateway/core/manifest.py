"""The manifest: the sealed head of a message. It names everything a reader sees but the bodies and attachments.

Serialised as JSON (UTF-8), version 1; described in docs/vault-format.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from gateway.core.errors import CannotOpen
from gateway.core.message import Disposition

VERSION = 1


@dataclass(frozen=True, slots=True)
class ManifestPart:
    """One part as its reader sees it; `size` is the plaintext's length, `sha256` its digest in hex."""

    number: int
    disposition: Disposition
    content_type: str
    name: str
    size: int
    sha256: str
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`from_`, `to` and `cc` hold (display name, address); `date` is the message's own Date header."""

    subject: str
    from_: tuple[tuple[str, str], ...]
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    date: str
    message_id: str
    references: str
    parts: tuple[ManifestPart, ...]

    def part(self, disposition: Disposition) -> ManifestPart | None:
        """The first part of that kind."""
        return next((part for part in self.parts if part.disposition is disposition), None)

    @property
    def attachments(self) -> tuple[ManifestPart, ...]:
        """What is offered for download: attachments, and inline images too."""
        return tuple(p for p in self.parts if p.disposition in (Disposition.ATTACHMENT, Disposition.INLINE))

    def to_bytes(self) -> bytes:
        fields = asdict(self)
        for part in fields["parts"]:
            part["disposition"] = part["disposition"].value
        return json.dumps({"v": VERSION, **fields}, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Raises `CannotOpen` for an unknown version."""
        fields = json.loads(data)
        if fields.pop("v", None) != VERSION:
            raise CannotOpen
        for name in ("from_", "to", "cc"):
            fields[name] = tuple((display, address) for display, address in fields[name])
        fields["parts"] = tuple(
            ManifestPart(**{**part, "disposition": Disposition(part["disposition"])}) for part in fields["parts"]
        )
        return cls(**fields)
