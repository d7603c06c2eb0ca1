"""What `zegel token` does; `gateway.cli` only reads arguments and prints."""

from __future__ import annotations

from datetime import timedelta

from gateway.app import api_tokens_of, opened
from gateway.commands import NotFound, operator
from gateway.core.records import ApiToken, Scope
from gateway.service.api_tokens import Caller
from gateway.settings import Settings


async def add_token(
    settings: Settings, address: str, name: str, scopes: tuple[Scope, ...], life: timedelta
) -> tuple[ApiToken, str]:
    """The token and its text, which is shown once. Raises NotAllowed when there is no such account."""
    async with opened(settings) as base:
        return await api_tokens_of(base).add(address, name, scopes, life, operator())


async def list_tokens(settings: Settings) -> list[Caller]:
    async with opened(settings) as base:
        return await api_tokens_of(base).all()


async def revoke_token(settings: Settings, token_id: str) -> None:
    """Raises NotFound when there is no such token."""
    async with opened(settings) as base:
        done = await api_tokens_of(base).revoke(token_id, operator())
    if not done:
        raise NotFound("there is no such token")
