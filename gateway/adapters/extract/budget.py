"""What one message may cost to read, counted over all its attachments and all files in them.

Terms: an `Inner` takes a file within a file, by its place, name and content, and reads it one level deeper.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from gateway.core.finding import Unscannable
from gateway.core.limits import Limits

Inner = Callable[[str, str, bytes], None]


class LimitReached(Exception):
    """Reading stops; `reason` is that of an `Unscannable`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Budget:
    """Collects units and what could not be read, and raises `LimitReached` when a limit is passed."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.units: list[tuple[str, str]] = []
        self.unscannable: list[Unscannable] = []
        self._clock = clock
        self._until = clock() + limits.seconds
        self._files = 0
        self._pages = 0
        self._unpacked = 0
        self._characters = 0
        self._images = 0
        self._image_seconds = 0.0
        self._pictures: set[bytes] = set()

    def add(self, place: str, text: str) -> None:
        """One unit of text; an empty one is left out."""
        self._characters += len(text)
        self._check("text", self._characters, self.limits.text_characters)
        if text and not text.isspace():
            self.units.append((place, text))

    def cannot(self, place: str, reason: str) -> None:
        self.unscannable.append(Unscannable(place, reason))

    def file(self) -> None:
        """One more file in an archive."""
        self._files += 1
        self._check("files", self._files, self.limits.files)

    def page(self) -> None:
        self._pages += 1
        self._check("pages", self._pages, self.limits.pages)

    def unpacked(self, octets: int) -> None:
        self._unpacked += octets
        self._check("size", self._unpacked, self.limits.unpacked_bytes)

    @property
    def unpackable(self) -> int:
        """How many octets may still be unpacked; never negative."""
        return max(0, self.limits.unpacked_bytes - self._unpacked)

    def is_new_picture(self, content: bytes) -> bool:
        """Whether an image is not the same as one before: a logo often comes several times."""
        digest = sha256(content).digest()
        seen = digest in self._pictures
        self._pictures.add(digest)
        return not seen

    def image(self, pixels: int) -> None:
        """One more image to be read by character recognition."""
        if pixels > self.limits.image_pixels:
            raise LimitReached("limit:pixels")
        self._images += 1
        self._check("images", self._images, self.limits.images)

    def image_seconds_left(self) -> float:
        """How long character recognition may still take. Raises `LimitReached` when nothing is left."""
        left = min(self.limits.image_seconds - self._image_seconds, self._until - self._clock())
        if left <= 0:
            raise LimitReached("limit:image-time")
        return left

    def image_took(self, seconds: float) -> None:
        self._image_seconds += seconds

    def _check(self, name: str, spent: int, most: int) -> None:
        if spent > most:
            raise LimitReached(f"limit:{name}")
        self.tick()

    def tick(self) -> None:
        if self._clock() > self._until:
            raise LimitReached("limit:time")
