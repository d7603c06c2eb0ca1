"""An account's second factors: what there is, adding one, taking one away.

The rule: each is proved once before it counts; whoever adds or takes away one has just typed the password (`NeedsPassword`).
An account has at most one app and one phone number, and any number of passkeys. A passkey that gives a PRF secret gets the
private key wrapped by it, and then signs in by itself.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence

import structlog

from gateway.core.errors import CannotOpen
from gateway.core.login import LONGEST_NAME, MOST_FACTORS, NewApp, PasskeyQuestion, SignedIn, SmsStanding
from gateway.core.login_ports import Totp
from gateway.core.login_records import Factor, FactorKind
from gateway.core.organisation import Organisation, Organisations, SecondFactor
from gateway.core.phone import e164, masked
from gateway.core.pickup import Client, NotPossible, WrongFactor
from gateway.core.ports import Clock, NewId, ServerKey, Store, Transaction, Vault
from gateway.core.records import Account, AuditEntry
from gateway.service.login_sessions import LoginSessions
from gateway.service.login_sms import LoginSms
from gateway.service.passkey_questions import PasskeyQuestions

log = structlog.get_logger()

NEVER = -1  # before the first time step


class SecondFactors:
    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        server_key: ServerKey,
        totp: Totp,
        sms: LoginSms,
        questions: PasskeyQuestions,
        sessions: LoginSessions,
        organisations: Organisations,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._vault = vault
        self._server_key = server_key
        self._totp = totp
        self._sms = sms
        self._questions = questions
        self._sessions = sessions
        self._organisations = organisations
        self._clock = clock
        self._new_id = new_id

    async def of(self, account: Account) -> list[Factor]:
        async with self._store.read() as tx:
            return await tx.factors(account.id)

    def phone(self, factor: Factor) -> str:
        """The number, masked."""
        return masked(self._secret(factor))

    def removable(self, account: Account, factors: Sequence[Factor]) -> bool:
        """Not the last one, where the organisation asks for one."""
        return len(factors) > 1 or self._organisation(account).second_factor is SecondFactor.OPTIONAL

    # -- an app

    def new_app(self, signed_in: SignedIn) -> NewApp:
        """Nothing is stored yet. Raises `NeedsPassword`."""
        self._sessions.ask_fresh(signed_in)
        return self._app(signed_in, self._totp.new_secret())

    def same_app(self, signed_in: SignedIn, sealed: str) -> NewApp:
        """The one that the page showed before. Raises `NotPossible`."""
        self._sessions.ask_fresh(signed_in)
        return self._app(signed_in, self._shown(signed_in, sealed))

    async def add_app(self, signed_in: SignedIn, sealed: str, digits: str) -> None:
        """Raises `WrongFactor`, `NotPossible`, `NeedsPassword`."""
        self._sessions.ask_fresh(signed_in)
        secret = self._shown(signed_in, sealed)
        step = self._totp.step(secret, digits, self._clock(), NEVER)
        if step is None:
            raise WrongFactor(1)
        await self._add(signed_in, FactorKind.APP, "", secret, counter=step)

    def _app(self, signed_in: SignedIn, secret: bytes) -> NewApp:
        account = signed_in.account
        sealed = self._server_key.seal(secret, _about_new_app(signed_in))
        return NewApp(
            uri=self._totp.uri(secret, account.address, self._organisation(account).name.replace(":", " ")),
            secret=self._totp.written(secret),
            sealed=base64.urlsafe_b64encode(sealed).decode(),
        )

    def _shown(self, signed_in: SignedIn, sealed: str) -> bytes:
        try:
            return self._server_key.open(base64.urlsafe_b64decode(sealed), _about_new_app(signed_in))
        except (CannotOpen, ValueError, binascii.Error):
            raise NotPossible from None

    # -- a phone

    async def send_phone(self, signed_in: SignedIn, phone: str, client: Client) -> str:
        """Sends digits; the number as it will be kept. Raises `NotPossible` for no number, `TooSoon`, `TooMany`,
        `SmsFailed`."""
        self._sessions.ask_fresh(signed_in)
        number = e164(phone)
        if not number:
            raise NotPossible("This is not a phone number")
        await self._sms.send(signed_in, number, self._organisation(signed_in.account), client)
        return number

    def standing(self, signed_in: SignedIn) -> SmsStanding:
        return self._sms.standing(signed_in.session)

    async def add_phone(self, signed_in: SignedIn, phone: str, digits: str) -> None:
        """Raises `WrongFactor`, `NotPossible`, `NeedsPassword`."""
        self._sessions.ask_fresh(signed_in)
        number = e164(phone)
        if not number:
            raise NotPossible
        await self._sms.verify(signed_in, number, digits)
        await self._add(signed_in, FactorKind.SMS, "", number.encode())

    # -- a passkey

    async def new_passkey(self, signed_in: SignedIn) -> PasskeyQuestion:
        """Raises `NeedsPassword`."""
        self._sessions.ask_fresh(signed_in)
        account = signed_in.account
        known = [factor.credential for factor in await self.of(account) if factor.kind is FactorKind.PASSKEY]
        return self._questions.creation(account, self._organisation(account), known)

    async def add_passkey(self, signed_in: SignedIn, answer: str, challenge: str, prf: bytes, name: str) -> bool:
        """Whether it can sign in by itself. `prf` is empty where the authenticator gives none. Raises `NoAnswer`,
        `NeedsPassword`, `NotPossible`, `Duplicate`."""
        self._sessions.ask_fresh(signed_in)
        account = signed_in.account
        made = await self._questions.created(account, self._organisation(account), answer, challenge)
        factor_id = self._new_id()
        wrapped = b""
        if prf:
            wrapped = await asyncio.to_thread(
                self._vault.wrap_private_by_secret, prf, signed_in.private, account.id, wrap_kind(factor_id)
            )
        name = " ".join(name.split())[:LONGEST_NAME]
        await self._add(
            signed_in,
            FactorKind.PASSKEY,
            name,
            made.public_key,
            factor_id=factor_id,
            credential=made.credential,
            wrapped=wrapped,
            counter=made.counter,
        )
        return bool(wrapped)

    # -- keeping

    async def _add(
        self,
        signed_in: SignedIn,
        kind: FactorKind,
        name: str,
        secret: bytes,
        *,
        factor_id: str = "",
        credential: bytes = b"",
        wrapped: bytes = b"",
        counter: int = 0,
    ) -> None:
        factor_id = factor_id or self._new_id()
        account, now = signed_in.account, self._clock()
        factor = Factor(
            id=factor_id,
            account_id=account.id,
            kind=kind,
            name=name,
            created_at=now,
            sealed=self._server_key.seal(secret, f"factor:{factor_id}"),
            credential=credential,
            wrapped=wrapped,
            counter=counter,
        )
        async with self._store.write() as tx:
            known = await tx.factors(account.id)
            if len(known) >= MOST_FACTORS:
                raise NotPossible
            for former in known:
                if former.kind is kind and kind is not FactorKind.PASSKEY:
                    await tx.drop_factor(former.id)
            await tx.add_factor(factor)
            await self._audit(tx, account, f"factor:add:{kind.value}", factor_id)
        log.info("factor_added", account=account.id, kind=kind.value)

    async def remove(self, signed_in: SignedIn, factor_id: str) -> None:
        """Also ends what the former factors let through: other sessions and remembered devices stay. Raises `NotPossible`
        for the last one where the organisation asks for one, `NeedsPassword`."""
        self._sessions.ask_fresh(signed_in)
        account = signed_in.account
        async with self._store.write() as tx:
            known = await tx.factors(account.id)
            if factor_id not in [factor.id for factor in known]:
                return
            if not self.removable(account, known):
                raise NotPossible
            await tx.drop_factor(factor_id)
            await self._audit(tx, account, "factor:remove", factor_id)

    def _secret(self, factor: Factor) -> str:
        return self._server_key.open(factor.sealed, f"factor:{factor.id}").decode()

    def _organisation(self, account: Account) -> Organisation:
        return self._organisations.get(account.organisation)

    async def _audit(self, tx: Transaction, account: Account, action: str, detail: str) -> None:
        await tx.audit(AuditEntry(self._clock(), account.organisation, account.id, action, account.id, detail))


def wrap_kind(factor_id: str) -> str:
    """What a private key that is wrapped by a passkey's secret is bound to."""
    return f"passkey:{factor_id}"


def _about_new_app(signed_in: SignedIn) -> str:
    return f"new-app:{signed_in.session.id}"
