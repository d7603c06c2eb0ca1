"""What the services need of the world, as Protocols. Adapters and the vault implement them; tests use the memory ones.

Rules of all ports: times are aware UTC; a temporary failure raises `Unavailable` (or a child), a permanent one another
`ZegelError`; nothing here logs or returns secrets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from gateway.core.cases import CaseState
from gateway.core.decision import Choice
from gateway.core.delivery import DeliveryState
from gateway.core.finding import Scan
from gateway.core.history import Contact, DomainShape
from gateway.core.login_ports import LoginRows
from gateway.core.organisation import Organisation
from gateway.core.records import (
    Account,
    AuditEntry,
    Case,
    Delivery,
    Event,
    Grant,
    GrantState,
    KeyWrap,
    MessageState,
    OneTimeCode,
    PastDecision,
    Payload,
    SealedMessage,
)
from gateway.core.token_port import TokenRows

Clock = Callable[[], datetime]
NewId = Callable[[], str]  # see gateway.core.ids


# -- Store ----------------------------------------------------------------------------------------------------------


class Transaction(TokenRows, LoginRows, Protocol):
    """One atomic piece of work: all of it is on disk when the context ends, or none of it.

    Reads inside see the transaction's own writes. Rows are read whole; the few updates that exist have a name each.
    """

    async def add_account(self, account: Account, wraps: Sequence[KeyWrap]) -> None:
        """Raises `Duplicate` when the address (or an alias) is taken."""

    async def account(self, account_id: str) -> Account | None: ...
    async def account_by_address(self, address: str) -> Account | None:
        """By address or alias, case-insensitive."""

    async def accounts(self, organisation: str) -> list[Account]: ...
    async def key_wraps(self, account_id: str) -> list[KeyWrap]: ...
    async def replace_key_wraps(self, account_id: str, wraps: Sequence[KeyWrap]) -> None: ...
    async def set_login(self, account_id: str, login_hash: str, activated_at: datetime | None) -> None: ...

    async def add_message(self, message: SealedMessage, grants: Sequence[Grant]) -> None: ...
    async def message(self, message_id: str) -> SealedMessage | None: ...
    async def end_message(self, message_id: str, state: MessageState) -> list[str]:
        """Revoke or expire: sets the state, empties head and inline parts, forgets part rows, deletes every grant's
        `wrapped`, `share`, factor, phone and hint (recipient grants stay as empty rows in REVOKED/EXPIRED, others
        go), deletes one-time codes. Returns the keys of the blobs to delete after commit."""

    async def messages_to_expire(self, now: datetime, limit: int) -> list[str]: ...

    async def add_grant(self, grant: Grant) -> None:
        """On a message that has ended meanwhile, a recipient grant is stored ended and without keys, and others are not
        stored; nothing below brings an ended grant back. Raises KeyError when there is no such message."""

    async def grant(self, grant_id: str) -> Grant | None: ...
    async def grants(self, message_id: str) -> list[Grant]: ...
    async def end_grant(self, grant_id: str, state: GrantState) -> None:
        """Destroys `wrapped`, `share`, factor, salt, phone and hint of one recipient grant; the empty row keeps the state."""

    async def drop_queue_grants(self, message_id: str) -> None:
        """Deletes the QUEUE grants of a message (its last notification has left)."""

    async def set_grant_phone(self, grant_id: str, sealed_phone: bytes) -> None:
        """Also puts a WRONG_NUMBER grant back to ACTIVE."""

    async def set_grant_language(self, grant_id: str, language: str) -> None: ...
    async def language_of(self, organisation: str, address: str) -> str:
        """The language of the recipient's latest grant in the organisation; empty when there is none."""

    async def set_grant_state(self, grant_id: str, state: GrantState) -> None: ...
    async def count_wrong(self, grant_id: str, wrong: int, locked_until: datetime | None) -> None: ...
    async def mark_read(self, grant_id: str, at: datetime) -> bool:
        """Sets first_read_at when it was empty; True when this call did."""

    async def put_code(self, code: OneTimeCode) -> None:
        """Replaces the grant's code."""

    async def code(self, grant_id: str) -> OneTimeCode | None: ...
    async def drop_code(self, grant_id: str) -> None: ...

    async def add_payload(self, payload: Payload) -> None: ...
    async def payload(self, payload_id: str) -> Payload | None: ...
    async def drop_payload_if_done(self, payload_id: str) -> str | None:
        """Deletes the payload when no delivery of it is QUEUED, WAITING or HELD; returns its blob key, if any."""

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...
    async def delivery(self, delivery_id: str) -> Delivery | None: ...
    async def deliveries_of(self, message_id: str) -> list[Delivery]: ...
    async def deliveries_in(self, state: DeliveryState, limit: int) -> list[Delivery]: ...
    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[Delivery]:
        """QUEUED rows that are due and not leased, oldest first; leases them until now + lease. With a claimed MAIL
        row come the due rows of the same payload, so that one transaction can carry them. SKIP LOCKED on PostgreSQL."""

    async def renew(self, delivery_ids: Sequence[str], until: datetime) -> None:
        """Lengthens the leases of rows that are being worked on; rows that are no longer QUEUED are left alone."""

    async def advance(
        self, delivery_id: str, state: DeliveryState, *, attempts: int, next_at: datetime, last_reply: str
    ) -> None:
        """Moves a delivery on and ends its lease."""

    async def next_due(self) -> datetime | None:
        """When the earliest QUEUED row is due or its lease ends."""

    async def add_case(self, case: Case) -> None: ...
    async def case(self, case_id: str) -> Case | None:
        """In a writing transaction nobody else can answer or end it meanwhile."""

    async def cases(self, limit: int) -> list[Case]:
        """The newest first."""

    async def answer_case(self, case_id: str, state: CaseState, choice: Choice, by: str, reason: bytes) -> None:
        """Sets the new state of an OPEN case with who decided what."""

    async def end_case(self, case_id: str, at: datetime) -> None: ...

    async def add_event(self, event: Event) -> None: ...
    async def events(self, message_id: str) -> list[Event]: ...
    async def audit(self, entry: AuditEntry) -> None: ...

    async def count(self, key: str, now: datetime, window: timedelta) -> int:
        """Adds one to the counter of `key` and returns how many fell in the current fixed window, this one included.
        Limits per address and organisation stand on it: shared by all processes, kept over restarts."""

    # the past, for `gateway.core.history` and for trying policies

    async def contacts(self, organisation: str, writers: Sequence[bytes], subjects: Sequence[bytes]) -> list[Contact]:
        """What is known of these writers and subjects, in any order."""

    async def domain_shapes(self, organisation: str, shapes: Sequence[bytes]) -> list[DomainShape]: ...
    async def remember(self, contacts: Sequence[Contact], shapes: Sequence[DomainShape]) -> None:
        """Adds each contact's `times` to what is there, and puts its time and companions in place of the former; a shape that
        is there already stays."""

    async def add_past_decision(self, decision: PastDecision) -> None: ...
    async def past_decisions(self, since: datetime, limit: int, after: str = "") -> list[PastDecision]:
        """By id in order, those behind `after`; of all organisations."""

    async def forget(self, contacts_before: datetime, decisions_before: datetime, limit: int) -> int:
        """Deletes so many older rows of each kind at most, and shapes of domains that nobody has written to; how many rows."""

    async def blob_keys(self) -> set[str]:
        """Every blob key that some row names; what else is in the blob store is an orphan."""


class Duplicate(Exception):
    """A unique address is taken already."""


class Store(Protocol):
    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits durably (fsync) at the end, rolls back on any exception. Raises `StoreUnavailable`, `OutOfSpace`."""

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """A consistent read; writing in it is a programming error."""

    async def close(self) -> None: ...


# -- Blobs ----------------------------------------------------------------------------------------------------------


class Blobs(Protocol):
    """Ciphertext by key. A key is an id, optionally with '.suffix'; adapters spread keys over folders."""

    async def put(self, key: str, chunks: Iterable[bytes]) -> int:
        """Durable when it returns (file and folder fsynced); the size. `chunks` is drained outside the event loop, so it
        may encrypt lazily. A failed put leaves nothing. Raises `OutOfSpace`."""

    def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start..end (exclusive). Raises KeyError when there is no such blob."""

    async def delete(self, key: str) -> None:
        """No error when it is gone already."""

    def keys(self) -> AsyncIterator[tuple[str, datetime]]:
        """All keys with the time they were written."""


# -- Courier and signer ---------------------------------------------------------------------------------------------


class OutcomeKind(Enum):
    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The next server's answer for one recipient. `status` is RFC 3463, `reply` the whole line as received."""

    kind: OutcomeKind
    status: str
    reply: str
    remote: str = ""


class Courier(Protocol):
    """Carries one message to the next server(s)."""

    async def send(
        self, mail_from: str, rcpt_tos: Sequence[str], raw: bytes, *, require_tls: bool = False, trace: str = ""
    ) -> dict[str, Outcome]:
        """One outcome per recipient; never raises for what a peer or the network does."""

    async def close(self) -> None: ...


class Signer(Protocol):
    def sign(self, raw: bytes, organisation: Organisation, domain: str, now: datetime) -> bytes:
        """The message with a DKIM-Signature in front, or unchanged when the domain has no key. Always the last step."""


# -- Scanner, bus, SMS, letters -------------------------------------------------------------------------------------


class Scanner(Protocol):
    async def scan(self, raw: bytes) -> Scan:
        """Parses and classifies in a worker process. Raises `ScanFailed` (temporary) or `Malformed` (permanent)."""

    async def close(self) -> None: ...


DELIVER = "deliver"  # the topic of the deliver role: something is due


class Bus(Protocol):
    """Wake-ups only: losing every one costs latency, never mail."""

    def wake(self, topic: str) -> None: ...
    async def wait(self, topic: str, seconds: float) -> None:
        """Returns on a wake-up of the topic, or after that many seconds."""

    async def close(self) -> None: ...


class Sms(Protocol):
    async def send(self, to: str, text: str, sender: str) -> None:
        """`to` is E.164. Raises `SmsFailed`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail: subject, plain text and HTML, all in one language. `logo` is a PNG, empty when there is none."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    logo: bytes = field(default=b"", repr=False)


class Letters(Protocol):
    """Mails that Zegel writes, in Dutch or English, with the organisation's name, logo, colour and own sentences."""

    def render(self, name: str, language: str, organisation: Organisation, facts: dict[str, object]) -> Letter:
        """Names and facts stand in `gateway.adapters.letters` and `case_letters`. Raises KeyError for another name."""


# -- Vault ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """What a new recipient grant consists of. `code` is the message code: it goes into the notification and nowhere else."""

    code: bytes = field(repr=False)  # 16 bytes
    code_check: bytes = field(repr=False)
    share: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


class Vault(Protocol):
    """Content keys and grants: all of docs/vault-format.md that needs no long-lived secret. Pure computation, no I/O;
    only `password_factor` is slow on purpose (Argon2id): call it outside the event loop. Wrong keys and tampering raise
    `CannotOpen`. Every ciphertext is bound to its message, place and holder."""

    # content
    def new_data_key(self) -> bytes: ...
    def seal_head(self, data_key: bytes, message_id: str, manifest: bytes) -> bytes: ...
    def open_head(self, data_key: bytes, message_id: str, head: bytes) -> bytes: ...
    def seal_part(self, data_key: bytes, message_id: str, number: int, content: Iterable[bytes]) -> Iterable[bytes]:
        """A lazy stream of ciphertext; constant memory."""

    def open_part(
        self,
        data_key: bytes,
        message_id: str,
        number: int,
        size: int,
        read: Callable[[int, int], AsyncIterator[bytes]],
        start: int = 0,
        end: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Plaintext bytes start..end of a part of `size` plaintext bytes; `read(a, b)` yields ciphertext bytes a..b
        (exclusive). Only the chunks needed are read; the final-chunk flag is checked when the range reaches the end."""

    # grants to key pairs: ACCOUNT, RECOVERY and QUEUE
    def new_key_pair(self) -> tuple[bytes, bytes]:
        """(public, private), serialised."""

    def key_id(self, public: bytes) -> str:
        """16 hex digits that name a public key."""

    def wrap_data_key(self, public: bytes, data_key: bytes, message_id: str, kind: str, holder: str) -> bytes: ...
    def unwrap_data_key(self, private: bytes, wrapped: bytes, message_id: str, kind: str, holder: str) -> bytes: ...

    # an account's private key
    def wrap_private_for(self, public: bytes, private: bytes, account_id: str, kind: str) -> bytes:
        """To another key pair (the recovery key's)."""

    def unwrap_private_from(self, private: bytes, wrapped: bytes, account_id: str, kind: str) -> bytes: ...
    def wrap_private_by_secret(self, secret: bytes, private: bytes, account_id: str, kind: str) -> bytes:
        """By a password or activation code: Argon2id, salt inside the result. Slow on purpose."""

    def unwrap_private_by_secret(self, secret: bytes, wrapped: bytes, account_id: str, kind: str) -> bytes: ...
    def wrap_private_in_session(self, share: bytes, private: bytes, account_id: str, session_id: str) -> bytes:
        """For a session's cookie, under the row's share: 32 random bytes of that session only."""

    def unwrap_private_in_session(self, share: bytes, wrapped: bytes, account_id: str, session_id: str) -> bytes: ...
    def public_of(self, private: bytes) -> bytes:
        """The public half."""

    # recipient grants
    def new_salt(self) -> bytes: ...
    def new_factor(self) -> bytes:
        """A random SMS factor, 32 bytes."""

    def password_factor(self, password: str, salt: bytes) -> bytes: ...
    def new_recipient_key(self, data_key: bytes, message_id: str, grant_id: str, factor: bytes) -> RecipientKey:
        """`factor` is empty for verification none."""

    def check_code(self, grant_id: str, code: bytes, code_check: bytes) -> bool:
        """Constant-time; tells whether the message code is right before any factor is asked for."""

    def open_recipient_key(
        self, wrapped: bytes, message_id: str, grant_id: str, code: bytes, factor: bytes, share: bytes
    ) -> bytes:
        """The data key."""

    def new_code(self) -> bytes:
        """16 random bytes: for manage and activation links too."""

    def code_check(self, about: str, code: bytes) -> bytes:
        """The verifier of a code for the thing named `about`; safe to keep, since a code has 128 random bits."""

    def format_code(self, code: bytes) -> str:
        """For print: Crockford base32 in groups, with a check symbol; upper-case."""

    def parse_code(self, text: str) -> bytes | None:
        """Forgiving about case, spaces, dashes, O/0, I/L/1; None when it is no code."""


class QueueSealer(Protocol):
    """The public half of the queue key: all that the SMTP role and the portal have."""

    public: bytes

    def seal(self, plaintext: bytes, payload_id: str) -> bytes: ...


class QueueOpener(Protocol):
    """The private half, with the former keys that still have mail waiting."""

    def open(self, sealed: bytes, payload_id: str) -> bytes: ...
    def unwrap_data_key(self, wrapped: bytes, message_id: str, holder: str) -> bytes:
        """Opens a QUEUE grant; `holder` is its key id."""


class ServerKey(Protocol):
    """A symmetric key of the deliver role and the portal: encrypts phone numbers and hints, and makes keyed hashes."""

    def seal(self, plaintext: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...
    def mac(self, data: bytes, context: str) -> bytes: ...


class Pseudonyms(Protocol):
    """Keyed hashes by which addresses, domains and names are known again, and can't be read."""

    def hash(self, organisation: str, kind: str, text: str) -> bytes:
        """16 octets; the same text of another kind or organisation has another one."""


class TransportGuard(Protocol):
    """Makes and checks X-Zegel-Transport, the loop guard: bound to header, body and the envelope's recipients."""

    def token(self, raw: bytes, rcpt_tos: Sequence[str]) -> str: ...
    def valid(self, token: str, raw: bytes, rcpt_tos: Sequence[str]) -> bool: ...
