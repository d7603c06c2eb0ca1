"""Signing in: a password and a second factor, or a passkey alone.

The rule: a try is counted before it is judged; wrong address, wrong password and unknown passkey are the same to whoever
tries, in words and in work; nobody's tries use up another network's allowance, and a known device has one of its own.
"""

from __future__ import annotations

import asyncio

import structlog

from gateway.core.errors import CannotOpen
from gateway.core.login import (
    PASSKEYS_OF_A_NETWORK,
    PASSWORDS,
    PASSWORDS_OF_A_NETWORK,
    Allowance,
    Arrived,
    Device,
    LoginStep,
    NeedsSecond,
    NeedsSetup,
    NoAnswer,
    PasskeyQuestion,
    SignedIn,
    Ticket,
    WrongLogin,
    WrongPassword,
    network_of,
)
from gateway.core.login_records import Stage
from gateway.core.organisation import Organisation, Organisations, SecondFactor
from gateway.core.passwords import prepared
from gateway.core.pickup import Client
from gateway.core.ports import Clock, ServerKey, Store, Vault
from gateway.core.records import Account, WrapKind
from gateway.service.accounts import Accounts
from gateway.service.allowance import give_back, take
from gateway.service.login_sessions import LoginSessions
from gateway.service.passkey_questions import PasskeyQuestions
from gateway.service.second_factors import wrap_kind

log = structlog.get_logger()


class SignIn:
    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        accounts: Accounts,
        sessions: LoginSessions,
        questions: PasskeyQuestions,
        server_key: ServerKey,
        organisations: Organisations,
        clock: Clock,
    ) -> None:
        self._store = store
        self._vault = vault
        self._accounts = accounts
        self._sessions = sessions
        self._questions = questions
        self._server_key = server_key
        self._organisations = organisations
        self._clock = clock
        self._slots = asyncio.Semaphore(2)  # Argon2id takes 64 MiB and a core each time

    # -- by password

    async def with_password(
        self, address: str, password: str, client: Client, device: Device | None = None, at: Organisation | None = None
    ) -> LoginStep:
        """`at` is the organisation whose pages these are. Raises `WrongLogin`, `TooMany`."""
        now = self._clock()
        asked = await self._allowances(address, client, device)
        async with self._store.write() as tx:
            await take(tx, now, *asked)
        account = await self._accounts.authenticate(address, password)
        if account is not None and at is not None and account.organisation != at.id:
            account = None
        private = await self._private(account, password) if account is not None else None
        if account is None or private is None:
            log.info("wrong_login", peer=client.peer)
            raise WrongLogin
        await give_back(self._store, now, *asked)
        return await self._admit(account, private, client, device)

    async def again(self, signed_in: SignedIn, password: str, client: Client) -> Ticket:
        """A fresh session for who types the password once more. Raises `WrongPassword`, `TooMany`."""
        await self.check(signed_in, password, client)
        return await self._sessions.step_up(signed_in, signed_in.session.stage, client)

    async def check(self, signed_in: SignedIn, password: str, client: Client) -> None:
        """The password of who is signed in. Raises `WrongPassword`, `TooMany`."""
        now = self._clock()
        asked: tuple[tuple[str, Allowance], ...] = (
            (f"again:{signed_in.account.id}:{network_of(client.peer)}", PASSWORDS),
        )
        async with self._store.write() as tx:
            await take(tx, now, *asked)
        if await self._accounts.authenticate(signed_in.account.address, password) is None:
            raise WrongPassword
        await give_back(self._store, now, *asked)

    async def _allowances(
        self, address: str, client: Client, device: Device | None
    ) -> tuple[tuple[str, Allowance], ...]:
        network = network_of(client.peer)
        who = self._server_key.mac(address.strip().lower().encode(), "login-address").hex()[:32]
        if device is not None:
            async with self._store.read() as tx:
                account = await tx.account_by_address(address.strip())
            if account is not None and account.id == device.account_id:
                return ((f"login-device:{device.id}", PASSWORDS),)
        return ((f"login:{who}:{network}", PASSWORDS), (f"login-network:{network}", PASSWORDS_OF_A_NETWORK))

    async def _private(self, account: Account, password: str) -> bytes | None:
        async with self._store.read() as tx:
            wraps = await tx.key_wraps(account.id)
        wrap = next((wrap for wrap in wraps if wrap.kind is WrapKind.PASSWORD), None)
        if wrap is None:
            return None
        try:
            return await self._accounts.private_key(account, wrap, prepared(password))
        except CannotOpen:
            log.error("password_opens_no_key", account=account.id)
            return None

    async def _admit(self, account: Account, private: bytes, client: Client, device: Device | None) -> LoginStep:
        async with self._store.read() as tx:
            factors = await tx.factors(account.id)
        known = device if device is not None and device.account_id == account.id else None
        if not factors:
            device = known or self._sessions.new_device(account)
            if self._organisations.get(account.organisation).second_factor is SecondFactor.REQUIRED:
                return NeedsSetup(await self._sessions.start(account, private, Stage.SETUP, client), device)
            return Arrived(await self._sessions.start(account, private, Stage.OPEN, client), device)
        if known is not None and await self._sessions.remembers(known, client):
            return Arrived(await self._sessions.start(account, private, Stage.OPEN, client), known)
        return NeedsSecond(await self._sessions.start(account, private, Stage.SECOND, client))

    # -- by a passkey alone

    def question(self, at: Organisation) -> PasskeyQuestion:
        return self._questions.request(at)

    async def with_passkey(
        self, at: Organisation, answer: str, challenge: str, prf: bytes, client: Client, device: Device | None = None
    ) -> Arrived:
        """A passkey that verified the person is two factors: something they have, and what unlocks it. Raises `WrongLogin`
        (unknown, or without a secret that opens the key), `TooMany`."""
        network = network_of(client.peer)
        async with self._store.write() as tx:
            await take(tx, self._clock(), (f"passkeys:{network}", PASSKEYS_OF_A_NETWORK))
        try:
            factor = await self._questions.answered(at, answer, challenge)
            async with self._store.read() as tx:
                account = await tx.account(factor.account_id)
            if account is None or account.organisation != at.id or not factor.wrapped or not prf:
                raise NoAnswer
            async with self._slots:
                private = await asyncio.to_thread(
                    self._vault.unwrap_private_by_secret, prf, factor.wrapped, account.id, wrap_kind(factor.id)
                )
        except (NoAnswer, CannotOpen):
            log.info("wrong_passkey", peer=client.peer)
            raise WrongLogin from None
        known = device if device is not None and device.account_id == account.id else None
        ticket = await self._sessions.start(account, private, Stage.OPEN, client)
        return Arrived(ticket, known or self._sessions.new_device(account))
