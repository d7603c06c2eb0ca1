"""API tokens, in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from gateway.adapters.schema import api_tokens
from gateway.adapters.sql_rows import Rows
from gateway.core.records import ApiToken


class TokenRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    async def add_api_token(self, token: ApiToken) -> None:
        await self._insert(api_tokens, [token])

    async def api_token(self, token_id: str) -> ApiToken | None:
        return await self._one(ApiToken, select(api_tokens).where(api_tokens.c.id == token_id))

    async def api_token_of(self, digest: bytes) -> ApiToken | None:
        return await self._one(ApiToken, select(api_tokens).where(api_tokens.c.digest == digest))

    async def api_tokens(self, account_id: str) -> list[ApiToken]:
        found = select(api_tokens).where(api_tokens.c.account_id == account_id)
        return await self._all(ApiToken, found.order_by(api_tokens.c.created_at, api_tokens.c.id))

    async def use_api_token(self, token_id: str, at: datetime) -> None:
        await self._change(update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=at))

    async def drop_api_token(self, token_id: str) -> None:
        await self._change(delete(api_tokens).where(api_tokens.c.id == token_id))
