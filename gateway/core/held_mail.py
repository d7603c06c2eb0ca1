"""Held mail as it lies in the queue, sealed to the queue key: the message as it came, and the envelope it came in.

The rule: a later decision must see the same facts as the first, so the session's facts are kept beside the octets.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from gateway.core.envelope import Envelope, Session

VERSION = 1
_LENGTH = 4  # octets of the facts' length, big-endian


@dataclass(frozen=True, slots=True)
class HeldMail:
    """`envelope` holds all recipients of the session, also those that the case is not about. `sealed` says that sealing was
    chosen when it waited before: whoever releases it later can't know that, and must not undo it.
    """

    envelope: Envelope
    raw: bytes = field(repr=False)
    sealed: bool = False

    def to_bytes(self) -> bytes:
        facts = json.dumps({"v": VERSION, "sealed": self.sealed, **asdict(self.envelope)}, ensure_ascii=False).encode()
        return b"".join((len(facts).to_bytes(_LENGTH, "big"), facts, self.raw))

    @classmethod
    def from_bytes(cls, data: bytes) -> HeldMail:
        """Raises ValueError for an unknown version."""
        end = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
        fields = json.loads(data[_LENGTH:end])
        if fields.pop("v", None) != VERSION:
            raise ValueError("held mail of an unknown version")
        session, sealed = Session(**fields.pop("session")), fields.pop("sealed", False)
        envelope = Envelope(**{**fields, "rcpt_tos": tuple(fields["rcpt_tos"]), "session": session})
        return cls(envelope, data[end:], sealed)
