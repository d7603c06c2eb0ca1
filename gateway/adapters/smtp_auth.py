"""AUTH PLAIN and LOGIN (RFC 4954, RFC 4616): credentials, and the gate before the check of a password.

The rule: unknown accounts, wrong passwords and closed accounts get one and the same answer after the same work; credentials
are in no log, no error and no repr.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.adapters.smtp_limits import Failures
from gateway.adapters.smtp_reply import Refusal
from gateway.adapters.smtp_settings import Limits
from gateway.core.records import Account

Authenticate = Callable[[str, str], Awaitable[Account | None]]
Count = Callable[[str], Awaitable[int]]

FAMILIAR = 10_000  # pairs of account and place that logged in before


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a password as the client sent them."""

    name: str = field(repr=False)
    password: str = field(repr=False)


def decode(response: bytes) -> bytes:
    """One base64 response; `*` cancels, a lone `=` is an empty one. Raises `Refusal`."""
    if response == b"*":
        raise Refusal(501, "5.7.0", "Authentication cancelled")
    if response == b"=":
        return b""
    try:
        return base64.b64decode(response, validate=True)
    except binascii.Error:
        raise Refusal(501, "5.5.2", "Not base64") from None


def plain(message: bytes) -> Credentials:
    """`[authzid] NUL authcid NUL password`. Raises `Refusal`; acting for somebody else is refused too."""
    fields = message.split(b"\0")
    if len(fields) != 3 or fields[0] not in (b"", fields[1]):
        raise Refusal(501, "5.5.2", "Not a PLAIN response")
    return credentials(fields[1], fields[2])


def credentials(name: bytes, password: bytes) -> Credentials:
    """Raises `Refusal` for what no account can have."""
    try:
        return Credentials(name.decode(), password.decode())
    except UnicodeDecodeError:
        raise Refusal(501, "5.5.2", "Credentials must be UTF-8") from None


class Gate:
    """Asks `authenticate`, a few at once, and closes for places and accounts with too many failures.

    An account's limit does not hold for places from which it logged in before: strangers can't lock its owner out.
    `count(key)`, where there is one, counts a failure for all processes and returns how many there were.
    """

    def __init__(
        self, authenticate: Authenticate, limits: Limits, now: Callable[[], float], count: Count | None = None
    ) -> None:
        self._authenticate = authenticate
        self._limits = limits
        self._count = count
        self._failures = Failures(limits.login_window_seconds, now)
        self._familiar: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._turns = asyncio.Semaphore(limits.logins_at_once)

    async def admit(self, given: Credentials, place: str) -> Account:
        """The account. Raises `Refusal`, and whatever `authenticate` raises when it can't tell."""
        name = given.name.strip().lower()[:320]
        by_place, by_account = f"smtp-login:{place}", f"smtp-login:{name}"
        self._check(by_place, by_account, familiar=(name, place) in self._familiar)
        async with self._turns:
            self._check(by_place, by_account, familiar=(name, place) in self._familiar)
            account = await self._authenticate(given.name, given.password)
        if account is None:
            await self._failed(by_place)
            await self._failed(by_account)
            raise Refusal(535, "5.7.8", "Authentication failed")
        # the place's failures stay: else one account of one's own would buy endless tries at others
        self._familiar[(name, place)] = None
        while len(self._familiar) > FAMILIAR:
            self._familiar.popitem(last=False)
        return account

    def _check(self, by_place: str, by_account: str, *, familiar: bool) -> None:
        limits = self._limits
        if self._failures.count(by_place) >= limits.login_failures_per_address or (
            not familiar and self._failures.count(by_account) >= limits.login_failures_per_account
        ):
            raise Refusal(454, "4.7.0", "Too many failed logins, please try again later", close=True)

    async def _failed(self, key: str) -> None:
        elsewhere = await self._count(key) if self._count is not None else 0
        self._failures.add(key, elsewhere)
