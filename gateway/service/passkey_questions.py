"""What pages ask passkeys, and the answers that come back.

A challenge is random and travels to the browser and back sealed under the server key, with what it was made for: nobody needs
a session to be asked, and looking at a page stores nothing. The rule: each challenge counts once, for one purpose, for
ten minutes.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from gateway.core.errors import CannotOpen
from gateway.core.login import CHALLENGE, NewPasskey, NoAnswer, PasskeyQuestion, RelyingParty
from gateway.core.login_ports import Passkeys
from gateway.core.login_records import Factor
from gateway.core.organisation import Organisation
from gateway.core.pickup import DAY
from gateway.core.ports import Clock, ServerKey, Store, Transaction
from gateway.core.records import Account

ANYBODY = ""  # who signs in without a name


class PasskeyQuestions:
    def __init__(self, *, store: Store, passkeys: Passkeys, server_key: ServerKey, clock: Clock) -> None:
        self._store = store
        self._passkeys = passkeys
        self._server_key = server_key
        self._clock = clock

    # -- making one

    def creation(self, account: Account, organisation: Organisation, known: Sequence[bytes]) -> PasskeyQuestion:
        options, challenge = self._passkeys.creation(
            party_of(organisation), account.id, account.address, account.name, known
        )
        return PasskeyQuestion(options, self._seal("create", account.id, challenge))

    async def created(self, account: Account, organisation: Organisation, answer: str, sealed: str) -> NewPasskey:
        """Raises `NoAnswer`."""
        async with self._store.write() as tx:
            challenge = await self._redeem(tx, "create", account.id, sealed)
        return self._passkeys.created(answer, party_of(organisation), challenge)

    # -- asking one

    def request(
        self, organisation: Organisation, about: str = ANYBODY, allowed: Sequence[bytes] = ()
    ) -> PasskeyQuestion:
        """`about` is the account that must answer."""
        options, challenge = self._passkeys.request(party_of(organisation), allowed)
        return PasskeyQuestion(options, self._seal("request", about, challenge))

    async def answered(self, organisation: Organisation, answer: str, sealed: str, about: str = ANYBODY) -> Factor:
        """The passkey that has proved itself; its counter has moved on. Raises `NoAnswer`."""
        credential = self._passkeys.credential(answer)
        async with self._store.write() as tx:
            challenge = await self._redeem(tx, "request", about, sealed)
        async with self._store.write() as tx:
            factor = await tx.factor_of(credential)
            if factor is None or (about and factor.account_id != about):
                raise NoAnswer
            public_key = self._server_key.open(factor.sealed, f"factor:{factor.id}")
            counter = self._passkeys.asserted(answer, party_of(organisation), challenge, public_key, factor.counter)
            await tx.use_factor(factor.id, counter, self._clock())
        return factor

    # -- challenges

    def _seal(self, purpose: str, about: str, challenge: bytes) -> str:
        plain = {"challenge": base64.b64encode(challenge).decode(), "at": self._clock().timestamp()}
        sealed = self._server_key.seal(json.dumps(plain).encode(), f"passkey:{purpose}:{about}")
        return base64.urlsafe_b64encode(sealed).decode()

    async def _redeem(self, tx: Transaction, purpose: str, about: str, sealed: str) -> bytes:
        now = self._clock()
        try:
            raw = base64.urlsafe_b64decode(sealed)
            plain = json.loads(self._server_key.open(raw, f"passkey:{purpose}:{about}"))
        except (CannotOpen, ValueError, binascii.Error):
            raise NoAnswer from None
        challenge, age = base64.b64decode(plain["challenge"]), now.timestamp() - plain["at"]
        # The counter that makes it count once begins anew each day: a challenge of yesterday is not taken.
        today = int(now.timestamp() // DAY.total_seconds()) == int(plain["at"] // DAY.total_seconds())
        if not 0 <= age < CHALLENGE.total_seconds() or not today:
            raise NoAnswer
        about_it = self._server_key.mac(challenge, "passkey-challenge").hex()[:32]
        if await tx.count(f"passkey-challenge:{about_it}", now, DAY) > 1:
            raise NoAnswer
        return challenge


def party_of(organisation: Organisation) -> RelyingParty:
    """Passkeys belong to the host that people see, so they die with its name: keep it."""
    address = urlsplit(organisation.portal_url)
    return RelyingParty(address.hostname or "", organisation.name, f"{address.scheme}://{address.netloc}")
