"""What a decision does to mail that goes on in the ordinary way, beside its action.

Terms: recipients with the same *handling* get the same octets. Rule: the body is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.core.decision import Decision
from gateway.core.header_edit import add_headers, prefix_subject, remove_headers
from gateway.core.message import Message
from gateway.core.parse import presentable

TAG_HEADER = "X-Zegel-Tag"
NOBODY = "undisclosed-recipients:;"  # an empty group: nobody's address (RFC 5322 section 3.4)
_SHOWN = ("To", "Cc", "Resent-To", "Resent-Cc", "Apparently-To")


@dataclass(frozen=True, slots=True)
class Handling:
    """See `Decision` for the fields."""

    tag_header: str = ""
    tag_subject: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    bcc: bool = False
    require_tls: bool = False

    @classmethod
    def of(cls, decision: Decision) -> Handling:
        return cls(decision.tag_header, decision.tag_subject, decision.headers, decision.bcc, decision.require_tls)

    def applied(self, raw: bytes) -> bytes:
        """The message as these recipients get it."""
        if self.bcc:
            raw = _undisclosed(raw)
        if self.tag_subject:
            raw = prefix_subject(raw, self.tag_subject)
        if self.headers:
            raw = add_headers(remove_headers(raw, tuple(name for name, _ in self.headers)), *self.headers)
        return add_headers(raw, (TAG_HEADER, self.tag_header)) if self.tag_header else raw


def without_addressees(message: Message, raw: bytes) -> Message:
    """A message to be sealed, of which nobody reads who else got it: also not in the copy of the whole message `raw` that may
    be its last part. Files of the sender's own stay as they are.
    """
    parts = message.parts
    if parts and parts[-1].content == presentable(raw):
        parts = (*parts[:-1], replace(parts[-1], content=_undisclosed(parts[-1].content)))
    return replace(message, to=(), cc=(), parts=parts)


def _undisclosed(raw: bytes) -> bytes:
    return add_headers(remove_headers(raw, _SHOWN), ("To", NOBODY))
