"""What a file is by its content: the names that policies use, and the scan tells (`gateway.adapters.extract.sniff`)."""

from __future__ import annotations

PROGRAM = "program"

KINDS: tuple[str, ...] = (
    "text",
    "xml",
    "html",
    "rtf",
    "pdf",
    "office",
    "open-document",
    "ole",
    "zip",
    "compressed",
    "tar",
    "archive",
    "mail",
    "mailbox",
    "tnef",
    "signed",
    "image",
    "signature",
    "encrypted",
    PROGRAM,
    "unknown",
)
