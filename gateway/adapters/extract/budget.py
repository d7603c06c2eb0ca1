"""What one message may cost to read, counted over all its attachments and all files in them."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.core.finding import Unscannable
from gateway.core.limits import Limits


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

    def add(self, place: str, text: str) -> None:
        """One unit of text; an empty one is left out."""
        self._characters += len(text)
        self._check("text", self._characters, self.limits.text_characters)
        if text.strip():
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

    def _check(self, name: str, spent: int, most: int) -> None:
        if spent > most:
            raise LimitReached(f"limit:{name}")
        self.tick()

    def tick(self) -> None:
        if self._clock() > self._until:
            raise LimitReached("limit:time")
