"""What people change of their own account: name, language, password, and programs that may ask in its name.

The rule: a new password wraps the private key anew, in the same transaction as its hash; all other sessions and
remembered devices end with the former one.
"""

from __future__ import annotations

import structlog

from gateway.core.login import LONGEST_NAME, SignedIn, Ticket
from gateway.core.login_records import Stage
from gateway.core.organisation import Organisations
from gateway.core.pickup import Client, NotPossible
from gateway.core.ports import Clock, Store
from gateway.core.records import Account, ApiToken, AuditEntry, WrapKind
from gateway.service.accounts import Accounts
from gateway.service.login_sessions import LoginSessions
from gateway.service.new_passwords import NewPasswords
from gateway.service.sign_in import SignIn

log = structlog.get_logger()

LANGUAGES = ("nl", "en")


class Profile:
    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        sign_in: SignIn,
        sessions: LoginSessions,
        passwords: NewPasswords,
        organisations: Organisations,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._sign_in = sign_in
        self._sessions = sessions
        self._passwords = passwords
        self._organisations = organisations
        self._clock = clock

    async def rename(self, signed_in: SignedIn, name: str, language: str) -> None:
        """Raises `NotPossible` for a language that we do not speak."""
        name = " ".join(name.split())[:LONGEST_NAME]
        if language not in LANGUAGES:
            raise NotPossible
        account = signed_in.account
        async with self._store.write() as tx:
            await tx.set_profile(account.id, name, language)
            await tx.audit(
                AuditEntry(self._clock(), account.organisation, account.id, "account:profile", account.id, language)
            )

    async def change_password(self, signed_in: SignedIn, current: str, new: str, client: Client) -> Ticket:
        """A fresh session for this browser. Raises `WrongPassword`, `BadPassword`, `TooMany`."""
        account = signed_in.account
        await self._sign_in.check(signed_in, current, client)
        await self._passwords.check(new, account.address, account.name, self._organisations.get(account.organisation))
        password, login_hash = await self._accounts.by_password(account, signed_in.private, new)
        async with self._store.write() as tx:
            wraps = [wrap for wrap in await tx.key_wraps(account.id) if wrap.kind is WrapKind.RECOVERY]
            await tx.replace_key_wraps(account.id, [*wraps, password])
            await tx.set_login(account.id, login_hash, account.activated_at)
            await tx.drop_sessions(account.id, tuple(Stage), keep=signed_in.session.id)
            await tx.audit(AuditEntry(self._clock(), account.organisation, account.id, "account:password", account.id))
        log.info("password_changed", account=account.id)
        return await self._sessions.step_up(signed_in, Stage.OPEN, client)

    async def tokens(self, account: Account) -> list[ApiToken]:
        """The API tokens that still count, oldest first."""
        async with self._store.read() as tx:
            found = await tx.api_tokens(account.id)
        return [token for token in found if token.expires_at > self._clock()]

    async def end_token(self, account: Account, token_id: str) -> None:
        """One of the account's own; nothing happens for another's."""
        async with self._store.write() as tx:
            token = await tx.api_token(token_id)
            if token is None or token.account_id != account.id:
                return
            await tx.drop_api_token(token_id)
            detail = f"token={token_id}"
            await tx.audit(
                AuditEntry(self._clock(), account.organisation, account.id, "token:revoke", account.id, detail)
            )
