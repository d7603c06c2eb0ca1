"""policies/*.toml -> PolicySet. The keys are told in docs/policy-reference.md, which is made from the same tables.

Rules: a file is read whole before it is used; a policy names only rules, tags and groups that exist; keys that would do nothing
are mistakes; a site's file replaces whole policies and groups by id, in their place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import Enum
from typing import Any, cast

from gateway.core.action_keys import OTHER_KEYS, check_belonging, waiting
from gateway.core.address_group import Group
from gateway.core.condition_keys import conditions
from gateway.core.decision import Action
from gateway.core.policy import RESERVED, Policy, PolicySet
from gateway.core.policy_keys import Around, read_all
from gateway.core.rules import RuleSet
from gateway.core.toml_source import Mistakes, Source, Table, read

_ID = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ID_SHAPE = "an id: small letters, digits and hyphens"


def load(
    files: Sequence[tuple[str, str]],
    rules: RuleSet,
    site: Sequence[tuple[str, str]] = (),
    tried: Sequence[tuple[str, str]] = (),
) -> PolicySet:
    """The policies of all files, given as (name, text). A policy or group in `site` replaces the one of the same id whole; a
    policy with `enabled = false` is taken away. Those in `tried` replace the site's in turn.
    Raises `Misconfigured` with every mistake of every file.
    """
    mistakes = Mistakes()
    folders = [_sources(folder, mistakes) for folder in (files, site, tried)]
    groups: dict[str, Group] = {}
    for sources in folders:
        origins: dict[str, str] = {}
        for source in sources:
            groups.update(_groups(source, origins))
    around = Around(rules, groups)
    found: dict[str, Policy | None] = {}
    for sources in folders:
        origins = {}
        for source in sources:
            found.update(_policies(source, around, origins))
            with mistakes.gather():
                source.finish()
    mistakes.raise_any()
    policies = tuple(policy for policy in found.values() if policy is not None)
    digest = hashlib.sha256(_canonical((policies, rules.digest)).encode()).hexdigest()
    return PolicySet(policies, digest, rules.digest)


def _sources(files: Sequence[tuple[str, str]], mistakes: Mistakes) -> list[Source]:
    sources = []
    for file, text in files:
        with mistakes.gather():
            sources.append(read(file, text))
    return sources


def _groups(source: Source, origins: dict[str, str]) -> dict[str, Group]:
    """The groups of one file by name. `origins` (name -> file) refuses what another file of the same folder already has."""
    found: dict[str, Group] = {}
    for name, table in source.root.table("group").children():
        if name in origins:
            table.mistake("", f"is already in {origins[name]}; to replace a group put it in the site's folder")
        origins[name] = f"{source.file}:{table.line}"
        members = table.words("members")
        for index, member in enumerate(members):
            if "@" not in member:
                table.mistake("members", f'"{member}" is no address; for a whole domain write "*@{member}"', index)
        found[name] = Group(name, members)
    return found


def _policies(source: Source, around: Around, origins: dict[str, str]) -> dict[str, Policy | None]:
    """The policies of one file by id; None for one that is not enabled."""
    found: dict[str, Policy | None] = {}
    for table in source.root.tables("policy"):
        policy = _policy(table, around)
        if policy.id in origins:
            table.mistake(
                "id",
                f'"{policy.id}" is already in {origins[policy.id]}; to replace a policy put it in the site\'s folder',
            )
        if policy.id:
            origins[policy.id] = f"{source.file}:{table.line}"
        found[policy.id] = policy if table.boolean("enabled", True) else None
    return found


def _policy(table: Table, around: Around) -> Policy:
    policy_id = table.string("id", pattern=_ID, shape=_ID_SHAPE)
    if policy_id in RESERVED:
        table.mistake("id", f'"{policy_id}" stands for {RESERVED[policy_id]}; choose another id')
    when = table.table("when", required=True)
    if table.has("when") and not when.keys():
        table.mistake("when", 'needs at least one condition, as in when.direction = "outbound"')
    then = table.table("then", required=True)
    values = cast(dict[str, Any], read_all(OTHER_KEYS, then, around))
    action: Action = values["action"]
    policy = Policy(
        id=policy_id,
        when=conditions(when, around),
        unless=conditions(table.table("except"), around),
        waiting=waiting(then, action, around),
        **values,
    )
    check_belonging(then, action)
    return policy


def _canonical(value: object) -> str:
    """A text that is the same for equal values, in every process: frozen sets are sorted, enums are named."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, frozenset):
        return "(" + ",".join(sorted(_canonical(item) for item in value)) + ")"
    if isinstance(value, tuple):
        return "(" + ",".join(_canonical(item) for item in value) + ")"
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return "{" + ",".join(f"{name}:{_canonical(getattr(value, name))}" for name in fields) + "}"
    return repr(value)
