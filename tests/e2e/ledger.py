"""The ledger of a crash test: what clients were answered, what was killed when, and whether what arrived agrees with both."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Answer(Enum):
    """What a client knows of its message."""

    TAKEN = "250"
    REFUSED = "refused"  # an error reply, or no transaction at all
    NONE = "no answer"  # the connection was lost after the message had been sent: it may have been taken


# Whose death may send a message twice: it dies between the next server's 250 and the commit that settles the row.
SENDERS = frozenset({"deliver", "supervisor"})


@dataclass
class Ledger:
    """`answers` by message; `kills` are (time, role); times are `time.monotonic()`. Clients write from many threads."""

    answers: dict[str, Answer] = field(default_factory=dict)
    kills: list[tuple[float, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, message: str, answer: Answer) -> None:
        with self._lock:
            assert message not in self.answers
            self.answers[message] = answer

    def count(self, answer: Answer) -> int:
        return sum(each is answer for each in self.answers.values())

    def lost(self, arrivals: Mapping[str, Sequence[float]]) -> list[str]:
        """Answered 250 but not (yet) arrived."""
        return [
            message for message, answer in self.answers.items() if answer is Answer.TAKEN and not arrivals.get(message)
        ]

    def refused_but_arrived(self, arrivals: Mapping[str, Sequence[float]]) -> list[str]:
        return [message for message in arrivals if self.answers[message] is Answer.REFUSED]

    def twice(self, arrivals: Mapping[str, Sequence[float]]) -> list[str]:
        return [message for message, times in arrivals.items() if len(times) > 1]

    def twice_without_reason(self, arrivals: Mapping[str, Sequence[float]]) -> list[str]:
        """Arrived again although no sending process was killed in between."""
        deaths = [at for at, role in self.kills if role in SENDERS]
        return [
            message
            for message in self.twice(arrivals)
            for first, second in zip(sorted(arrivals[message]), sorted(arrivals[message])[1:], strict=False)
            if not any(first <= death <= second for death in deaths)
        ]
