"""The rules as workers get them: read and compiled by the broker, once for each set.

Rule: a rule set is known by its digest; workers load the octets, which takes them a thousandth of compiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.core import rules
from gateway.core.classify import Classifier

RuleTexts = tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]  # Zegel's own files, and the site's


class CompiledRules:
    """`read_rules` gives the files' texts anew."""

    def __init__(self, read_rules: Callable[[], RuleTexts]) -> None:
        self._read_rules = read_rules
        self._digest, self._compiled = "", b""

    def read(self) -> tuple[str, bytes]:
        """The rules as JSON, and compiled. Raises `Misconfigured`."""
        loaded = rules.load(*self._read_rules())
        if self._digest != loaded.digest:
            self._digest, self._compiled = loaded.digest, Classifier(loaded).compiled()
        return loaded.to_json(), self._compiled
