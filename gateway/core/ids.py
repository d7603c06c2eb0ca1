"""Identifiers are made outside the core and handed in; this names the shapes.

A message, grant, delivery or account id is 16 characters of lower-case base32 (80 random bits): safe in a URL, a file
name and a log line, and not guessable, though nothing relies on that.
"""

from __future__ import annotations

import re

ID = re.compile(r"[a-z2-7]{16}")


def is_id(text: str) -> bool:
    """Whether `text` has the shape of an id; checked before it touches a path or a query."""
    return ID.fullmatch(text) is not None
