"""An order: what the deliver role needs to make one recipient's grant and notification. Sealed to the queue key.

The SMTP role writes it beside the sealed message; the portal writes it when the sender adds what was missing. Holds
secrets (a phone number, a password's factor): never logged, destroyed when carried out.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field

from gateway.core.directives import VerificationKind

VERSION = 1


@dataclass(frozen=True, slots=True)
class Order:
    """`factor` and `salt` belong to a password; `subject` is empty when the policy hides it.

    `letter` is 'notification' for a recipient, 'sealed-report', 'waiting' or 'activation' for the sender; the
    sender's letters have no grant and carry `code` (of the manage or activation link) instead.
    """

    letter: str
    recipient: str
    language: str
    sender_name: str
    sender_address: str
    subject: str = ""
    verification: VerificationKind = VerificationKind.NONE
    phone: str = field(default="", repr=False)
    hint: str = field(default="", repr=False)
    salt: bytes = field(default=b"", repr=False)
    factor: bytes = field(default=b"", repr=False)
    code: bytes = field(default=b"", repr=False)
    recipients: tuple[str, ...] = ()  # for the sender's letters: who gets it sealed
    waiting: tuple[str, ...] = ()  # for the sender's letters: who waits for a number or another way
    reasons: tuple[str, ...] = ()  # for the sender's letters: why, in the sender's language
    in_reply_to: str = ""  # Message-ID that the letter answers, for threading

    def to_bytes(self) -> bytes:
        fields = asdict(self)
        for name in ("salt", "factor", "code"):
            fields[name] = base64.b64encode(fields[name]).decode()
        fields["verification"] = int(self.verification)
        return json.dumps({"v": VERSION, **fields}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Order:
        fields = json.loads(data)
        if fields.pop("v", None) != VERSION:
            raise ValueError("an order of an unknown version")
        for name in ("salt", "factor", "code"):
            fields[name] = base64.b64decode(fields[name])
        for name in ("recipients", "waiting", "reasons"):
            fields[name] = tuple(fields[name])
        return cls(**{**fields, "verification": VerificationKind(fields["verification"])})
