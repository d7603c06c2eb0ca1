"""A forgotten password: asking for help, and giving it with the organisation's recovery key, so that old messages stay
readable.

Nobody can reset a password here: the private key is wrapped by it. The organisation's recovery key, which is kept
offline, wraps the private key for a new activation code that exists only in the mail to the account. The rule: whoever
asks learns nothing about which accounts exist, in words or in work.
"""

from __future__ import annotations

import structlog

from gateway.core.errors import CannotOpen
from gateway.core.login import FORGOTTEN, FORGOTTEN_OF_A_NETWORK, network_of
from gateway.core.login_records import Stage
from gateway.core.orders import Order
from gateway.core.organisation import Organisation, Organisations
from gateway.core.pickup import Client, TooMany
from gateway.core.ports import DELIVER, Bus, Clock, ServerKey, Store, Vault
from gateway.core.records import Account, AuditEntry, KeyWrap, WrapKind
from gateway.service.allowance import take
from gateway.service.sender_letters import SenderLetters

log = structlog.get_logger()


class AccountRecovery:
    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        letters: SenderLetters,
        organisations: Organisations,
        server_key: ServerKey,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._store = store
        self._vault = vault
        self._letters = letters
        self._organisations = organisations
        self._server_key = server_key
        self._bus = bus
        self._clock = clock

    # -- asking

    async def ask(self, address: str, client: Client) -> None:
        """Tells the admins of the account's organisation, once a day. Raises `TooMany` for a network that asks too often."""
        now, address = self._clock(), address.strip().lower()[:320]
        async with self._store.write() as tx:
            await take(tx, now, (f"forgotten-network:{network_of(client.peer)}", FORGOTTEN_OF_A_NETWORK))
            account = await tx.account_by_address(address)
        organisation = self._organisations.get(account.organisation) if account is not None else None
        rows = [
            await self._letters.order(self._request(address, admin, organisation), organisation.id, account.id)
            if account is not None and organisation is not None
            else await self._letters.order(self._request(address, admin, organisation), "", "")
            for admin in (organisation.helpers if organisation is not None else (address,))
        ]
        try:
            async with self._store.write() as tx:
                who = self._server_key.mac(address.encode(), "login-address").hex()[:32]
                await take(tx, now, (f"forgotten:{who}", FORGOTTEN))
                if account is not None:
                    for payload, row in rows:
                        await tx.add_payload(payload)
                        await tx.add_deliveries([row])
                    await tx.audit(
                        AuditEntry(now, account.organisation, "portal", "account:forgotten", account.id, client.peer)
                    )
        except TooMany:
            return  # they were told today
        log.info("password_forgotten", known=account is not None, told=len(rows) if account is not None else 0)
        self._bus.wake(DELIVER)

    def _request(self, address: str, admin: str, organisation: Organisation | None) -> Order:
        return Order(
            letter="recovery-request",
            recipient=admin,
            language=organisation.language if organisation is not None else "nl",
            sender_name="",
            sender_address=address,
        )

    # -- helping

    async def recover(self, address: str, recovery_private: bytes, actor: str, *, drop_factors: bool) -> Account:
        """Sends the account a new activation code. The former password works until the code is used; with `drop_factors` it
        ends at once, since alone it must not be enough for anybody. Raises `CannotOpen` for another organisation's key, or
        when there is no such account."""
        async with self._store.read() as tx:
            account = await tx.account_by_address(address)
            wraps = await tx.key_wraps(account.id) if account is not None else []
        wrap = next((wrap for wrap in wraps if wrap.kind is WrapKind.RECOVERY), None)
        if account is None or wrap is None:
            raise CannotOpen("there is no such account")
        private = self._vault.unwrap_private_from(recovery_private, wrap.wrapped, account.id, wrap.kind.value)
        code = self._vault.new_code()
        wrapped = self._vault.wrap_private_by_secret(code, private, account.id, WrapKind.ACTIVATION.value)
        payload, row = await self._letters.order(
            Order(
                letter="recovery",
                recipient=account.address,
                language=account.language,
                sender_name=account.name,
                sender_address=account.address,
                code=code,
            ),
            account.organisation,
            account.id,
        )
        async with self._store.write() as tx:
            ended = {WrapKind.ACTIVATION, WrapKind.PASSWORD} if drop_factors else {WrapKind.ACTIVATION}
            kept = [wrap for wrap in await tx.key_wraps(account.id) if wrap.kind not in ended]
            await tx.replace_key_wraps(account.id, [*kept, KeyWrap(account.id, WrapKind.ACTIVATION, wrapped)])
            if drop_factors:
                await tx.set_login(account.id, "", account.activated_at)
                await tx.drop_sessions(account.id, tuple(Stage))
                for factor in await tx.factors(account.id):
                    await tx.drop_factor(factor.id)
            await tx.add_payload(payload)
            await tx.add_deliveries([row])
            detail = "second factors taken off" if drop_factors else ""
            await tx.audit(
                AuditEntry(self._clock(), account.organisation, actor, "account:recover", account.id, detail)
            )
        self._bus.wake(DELIVER)
        return account
