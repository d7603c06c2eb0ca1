"""What signing in needs of the world, as Protocols; the rules of `gateway.core.ports` hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.core.login import NewPasskey, RelyingParty
from gateway.core.login_records import Factor, LoginSession, Stage
from gateway.core.records import SealedMessage


class LoginRows(Protocol):
    """A part of `gateway.core.ports.Transaction`."""

    async def set_profile(self, account_id: str, name: str, language: str) -> None: ...

    async def add_factor(self, factor: Factor) -> None:
        """Raises `Duplicate` when the credential is there already, KeyError when there is no such account."""

    async def factors(self, account_id: str) -> list[Factor]:
        """Oldest first. A writer locks the account's rows."""

    async def factor_of(self, credential: bytes) -> Factor | None:
        """A passkey by its id. A writer locks the row."""

    async def use_factor(self, factor_id: str, counter: int, at: datetime) -> None:
        """Sets counter and used_at; no error when it is gone."""

    async def drop_factor(self, factor_id: str) -> None:
        """No error when it is gone already."""

    async def add_session(self, session: LoginSession) -> None:
        """Raises KeyError when there is no such account."""

    async def session(self, session_id: str) -> LoginSession | None:
        """A writer locks the row."""

    async def sessions(self, account_id: str) -> list[LoginSession]:
        """All stages, oldest first; those that have expired too."""

    async def see_session(self, session_id: str, at: datetime, peer: str) -> None:
        """Sets seen_at and peer; no error when it is gone."""

    async def set_session_code(self, session_id: str, check: bytes, sent_at: datetime | None, tries: int) -> None: ...

    async def drop_session(self, session_id: str) -> None:
        """No error when it is gone already."""

    async def drop_sessions(self, account_id: str, stages: Sequence[Stage], keep: str = "") -> None:
        """Those of the account in one of the stages, but for the one named `keep`."""

    async def drop_expired_sessions(self, now: datetime) -> int:
        """How many were dropped."""

    async def sent(self, account_id: str, before: tuple[datetime, str] | None, limit: int) -> list[SealedMessage]:
        """The account's messages, newest first, without their parts; with `before`, those older than that time and id."""

    async def forgive(self, key: str, now: datetime, window: timedelta) -> None:
        """Takes one `count` of the same arguments back; never below zero."""


class Totp(Protocol):
    """Codes of authenticator apps: RFC 6238 with SHA-1, six digits and 30 seconds, which is what apps know."""

    def new_secret(self) -> bytes: ...
    def uri(self, secret: bytes, account: str, issuer: str) -> str:
        """The otpauth: link that apps read as a QR code."""

    def written(self, secret: bytes) -> str:
        """For typing: base32 in groups of four."""

    def step(self, secret: bytes, digits: str, now: datetime, after: int) -> int | None:
        """The time step whose code this is: the present one or a neighbour, and later than `after`; None when there is none."""


class Passkeys(Protocol):
    """WebAuthn Level 3, as relying party. Raises `NoAnswer` for whatever does not hold."""

    def creation(
        self, party: RelyingParty, account_id: str, address: str, name: str, known: Sequence[bytes]
    ) -> tuple[str, bytes]:
        """Options as JSON, and the challenge."""

    def created(self, answer: str, party: RelyingParty, challenge: bytes) -> NewPasskey: ...
    def request(self, party: RelyingParty, allowed: Sequence[bytes]) -> tuple[str, bytes]:
        """Options as JSON, and the challenge; without `allowed`, any passkey that this party's name is on."""

    def credential(self, answer: str) -> bytes:
        """The id of the passkey that speaks; nothing is proved yet."""

    def asserted(self, answer: str, party: RelyingParty, challenge: bytes, public_key: bytes, counter: int) -> int:
        """The new counter, when the answer holds and the person was verified."""


class PasswordJudge(Protocol):
    """Whether a password can be guessed, judged here: nothing of it leaves the machine."""

    def weak(self, password: str, about: Sequence[str]) -> bool:
        """`about` are words that say something of the person. Takes a moment: call it outside the event loop."""


class Logins(Protocol):
    """Hashes of login passwords, Argon2id as PHC strings. Slow on purpose: call outside the event loop."""

    def hash(self, password: str) -> str: ...
    def verify(self, password: str, phc: str) -> bool: ...
