"""The keys of a policy's `then`: how each is read, and what docs/policy-reference.md says about it."""

from __future__ import annotations

import re
from datetime import timedelta

from gateway.core.decision import Action, Choice, Fallback, Waiting
from gateway.core.directives import VerificationKind
from gateway.core.policy_keys import Around, Key, flag, mailboxes
from gateway.core.toml_source import Table

ACTIONS = {action.name.lower(): action for action in Action}
_VERIFICATIONS = {kind.name.lower(): kind for kind in VerificationKind}
_FALLBACKS = {fallback.value: fallback for fallback in Fallback}
_CHOICES = {choice.value: choice for choice in Choice}
_WARNED = {choice.value: choice for choice in (Choice.SEAL, Choice.SEND, Choice.CANCEL)}
_HELD = {"refuse": Choice.CANCEL, "seal": Choice.SEAL, "release": Choice.SEND}
_ONE_LINE = r"[^\r\n\x00-\x1f]+"

_SEALED = (Action.SEAL, Action.WARN, Action.HOLD)
_OPEN = (Action.TAG, Action.RELAY, Action.WARN, Action.HOLD)
_LEAVING = (Action.TAG, Action.RELAY, Action.WARN, Action.SEAL, Action.HOLD)
_WAITS = (Action.WARN, Action.HOLD)

# A policy may add what readers and programs understand as a mark, not what says who wrote what to whom (RFC 5322).
_HEADER_NAME = re.compile(
    r"X-[A-Za-z0-9-]{1,60}|List-[A-Za-z-]{1,40}|Sensitivity|Importance|Priority|Auto-Submitted", re.IGNORECASE
)
_OUR_HEADER = re.compile(r"X-(?:Zegel|Smenc).*", re.IGNORECASE)


def waiting(then: Table, action: Action, around: Around) -> Waiting | None:
    """Who may choose what while the message waits; None for actions that don't wait."""
    values = {key.name: key.read(then, key.name, around) for key in WAITING_KEYS}
    if action not in _WAITS:
        return None
    warned = action is Action.WARN
    choices, reviewers = values["choices"], values["reviewers"]
    unanswered = (
        then.choice("unanswered", _WARNED, Choice.SEAL) if warned else then.choice("unanswered", _HELD, Choice.CANCEL)
    )
    assert isinstance(choices, tuple) and isinstance(reviewers, tuple)  # noqa: PT018, S101
    if warned and unanswered is Choice.SEND and Choice.SEND not in choices:
        then.mistake("unanswered", 'may be "send" only when the sender may choose it: put "send" among the choices')
    return Waiting(
        choices=frozenset((*choices, Choice.CANCEL)) if warned else frozenset(_HELD.values()),
        reason_required=warned and then.boolean("reason_required", True),
        answer_within=then.duration("answer_within", timedelta(days=1 if warned else 7)),
        unanswered=unanswered,
        reviewers=() if warned else reviewers,
    )


def check_belonging(then: Table, action: Action) -> None:
    """Notes keys that would do nothing with this action, and a tag without a tag."""
    if then.raw("action") not in tuple(ACTIONS):
        return
    for key in THEN_KEYS:
        if key.only and action not in key.only and then.has(key.name):
            names = " or ".join(f'"{item.name.lower()}"' for item in key.only)
            then.mistake(key.name, f'says nothing with action "{action.name.lower()}"; it belongs to {names}')
    if action is Action.TAG and not any(then.has(key) for key in ("tag_header", "tag_subject", "header")):
        then.mistake("action", '"tag" needs a tag_header, a tag_subject or a header')


def _action(then: Table, key: str, around: Around) -> Action:
    return then.choice(key, ACTIONS)


def _verification(then: Table, key: str, around: Around) -> VerificationKind | None:
    if not then.has(key):
        if then.has("fallback"):
            then.mistake("fallback", "says nothing without a verification")
        return None
    kind = then.choice(key, _VERIFICATIONS)
    if kind is VerificationKind.ACCOUNT:
        then.mistake(key, '"account" is reserved for a later version; use "sms" or "password"')
    return kind


def _fallback(then: Table, key: str, around: Around) -> Fallback:
    return then.choice(key, _FALLBACKS, Fallback.ASK)


def _duration(then: Table, key: str, around: Around) -> timedelta | None:
    return then.duration(key) if then.has(key) else None


def _line(then: Table, key: str, around: Around) -> str:
    return then.string(key, "", pattern=_ONE_LINE, shape="one line")


def _headers(then: Table, key: str, around: Around) -> tuple[tuple[str, str], ...]:
    tables = then.tables(key) if isinstance(then.raw(key), list) else (then.table(key),)
    return tuple(_header(each) for each in tables if then.has(key))


def _header(table: Table) -> tuple[str, str]:
    name = table.string("name")
    if name and (not _HEADER_NAME.fullmatch(name) or _OUR_HEADER.fullmatch(name)):
        table.mistake("name", f'"{name}" may not be added; write a name of your own like "X-Classification"')
    return name, table.string("value", pattern=_ONE_LINE, shape="one line")


def _explain(then: Table, key: str, around: Around) -> tuple[tuple[str, str], ...]:
    explain = then.table(key)
    texts = ((language, explain.string(language, "", pattern=_ONE_LINE, shape="one line")) for language in ("nl", "en"))
    return tuple((language, text) for language, text in texts if text)


def _choices(then: Table, key: str, around: Around) -> tuple[Choice, ...]:
    return then.choices(key, _CHOICES, (Choice.SEAL, Choice.REMOVE, Choice.CANCEL))


def _written(then: Table, key: str, around: Around) -> bool:
    """Its type and default depend on the action: `waiting` reads it."""
    return then.has(key)


WAITING_KEYS: tuple[Key, ...] = (
    Key(
        "choices",
        "`seal` `send` `remove` `cancel`",
        "what the sender may choose; `send` is as it is, `remove` without attachments; `cancel` is always there",
        _choices,
        "all but `send`",
        (Action.WARN,),
    ),
    Key("reason_required", "`true` `false`", "who chooses `send` gives a reason", _written, "`true`", (Action.WARN,)),
    Key("answer_within", "duration", "how long it waits", _written, "warn `PT24H`, hold `P7D`", _WAITS),
    Key(
        "unanswered",
        "warn: `seal` `send` `cancel`; hold: `refuse` `seal` `release`",
        "what happens after that time",
        _written,
        "warn `seal`, hold `refuse`",
        _WAITS,
    ),
    Key(
        "reviewers",
        "addresses",
        "accounts of the organisation that release, seal or refuse; without any, an operator does, with `zegel held`",
        mailboxes,
        "none",
        (Action.HOLD,),
    ),
)
OTHER_KEYS: tuple[Key, ...] = (
    Key(
        "action", "`relay` `tag` `warn` `seal` `hold` `block`", "what happens; the strictest wins", _action, "required"
    ),
    Key(
        "verification",
        "`none` `password` `sms`",
        "how the recipient proves who they are (`account` is reserved)",
        _verification,
        "`none`",
        _SEALED,
    ),
    Key(
        "fallback",
        "`ask` `none`",
        "when the phone number or password is lacking: the message waits and the sender is asked, or the message code only",
        _fallback,
        "`ask`",
        _SEALED,
    ),
    Key(
        "expires",
        "duration",
        'until when it can be read: `"P30D"`, `"PT12H"`; weeks to seconds, no months or years',
        _duration,
        "30 days",
        _SEALED,
    ),
    Key("hide_subject", "`true` `false`", "the notification does not show the subject", flag, "`false`", _SEALED),
    Key("tag_header", "one line", "value of `X-Zegel-Tag` on mail that is not sealed", _line, "none", _OPEN),
    Key("tag_subject", "one line", "prefix of the subject of mail that is not sealed", _line, "none", _OPEN),
    Key(
        "header",
        "table, or list of tables",
        'another header field on mail that is not sealed: `{ name = "X-Classification", value = "internal" }`; names that '
        "begin with X-, List-, and Sensitivity, Importance, Priority, Auto-Submitted",
        _headers,
        "none",
        _OPEN,
    ),
    Key(
        "bcc",
        "`true` `false`",
        "nobody reads who else got it: To and Cc become `undisclosed-recipients:;`, and a sealed message does not show them",
        flag,
        "`false`",
        _LEAVING,
    ),
    Key(
        "require_tls",
        "`true` `false`",
        "the mail, or its notification, leaves over TLS with a valid certificate or not at all",
        flag,
        "`false`",
        _LEAVING,
    ),
    Key(
        "notify",
        "addresses",
        "inside the organisation: they get a letter that tells policy, sender, recipients and action, nothing of the content",
        mailboxes,
        "none",
    ),
    Key("explain", "table: `explain.nl`, `explain.en`", "one line for the sender", _explain, "a general sentence"),
)
THEN_KEYS = (*OTHER_KEYS, *WAITING_KEYS)
