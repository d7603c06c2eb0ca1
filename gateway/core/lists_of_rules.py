"""What rules ask of the organisation's own lists: is this value ours, does its row stand around it, is this text one of ours?

Rule: a rule whose list is missing is never passed over: a classifier that scans mail refuses to be made without it.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.exact_list import is_listed, supporting
from gateway.core.fingerprint import containment, shingles
from gateway.core.list_file import ExactList, FingerprintList, OwnList
from gateway.core.normalise import Normal
from gateway.core.rules import Rule, RuleSet
from gateway.core.tally import Place

_DOCUMENT = "document"  # counts once for each place


class ListsOfRules:
    """`lists` is None where only examples are run: then every value counts as listed, and no document is known."""

    def __init__(self, rules: RuleSet, lists: Mapping[str, OwnList] | None) -> None:
        self._exact: dict[str, ExactList] = {}
        self._documents: list[tuple[Rule, FingerprintList]] = []
        if lists is None:
            return
        for rule in rules.rules:
            own = lists.get(rule.list or rule.fingerprint)
            if rule.list:
                if not isinstance(own, ExactList):
                    raise ValueError(f"{rule.id}: {rule.list} is no list of values")
                self._exact[rule.id] = own
            elif rule.fingerprint:
                if not isinstance(own, FingerprintList):
                    raise ValueError(f"{rule.id}: {rule.fingerprint} is no list of documents")
                self._documents.append((rule, own))
        self._keys = {own.key for _, own in self._documents}

    def holds(self, rule: Rule, value: str) -> bool:
        own = self._exact.get(rule.id)
        return own is None or is_listed(own, value)

    def supports(self, rule: Rule, value: str, data: bytes, start: int, end: int) -> bool:
        """Whether more of the value's row stands within the rule's window."""
        own = self._exact.get(rule.id)
        if own is None:
            return False
        around = data[max(0, start - rule.window) : end + rule.window].decode("utf-8", "ignore")
        return supporting(own, value, around) > 0

    def read_documents(self, place: Place, normal: Normal) -> None:
        if self._documents:
            text = normal.data.decode()
            for key in self._keys:
                place.shingles |= shingles(text, key)

    def note_documents(self, place: Place) -> None:
        """Once all units of a place are read: the pages of a document are several."""
        for rule, own in self._documents:
            if containment(own, place.shingles) * 100 >= rule.containment:
                place.tallies[rule.id].note(_DOCUMENT, rule.confidence, None)
