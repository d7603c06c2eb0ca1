"""policies/*.toml -> PolicySet. The keys are told in docs/policy-reference.md.

Rules: a file is read whole before it is used; a policy names only rules and tags that exist; keys that would do nothing
are mistakes; a site's file replaces whole policies by id, in their place.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from gateway.core.conditions import Conditions, Finds, Wish
from gateway.core.decision import Action, Choice, Fallback, Waiting
from gateway.core.directives import VerificationKind
from gateway.core.facts import Direction
from gateway.core.finding import Confidence
from gateway.core.glob import matches
from gateway.core.policy import RESERVED, Policy, PolicySet
from gateway.core.rules import CONFIDENCES, RuleSet
from gateway.core.toml_source import Mistakes, Table, read

_ACTIONS = {action.name.lower(): action for action in Action}
_VERIFICATIONS = {kind.name.lower(): kind for kind in VerificationKind}
_FALLBACKS = {fallback.value: fallback for fallback in Fallback}
_DIRECTIONS = {direction.value: direction for direction in Direction}
_WISHES = {wish.value: wish for wish in Wish}
_ID = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ONE_LINE = r"[^\r\n\x00-\x1f]+"
_SEALING = ("verification", "fallback", "expires", "hide_subject")  # say something about sealed messages only
_WAITING = ("answer_within", "unanswered")  # say something about mail that waits only
_WARNING = ("choices", "reason_required")
_HOLDING = ("reviewers",)
_CHOICES = {choice.value: choice for choice in Choice}
_WARNED = {choice.value: choice for choice in (Choice.SEAL, Choice.SEND, Choice.CANCEL)}
_HELD = {"refuse": Choice.CANCEL, "seal": Choice.SEAL, "release": Choice.SEND}
_TAGGING = ("tag_header", "tag_subject")  # say something about mail that goes on in the ordinary way

_BELONG_TO: dict[tuple[str, ...], tuple[Action, ...]] = {
    _SEALING: (Action.SEAL, Action.WARN, Action.HOLD),
    _TAGGING: (Action.TAG, Action.RELAY, Action.WARN, Action.HOLD),
    _WAITING: (Action.WARN, Action.HOLD),
    _WARNING: (Action.WARN,),
    _HOLDING: (Action.HOLD,),
}


def load(files: Sequence[tuple[str, str]], rules: RuleSet, site: Sequence[tuple[str, str]] = ()) -> PolicySet:
    """The policies of all files, given as (name, text). A policy in `site` replaces the one of the same id whole; one
    with `enabled = false` takes it away. Raises `Misconfigured` with every mistake of every file.
    """
    mistakes = Mistakes()
    found: dict[str, Policy | None] = {}
    for group in (files, site):
        origins: dict[str, str] = {}
        for file, text in group:
            with mistakes.gather():
                found.update(read_file(file, text, rules, origins))
    mistakes.raise_any()
    policies = tuple(policy for policy in found.values() if policy is not None)
    digest = hashlib.sha256(_canonical((policies, rules.digest)).encode()).hexdigest()
    return PolicySet(policies, digest, rules.digest)


def read_file(file: str, text: str, rules: RuleSet, origins: dict[str, str] | None = None) -> dict[str, Policy | None]:
    """The policies of one file by id; None for one that is not enabled. `origins` (id -> file) refuses what another
    file of the same folder already has. Raises `Misconfigured`.
    """
    origins = {} if origins is None else origins
    source = read(file, text)
    found: dict[str, Policy | None] = {}
    for table in source.root.tables("policy"):
        policy = _policy(table, rules)
        if policy.id in origins:
            table.mistake(
                "id",
                f'"{policy.id}" is already in {origins[policy.id]}; to replace a policy put it in the site\'s folder',
            )
        if policy.id:
            origins[policy.id] = f"{file}:{table.line}"
        found[policy.id] = policy if table.boolean("enabled", True) else None
    source.finish()
    return found


def _policy(table: Table, rules: RuleSet) -> Policy:
    policy_id = table.string("id", pattern=_ID, shape="an id: small letters, digits and hyphens")
    if policy_id in RESERVED:
        table.mistake("id", f'"{policy_id}" stands for {RESERVED[policy_id]}; choose another id')
    when = table.table("when", required=True)
    if table.has("when") and not when.keys():
        table.mistake("when", 'needs at least one condition, as in when.direction = "outbound"')
    then = table.table("then", required=True)
    action = then.choice("action", _ACTIONS)
    tag_header, tag_subject = (then.string(key, "", pattern=_ONE_LINE, shape="one line") for key in _TAGGING)
    _check_then(then, action)
    return Policy(
        id=policy_id,
        when=_conditions(when, rules),
        unless=_conditions(table.table("except"), rules),
        action=action,
        verification=_verification(then),
        fallback=then.choice("fallback", _FALLBACKS, Fallback.ASK),
        expires=then.duration("expires") if then.has("expires") else None,
        hide_subject=then.boolean("hide_subject", False),
        tag_header=tag_header,
        tag_subject=tag_subject,
        explain=_explain(then),
        waiting=_waiting(then, action),
    )


def _waiting(then: Table, action: Action) -> Waiting | None:
    if action is Action.WARN:
        choices = then.choices("choices", _CHOICES, (Choice.SEAL, Choice.REMOVE, Choice.CANCEL))
        unanswered = then.choice("unanswered", _WARNED, Choice.SEAL)
        if unanswered is Choice.SEND and Choice.SEND not in choices:
            then.mistake("unanswered", 'may be "send" only when the sender may choose it: put "send" among the choices')
        return Waiting(
            choices=frozenset((*choices, Choice.CANCEL)),
            reason_required=then.boolean("reason_required", True),
            answer_within=then.duration("answer_within", timedelta(days=1)),
            unanswered=unanswered,
        )
    if action is Action.HOLD:
        return Waiting(
            choices=frozenset(_HELD.values()),
            reason_required=False,
            answer_within=then.duration("answer_within", timedelta(days=7)),
            unanswered=then.choice("unanswered", _HELD, Choice.CANCEL),
            reviewers=_reviewers(then),
        )
    return None


def _reviewers(then: Table) -> tuple[str, ...]:
    addresses = then.words("reviewers", ())
    for index, address in enumerate(addresses):
        if not re.fullmatch(r"[^\s@*?]+@[^\s@*?]+", address):
            then.mistake("reviewers", f'"{address}" is no address like "privacy@example.nl"', index)
    return tuple(dict.fromkeys(address.lower() for address in addresses))


def _verification(then: Table) -> VerificationKind | None:
    if not then.has("verification"):
        if then.has("fallback"):
            then.mistake("fallback", "says nothing without a verification")
        return None
    kind = then.choice("verification", _VERIFICATIONS)
    if kind is VerificationKind.ACCOUNT:
        then.mistake("verification", '"account" is reserved for a later version; use "sms" or "password"')
    return kind


def _explain(then: Table) -> tuple[tuple[str, str], ...]:
    explain = then.table("explain")
    texts = ((language, explain.string(language, "", pattern=_ONE_LINE, shape="one line")) for language in ("nl", "en"))
    return tuple((language, text) for language, text in texts if text)


def _check_then(then: Table, action: Action) -> None:
    """Keys that would do nothing with this action, and a tag without a tag."""
    if then.raw("action") not in tuple(_ACTIONS):
        return
    for keys, actions in _BELONG_TO.items():
        if action in actions:
            continue
        for key in keys:
            if then.has(key):
                names = " or ".join(f'"{item.name.lower()}"' for item in actions)
                then.mistake(key, f'says nothing with action "{action.name.lower()}"; it belongs to {names}')
    if action is Action.TAG and not any(then.has(key) for key in _TAGGING):
        then.mistake("action", '"tag" needs a tag_header or a tag_subject')


def _conditions(table: Table, rules: RuleSet) -> Conditions:
    return Conditions(
        direction=table.choices("direction", _DIRECTIONS, ()),
        sender=_addresses(table, "sender"),
        sender_domain=_domains(table, "sender_domain"),
        recipient=_addresses(table, "recipient"),
        recipient_domain=_domains(table, "recipient_domain"),
        subject=table.words("subject", ()),
        attachment_name=table.words("attachment_name", ()),
        attachment_type=table.words("attachment_type", ()),
        size_over=table.size("size_over") if table.has("size_over") else None,
        finds=_finds(table, rules),
        unscannable=_unscannable(table),
        asked=table.choices("asked", _WISHES, ()),
        authenticated=table.boolean("authenticated") if table.has("authenticated") else None,
    )


def _addresses(table: Table, key: str) -> tuple[str, ...]:
    globs = table.words(key, ())
    for index, glob in enumerate(globs):
        if "@" not in glob and glob != "*":
            table.mistake(key, f'"{glob}" is no address; for a whole domain use {key}_domain', index)
    return globs


def _domains(table: Table, key: str) -> tuple[str, ...]:
    globs = table.words(key, ())
    for index, glob in enumerate(globs):
        if "@" in glob or not re.fullmatch(r"[^\s@.]+(\.[^\s@.]+)*", glob):
            table.mistake(key, f'"{glob}" is no domain; write one like "example.org" or "*.example.org"', index)
    return globs


def _unscannable(table: Table) -> tuple[str, ...]:
    """`true` is short for every reason; `false` would be a condition that never holds."""
    if table.raw("unscannable") is False:
        table.mistake("unscannable", "may be true or a list of reasons; to leave the condition out, leave the key out")
        return ()
    return ("*",) if table.raw("unscannable") is True else table.words("unscannable", ())


def _finds(table: Table, rules: RuleSet) -> tuple[Finds, ...]:
    """One table, or a list of tables that must all hold."""
    tables = table.tables("finds") if isinstance(table.raw("finds"), list) else (table.table("finds"),)
    return tuple(_find(each, rules) for each in tables if table.has("finds"))


def _find(table: Table, rules: RuleSet) -> Finds:
    globs, tags = table.words("rules", ()), table.words("tags", ())
    if not globs and not tags:
        table.mistake("", 'needs rules or tags, as in { rules = ["nl.bsn"], confidence = "medium" }')
    ids = {rule.id for rule in rules.rules}
    found: set[str] = set()
    for index, glob in enumerate(globs):
        fitting = {rule_id for rule_id in ids if matches(glob, rule_id)}
        if not fitting:
            table.mistake("rules", f'no rule is called "{glob}"{_meant(glob, ids)}', index)
        found |= fitting
    for index, tag in enumerate(tags):
        fitting = {rule.id for rule in rules.rules if any(matches(tag, own) for own in rule.tags)}
        if not fitting:
            table.mistake("tags", f'no rule has the tag "{tag}"{_meant(tag, rules.tags)}', index)
        found |= fitting
    return Finds(
        rule_ids=frozenset(found),
        confidence=table.choice("confidence", CONFIDENCES, Confidence.MEDIUM),
        count=table.integer("count", 1, minimum=1, maximum=1_000_000),
        places=table.words("places", ()),
    )


def _meant(name: str, names: set[str] | frozenset[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), 1)
    return f'; did you mean "{close[0]}"?' if close else ""


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
