"""The shape of a blob's key: an id (`gateway.core.ids`), optionally with a '.suffix'. Nothing that a path could misread."""

from __future__ import annotations

import re

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(\.[a-z0-9_-]{1,32})?")


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for another shape: that is a programming error, or an attack."""
    if KEY.fullmatch(key) is None:
        raise ValueError("not a blob key")
    return key
