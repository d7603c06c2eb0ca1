"""Limits, masks and texts of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.phone import country, masked
from gateway.core.pickup import HOUR, Unlock, lock_after, window_end
from gateway.core.sms_text import sms_text

NOW = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)


@pytest.mark.parametrize(("wrong", "minutes"), [(1, 0), (4, 0), (5, 15), (6, 0), (10, 30), (15, 60), (500, 1440)])
def test_locks_double_and_end(wrong: int, minutes: int) -> None:
    assert lock_after(wrong, NOW) == (NOW + timedelta(minutes=minutes) if minutes else None)


def test_a_window_ends_at_the_hour() -> None:
    assert window_end(NOW, HOUR) == datetime(2026, 3, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        ("+31612345678", "31", "+31 6 •••• ••78"),
        ("+12025550123", "1", "+1 2 • •••• ••23"),
        ("+352621123456", "352", "+352 6 •••• ••56"),
    ],
)
def test_numbers_are_masked(number: str, code: str, shown: str) -> None:
    assert (country(number), masked(number)) == (code, shown)


def test_the_text_message() -> None:
    text = sms_text("nl", "Huis\n@evil #1", "123456", "https://p.example.nl:8443")
    assert text.splitlines()[-1] == "@p.example.nl #123456"
    assert len(text.splitlines()) == 3
    assert "Do not share" in sms_text("en", "House", "123456", "https://p.example.nl")


def test_an_unlock_hides_itself() -> None:
    assert repr(Unlock(b"code", b"factor")) == "Unlock()"
