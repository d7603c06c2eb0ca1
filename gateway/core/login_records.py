"""What the store keeps of signing in: second factors, sessions, and devices that are remembered.

Terms: a *factor* is a second proof beside the password (a passkey may also replace it); a *session* is one signed-in
browser; its *share* is one half of what opens the account's private key there, the cookie has the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class FactorKind(Enum):
    PASSKEY = "passkey"  # WebAuthn
    APP = "app"  # an authenticator app: TOTP, RFC 6238
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Factor:
    """One way to prove oneself.

    `sealed` is under the server key: an app's secret, a phone number, a passkey's public key. `credential` is a passkey's
    id, else empty. `wrapped` is the account's private key under the passkey's PRF secret, or empty. `counter` never goes back:
    a passkey's signature counter, or the last time step of an app, so that no code counts twice.
    """

    id: str
    account_id: str
    kind: FactorKind
    name: str
    created_at: datetime
    sealed: bytes = field(repr=False)
    credential: bytes = field(default=b"", repr=False)
    wrapped: bytes = field(default=b"", repr=False)
    counter: int = 0
    used_at: datetime | None = None


class Stage(Enum):
    """How far a session is; each step up makes a new session."""

    SECOND = "second"  # the password was right; a second factor is asked for
    SETUP = "setup"  # the organisation asks for a second factor, and there is none yet
    OPEN = "open"
    REMEMBERED = "remembered"  # no session: this device need not show a second factor until it expires


@dataclass(frozen=True, slots=True)
class LoginSession:
    """`agent` is the browser's own words, `peer` its network address. `share` is 32 random bytes, or the digest of a
    remembered device's secret. `code_check` is a keyed hash of the text message's digits that are valid now; `tries` counts
    wrong ones."""

    id: str
    account_id: str
    stage: Stage
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str
    peer: str
    share: bytes = field(repr=False)
    code_check: bytes = field(default=b"", repr=False)
    code_sent_at: datetime | None = None
    tries: int = 0
