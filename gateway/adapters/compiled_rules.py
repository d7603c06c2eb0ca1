"""The rules and lists as workers get them: read and compiled by the broker, once for each set.

Rule: a rule set is known by its digest, which holds those of its lists too; workers load the compiled octets, which takes them
a thousandth of compiling, and see the lists in shared memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.own_lists import MemoryFile, OwnLists, share
from gateway.core import rules
from gateway.core.classify import Classifier

RuleTexts = tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]  # Zegel's own files, and the site's


@dataclass(frozen=True, slots=True)
class Compiled:
    """`told` is for the JSON of a worker's first packet, `octets` its second frame; `files` are inherited by the worker."""

    digest: str
    told: dict[str, Any] = field(repr=False)
    octets: bytes = field(repr=False)
    files: tuple[MemoryFile, ...] = field(repr=False)


class CompiledRules:
    """Both callables read anew."""

    def __init__(self, read_rules: Callable[[], RuleTexts], read_lists: Callable[[], OwnLists]) -> None:
        self._read_rules = read_rules
        self._read_lists = read_lists
        self._last: Compiled | None = None

    def read(self) -> Compiled:
        """Raises `Misconfigured`."""
        lists = self._read_lists()
        opened = lists.opened()
        files, site = self._read_rules()
        loaded = rules.load(files, site, lists.digests)
        if self._last is None or self._last.digest != loaded.digest:
            named = {name for rule in loaded.rules if (name := rule.list or rule.fingerprint)}
            used = [file for file in lists.files if file.name in named]
            shared = share(used)
            numbers = {file.name: memory.number for file, memory in zip(used, shared, strict=True)}
            octets = Classifier(loaded, lists=opened).compiled()
            told = {"rules": loaded.to_json(), "lists": numbers, "lists_key": lists.key.hex()}
            self._last = Compiled(loaded.digest, told, octets, shared)
        return self._last
