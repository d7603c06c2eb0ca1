"""Groups of addresses that policies name: `[group.finance]` in a policies file.

They stand beside the policies, not in the settings: a policy can't be read without its groups, both are reloaded together,
and `zegel check` and `zegel explain` need no settings for either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.envelope import spellings
from gateway.core.glob import first_match


@dataclass(frozen=True, slots=True)
class Group:
    """`members` are globs over addresses: "jan@example.nl", "*@finance.example.nl"."""

    name: str
    members: tuple[str, ...]

    def has(self, address: str) -> bool:
        return any(first_match(self.members, spelling) is not None for spelling in spellings(address))


def first_group(groups: Iterable[Group], address: str) -> Group | None:
    """The first group that the address is in."""
    return next((group for group in groups if group.has(address)), None)
