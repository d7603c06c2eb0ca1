"""How much of a message is read: beyond these limits it counts as unscannable, never as clean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes. Ordinary mail stays far below all of these; bombs don't.

    `depth` is how deeply multiparts nest; `nesting` how deeply files lie in files (a zip in a zip, a mail in a mail);
    `ratio` is what an archive may unpack to, relative to its own size (office files reach 50, bombs begin at 1000).
    `images` and `image_seconds` bound what is read by character recognition in one message, `image_pixels` one image or page.
    `seconds` is for reading all of a message, `classify_seconds` for looking through the texts after that; the broker kills a
    worker only after longer (`scan.seconds` in the settings).
    """

    header_bytes: int = 256 * 1024  # of one header block
    header_fields: int = 1000
    depth: int = 20
    parts: int = 1000
    nesting: int = 8
    files: int = 2000  # in all archives of a message together
    ratio: int = 200
    unpacked_bytes: int = 256 * 1024 * 1024
    text_characters: int = 32 * 1024 * 1024
    pages: int = 2000
    images: int = 60
    image_pixels: int = 40_000_000
    image_seconds: float = 12.0
    seconds: float = 20.0
    classify_seconds: float = 6.0
