"""Reads a folder of TOML files, such as dlp_rules/ or /etc/zegel/policies.d, as (name, text)."""

from __future__ import annotations

from pathlib import Path

from gateway.core.errors import Misconfigured, Mistake


def texts(folder: Path) -> tuple[tuple[str, str], ...]:
    """All *.toml files by name; an absent folder holds none. Raises `Misconfigured` when one can't be read."""
    found, mistakes = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append((str(path), path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            reason = (
                "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"can't be read: {error.strerror}"
            )
            mistakes.append(Mistake(str(path), 0, "", reason))
    if mistakes:
        raise Misconfigured(tuple(mistakes))
    return tuple(found)
