"""Digits by text message to somebody who signs in, or who says that a number is theirs.

The rule: the digits are valid for one session and one number, ten minutes, five tries; a try is counted before it is judged.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.core.errors import SmsFailed
from gateway.core.login import LoginEnded, SignedIn, SmsStanding
from gateway.core.login_records import LoginSession
from gateway.core.organisation import Organisation
from gateway.core.pickup import SMS_LIFE, SMS_PAUSE, SMS_TRIES, Client, TooSoon, WrongFactor
from gateway.core.ports import Clock, ServerKey, Sms, Store
from gateway.core.sms_text import login_text
from gateway.service.sms_limits import count_sms

log = structlog.get_logger()


class LoginSms:
    """`digits` makes the six digits of a one-time code."""

    def __init__(
        self, *, store: Store, server_key: ServerKey, sms: Sms, clock: Clock, digits: Callable[[], str]
    ) -> None:
        self._store = store
        self._server_key = server_key
        self._sms = sms
        self._clock = clock
        self._digits = digits

    def standing(self, session: LoginSession) -> SmsStanding:
        now = self._clock()
        sent_at = session.code_sent_at
        if sent_at is None:
            return SmsStanding(sent=False, next_at=now)
        return SmsStanding(sent=_usable(session, now), next_at=sent_at + SMS_PAUSE)

    async def send(self, signed_in: SignedIn, phone: str, organisation: Organisation, client: Client) -> None:
        """Raises `TooSoon`, `TooMany`, `SmsFailed`, `LoginEnded`."""
        now, digits, session_id = self._clock(), self._digits(), signed_in.session.id
        async with self._store.write() as tx:
            session = await tx.session(session_id)
            if session is None:
                raise LoginEnded
            if session.code_sent_at is not None and now < session.code_sent_at + SMS_PAUSE:
                raise TooSoon(session.code_sent_at + SMS_PAUSE)
            await count_sms(tx, self._server_key, organisation.id, phone, now, session_id)
            await tx.set_session_code(session_id, self._check(session_id, phone, digits), now, 0)
        language = client.language or signed_in.account.language
        text = login_text(language, organisation.name, digits, organisation.portal_url)
        try:
            await self._sms.send(phone, text, organisation.sms_sender)
        except SmsFailed as failure:
            log.warning("sms_failed", session=session_id, permanent=failure.permanent)
            async with self._store.write() as tx:  # nothing was sent, so no pause is due
                await tx.set_session_code(session_id, b"", None, 0)
            raise
        log.info("login_sms_sent", session=session_id)

    async def verify(self, signed_in: SignedIn, phone: str, digits: str) -> None:
        """Raises `WrongFactor`; with `left` 0 new digits are needed."""
        now, session_id = self._clock(), signed_in.session.id
        left, right = 0, False
        async with self._store.write() as tx:
            session = await tx.session(session_id)
            if session is None:
                raise LoginEnded
            if _usable(session, now):
                given = "".join(letter for letter in digits if letter in "0123456789")
                right = hmac.compare_digest(session.code_check, self._check(session_id, phone, given))
                left = SMS_TRIES - session.tries - 1
                if right:
                    await tx.set_session_code(session_id, b"", None, 0)
                else:
                    await tx.set_session_code(session_id, session.code_check, session.code_sent_at, session.tries + 1)
        if not right:
            raise WrongFactor(left)

    def _check(self, session_id: str, phone: str, digits: str) -> bytes:
        return self._server_key.mac(f"{phone}:{digits}".encode(), f"login-sms:{session_id}")


def _usable(session: LoginSession, now: datetime) -> bool:
    sent_at = session.code_sent_at
    return bool(session.code_check) and sent_at is not None and now < sent_at + SMS_LIFE and session.tries < SMS_TRIES
