"""What every store must do for signing in: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.core.login_records import Factor, FactorKind, LoginSession, Stage
from gateway.core.ports import Duplicate, Store
from gateway.core.records import MessageState
from tests.contract.rows import HOUR, NOW, account, message
from tests.contract.test_store import store

__all__ = ["store"]  # the fixture

SECOND = timedelta(seconds=1)


def factor(name: str = "f", **more: Any) -> Factor:
    fields: dict[str, Any] = {
        "id": name,
        "account_id": "anna",
        "kind": FactorKind.PASSKEY,
        "name": "Laptop van Anna",
        "created_at": NOW,
        "sealed": b"sealed public key",
        "credential": name.encode(),
        "wrapped": b"wrapped private key",
        "counter": 2**40,
        "used_at": NOW,
    }
    return Factor(**{**fields, **more})


def session(name: str = "s", **more: Any) -> LoginSession:
    fields: dict[str, Any] = {
        "id": name,
        "account_id": "anna",
        "stage": Stage.OPEN,
        "created_at": NOW,
        "seen_at": NOW,
        "expires_at": NOW + HOUR,
        "agent": "Mozilla/5.0 (Ünïcode)",
        "peer": "2001:db8::1",
        "share": bytes(range(32)),
        "code_check": b"check",
        "code_sent_at": NOW,
        "tries": 3,
    }
    return LoginSession(**{**fields, **more})


@pytest.fixture
async def with_anna(store: Store) -> Store:
    async with store.write() as tx:
        await tx.add_account(account(), [])
        await tx.add_account(account("bram"), [])
    return store


# -- factors


async def test_factors_come_back_whole_and_oldest_first(with_anna: Store) -> None:
    young, old, others = factor("young"), factor("old", created_at=NOW - HOUR), factor("other", account_id="bram")
    plain = factor(
        "app", kind=FactorKind.APP, credential=b"", wrapped=b"", used_at=None, counter=-1, created_at=NOW + HOUR
    )
    async with with_anna.write() as tx:
        for each in (young, old, others, plain):
            await tx.add_factor(each)
    async with with_anna.read() as tx:
        assert await tx.factors("anna") == [old, young, plain]
        assert await tx.factors("nobody") == []
        assert await tx.factor_of(b"young") == young
        assert await tx.factor_of(b"unknown") is None
        assert await tx.factor_of(b"") is None


async def test_a_credential_is_there_once_and_none_may_be_empty_often(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        await tx.add_factor(factor("one", credential=b"same"))
        with pytest.raises(Duplicate):
            await tx.add_factor(factor("two", account_id="bram", credential=b"same"))
        await tx.add_factor(factor("three", credential=b""))  # the transaction goes on
        await tx.add_factor(factor("four", credential=b""))
    async with with_anna.read() as tx:
        assert len(await tx.factors("anna")) == 3


async def test_a_factor_or_session_needs_its_account(with_anna: Store) -> None:
    async def add_both(what: str) -> None:
        async with with_anna.write() as tx:
            if what == "factor":
                await tx.add_factor(factor(account_id="nobody"))
            else:
                await tx.add_session(session(account_id="nobody"))

    for what in ("factor", "session"):
        with pytest.raises(KeyError):
            await add_both(what)


async def test_using_and_dropping_a_factor(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        await tx.add_factor(factor())
        await tx.use_factor("f", 7, NOW + HOUR)
        await tx.use_factor("gone", 7, NOW)
    async with with_anna.read() as tx:
        assert await tx.factors("anna") == [replace(factor(), counter=7, used_at=NOW + HOUR)]
    async with with_anna.write() as tx:
        await tx.drop_factor("f")
        await tx.drop_factor("f")
    async with with_anna.read() as tx:
        assert await tx.factors("anna") == []


# -- sessions


async def test_sessions_come_back_whole_and_oldest_first(with_anna: Store) -> None:
    young, old = session("young"), session("old", created_at=NOW - HOUR, stage=Stage.SECOND, code_sent_at=None)
    async with with_anna.write() as tx:
        for each in (young, old, session("other", account_id="bram")):
            await tx.add_session(each)
    async with with_anna.read() as tx:
        assert await tx.sessions("anna") == [old, young]
        assert await tx.session("young") == young
        assert await tx.session("unknown") is None


async def test_a_session_is_seen_and_gets_digits(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        await tx.add_session(session())
        await tx.see_session("s", NOW + SECOND, "192.0.2.1")
        await tx.set_session_code("s", b"new", NOW + SECOND, 1)
        await tx.see_session("gone", NOW, "")
        await tx.set_session_code("gone", b"", None, 0)
    expected = session(seen_at=NOW + SECOND, peer="192.0.2.1", code_check=b"new", code_sent_at=NOW + SECOND, tries=1)
    async with with_anna.read() as tx:
        assert await tx.session("s") == expected


async def test_dropping_sessions_by_stage_and_but_for_one(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        for name, stage in (("a", Stage.OPEN), ("b", Stage.OPEN), ("c", Stage.REMEMBERED), ("d", Stage.SECOND)):
            await tx.add_session(session(name, stage=stage))
        await tx.add_session(session("e", account_id="bram"))
        await tx.drop_sessions("anna", (Stage.OPEN, Stage.SECOND), keep="b")
    async with with_anna.read() as tx:
        assert [each.id for each in await tx.sessions("anna")] == ["b", "c"]
        assert [each.id for each in await tx.sessions("bram")] == ["e"]
    async with with_anna.write() as tx:
        await tx.drop_session("b")
        await tx.drop_session("b")
        await tx.drop_sessions("anna", tuple(Stage))
    async with with_anna.read() as tx:
        assert await tx.sessions("anna") == []


async def test_expired_sessions_are_forgotten(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        await tx.add_session(session("now", expires_at=NOW))
        await tx.add_session(session("later", expires_at=NOW + SECOND))
        assert await tx.drop_expired_sessions(NOW) == 1
        assert await tx.drop_expired_sessions(NOW) == 0
    async with with_anna.read() as tx:
        assert [each.id for each in await tx.sessions("anna")] == ["later"]


async def test_tries_at_the_same_moment_are_counted_one_by_one(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        await tx.add_session(session(tries=0))

    async def one_try() -> None:
        async with with_anna.write() as tx:
            found = await tx.session("s")
            assert found is not None
            await asyncio.sleep(0.01)
            await tx.set_session_code("s", found.code_check, found.code_sent_at, found.tries + 1)

    await asyncio.gather(*(one_try() for _ in range(8)))
    async with with_anna.read() as tx:
        found = await tx.session("s")
    assert found is not None
    assert found.tries == 8


# -- the rest


async def test_a_profile_changes_name_and_language_only(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        await tx.set_profile("anna", "Anna", "en")
    async with with_anna.read() as tx:
        assert await tx.account("anna") == replace(account(), name="Anna", language="en")


async def test_sent_messages_newest_first_page_by_page_without_parts(with_anna: Store) -> None:
    times = {"m1": NOW, "m2": NOW + SECOND, "m3": NOW + SECOND, "m4": NOW + HOUR}
    async with with_anna.write() as tx:
        for name, at in times.items():
            await tx.add_message(message(name, created_at=at), [])
        await tx.add_message(message("others", account_id="bram"), [])
        await tx.end_message("m2", MessageState.REVOKED)
    async with with_anna.read() as tx:
        first = await tx.sent("anna", None, 2)
        assert first == [message(name, created_at=times[name], parts=()) for name in ("m4", "m3")]
        then = await tx.sent("anna", (first[-1].created_at, first[-1].id), 2)
        assert [(each.id, each.state) for each in then] == [("m2", MessageState.REVOKED), ("m1", MessageState.ACTIVE)]
        assert await tx.sent("anna", (then[-1].created_at, then[-1].id), 2) == []


async def test_a_count_can_be_given_back_but_never_below_zero(with_anna: Store) -> None:
    async with with_anna.write() as tx:
        assert [await tx.count("key", NOW, HOUR) for _ in range(3)] == [1, 2, 3]
        await tx.forgive("key", NOW, HOUR)
        assert await tx.count("key", NOW, HOUR) == 3
        for _ in range(9):
            await tx.forgive("key", NOW, HOUR)
        await tx.forgive("key", NOW, SECOND)
        await tx.forgive("other", NOW, HOUR)
        assert await tx.count("key", NOW, HOUR) == 1
