from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from gateway.core.schedule import Schedule

AMSTERDAM = "Europe/Amsterdam"
NIGHT = Schedule(AMSTERDAM, frozenset({0}), time(18), time(8))  # the night that begins on Monday
HOLIDAYS = Schedule(AMSTERDAM, first=date(2026, 12, 20), last=date(2027, 1, 3))


@pytest.mark.parametrize(
    ("schedule", "at", "holds"),
    [
        (NIGHT, datetime(2026, 3, 2, 17, 0, tzinfo=UTC), True),  # Monday 18:00 in Amsterdam
        (NIGHT, datetime(2026, 3, 2, 16, 59, tzinfo=UTC), False),
        (NIGHT, datetime(2026, 3, 3, 6, 59, tzinfo=UTC), True),  # Tuesday 7:59
        (NIGHT, datetime(2026, 3, 3, 7, 0, tzinfo=UTC), False),
        (NIGHT, datetime(2026, 3, 2, 6, 0, tzinfo=UTC), False),  # Monday early: Sunday's night
        (NIGHT, datetime(2026, 7, 6, 16, 0, tzinfo=UTC), True),  # Monday 18:00 in summer time
        (NIGHT, datetime(2026, 7, 6, 15, 59, tzinfo=UTC), False),
        (HOLIDAYS, datetime(2026, 12, 19, 22, 59, tzinfo=UTC), False),
        (HOLIDAYS, datetime(2026, 12, 19, 23, 0, tzinfo=UTC), True),
        (HOLIDAYS, datetime(2027, 1, 3, 22, 59, tzinfo=UTC), True),
        (HOLIDAYS, datetime(2027, 1, 3, 23, 0, tzinfo=UTC), False),
        (Schedule("UTC", start=time(9), end=time(17)), datetime(2026, 3, 2, 9, tzinfo=UTC), True),
        (Schedule("UTC", start=time(9), end=time(17)), datetime(2026, 3, 2, 17, tzinfo=UTC), False),
        (Schedule("UTC", frozenset({0}), time(18), time(0)), datetime(2026, 3, 3, tzinfo=UTC), False),
    ],
)
def test_when_it_holds(schedule: Schedule, at: datetime, holds: bool) -> None:
    assert schedule.holds(at) is holds
