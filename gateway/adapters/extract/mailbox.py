"""Mailbox files (mbox, RFC 4155): mails one after another, each after a line that begins with From."""

from __future__ import annotations

import re

from gateway.adapters.extract.budget import Budget, Inner

_LINE = re.compile(rb"^From \S{1,200} [^\n]{0,200}\n(?=[A-Za-z0-9-]{1,70}:)", re.MULTILINE)


def read_mailbox(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Each mail, by `inner`."""
    starts = [found.end() for found in _LINE.finditer(content)]
    ends = [*[found.start() for found in _LINE.finditer(content)][1:], len(content)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        budget.file()
        name = f"mail-{number}.eml"
        inner(f"{place}/{name}", name, content[start:end])
