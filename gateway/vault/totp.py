"""Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds.

That is the one form that all apps know (several ignore what a link says of the others). SHA-1 is sound here: HMAC does not
rest on collisions (RFC 6194 section 3.3). The rule: a step counts once, so whoever looked over a shoulder comes too late.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_SIZE = 20  # RFC 4226 section 4, R6: 160 bits are recommended
SECONDS = 30
DIGITS = 6
SKEW = 1  # steps that a phone's clock may be off, each way (RFC 6238 section 5.2)


class AppCodes:
    """Implements `gateway.core.login_ports.Totp`."""

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random

    def new_secret(self) -> bytes:
        return self._random(SECRET_SIZE)

    def uri(self, secret: bytes, account: str, issuer: str) -> str:
        return _totp(secret).get_provisioning_uri(account, issuer)

    def written(self, secret: bytes) -> str:
        symbols = base64.b32encode(secret).decode().rstrip("=")
        return " ".join(symbols[at : at + 4] for at in range(0, len(symbols), 4))

    def step(self, secret: bytes, digits: str, now: datetime, after: int) -> int | None:
        given = "".join(letter for letter in digits if letter in "0123456789").encode()
        present, found = int(now.timestamp()) // SECONDS, None
        for step in range(present - SKEW, present + SKEW + 1):
            right = hmac.compare_digest(_totp(secret).generate(step * SECONDS), given)
            if right and step > after:
                found = step
        return found


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), SECONDS)  # noqa: S303
