"""What left the gateway in the demo, read from the sink's folder: messages (`portal.demo_sink`) and text messages.

`sms.jsonl` has one object per line with `to`, `text` and `at`, written by the console SMS adapter. Newest first.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

IDENTITY = re.compile(r"[0-9A-Za-z-]{1,80}")


@dataclass(frozen=True, slots=True)
class WorldMessage:
    """The envelope of one message that the world got, with its decoded subject; `received_at` is ISO 8601."""

    id: str
    mail_from: str
    rcpt_tos: list[str]
    subject: str
    received_at: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Bodies:
    """A message as a mail client would show it; an absent body is empty."""

    text: str
    html: str
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoWorld:
    folder: Path

    def messages(self) -> list[WorldMessage]:
        paths = sorted(self.folder.glob("*.json"), reverse=True)
        return [WorldMessage(**json.loads(path.read_bytes())) for path in paths]

    def message(self, identity: str) -> WorldMessage | None:
        path = self.folder / f"{identity}.json"
        if IDENTITY.fullmatch(identity) is None or not path.is_file():
            return None
        return WorldMessage(**json.loads(path.read_bytes()))

    def raw(self, identity: str) -> bytes:
        """Raises KeyError when there is no such message."""
        if self.message(identity) is None:
            raise KeyError(identity)
        return (self.folder / f"{identity}.eml").read_bytes()

    def bodies(self, identity: str) -> Bodies:
        message = BytesParser(EmailMessage, policy=policy.default).parsebytes(self.raw(identity))
        names = tuple(part.get_filename() or part.get_content_type() for part in message.iter_attachments())
        return Bodies(_body(message, "plain"), _body(message, "html"), names)

    def sms(self) -> list[dict[str, str]]:
        path = self.folder / "sms.jsonl"
        if not path.is_file():
            return []
        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in reversed(lines) if line.strip()]


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):  # an unknown or a lying charset
        content = part.get_payload(decode=True)
        return content.decode("latin-1") if isinstance(content, bytes) else ""
