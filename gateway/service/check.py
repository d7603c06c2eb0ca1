"""Checks rule and policy files as a whole, the rules' own examples included: what `zegel check` does.

Files are given as (name, text), since reading them is not a service's work; `site` are the files of the site's folders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core import policy_file, rules
from gateway.core.classify import Classifier
from gateway.core.errors import Mistake
from gateway.core.policy import PolicySet
from gateway.core.rules import Rule, RuleSet
from gateway.core.toml_lines import Path, locate
from gateway.core.toml_source import Mistakes, dotted

File = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of all rule and policy files, Zegel's own and the site's."""

    rules: tuple[File, ...]
    policies: tuple[File, ...]
    site_rules: tuple[File, ...] = ()
    site_policies: tuple[File, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)  # the organisation's own: name -> SHA-256 of the file


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `rules` and `policies` are None when their files can't be used; `examples` were run."""

    mistakes: tuple[Mistake, ...]
    rules: RuleSet | None = field(repr=False)
    policies: PolicySet | None = field(repr=False)
    examples: int

    @property
    def ok(self) -> bool:
        return not self.mistakes


def load(files: Files) -> tuple[RuleSet, PolicySet]:
    """Rules and policies, without running examples: at start and on reload. Raises `Misconfigured`."""
    loaded = rules.load(files.rules, files.site_rules, files.lists)
    return loaded, policy_file.load(files.policies, loaded, files.site_policies)


def check(files: Files) -> Checked:
    """All mistakes of all files at once. Policies are looked at only when the rules, which they name, can be used."""
    mistakes = Mistakes()
    loaded: RuleSet | None = None
    policies: PolicySet | None = None
    with mistakes.gather():
        loaded = rules.load(files.rules, files.site_rules, files.lists)
    if loaded is not None:
        with mistakes.gather():
            policies = policy_file.load(files.policies, loaded, files.site_policies)
    examples = 0
    for file, text in (*files.rules, *files.site_rules):
        with Mistakes().gather():  # what can't be read is told already
            own = [rule for rule in rules.read_file(file, text).values() if rule is not None]
            examples += sum(len(rule.match) + len(rule.no_match) for rule in own)
            for mistake in _wrong_examples(file, text, own):
                mistakes.add(mistake)
    return Checked(mistakes.all, loaded, policies, examples)


def _wrong_examples(file: str, text: str, own: Sequence[Rule]) -> list[Mistake]:
    """Examples are an admin's own text, yet their content is not repeated in the sentence: they might be real."""
    classifier = Classifier(RuleSet.of(own))
    lines = locate(text.replace("\r\n", "\n"))
    wrong = []
    for rule in own:
        for key, examples in (("match", rule.match), ("no_match", rule.no_match)):
            for index, example in enumerate(examples):
                found = any(finding.rule == rule.id for finding in classifier.classify([("body", example)]))
                if found is not (key == "match"):
                    path: Path = (*rule.id.split("."), key, index)
                    sentence = "the rule should find this example" if key == "match" else "the rule finds this example"
                    wrong.append(Mistake(file, lines[path], dotted(path), f"{sentence}, but {_but(key)}"))
    return wrong


def _but(key: str) -> str:
    if key == "match":
        return "does not; look at the pattern, the validator and near_required"
    return "should not; narrow the pattern, or add a validator or not_near words"
