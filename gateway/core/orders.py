"""An order: what the deliver role needs to make one recipient's grant and notification. Sealed to the queue key.

The SMTP role writes it beside the sealed message; the portal writes it when the sender adds what was missing. Holds
secrets (a phone number, a password's factor): never logged, destroyed when carried out.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.core.directives import VerificationKind

VERSION = 1


@dataclass(frozen=True, slots=True)
class CaseWords:
    """What a letter about a case tells. `found` is (title in the letter's language, place, count), title empty for what could
    not be read; `deadline` is ISO 8601; `choices` and `unanswered` are values of Choice; `name` is the reviewer's."""

    found: tuple[tuple[str, str, int], ...] = ()
    choices: tuple[str, ...] = ()
    deadline: str = ""
    unanswered: str = ""
    by: str = ""
    name: str = ""
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """`factor` and `salt` belong to a password; `subject` is empty when the policy hides it.

    `letter` is 'notification' for a recipient, 'sealed-report', 'waiting', 'activation' or 'recovery' for the sender, and so
    on; letters have no grant and carry `code` (of the manage, activation or case link) instead. 'recovery-request' goes to
    an admin, about the account at `sender_address`.
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
    case: CaseWords | None = None  # for letters about held mail

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
        if fields.get("case") is not None:
            fields["case"] = _case(fields["case"])
        return cls(**{**fields, "verification": VerificationKind(fields["verification"])})


def _case(fields: dict[str, Any]) -> CaseWords:
    found = tuple((title, place, count) for title, place, count in fields["found"])
    return CaseWords(**{**fields, "found": found, "choices": tuple(fields["choices"])})
