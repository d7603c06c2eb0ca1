"""The transition table is complete, and the schedule tries for five days, never later."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.delivery import (
    GIVE_UP_AFTER,
    PAUSES,
    TRANSITIONS,
    DeliveryEvent,
    DeliveryState,
    ImpossibleTransition,
    after,
    next_attempt,
    pause_after,
)

START = datetime(2026, 11, 24, tzinfo=UTC)
FINAL = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.CANCELLED)


@pytest.mark.parametrize("pair", list(itertools.product(DeliveryState, DeliveryEvent)), ids=str)
def test_what_is_not_in_the_table_is_refused(pair: tuple[DeliveryState, DeliveryEvent]) -> None:
    if pair in TRANSITIONS:
        assert after(*pair) is TRANSITIONS[pair]
    else:
        with pytest.raises(ImpossibleTransition):
            after(*pair)


def test_final_states_know_no_event_and_all_others_can_end() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] in FINAL]
    for state in set(DeliveryState) - set(FINAL):
        assert (state, DeliveryEvent.WITHDRAWN) in TRANSITIONS


def test_the_first_pauses_are_short_and_the_last_one_repeats() -> None:
    assert [pause_after(n, 0) for n in range(1, 8)] == list(PAUSES)
    assert pause_after(50, 0) == PAUSES[-1]
    assert pause_after(1, 1) == timedelta(minutes=1, seconds=12)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_the_last_attempt_is_at_the_end_of_five_days(jitter: float) -> None:
    now, attempts = START, 0
    moments = []
    while (again := next_attempt(START, now, attempts + 1, jitter)) is not None:
        assert again > now
        moments.append(again)
        now, attempts = again, attempts + 1
    assert moments[-1] == START + GIVE_UP_AFTER
    assert 25 < len(moments) < 40
