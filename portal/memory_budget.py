"""How much memory the drafts of all requests together may take: what does not fit is refused for the moment, not queued.

A *lease* is one request's share; it grows as octets come in and ends with the request.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gateway.core.errors import Unavailable

# Octets that one octet of a request takes at its peak (measured: 6.4): itself, the message in base64, and the scan's
# answer, which holds the parts again, each while the next is made of it.
COST = 7


class NoRoom(Unavailable):
    """The budget is spent by other requests."""

    public = "Too many drafts are being looked at, please try again in a moment"


class MemoryBudget:
    """`octets` of memory in all."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self._spent = 0

    @property
    def spent(self) -> int:
        return self._spent

    def lease(self) -> Lease:
        return Lease(self)

    def take(self, octets: int) -> None:
        if self._spent + octets > self._octets:
            raise NoRoom
        self._spent += octets

    def give_back(self, octets: int) -> None:
        self._spent -= octets


class Lease:
    """Use it as a context; `grow` raises `NoRoom`."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._octets = 0

    def grow(self, octets: int) -> None:
        """For that many more octets of the request."""
        self._budget.take(octets * COST)
        self._octets += octets * COST

    def shrink(self, octets: int) -> None:
        """Octets that were thrown away."""
        self._budget.give_back(octets * COST)
        self._octets -= octets * COST

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.give_back(self._octets)
        self._octets = 0
