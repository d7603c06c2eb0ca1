"""The second step of signing in: an app's code, digits by text message, or a passkey.

The rule: who comes here knows the password, so tries are counted for the account wherever they come from; a known device has an
allowance of its own. A right answer makes a new, open session.
"""

from __future__ import annotations

from gateway.core.login import (
    SECONDS,
    Allowance,
    Arrived,
    Device,
    PasskeyQuestion,
    SignedIn,
    SmsStanding,
)
from gateway.core.login_ports import Totp
from gateway.core.login_records import Factor, FactorKind, Stage
from gateway.core.organisation import Organisations
from gateway.core.phone import masked
from gateway.core.pickup import Client, NotPossible, WrongFactor
from gateway.core.ports import Clock, ServerKey, Store
from gateway.service.allowance import give_back, take
from gateway.service.login_sessions import LoginSessions
from gateway.service.login_sms import LoginSms
from gateway.service.passkey_questions import PasskeyQuestions

ORDER = (FactorKind.PASSKEY, FactorKind.APP, FactorKind.SMS)  # the strongest first


class SecondStep:
    def __init__(
        self,
        *,
        store: Store,
        server_key: ServerKey,
        totp: Totp,
        sms: LoginSms,
        questions: PasskeyQuestions,
        sessions: LoginSessions,
        organisations: Organisations,
        clock: Clock,
    ) -> None:
        self._store = store
        self._server_key = server_key
        self._totp = totp
        self._sms = sms
        self._questions = questions
        self._sessions = sessions
        self._organisations = organisations
        self._clock = clock

    async def ways(self, signed_in: SignedIn) -> tuple[FactorKind, ...]:
        """The kinds that this account has, the strongest first."""
        async with self._store.read() as tx:
            kinds = {factor.kind for factor in await tx.factors(signed_in.account.id)}
        return tuple(kind for kind in ORDER if kind in kinds)

    # -- an app

    async def by_app(
        self, signed_in: SignedIn, digits: str, client: Client, device: Device | None, *, remember: bool
    ) -> Arrived:
        """Raises `WrongFactor`, `TooMany`, `NotPossible`."""
        now = self._clock()
        asked = _allowances(signed_in, device)
        async with self._store.write() as tx:
            await take(tx, now, *asked)
        async with self._store.write() as tx:
            factor = _of(await tx.factors(signed_in.account.id), FactorKind.APP)
            step = self._totp.step(self._secret(factor), digits, now, factor.counter)
            if step is not None:
                await tx.use_factor(factor.id, step, now)
        if step is None:
            raise WrongFactor(1)
        await give_back(self._store, now, *asked)
        return await self._arrive(signed_in, client, device, remember=remember)

    # -- a text message

    async def phone(self, signed_in: SignedIn) -> tuple[str, SmsStanding]:
        """The number, masked, and whether digits are on their way."""
        factor = await self._factor(signed_in, FactorKind.SMS)
        return masked(self._secret(factor).decode()), self._sms.standing(signed_in.session)

    async def send(self, signed_in: SignedIn, client: Client) -> None:
        """Raises `TooSoon`, `TooMany`, `SmsFailed`, `NotPossible`."""
        factor = await self._factor(signed_in, FactorKind.SMS)
        organisation = self._organisations.get(signed_in.account.organisation)
        await self._sms.send(signed_in, self._secret(factor).decode(), organisation, client)

    async def by_sms(
        self, signed_in: SignedIn, digits: str, client: Client, device: Device | None, *, remember: bool
    ) -> Arrived:
        """Raises `WrongFactor`, `TooMany`, `NotPossible`."""
        now = self._clock()
        asked = _allowances(signed_in, device)
        factor = await self._factor(signed_in, FactorKind.SMS)
        async with self._store.write() as tx:
            await take(tx, now, *asked)
        await self._sms.verify(signed_in, self._secret(factor).decode(), digits)
        async with self._store.write() as tx:
            await tx.use_factor(factor.id, 0, now)
        await give_back(self._store, now, *asked)
        return await self._arrive(signed_in, client, device, remember=remember)

    # -- a passkey

    async def question(self, signed_in: SignedIn) -> PasskeyQuestion:
        async with self._store.read() as tx:
            factors = await tx.factors(signed_in.account.id)
        allowed = [factor.credential for factor in factors if factor.kind is FactorKind.PASSKEY]
        organisation = self._organisations.get(signed_in.account.organisation)
        return self._questions.request(organisation, signed_in.account.id, allowed)

    async def by_passkey(
        self,
        signed_in: SignedIn,
        answer: str,
        challenge: str,
        client: Client,
        device: Device | None,
        *,
        remember: bool,
    ) -> Arrived:
        """Raises `NoAnswer`."""
        organisation = self._organisations.get(signed_in.account.organisation)
        await self._questions.answered(organisation, answer, challenge, signed_in.account.id)
        return await self._arrive(signed_in, client, device, remember=remember)

    # -- small things

    async def _arrive(self, signed_in: SignedIn, client: Client, device: Device | None, *, remember: bool) -> Arrived:
        account = signed_in.account
        if device is None or device.account_id != account.id or remember:
            device = self._sessions.new_device(account)
        ticket = await self._sessions.step_up(signed_in, Stage.OPEN, client)
        if remember:
            await self._sessions.remember(account, device, client)
        return Arrived(ticket, device)

    async def _factor(self, signed_in: SignedIn, kind: FactorKind) -> Factor:
        async with self._store.read() as tx:
            return _of(await tx.factors(signed_in.account.id), kind)

    def _secret(self, factor: Factor) -> bytes:
        return self._server_key.open(factor.sealed, f"factor:{factor.id}")


def _of(factors: list[Factor], kind: FactorKind) -> Factor:
    for factor in factors:
        if factor.kind is kind:
            return factor
    raise NotPossible


def _allowances(signed_in: SignedIn, device: Device | None) -> tuple[tuple[str, Allowance], ...]:
    account_id = signed_in.account.id
    if device is not None and device.account_id == account_id:
        return ((f"second:{account_id}:{device.id}", SECONDS),)
    return ((f"second:{account_id}", SECONDS),)
