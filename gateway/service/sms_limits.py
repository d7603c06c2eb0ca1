"""How many text messages may go out: per number, country and organisation. Nobody is pestered, and the bill has an end."""

from __future__ import annotations

from datetime import datetime

import structlog

from gateway.core.phone import country
from gateway.core.pickup import DAY, SMS_PER_COUNTRY, SMS_PER_NUMBER, SMS_PER_ORGANISATION, TooMany, window_end
from gateway.core.ports import ServerKey, Transaction

log = structlog.get_logger()


async def count_sms(
    tx: Transaction, server_key: ServerKey, organisation_id: str, phone: str, now: datetime, about: str
) -> None:
    """Raises `TooMany`, which rolls the counts back: only what is sent counts. `about` is an id for the log."""
    number = server_key.mac(phone.encode(), "sms-number").hex()[:32]
    for key, most in (
        (f"sms-number:{number}", SMS_PER_NUMBER),
        (f"sms-country:{organisation_id}:{country(phone)}", SMS_PER_COUNTRY),
        (f"sms-organisation:{organisation_id}", SMS_PER_ORGANISATION),
    ):
        if await tx.count(key, now, DAY) > most:
            log.warning("sms_limit", about=about, limit=key.partition(":")[0])
            raise TooMany(window_end(now, DAY))
