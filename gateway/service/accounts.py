"""Accounts of senders: made by an admin or at first contact, activated by code, checked at login.

The rule: the private key leaves this file only wrapped; unknown addresses cost a login as much time as known ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec, TypeVar

import structlog

from gateway.core.errors import CannotOpen
from gateway.core.login_ports import Logins
from gateway.core.login_records import Stage
from gateway.core.orders import Order
from gateway.core.organisation import Organisation
from gateway.core.passwords import prepared
from gateway.core.pickup import HOUR, LONGEST_PASSWORD, Client, NotPossible, TooMany, Unknown, WrongCode, window_end
from gateway.core.ports import Clock, Duplicate, NewId, Store, Vault
from gateway.core.records import Account, AccountKind, AuditEntry, KeyWrap, WrapKind
from gateway.service.new_passwords import NewPasswords
from gateway.service.payloads import Payloads
from gateway.service.sealing import order_row

log = structlog.get_logger()

P = ParamSpec("P")
R = TypeVar("R")

AT_ONCE = 2  # Argon2id takes 64 MiB and a core each time
ACTIVATIONS_PER_HOUR = 20  # per account: each costs Argon2id; the code has 128 bits


class Accounts:
    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        logins: Logins,
        passwords: NewPasswords,
        payloads: Payloads,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._vault = vault
        self._logins = logins
        self._passwords = passwords
        self._payloads = payloads
        self._clock = clock
        self._new_id = new_id
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def create(
        self,
        *,
        organisation: Organisation,
        address: str,
        name: str,
        password: str,
        kind: AccountKind = AccountKind.PERSONAL,
        language: str = "",
        aliases: tuple[str, ...] = (),
    ) -> Account:
        """An active account. Raises `Duplicate` when the address is taken, `NotPossible` for one outside the organisation,
        `BadPassword`."""
        await self._passwords.check(password, address, name, organisation)
        account, private = await self._new(organisation, address, name, kind, language, aliases)
        wrap, login_hash = await self.by_password(account, private, password)
        account = replace(account, login_hash=login_hash, activated_at=self._clock())
        wraps = [self._recovery(organisation, account, private), wrap]
        async with self._store.write() as tx:
            await tx.add_account(account, wraps)
            await tx.audit(AuditEntry(self._clock(), organisation.id, "admin", "account:create", account.id))
        return account

    async def first_contact(
        self, organisation: Organisation, address: str, name: str, letter: str = "activation"
    ) -> Account:
        """The account of a sender or reviewer who has none yet; its code goes out in a letter and is kept nowhere."""
        account, private = await self._new(organisation, address, name, AccountKind.PERSONAL, "", ())
        code = self._vault.new_code()
        wrapped = await self._slow(
            self._vault.wrap_private_by_secret, code, private, account.id, WrapKind.ACTIVATION.value
        )
        wraps = [self._recovery(organisation, account, private), KeyWrap(account.id, WrapKind.ACTIVATION, wrapped)]
        order = Order(
            letter=letter,
            recipient=account.address,
            language=account.language,
            sender_name=name,
            sender_address=account.address,
            code=code,
        )
        payload = await self._payloads.seal(order.to_bytes(), organisation.id)
        row = order_row(
            delivery_id=self._new_id(),
            payload=payload,
            mail_from="",
            rcpt_to=account.address,
            trace=account.id,
            now=self._clock(),
            message_id=None,
        )
        try:
            async with self._store.write() as tx:
                await tx.add_account(account, wraps)
                await tx.add_payload(payload)
                await tx.add_deliveries([row])
                await tx.audit(AuditEntry(self._clock(), organisation.id, "gateway", "account:first", account.id))
        except Duplicate:  # two first messages at the same moment
            await self._payloads.shred(payload.blob)
            async with self._store.read() as tx:
                known = await tx.account_by_address(address)
            if known is None:
                raise
            return known
        return account

    async def authenticate(self, address: str, password: str) -> Account | None:
        """The account when the password is right; None otherwise, after the same work whether it exists or not."""
        if len(password) > LONGEST_PASSWORD:
            return None
        async with self._store.read() as tx:
            account = await tx.account_by_address(address)
        known = account.login_hash if account is not None else ""
        right = await self._slow(self._logins.verify, password, known or await self._somebody())
        return account if right and known else None

    async def private_key(self, account: Account, wrap: KeyWrap, secret: bytes) -> bytes:
        """Opens a wrap by its password or code. Raises `CannotOpen`."""
        return await self._slow(self._vault.unwrap_private_by_secret, secret, wrap.wrapped, account.id, wrap.kind.value)

    async def by_password(self, account: Account, private: bytes, password: str) -> tuple[KeyWrap, str]:
        """The private key wrapped by a password, and the password's hash: what is stored of a password, and all of it."""
        kind = WrapKind.PASSWORD
        wrapped = await self._slow(
            self._vault.wrap_private_by_secret, prepared(password), private, account.id, kind.value
        )
        return KeyWrap(account.id, kind, wrapped), await self._slow(self._logins.hash, password)

    async def activate(self, account_id: str, code_text: str, password: str, client: Client | None = None) -> Account:
        """Sets the first password by the activation code, or a new one by that of a recovery: then every session ends. Raises
        `Unknown`, `WrongCode`, `TooMany`, `BadPassword`."""
        now = self._clock()
        async with self._store.write() as tx:
            account = await tx.account(account_id)
            wraps = await tx.key_wraps(account_id)
            tries = await tx.count(f"activate:{account_id}", now, HOUR) if account else 0
        wrap = next((wrap for wrap in wraps if wrap.kind is WrapKind.ACTIVATION), None)
        if account is None or wrap is None:
            raise Unknown
        if tries > ACTIVATIONS_PER_HOUR:
            raise TooMany(window_end(now, HOUR))
        private = await self._by_code(account, wrap, code_text)
        await self._passwords.check(password, account.address, account.name)
        password_wrap, login_hash = await self.by_password(account, private, password)
        await self._save_activation(account, password_wrap, login_hash)
        return replace(account, login_hash=login_hash, activated_at=now)

    async def _by_code(self, account: Account, wrap: KeyWrap, code_text: str) -> bytes:
        code = self._vault.parse_code(code_text)
        if code is None:
            raise WrongCode
        try:
            return await self.private_key(account, wrap, code)
        except CannotOpen as exc:
            raise WrongCode from exc

    async def _save_activation(self, account: Account, password: KeyWrap, login_hash: str) -> None:
        async with self._store.write() as tx:
            wraps = await tx.key_wraps(account.id)
            if not any(wrap.kind is WrapKind.ACTIVATION for wrap in wraps):
                raise Unknown  # somebody was quicker; the code is used up
            kept = [wrap for wrap in wraps if wrap.kind is WrapKind.RECOVERY]
            await tx.replace_key_wraps(account.id, [*kept, password])
            await tx.set_login(account.id, login_hash, self._clock())
            await tx.drop_sessions(account.id, tuple(Stage))
            await tx.audit(AuditEntry(self._clock(), account.organisation, account.id, "account:activate", account.id))

    # -- making

    async def _new(
        self,
        organisation: Organisation,
        address: str,
        name: str,
        kind: AccountKind,
        language: str,
        aliases: tuple[str, ...],
    ) -> tuple[Account, bytes]:
        if not all(organisation.owns(each) for each in (address, *aliases)):
            raise NotPossible("The address is in no domain of the organisation")
        public, private = await asyncio.to_thread(self._vault.new_key_pair)
        account = Account(
            id=self._new_id(),
            organisation=organisation.id,
            address=address.lower(),
            kind=kind,
            name=name,
            language=language or organisation.language,
            public_key=public,
            created_at=self._clock(),
            aliases=tuple(alias.lower() for alias in aliases),
        )
        return account, private

    def _recovery(self, organisation: Organisation, account: Account, private: bytes) -> KeyWrap:
        wrapped = self._vault.wrap_private_for(
            organisation.recovery_public, private, account.id, WrapKind.RECOVERY.value
        )
        return KeyWrap(account.id, WrapKind.RECOVERY, wrapped)

    async def _somebody(self) -> str:
        """A hash that no password fits, for addresses that do not exist: made once, with the parameters of real ones."""
        if self._nobody is None:
            self._nobody = await self._slow(self._logins.hash, self._new_id() + self._new_id())
        return self._nobody

    async def _slow(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        async with self._slots:
            return await asyncio.to_thread(work, *args, **kwargs)
