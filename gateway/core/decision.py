"""The outcome of the policies for one recipient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum

from gateway.core.directives import VerificationKind


class Action(IntEnum):
    """What happens to a message for one recipient; the strictest (highest) wins."""

    RELAY = 1
    TAG = 2  # relay with a header and/or a subject prefix
    WARN = 3  # wait sealed; the sender chooses what happens
    SEAL = 4
    HOLD = 5  # wait sealed; a reviewer chooses what happens
    BLOCK = 6


class Fallback(Enum):
    """What to do when the wanted verification lacks its means (an SMS without a number, a password without one)."""

    NONE = "none"  # go down to the message code only
    ASK = "ask"  # wait sealed; the sender gets a page to add what is missing


class Choice(Enum):
    """What may become of a message that waits. A reviewer's "release" is SEND, their "refuse" is CANCEL."""

    SEAL = "seal"
    SEND = "send"  # as it is
    REMOVE = "remove"  # without one or more attachments; then decided anew
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who may choose what, and until when. `unanswered` is what happens when nobody did in time.

    `choices` always has CANCEL. `reason_required` is about SEND. `reviewers` are addresses of accounts; they are empty for
    WARN (the sender chooses), and for HOLD when no policy names any (then an operator does, by `zegel held`).
    """

    choices: frozenset[Choice]
    reason_required: bool
    answer_within: timedelta
    unanswered: Choice
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A choice that was made about a message that waited, and the ids of the policies that had asked for it. An answer to a
    warning settles no policy that holds by now, also not of the same id: that is a reviewer's to decide.
    """

    policies: frozenset[str]
    choice: Choice
    to_warning: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One policy that took part. `explain` is by language code, in words for the sender; `because` for `zegel explain`;
    `notify` are addresses inside that want to hear of it.
    """

    policy: str
    action: Action
    explain: tuple[tuple[str, str], ...]
    because: tuple[str, ...]
    notify: tuple[str, ...] = ()

    def sentence(self, language: str) -> str:
        """The explanation in `language`, else in English, else in any, else the policy's id."""
        texts = dict(self.explain)
        return texts.get(language) or texts.get("en") or next(iter(texts.values()), self.policy)


@dataclass(frozen=True, slots=True)
class Decision:
    recipient: str
    action: Action
    verification: VerificationKind
    fallback: Fallback
    expires: timedelta
    hide_subject: bool
    tag_header: str  # value of X-Zegel-Tag on relayed mail; empty: none
    tag_subject: str  # prefix; empty: none
    reasons: tuple[Reason, ...]
    policy_digest: str
    waiting: Waiting | None = None  # for WARN and HOLD
    headers: tuple[tuple[str, str], ...] = ()  # (name, value) to add to relayed mail
    bcc: bool = False  # To and Cc are not shown
    require_tls: bool = False
