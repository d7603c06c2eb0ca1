"""How a text travels by SMS: the alphabet, and the parts of a text that is too long for one (3GPP TS 23.038, 23.040).

Terms: GSM 7-bit counts septets, of which characters like the euro take two; anything outside that alphabet makes the whole
text UCS-2. A long text goes in parts, each with a user data header: reference, count and number.
The rule: one octet per septet, as SMPP 3.4 carries the default alphabet, and no character is ever cut in two.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
ALPHABET = {character: bytes([at]) for at, character in enumerate(_BASIC) if character != "\x1b"} | {
    character: bytes([0x1B, at]) for character, at in _EXTENDED.items()
}
WHOLE_SEPTETS, PART_SEPTETS = 160, 153
WHOLE_OCTETS, PART_OCTETS = 140, 134  # of UCS-2
MOST_PARTS = 255


@dataclass(frozen=True, slots=True)
class Parts:
    """`contents` are short_message fields, with their user data header when there are several."""

    ucs2: bool
    contents: tuple[bytes, ...] = field(repr=False)


def parts(text: str, reference: int) -> Parts:
    """`reference` is 0 to 255 and tells texts to one number apart. Raises ValueError beyond 255 parts."""
    ucs2 = any(character not in ALPHABET for character in text)
    pieces = [character.encode("utf-16-be") if ucs2 else ALPHABET[character] for character in text]
    whole, part = (WHOLE_OCTETS, PART_OCTETS) if ucs2 else (WHOLE_SEPTETS, PART_SEPTETS)
    if sum(map(len, pieces)) <= whole:
        return Parts(ucs2, (b"".join(pieces),))
    cut = _cut(pieces, part)
    if len(cut) > MOST_PARTS:
        raise ValueError("a text has at most 255 parts")
    header = bytes([5, 0, 3, reference, len(cut)])
    return Parts(ucs2, tuple(header + bytes([at]) + content for at, content in enumerate(cut, 1)))


def _cut(pieces: list[bytes], most: int) -> list[bytes]:
    cut = [bytearray()]
    for piece in pieces:
        if len(cut[-1]) + len(piece) > most:
            cut.append(bytearray())
        cut[-1] += piece
    return [bytes(content) for content in cut]
