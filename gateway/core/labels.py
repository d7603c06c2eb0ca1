"""Sensitivity labels that a message carries in its header.

Sources: Sensitivity (RFC 4021 section 2.1.55); msip_labels, as Microsoft Purview writes it:
`MSIP_Label_<GUID>_Enabled=true; MSIP_Label_<GUID>_Name=Confidential; ...`; X-Protective-Marking (the Australian
government's, `SEC=OFFICIAL:Sensitive, ...`); X-Sensitivity and X-Classification, which several products write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = frozenset({"sensitivity", "x-sensitivity", "x-classification", "x-protective-marking"})
_MSIP = re.compile(r"\s*MSIP_Label_([0-9A-Fa-f-]{36})_([A-Za-z]+)\s*=\s*([^;]*)")


def labels(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """All labels, as written, each once: values of fields, and names and ids of Purview's labels that are not switched off."""
    found: dict[str, None] = {}
    for name, value in headers:
        if name.lower() in _PLAIN and value.strip():
            found[value.strip()] = None
        elif name.lower() == "msip_labels":
            found.update(dict.fromkeys(_purview(value)))
    return tuple(found)


def _purview(value: str) -> list[str]:
    told: dict[str, dict[str, str]] = {}
    for item in value.split(";"):
        if match := _MSIP.fullmatch(item):
            told.setdefault(match[1].lower(), {})[match[2].lower()] = match[3].strip()
    on = {label: facts for label, facts in told.items() if facts.get("enabled", "true").lower() != "false"}
    return [text for label, facts in on.items() for text in (label, facts.get("name", "")) if text]
