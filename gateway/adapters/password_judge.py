"""Judges new passwords by zxcvbn: how many guesses a machine needs that knows words, names, dates, keyboards, and the passwords
that most often stood in breaches. All of it is on this machine; nothing is asked of anybody.

Its lists are English, so the Dutch words that people here take for a password stand in dutch_passwords.txt; words about the
person come from whoever asks.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from zxcvbn import zxcvbn

GOOD = 4  # of 0 to 4: more than 10^10 guesses. 3 (10^8) would let "Welkom2026!!" pass: a word, a year and a habit
JUDGED = 72  # characters: the work grows fast with length, and what follows can only make it stronger

DUTCH = tuple(Path(__file__).with_name("dutch_passwords.txt").read_text(encoding="utf-8").split())


class Zxcvbn:
    """Implements `gateway.core.login_ports.PasswordJudge`."""

    def weak(self, password: str, about: Sequence[str]) -> bool:
        words = itertools.chain.from_iterable((text, *re.split(r"[\W_]+", text)) for text in about)
        known = dict.fromkeys(word.lower() for word in (*words, *DUTCH) if len(word) > 2)
        judged = zxcvbn(password[:JUDGED], user_inputs=list(known), max_length=JUDGED)
        return int(judged["score"]) < GOOD
