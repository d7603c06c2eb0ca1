"""What the store keeps, as frozen dataclasses. Times are aware UTC datetimes; `wrapped` and `sealed_*` are ciphertext.

Terms: a *payload* is mail in the queue, sealed to the queue key; a *message* is a sealed message in the vault, a
*grant* one key to it; a *delivery* one recipient's share of the queue's work; an *event* something a receipt shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gateway.core.cases import CaseKind, CaseState
from gateway.core.decision import Choice
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import VerificationKind


class AccountKind(Enum):
    PERSONAL = "personal"
    FUNCTIONAL = "functional"


class WrapKind(Enum):
    """Who can open an account's private key."""

    PASSWORD = "password"
    RECOVERY = "recovery"
    ACTIVATION = "activation"


@dataclass(frozen=True, slots=True)
class Account:
    """`address` is lower-case and unique within the installation. `login_hash` is Argon2id (PHC string), or empty."""

    id: str
    organisation: str
    address: str
    kind: AccountKind
    name: str
    language: str
    public_key: bytes
    created_at: datetime
    login_hash: str = field(default="", repr=False)
    aliases: tuple[str, ...] = ()
    activated_at: datetime | None = None

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses it may send from, lower-case."""
        return frozenset(address.lower() for address in (self.address, *self.aliases))


class Scope(Enum):
    """What a program may do with an API token."""

    CHECK = "check"  # ask what would happen to a message of the account


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's key to the API in the name of one account. `digest` is SHA-256 of the secret, which is kept nowhere."""

    id: str
    account_id: str
    name: str
    scopes: tuple[str, ...]  # values of Scope
    digest: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyWrap:
    """An account's private key, wrapped once per way to open it."""

    account_id: str
    kind: WrapKind
    wrapped: bytes = field(repr=False)


class MessageState(Enum):
    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class StoredPart:
    """The ciphertext of one part: inline when small, else a blob. `size` is the plaintext's length in bytes."""

    number: int
    size: int
    inline: bytes | None = field(default=None, repr=False)
    blob: str | None = None


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """`head` is the sealed manifest (subject, names, types, sizes); `manage_check` verifies the sender's code."""

    id: str
    organisation: str
    account_id: str
    mail_from: str
    recipients: tuple[str, ...]
    state: MessageState
    size: int
    created_at: datetime
    expires_at: datetime
    policy_digest: str
    head: bytes = field(repr=False)
    parts: tuple[StoredPart, ...] = ()
    manage_check: bytes = field(default=b"", repr=False)
    in_reply_to: str | None = None  # the message id this answers


class GrantKind(Enum):
    ACCOUNT = "account"
    RECOVERY = "recovery"
    QUEUE = "queue"
    RECIPIENT = "recipient"
    CASE = "case"  # opened by a code: of the sender's letter, or of a reviewer's session
    REVIEWER = "reviewer"  # a reviewer's account


class GrantState(Enum):
    ACTIVE = "active"
    WRONG_NUMBER = "wrong-number"  # the recipient said: this is not my number
    REVOKED = "revoked"  # keys are gone
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Grant:
    """One key to one message. Only RECIPIENT and CASE grants use the fields after `wrapped`.

    `holder` is an account's id, the organisation's id, the queue key's id (hex), or a recipient's or sender's address.
    `share` is deleted on revocation, and `wrapped` with it. `sealed_factor` is the SMS factor under the server key;
    `wrong` counts wrong factors in a row, `locked_until` ends a pause.
    """

    id: str
    message_id: str
    kind: GrantKind
    holder: str
    created_at: datetime
    wrapped: bytes = field(repr=False)
    state: GrantState = GrantState.ACTIVE
    verification: VerificationKind = VerificationKind.NONE
    language: str = "nl"
    expires_at: datetime | None = None
    code_check: bytes = field(default=b"", repr=False)
    share: bytes = field(default=b"", repr=False)
    salt: bytes = field(default=b"", repr=False)
    sealed_factor: bytes = field(default=b"", repr=False)
    sealed_phone: bytes = field(default=b"", repr=False)
    sealed_hint: bytes = field(default=b"", repr=False)
    wrong: int = 0
    locked_until: datetime | None = None
    first_read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """The SMS code now valid for a grant: at most one. `check` is a keyed hash of the six digits."""

    grant_id: str
    check: bytes = field(repr=False)
    sent_at: datetime
    expires_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Payload:
    """Mail or an order in the queue, sealed to the queue key; inline when small, else a blob."""

    id: str
    organisation: str
    created_at: datetime
    size: int
    inline: bytes | None = field(default=None, repr=False)
    blob: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient's share of the work. A row is owned until `lease_until` by the worker that claimed it.

    `message_id` and `grant_id` tie notifications and orders to the vault; `trace` is the queue id the client was told,
    and the same in all logs. `hold` rows carry the reviewer's decision as a change of state.
    """

    id: str
    organisation: str
    kind: DeliveryKind
    state: DeliveryState
    payload_id: str
    mail_from: str
    rcpt_to: str
    trace: str
    created_at: datetime
    next_at: datetime
    attempts: int = 0
    lease_until: datetime | None = None
    message_id: str | None = None
    grant_id: str | None = None
    last_reply: str = ""  # the peer's last words, for people
    require_tls: bool = False  # a policy's: over TLS with a valid certificate, or not at all


@dataclass(frozen=True, slots=True)
class Case:
    """Held mail that a person decides about. `id` is also that of the message in the vault that keeps its sheet and a copy to
    read, and the `message_id` of its deliveries. `policies` are those that an answer settles; `by` and `choice` are set by
    the answer, `reason` is the sender's, under the server key. `ended_at`: it was carried out and its keys are gone.
    """

    id: str
    organisation: str
    kind: CaseKind
    state: CaseState
    mail_from: str
    trace: str
    created_at: datetime
    deadline: datetime
    unanswered: Choice
    choices: tuple[str, ...]  # values of Choice
    reason_required: bool
    policies: tuple[str, ...]
    choice: Choice | None = None
    by: str = ""
    reason: bytes = field(default=b"", repr=False)
    ended_at: datetime | None = None


class EventKind(Enum):
    SEALED = "sealed"
    WAITING = "waiting"  # for the sender's input
    NOTIFIED = "notified"  # the next server took the notification
    BOUNCED = "bounced"
    VERIFIED = "verified"
    READ = "read"
    DOWNLOADED = "downloaded"
    ANSWERED = "answered"
    WRONG_NUMBER = "wrong-number"
    LOCKED = "locked"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a message's history. `recipient` is empty for the whole message; `detail` holds no content."""

    message_id: str
    recipient: str
    kind: EventKind
    at: datetime
    detail: str = ""
    peer: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which thing. `detail` holds ids, rules, states and counts: no content, code or number."""

    at: datetime
    organisation: str
    actor: str
    action: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PastDecision:
    """What is kept of a decided message, to try other policies on: `actions` are one for each of `recipients`, `policies` took
    part for one of them at least. `facts` is JSON of `gateway.core.past_facts`: types, sizes, counts; no content or subject.
    """

    id: str
    organisation: str
    at: datetime
    mail_from: str
    recipients: tuple[str, ...]
    actions: tuple[str, ...]
    policies: tuple[str, ...]
    policy_digest: str
    rules_digest: str
    facts: str
