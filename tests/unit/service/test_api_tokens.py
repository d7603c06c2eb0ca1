"""API tokens: shown once, kept as a digest, the same answer for every token that is worth nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.errors import NotAllowed
from gateway.core.pickup import TooMany
from gateway.core.records import Scope
from gateway.service.api_tokens import PER_MINUTE, ApiTokens, BadToken, NoScope
from tests.unit.service.lab import SENDER, Lab

DAY = timedelta(days=1)


class World(Lab):
    def __init__(self) -> None:
        super().__init__()
        self.secrets = 0
        self.tokens = ApiTokens(
            store=self.store,
            organisations=self.organisations,
            clock=self.clock,
            new_id=self.new_id,
            new_secret=self.new_secret,
        )

    def new_secret(self) -> bytes:
        self.secrets += 1
        return self.secrets.to_bytes(32, "big")

    async def anna(self) -> None:
        await self.accounts.create(
            organisation=self.organisation, address=SENDER, name="Anna", password="lang genoeg wachtwoord"
        )

    async def add(self, *scopes: Scope, life: timedelta = DAY) -> tuple[str, str]:
        token, text = await self.tokens.add(SENDER.upper(), "Outlook", scopes or (Scope.CHECK,), life, "operator:x")
        return token.id, text


@pytest.fixture
async def world() -> World:
    made = World()
    await made.anna()
    return made


async def test_a_token_speaks_for_its_account(world: World) -> None:
    token_id, text = await world.add()
    caller = await world.tokens.authenticate(text, Scope.CHECK)
    assert caller.account.address == SENDER
    assert caller.token.id == token_id
    [listed] = await world.tokens.all()
    assert (listed.token.name, listed.account.address, listed.token.last_used_at) == ("Outlook", SENDER, world.now)


async def test_nothing_that_is_kept_or_shown_gives_the_secret_away(world: World) -> None:
    token_id, text = await world.add()
    tables = world.store.tables
    assert tables.tokens[token_id].digest == hashlib.sha256(text.encode()).digest()
    assert text not in repr(tables)
    assert text[6:] not in repr(tables)
    assert "digest" not in repr(tables.tokens[token_id])
    [made] = [entry for entry in tables.audit if entry.action == "token:add"]
    assert (made.actor, made.detail) == ("operator:x", f"token={token_id} scopes=check")


async def test_unknown_expired_and_revoked_are_the_same(world: World) -> None:
    token_id, text = await world.add()
    _, ends = await world.add(life=timedelta(hours=1))
    unknown = text[:-2] + ("AA" if text[-2:] != "AA" else "BB")
    for shown in ("", "x", "zegel_", unknown, text + "x", text.upper(), "é" * 49, f" {text}"):
        with pytest.raises(BadToken):
            await world.tokens.authenticate(shown, Scope.CHECK)
    world.later(hours=1)
    with pytest.raises(BadToken):
        await world.tokens.authenticate(ends, Scope.CHECK)
    assert await world.tokens.revoke(token_id, "operator:x")
    assert not await world.tokens.revoke(token_id, "operator:x")
    with pytest.raises(BadToken):
        await world.tokens.authenticate(text, Scope.CHECK)
    assert [entry.action for entry in world.store.tables.audit].count("token:revoke") == 1


async def test_a_token_may_only_what_it_was_made_for(world: World) -> None:
    token_id, text = await world.add()
    async with world.store.write() as tx:
        token = await tx.api_token(token_id)
        assert token is not None
        await tx.drop_api_token(token_id)
        await tx.add_api_token(replace(token, scopes=("another",)))
    with pytest.raises(NoScope):
        await world.tokens.authenticate(text, Scope.CHECK)


async def test_requests_are_counted_for_each_token(world: World) -> None:
    _, text = await world.add()
    _, other = await world.add()
    for _ in range(PER_MINUTE):
        await world.tokens.authenticate(text, Scope.CHECK)
    with pytest.raises(TooMany) as raised:
        await world.tokens.authenticate(text, Scope.CHECK)
    assert timedelta() < raised.value.retry_at - world.now <= timedelta(minutes=1)
    await world.tokens.authenticate(other, Scope.CHECK)
    world.later(minutes=1)
    await world.tokens.authenticate(text, Scope.CHECK)


async def test_an_account_is_needed(world: World) -> None:
    with pytest.raises(NotAllowed):
        await world.tokens.add("niemand@example.nl", "x", (Scope.CHECK,), DAY, "operator:x")
