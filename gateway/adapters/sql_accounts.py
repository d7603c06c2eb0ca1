"""Accounts, their addresses and wrapped keys, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from gateway.adapters.schema import accounts, addresses, key_wraps
from gateway.adapters.sql_rows import Rows
from gateway.core.records import Account, KeyWrap


class AccountRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    async def add_account(self, account: Account, wraps: Sequence[KeyWrap]) -> None:
        # A savepoint: who catches Duplicate may go on in the same transaction, on PostgreSQL too.
        async with self._connection.begin_nested():
            await self._insert(accounts, [account])
            taken = dict.fromkeys(address.lower() for address in (account.address, *account.aliases))
            await self._change(insert(addresses), [{"address": a, "account_id": account.id} for a in taken])
            await self._insert(key_wraps, wraps)

    async def account(self, account_id: str) -> Account | None:
        return await self._one(Account, select(accounts).where(accounts.c.id == account_id))

    async def account_by_address(self, address: str) -> Account | None:
        owner = select(addresses.c.account_id).where(addresses.c.address == address.lower()).scalar_subquery()
        return await self._one(Account, select(accounts).where(accounts.c.id == owner))

    async def accounts(self, organisation: str) -> list[Account]:
        found = select(accounts).where(accounts.c.organisation == organisation)
        return sorted(await self._all(Account, found), key=lambda account: account.address)

    async def key_wraps(self, account_id: str) -> list[KeyWrap]:
        found = select(key_wraps).where(key_wraps.c.account_id == account_id).order_by(key_wraps.c.kind)
        return await self._all(KeyWrap, found)

    async def replace_key_wraps(self, account_id: str, wraps: Sequence[KeyWrap]) -> None:
        self.revoked = True
        await self._change(delete(key_wraps).where(key_wraps.c.account_id == account_id))
        await self._insert(key_wraps, wraps)

    async def set_login(self, account_id: str, login_hash: str, activated_at: datetime | None) -> None:
        await self._change(
            update(accounts).where(accounts.c.id == account_id).values(login_hash=login_hash, activated_at=activated_at)
        )
