"""Rules and policies from the folders that the settings name: read at start and on SIGHUP, for the roles that use them.

The rule: what is in force is one immutable snapshot, swapped as a whole; files with a mistake leave the running one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from gateway.adapters.own_lists import OwnLists, read_folders
from gateway.adapters.toml_folder import texts
from gateway.core.cases import Titles
from gateway.core.policy import PolicySet
from gateway.core.rules import RuleSet
from gateway.installation import KeyFolder
from gateway.service.check import Files
from gateway.service.check import load as load_rules_and_policies
from gateway.settings import Settings

log = structlog.get_logger()


def rule_texts(settings: Settings) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """For the scan role. Policies are checked too: a mistake in either must stop both roles from reloading, or they would
    mean different rules from then on, and every message would have to wait."""
    files = rule_and_policy_files(settings)
    load_rules_and_policies(files)
    return files.rules, files.site_rules


def rule_and_policy_files(settings: Settings) -> Files:
    """The texts of all rule and policy files; the first folder is Zegel's own, the others are the site's."""
    return files_in(settings.rules, settings.policies, settings.lists)


def own_lists(settings: Settings) -> OwnLists:
    """For who scans: it holds the key of the lists. Raises `Misconfigured`."""
    files = read_folders(settings.lists)
    return OwnLists(files, KeyFolder(settings.keys).lists_key()) if files else OwnLists()


def files_in(rules: tuple[Path, ...], policies: tuple[Path, ...], lists: tuple[Path, ...] = ()) -> Files:
    return Files(
        lists={file.name: file.digest for file in read_folders(lists)},
        rules=texts(rules[0]),
        policies=texts(policies[0]),
        site_rules=tuple(file for folder in rules[1:] for file in texts(folder)),
        site_policies=tuple(file for folder in policies[1:] for file in texts(folder)),
    )


class PolicyHolder:
    """The policies in force: one immutable snapshot, swapped as a whole; a bad file leaves the running one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rules, self._policies = self._read()

    def get(self) -> PolicySet:
        return self._policies

    def titles(self) -> Mapping[str, Titles]:
        """The rules' titles, by their ids."""
        return {rule.id: rule.titles for rule in self._rules.rules}

    def reload(self) -> None:
        """For SIGHUP."""
        try:
            self._rules, self._policies = self._read()
        except Exception as error:
            # What runs goes on; the admin reads why in the log.
            log.error("policies_not_reloaded", mistakes=str(error).splitlines())
        else:
            log.info("policies_reloaded", digest=self._policies.digest[:16])

    def _read(self) -> tuple[RuleSet, PolicySet]:
        return load_rules_and_policies(rule_and_policy_files(self._settings))
