"""A recipient's way to a message: the landing, the message code, the factor, and then reading.

The rule: a look changes nothing; every attempt is counted in the store before it is judged, so that neither a restart nor
a second portal nor parallel requests give more tries. No code, number or password reaches a log.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

import structlog

from gateway.core.directives import VerificationKind
from gateway.core.errors import CannotOpen, SmsFailed
from gateway.core.phone import masked
from gateway.core.pickup import (
    HOUR,
    LONGEST_PASSWORD,
    PASSWORD_TRIES,
    SMS_LIFE,
    SMS_PAUSE,
    SMS_TRIES,
    WRONG_CODES_PER_HOUR,
    Client,
    Landing,
    Locked,
    NeedsPassword,
    NeedsSms,
    NotPossible,
    Opened,
    Step,
    TooMany,
    TooSoon,
    Unlock,
    WrongCode,
    WrongFactor,
    WrongNumber,
    lock_after,
    window_end,
)
from gateway.core.ports import DELIVER, Bus, Clock, ServerKey, Sms, Store, Transaction, Vault
from gateway.core.records import Event, EventKind, Grant, GrantState, OneTimeCode, Payload
from gateway.core.sms_text import sms_text
from gateway.service.gate import Access, Gate, note_once
from gateway.service.reading import PartStream, Reader, Reading
from gateway.service.sender_letters import SenderLetters
from gateway.service.sms_limits import count_sms

log = structlog.get_logger()

PASSWORDS_AT_ONCE = 2  # Argon2id takes memory and a core each time


class Pickup:
    """See the module. `digits` makes the six digits of a one-time code."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        server_key: ServerKey,
        sms: Sms,
        gate: Gate,
        reader: Reader,
        letters: SenderLetters,
        bus: Bus,
        clock: Clock,
        digits: Callable[[], str],
    ) -> None:
        self._store = store
        self._vault = vault
        self._server_key = server_key
        self._sms = sms
        self._gate = gate
        self._reader = reader
        self._letters = letters
        self._bus = bus
        self._clock = clock
        self._digits = digits
        self._slots = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    # -- looking

    async def landing(self, grant_id: str) -> Landing:
        """What the link shows. Changes nothing. Raises `Unknown`, `Revoked`, `Expired`."""
        async with self._store.read() as tx:
            access = await self._gate.find(tx, grant_id)
            account = await tx.account(access.message.account_id)
        sender = access.message.mail_from
        own = account is not None and sender.lower() in (account.address, *account.aliases)
        return Landing(
            grant_id=grant_id,
            organisation=access.organisation,
            sender_name=account.name if own and account is not None else "",
            sender_address=sender,
            verification=access.grant.verification,
            language=access.grant.language,
            expires_at=access.grant.expires_at or access.message.expires_at,
        )

    # -- the message code

    async def open(self, grant_id: str, code_text: str, client: Client) -> Step:
        """The next step for who gives the right message code. Raises `WrongCode`, `TooMany`, `Locked`, `WrongNumber`.

        Wrong ones are counted by address and organisation and never lock the grant: strangers must not be able to. A right
        one always passes: among 2^128 it was not guessed.
        """
        async with self._store.read() as tx:
            access = await self._gate.find(tx, grant_id)
            sms = await tx.code(grant_id)
        code = self._vault.parse_code(code_text)
        if code is None or not self._vault.check_code(grant_id, code, access.grant.code_check):
            await self._count_wrong_code(access, client)
            raise WrongCode
        kind = access.grant.verification
        if kind is VerificationKind.PASSWORD:
            self._refuse_locked(access.grant)
            return NeedsPassword(self._secret(access.grant.sealed_hint, "hint", grant_id))
        if kind is VerificationKind.SMS:
            _refuse_wrong_number(access.grant)
            return self._needs_sms(access.grant, sms)
        if kind is not VerificationKind.NONE:
            raise NotPossible
        async with self._store.write() as tx:
            access = await self._gate.enter(tx, grant_id, code)
            await note_once(tx, access, EventKind.VERIFIED, self._clock(), client.peer)
        return Opened(Unlock(code, b""))

    async def _count_wrong_code(self, access: Access, client: Client) -> None:
        now = self._clock()
        async with self._store.write() as tx:
            count = await tx.count(f"wrong-code:{access.organisation.id}:{client.peer}", now, HOUR)
        log.info("wrong_message_code", grant=access.grant.id, peer=client.peer)
        if count > WRONG_CODES_PER_HOUR:
            raise TooMany(window_end(now, HOUR))

    # -- SMS

    async def send_code(self, grant_id: str, code: bytes, client: Client) -> NeedsSms:
        """Sends a new one-time code; the former one is invalid from now on. Raises `TooSoon`, `TooMany`, `WrongNumber`,
        `SmsFailed` (for a bad number, the sender is told to give another one)."""
        digits = self._digits()
        now = self._clock()
        async with self._store.write() as tx:
            access = await self._enter_sms(tx, grant_id, code)
            before = await tx.code(grant_id)
            if before is not None and now < before.sent_at + SMS_PAUSE:
                raise TooSoon(before.sent_at + SMS_PAUSE)
            phone = self._secret(access.grant.sealed_phone, "phone", grant_id)
            await count_sms(tx, self._server_key, access.organisation.id, phone, now, grant_id)
            row = OneTimeCode(grant_id, self._check(grant_id, digits), now, now + SMS_LIFE)
            await tx.put_code(row)
        organisation = access.organisation
        text = sms_text(client.language or access.grant.language, organisation.name, digits, organisation.portal_url)
        try:
            await self._sms.send(phone, text, organisation.sms_sender)
        except SmsFailed as exc:
            await self._sms_failed(access, row, client, exc)
            raise
        log.info("sms_code_sent", grant=grant_id)
        return self._needs_sms(access.grant, row)

    async def verify_code(self, grant_id: str, code: bytes, digits: str, client: Client) -> Unlock:
        """Raises `WrongFactor`; with `left` 0 a new code is needed."""
        now = self._clock()
        left = 0
        async with self._store.write() as tx:
            access = await self._enter_sms(tx, grant_id, code)
            row = await tx.code(grant_id)
            usable = row is not None and row.tries < SMS_TRIES and now < row.expires_at
            right = False
            if row is not None and usable:
                given = "".join(c for c in digits if c in "0123456789")
                right = hmac.compare_digest(row.check, self._check(grant_id, given))
                left = SMS_TRIES - row.tries - 1
                if right:
                    await tx.drop_code(grant_id)
                    await note_once(tx, access, EventKind.VERIFIED, now, client.peer)
                else:
                    await tx.put_code(replace(row, tries=row.tries + 1))
        if not right:
            raise WrongFactor(left)
        return Unlock(code, self._server_key.open(access.grant.sealed_factor, f"factor:{grant_id}"))

    async def not_my_number(self, grant_id: str, code: bytes, client: Client) -> None:
        """The recipient does not know the masked number: no more codes until the sender gives another one."""
        async with self._store.read() as tx:
            access = await self._gate.enter(tx, grant_id, code)
        if access.grant.verification is not VerificationKind.SMS:
            raise NotPossible
        await self._wrong_number(access, client)

    async def _enter_sms(self, tx: Transaction, grant_id: str, code: bytes) -> Access:
        access = await self._gate.enter(tx, grant_id, code)
        if access.grant.verification is not VerificationKind.SMS:
            raise NotPossible
        _refuse_wrong_number(access.grant)
        return access

    async def _sms_failed(self, access: Access, row: OneTimeCode, client: Client, failure: SmsFailed) -> None:
        """Nothing was sent, so no pause is due; a number that can't be reached is the sender's to mend."""
        log.warning("sms_failed", grant=access.grant.id, permanent=failure.permanent)
        if failure.bad_number:
            await self._wrong_number(access, client)
            return
        async with self._store.write() as tx:
            current = await tx.code(access.grant.id)
            if current is not None and current.check == row.check:
                await tx.drop_code(access.grant.id)

    async def _wrong_number(self, access: Access, client: Client) -> None:
        letter = await self._letter("wrong-number", access)
        async with self._store.write() as tx:
            access = await self._gate.find(tx, access.grant.id)
            if access.grant.state is GrantState.WRONG_NUMBER:
                return
            await tx.set_grant_state(access.grant.id, GrantState.WRONG_NUMBER)
            await tx.drop_code(access.grant.id)
            await tx.add_event(_event(access, EventKind.WRONG_NUMBER, self._clock(), client))
            await self._letters.add(tx, letter, access.message)
        self._bus.wake(DELIVER)

    def _needs_sms(self, grant: Grant, row: OneTimeCode | None) -> NeedsSms:
        now = self._clock()
        number = masked(self._secret(grant.sealed_phone, "phone", grant.id))
        if row is None:
            return NeedsSms(number, sent=False, next_at=now)
        return NeedsSms(number, sent=now < row.expires_at and row.tries < SMS_TRIES, next_at=row.sent_at + SMS_PAUSE)

    # -- password

    async def verify_password(self, grant_id: str, code: bytes, password: str, client: Client) -> Unlock:
        """Raises `WrongFactor` or `Locked`. The try is counted before it is judged, and forgiven when it is right."""
        async with self._store.write() as tx:
            access = await self._gate.enter(tx, grant_id, code)
            if access.grant.verification is not VerificationKind.PASSWORD:
                raise NotPossible
            self._refuse_locked(access.grant)
            wrong = access.grant.wrong + 1
            until = lock_after(wrong, self._clock())
            await tx.count_wrong(grant_id, wrong, until)
        unlock = await self._try_password(access, code, password)
        if unlock is None:
            if until is not None:
                await self._tell_locked(access, client)
                raise Locked(until)
            raise WrongFactor(PASSWORD_TRIES - wrong % PASSWORD_TRIES)
        async with self._store.write() as tx:
            access = await self._gate.enter(tx, grant_id, code)
            await tx.count_wrong(grant_id, 0, None)
            await note_once(tx, access, EventKind.VERIFIED, self._clock(), client.peer)
        return unlock

    async def _try_password(self, access: Access, code: bytes, password: str) -> Unlock | None:
        if not password or len(password) > LONGEST_PASSWORD:
            return None
        grant = access.grant
        async with self._slots:
            factor = await asyncio.to_thread(self._vault.password_factor, password, grant.salt)
        try:
            self._vault.open_recipient_key(grant.wrapped, grant.message_id, grant.id, code, factor, grant.share)
        except CannotOpen:
            return None
        return Unlock(code, factor)

    async def _tell_locked(self, access: Access, client: Client) -> None:
        """Each pause is in the history; the sender gets one letter."""
        letter = await self._letter("locked", access)
        async with self._store.write() as tx:
            first = await note_once(tx, access, EventKind.LOCKED, self._clock(), client.peer)
            if first:
                await self._letters.add(tx, letter, access.message)
            else:
                await tx.add_event(_event(access, EventKind.LOCKED, self._clock(), client))
        if first:
            self._bus.wake(DELIVER)

    def _refuse_locked(self, grant: Grant) -> None:
        if grant.locked_until is not None and self._clock() < grant.locked_until:
            raise Locked(grant.locked_until)

    # -- reading

    async def read(self, grant_id: str, unlock: Unlock, client: Client) -> Reading:
        return await self._reader.read(grant_id, unlock, client)

    async def part(
        self,
        grant_id: str,
        unlock: Unlock,
        number: int,
        client: Client,
        start: int = 0,
        end: int | None = None,
        *,
        record: bool = True,
    ) -> PartStream:
        return await self._reader.part(grant_id, unlock, number, client, start, end, record=record)

    async def eml(self, grant_id: str, unlock: Unlock, client: Client) -> AsyncIterator[bytes]:
        return await self._reader.eml(grant_id, unlock, client)

    async def zip(self, grant_id: str, unlock: Unlock, client: Client) -> AsyncIterator[bytes]:
        return await self._reader.zip(grant_id, unlock, client)

    async def ended(self, grant_id: str) -> NoReturn:
        await self._reader.ended(grant_id)

    # -- small things

    async def _letter(self, name: str, access: Access) -> Payload:
        async with self._store.read() as tx:
            account = await tx.account(access.message.account_id)
        language = account.language if account is not None else access.organisation.language
        return await self._letters.prepare(name, access.message, access.grant.holder, language)

    def _check(self, grant_id: str, digits: str) -> bytes:
        return self._server_key.mac(digits.encode(), f"sms-code:{grant_id}")

    def _secret(self, sealed: bytes, kind: str, grant_id: str) -> str:
        return self._server_key.open(sealed, f"{kind}:{grant_id}").decode() if sealed else ""


def _refuse_wrong_number(grant: Grant) -> None:
    if grant.state is GrantState.WRONG_NUMBER:
        raise WrongNumber


def _event(access: Access, kind: EventKind, at: datetime, client: Client) -> Event:
    return Event(access.message.id, access.grant.holder, kind, at, peer=client.peer)
