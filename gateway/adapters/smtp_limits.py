"""What one process lets all its SMTP clients have together: sessions, memory, wrong passwords.

Counters live in this process; wrong passwords can be counted for all processes by a callback (see `smtp_auth`).
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from types import TracebackType


class Census:
    """Counts sessions, in all and by neighbourhood."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._by_place: Counter[str] = Counter()

    def enter(self, place: str, *, exempt: bool) -> bool:
        """Whether one more session is allowed; then it counts until `leave`. Exempt places count towards the total."""
        if self._by_place.total() >= self._total or (not exempt and self._by_place[place] >= self._each):
            return False
        self._by_place[place] += 1
        return True

    def leave(self, place: str) -> None:
        self._by_place[place] -= 1
        if not self._by_place[place]:
            del self._by_place[place]

    def __len__(self) -> int:
        return self._by_place.total()


class Budget:
    """Octets of messages in memory, of all sessions together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    def fits(self, octets: int) -> bool:
        return self.used + octets <= self._limit

    def lease(self) -> Lease:
        return Lease(self)


class Lease:
    """One message's part of the budget; given back when the context ends."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0

    def grow(self, octets: int) -> bool:
        """Books more octets, or says False and books nothing."""
        if not self._budget.fits(octets):
            return False
        self._budget.used += octets
        self._held += octets
        return True

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._budget.used -= self._held
        self._held = 0


class Failures:
    """Failures by key in a fixed window of `seconds` that begins with the first one.

    At most `size` keys are remembered; the oldest go first, so that a flood of keys costs memory of a bounded size.
    """

    def __init__(self, seconds: float, now: Callable[[], float], size: int = 20_000) -> None:
        self._seconds = seconds
        self._now = now
        self._size = size
        self._since: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, key: str) -> int:
        """How many there are in the current window."""
        since, count = self._since.get(key, (0.0, 0))
        return count if count and self._now() - since < self._seconds else 0

    def add(self, key: str, at_least: int = 0) -> None:
        """One more; `at_least` is what other processes counted, this one included."""
        count = self.count(key)
        since = self._since[key][0] if count else self._now()
        self._since[key] = (since, max(count + 1, at_least))
        while len(self._since) > self._size:
            self._since.popitem(last=False)
