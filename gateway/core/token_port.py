"""What a transaction of the store knows of API tokens; a part of `gateway.core.ports.Transaction`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from gateway.core.records import ApiToken


class TokenRows(Protocol):
    async def add_api_token(self, token: ApiToken) -> None:
        """Raises `Duplicate` when the id or the digest is there already, KeyError when there is no such account."""

    async def api_token(self, token_id: str) -> ApiToken | None: ...
    async def api_token_of(self, digest: bytes) -> ApiToken | None: ...
    async def api_tokens(self, account_id: str) -> list[ApiToken]:
        """Oldest first; those that have expired too."""

    async def use_api_token(self, token_id: str, at: datetime) -> None:
        """Sets last_used_at; no error when the token is gone."""

    async def drop_api_token(self, token_id: str) -> None:
        """No error when it is gone already."""
