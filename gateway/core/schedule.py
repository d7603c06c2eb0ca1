"""Schedules: at which times a policy's condition holds. The time is an argument, the zone's rules come with the schedule.

Rules: days and hours are those of a clock on the wall in `timezone`. A stretch over midnight (18:00 to 08:00) belongs to
the day on which it begins. A first and last day count whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """None means without a limit; `days` counts from Monday = 0. `start` and `end` are both there or neither is."""

    timezone: str
    days: frozenset[int] = frozenset(range(7))
    start: time | None = None  # `from` in the file
    end: time | None = None  # `until`, not included
    first: date | None = None  # `valid_from`
    last: date | None = None  # `valid_until`, included

    def holds(self, at: datetime) -> bool:
        """`at` is an aware time."""
        local = at.astimezone(ZoneInfo(self.timezone))
        day, now = local.date(), local.time()
        if self.start is None or self.end is None:
            return self._counts(day)
        if self.start < self.end:
            return self._counts(day) and self.start <= now < self.end
        return (self._counts(day) and now >= self.start) or (self._counts(day - _DAY) and now < self.end)

    def _counts(self, day: date) -> bool:
        started = self.first is None or day >= self.first
        over = self.last is not None and day > self.last
        return day.weekday() in self.days and started and not over
