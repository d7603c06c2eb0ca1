"""API tokens: a program's key to the API in the name of one account.

A token is 256 random bits behind a word that tells what it is (so that scanners of repositories find one that was
published). It is shown once; SHA-256 of it is kept, which is enough for a secret that nobody can guess. The rule: an
unknown, an expired and a revoked token are the same to whoever shows it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gateway.core.errors import NotAllowed, ZegelError
from gateway.core.organisation import Organisations
from gateway.core.pickup import TooMany, window_end
from gateway.core.ports import Clock, NewId, Store
from gateway.core.records import Account, ApiToken, AuditEntry, Scope

PREFIX = "zegel_"
SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
LONGEST_NAME = 100
MINUTE = timedelta(minutes=1)
PER_MINUTE = 120  # requests of one token: two a second is faster than anybody pauses in typing


class BadToken(ZegelError):
    """No token, or one that is unknown, expired or revoked."""

    public = "This needs a valid API token"


class NoScope(ZegelError):
    """A good token that may not do this."""

    public = "This API token does not allow it"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a token and its account."""

    token: ApiToken
    account: Account


class ApiTokens:
    """`new_secret` makes 32 random octets."""

    def __init__(
        self,
        *,
        store: Store,
        organisations: Organisations,
        clock: Clock,
        new_id: NewId,
        new_secret: Callable[[], bytes],
    ) -> None:
        self._store = store
        self._organisations = organisations
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret

    async def add(
        self, address: str, name: str, scopes: tuple[Scope, ...], life: timedelta, actor: str
    ) -> tuple[ApiToken, str]:
        """The token, and its text, which can't be had again. Raises NotAllowed when there is no such account."""
        secret = PREFIX + base64.urlsafe_b64encode(self._new_secret()).decode().rstrip("=")
        now = self._clock()
        async with self._store.write() as tx:
            account = await tx.account_by_address(address)
            if account is None:
                raise NotAllowed(f"there is no account {address}")
            token = ApiToken(
                id=self._new_id(),
                account_id=account.id,
                name=name[:LONGEST_NAME],
                scopes=tuple(sorted({scope.value for scope in scopes})),
                digest=_digest(secret),
                created_at=now,
                expires_at=now + life,
            )
            await tx.add_api_token(token)
            detail = f"token={token.id} scopes={','.join(token.scopes)}"
            await tx.audit(AuditEntry(now, account.organisation, actor, "token:add", account.id, detail))
        return token, secret

    async def all(self) -> list[Caller]:
        """Every token of the installation with its account, expired ones too."""
        async with self._store.read() as tx:
            accounts = [account for one in self._organisations.all for account in await tx.accounts(one.id)]
            return [Caller(token, account) for account in accounts for token in await tx.api_tokens(account.id)]

    async def revoke(self, token_id: str, actor: str) -> bool:
        """Takes effect with the next request; whether there was such a token."""
        async with self._store.write() as tx:
            token = await tx.api_token(token_id)
            account = await tx.account(token.account_id) if token is not None else None
            if token is None or account is None:
                return False
            await tx.drop_api_token(token_id)
            entry = AuditEntry(
                self._clock(), account.organisation, actor, "token:revoke", account.id, f"token={token_id}"
            )
            await tx.audit(entry)
        return True

    async def authenticate(self, text: str, scope: Scope) -> Caller:
        """Who shows this text. Counts the request. Raises `BadToken`, `NoScope`, `TooMany`."""
        if not SHAPE.fullmatch(text):
            raise BadToken
        async with self._store.read() as tx:
            token = await tx.api_token_of(_digest(text))
            account = await tx.account(token.account_id) if token is not None else None
        now = self._clock()
        if token is None or account is None or token.expires_at <= now:
            raise BadToken
        if not self._organisations.has(account.organisation):
            raise BadToken
        if scope.value not in token.scopes:
            raise NoScope
        await self._count(token)
        return Caller(token, account)

    async def _count(self, token: ApiToken) -> None:
        now = self._clock()
        async with self._store.write() as tx:
            requests = await tx.count(f"api:{token.id}", now, MINUTE)
            if token.last_used_at is None or now - token.last_used_at >= MINUTE:
                await tx.use_api_token(token.id, now)
        if requests > PER_MINUTE:
            raise TooMany(window_end(now, MINUTE))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
