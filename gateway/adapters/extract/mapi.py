"""Properties of Outlook messages (MS-OXPROPS) that matter here, whether they stand in a msg file or in TNEF."""

from __future__ import annotations

import compressed_rtf

STRING8, UNICODE, BINARY, OBJECT = 0x001E, 0x001F, 0x0102, 0x000D
BODY_HTML, RTF_COMPRESSED = 0x1013, 0x1009
ATTACH_DATA, ATTACH_LONG_NAME, ATTACH_NAME, ATTACH_DISPLAY = 0x3701, 0x3707, 0x3704, 0x3001
HEADERS = 0x007D
# Texts of machines: ids, types and search keys.
MACHINE = frozenset({0x001A, 0x1035, 0x1039, 0x1042, 0x370E, 0x0E28, 0x0E29, 0x3FFA, 0x300B})
_MOST_RTF = 64 << 20


def rtf_of(packed: bytes) -> bytes:
    """The RTF of PidTagRtfCompressed (MS-OXRTFCP). Raises ValueError."""
    if len(packed) < 16 or int.from_bytes(packed[4:8], "little") > _MOST_RTF:
        raise ValueError("no compressed RTF")
    return bytes(compressed_rtf.decompress(packed))
