"""What every store must do: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from gateway.adapters.memory_store import MemoryStore
from gateway.adapters.migrate import upgrade
from gateway.adapters.store import SqlStore
from gateway.core.cases import CaseKind, CaseState
from gateway.core.decision import Choice
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.ports import Duplicate, Store
from gateway.core.records import (
    ApiToken,
    AuditEntry,
    Event,
    EventKind,
    GrantKind,
    GrantState,
    KeyWrap,
    MessageState,
    OneTimeCode,
    WrapKind,
)
from tests.contract.rows import HOUR, NOW, account, api_token, case, delivery, grant, message, payload, wraps

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        made: Store = MemoryStore()
    else:
        url = request.getfixturevalue(f"{request.param}_url")
        upgrade(url)
        made = SqlStore(url)
    yield made
    await made.close()


# -- transactions


async def test_an_exception_rolls_everything_back(store: Store) -> None:
    async def half_of_it() -> None:
        async with store.write() as tx:
            await tx.add_account(account(), wraps())
            await tx.add_message(message(), [grant()])
            assert await tx.message("m") == message()  # its own writes are seen
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half_of_it()
    async with store.read() as tx:
        assert await tx.account("anna") is None
        assert await tx.message("m") is None
        assert await tx.grants("m") == []


async def test_a_reader_keeps_what_it_saw_and_may_not_write(store: Store) -> None:
    async with store.read() as tx:
        assert await tx.account("anna") is None
        async with store.write() as other:
            await other.add_account(account(), wraps())
        assert await tx.account("anna") is None
        with pytest.raises(RuntimeError):
            await tx.add_payload(payload())
    async with store.read() as tx:
        assert await tx.account("anna") == account()


async def test_times_come_back_as_aware_utc_from_any_zone(store: Store) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=2)))
    async with store.write() as tx:
        await tx.add_account(account(created_at=elsewhere), [])
    async with store.read() as tx:
        found = await tx.account("anna")
        assert found is not None
        assert found.created_at == NOW
        assert found.created_at.utcoffset() is not None


# -- accounts


async def test_an_account_is_found_by_address_and_alias_whatever_the_case(store: Store) -> None:
    anna = account(aliases=("Info@example.nl", "a.de.vries@example.nl"))
    async with store.write() as tx:
        await tx.add_account(anna, wraps())
        await tx.add_account(account("bram"), wraps("bram"))
        await tx.add_account(account("zoë", organisation="other"), [])
    async with store.read() as tx:
        for address in ("ANNA@example.nl", "info@EXAMPLE.nl", "a.de.vries@example.nl"):
            assert await tx.account_by_address(address) == anna
        assert await tx.account_by_address("nobody@example.nl") is None
        assert await tx.accounts("example") == [anna, account("bram")]
        assert await tx.key_wraps("anna") == wraps()


@pytest.mark.parametrize("address", ["anna@example.nl", "info@example.nl"])
async def test_an_address_is_taken_once_and_the_transaction_goes_on(store: Store, address: str) -> None:
    async with store.write() as tx:
        await tx.add_account(account(aliases=("info@example.nl",)), wraps())
    async with store.write() as tx:
        with pytest.raises(Duplicate):
            await tx.add_account(account("other", address="new@example.nl", aliases=(address.upper(),)), [])
        await tx.add_account(account("bram"), [])
    async with store.read() as tx:
        assert [found.id for found in await tx.accounts("example")] == ["anna", "bram"]
        assert await tx.account_by_address("new@example.nl") is None


async def test_logins_and_wraps_are_replaced(store: Store) -> None:
    password = [KeyWrap("anna", WrapKind.PASSWORD, b"by password")]
    async with store.write() as tx:
        await tx.add_account(account(), wraps())
        await tx.set_login("anna", "$argon2id$", NOW)
        await tx.replace_key_wraps("anna", password)
    async with store.read() as tx:
        assert await tx.account("anna") == account(login_hash="$argon2id$", activated_at=NOW)
        assert await tx.key_wraps("anna") == password


# -- API tokens


async def test_a_token_is_found_by_its_digest_until_it_is_dropped(store: Store) -> None:
    later = api_token("u", created_at=NOW + SECOND, scopes=("check", "send"), last_used_at=NOW)
    async with store.write() as tx:
        await tx.add_account(account(), [])
        await tx.add_account(account("bram"), [])
        for token in (later, api_token(), api_token("b", account_id="bram")):
            await tx.add_api_token(token)
    async with store.write() as tx:
        await tx.use_api_token("t", NOW + HOUR)
        await tx.use_api_token("nothing", NOW)
        await tx.drop_api_token("b")
        await tx.drop_api_token("nothing")
    async with store.read() as tx:
        assert await tx.api_tokens("anna") == [api_token(last_used_at=NOW + HOUR), later]
        assert await tx.api_token("u") == await tx.api_token_of(b"u" * 8) == later
        assert await tx.api_token("b") is None
        assert await tx.api_token_of(b"b" * 8) is None
        assert await tx.api_tokens("bram") == []


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (api_token(), Duplicate),
        (api_token("other", digest=api_token().digest), Duplicate),
        (api_token("other", account_id="nobody"), KeyError),
    ],
)
async def test_a_token_is_there_once_and_somebodys(store: Store, token: ApiToken, error: type[Exception]) -> None:
    async with store.write() as tx:
        await tx.add_account(account(), [])
        await tx.add_api_token(api_token())

    async def again() -> None:
        async with store.write() as tx:
            await tx.add_api_token(token)

    with pytest.raises(error):
        await again()


# -- messages and grants


async def test_a_message_comes_back_whole(store: Store) -> None:
    queue = grant("q", kind=GrantKind.QUEUE, holder="0123456789abcdef", created_at=NOW + SECOND)
    async with store.write() as tx:
        await tx.add_message(message(), [grant(), queue])
    async with store.read() as tx:
        assert await tx.message("m") == message()
        assert await tx.grants("m") == [grant(), queue]
        assert await tx.grant("g") == grant()
        assert await tx.message("other") is None
        assert await tx.blob_keys() == {"m.1"}


def emptied(state: GrantState) -> object:
    nothing = dict.fromkeys(("wrapped", "share", "salt", "sealed_factor", "sealed_phone", "sealed_hint"), b"")
    return replace(grant(), state=state, **nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [MessageState.REVOKED, MessageState.EXPIRED])
async def test_when_a_message_ends_nothing_that_opens_it_remains(store: Store, state: MessageState) -> None:
    others = [grant(kind.value, kind=kind) for kind in GrantKind if kind is not GrantKind.RECIPIENT]
    async with store.write() as tx:
        await tx.add_message(message(), [grant(), *others])
        await tx.add_message(message("n"), [grant("h", message_id="n")])
        await tx.put_code(OneTimeCode("g", b"check", NOW, NOW + HOUR))
    async with store.write() as tx:
        assert await tx.end_message("m", state) == ["m.1"]
        assert await tx.end_message("m", MessageState.EXPIRED) == []  # the first end stands
        assert await tx.end_message("nothing", state) == []
    async with store.read() as tx:
        assert await tx.message("m") == message(state=state, head=b"", parts=())
        assert await tx.grants("m") == [emptied(GrantState(state.value))]
        assert await tx.code("g") is None
        assert await tx.message("n") == message("n")
        assert await tx.grants("n") == [grant("h", message_id="n")]
        assert await tx.blob_keys() == {"n.1"}


async def test_a_grant_that_comes_after_the_end_opens_nothing(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_message(message(), [])
        await tx.end_message("m", MessageState.REVOKED)
    async with store.write() as tx:
        await tx.add_grant(grant())
        await tx.add_grant(grant("q", kind=GrantKind.QUEUE))
        with pytest.raises(KeyError):
            await tx.add_grant(grant("x", message_id="nothing"))
    async with store.read() as tx:
        assert await tx.grants("m") == [emptied(GrantState.REVOKED)]


async def test_an_ended_grant_never_comes_back(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_message(message(), [grant(), grant("h")])
        await tx.put_code(OneTimeCode("g", b"check", NOW, NOW + HOUR))
        await tx.end_grant("g", GrantState.REVOKED)
    async with store.write() as tx:
        await tx.set_grant_phone("g", b"another phone")
        await tx.set_grant_state("g", GrantState.ACTIVE)
        await tx.count_wrong("g", 3, NOW)
        await tx.end_grant("g", GrantState.EXPIRED)
    async with store.read() as tx:
        assert await tx.grants("m") == [emptied(GrantState.REVOKED), grant("h")]
        assert await tx.code("g") is None


async def test_small_changes_of_a_grant(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_message(message(), [grant(), grant("q", kind=GrantKind.QUEUE)])
        await tx.drop_queue_grants("m")
        await tx.set_grant_state("g", GrantState.WRONG_NUMBER)
        assert await tx.grant("g") == grant(state=GrantState.WRONG_NUMBER)
        await tx.set_grant_phone("g", b"new phone")
        await tx.count_wrong("g", 2, NOW + HOUR)
        assert await tx.mark_read("g", NOW) is True
        assert await tx.mark_read("g", NOW + HOUR) is False
    changed = grant(sealed_phone=b"new phone", wrong=2, locked_until=NOW + HOUR, first_read_at=NOW)
    async with store.read() as tx:
        assert await tx.grants("m") == [changed]


async def test_tries_at_the_same_moment_are_counted_one_by_one(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_message(message(), [grant()])

    async def wrong() -> None:
        async with store.write() as tx:
            found = await tx.grant("g")
            assert found is not None
            await asyncio.sleep(0.05)  # so that the others read meanwhile, if they can
            await tx.count_wrong("g", found.wrong + 1, None)

    await asyncio.gather(*(wrong() for _ in range(5)))
    async with store.read() as tx:
        counted = await tx.grant("g")
    assert counted is not None
    assert counted.wrong == 5


async def test_the_latest_grant_tells_a_recipients_language(store: Store) -> None:
    other = {"organisation": "other", "account_id": "bert"}
    async with store.write() as tx:
        await tx.add_message(message(), [grant(language="nl", created_at=NOW)])
        await tx.add_message(message("m2"), [grant("g2", message_id="m2", language="nl", created_at=NOW + HOUR)])
        await tx.add_message(message("m3", **other), [grant("g3", message_id="m3", language="nl", created_at=NOW)])
        await tx.set_grant_language("g2", "en")
    async with store.read() as tx:
        holder = grant().holder
        assert await tx.language_of("example", holder) == "en"
        assert await tx.language_of("other", holder) == "nl"
        assert await tx.language_of("example", "nobody@elders.example") == ""


async def test_a_grant_has_one_code(store: Store) -> None:
    first, second = OneTimeCode("g", b"1", NOW, NOW + HOUR), OneTimeCode("g", b"2", NOW, NOW + HOUR, tries=4)
    async with store.write() as tx:
        await tx.add_message(message(), [grant()])
        await tx.put_code(first)
        await tx.put_code(second)
        assert await tx.code("g") == second
        await tx.drop_code("g")
        await tx.drop_code("g")
        assert await tx.code("g") is None


async def test_messages_expire_oldest_first(store: Store) -> None:
    async with store.write() as tx:
        for name, after in (("late", 3), ("first", 1), ("second", 2), ("future", 4)):
            await tx.add_message(message(name, expires_at=NOW + after * SECOND), [])
        await tx.add_message(message("gone"), [])
        await tx.end_message("gone", MessageState.REVOKED)
        assert await tx.messages_to_expire(NOW + 3 * SECOND, 10) == ["first", "second", "late"]
        assert await tx.messages_to_expire(NOW + 3 * SECOND, 2) == ["first", "second"]


# -- the queue


async def test_a_case_is_answered_once_and_ends(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_case(case())
        await tx.add_case(case("younger", created_at=NOW + SECOND, kind=CaseKind.HOLD, reason_required=False))
        assert await tx.case("c") == case()
        await tx.answer_case("c", CaseState.ANSWERED, Choice.SEND, "sender", b"sealed reason")
        await tx.answer_case("c", CaseState.EXPIRED, Choice.CANCEL, "deadline", b"")
        await tx.answer_case("none", CaseState.EXPIRED, Choice.CANCEL, "deadline", b"")
    answered = case(state=CaseState.ANSWERED, choice=Choice.SEND, by="sender", reason=b"sealed reason")
    async with store.read() as tx:
        assert await tx.case("c") == answered
        assert await tx.case("none") is None
        assert [one.id for one in await tx.cases(9)] == ["younger", "c"]
        assert [one.id for one in await tx.cases(1)] == ["younger"]
    async with store.write() as tx:
        await tx.end_case("c", NOW + HOUR)
    async with store.read() as tx:
        assert await tx.case("c") == replace(answered, ended_at=NOW + HOUR)


async def test_what_opens_a_case_goes_with_its_copy(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_message(
            message(), [grant("code", kind=GrantKind.CASE), grant("els", kind=GrantKind.REVIEWER, holder="els")]
        )
        await tx.end_message("m", MessageState.REVOKED)
        assert await tx.grants("m") == []
        await tx.add_grant(grant("late", kind=GrantKind.CASE))
        assert await tx.grants("m") == []


async def test_a_payload_goes_when_nothing_needs_it(store: Store) -> None:
    held = delivery("b", payload_id="p", state=DeliveryState.HELD)
    async with store.write() as tx:
        await tx.add_payload(payload(inline=None, blob="pblob"))
        await tx.add_deliveries([delivery("a", payload_id="p"), held])
        await tx.advance("a", DeliveryState.DELIVERED, attempts=1, next_at=NOW, last_reply="250 ok")
        assert await tx.drop_payload_if_done("p") is None
        assert await tx.payload("p") == payload(inline=None, blob="pblob")
        assert await tx.blob_keys() == {"pblob"}
        await tx.advance("b", DeliveryState.CANCELLED, attempts=0, next_at=NOW, last_reply="")
        assert await tx.drop_payload_if_done("p") == "pblob"
        assert await tx.payload("p") is None
        assert await tx.drop_payload_if_done("p") is None
        assert await tx.blob_keys() == set()


async def test_deliveries_by_id_message_and_state(store: Store) -> None:
    rows = [delivery(n, message_id="m", grant_id="g", created_at=NOW + i * SECOND) for i, n in enumerate("zyx")]
    waiting = delivery("w", state=DeliveryState.WAITING, kind=DeliveryKind.ORDER, require_tls=True)
    async with store.write() as tx:
        await tx.add_deliveries([*reversed(rows), waiting])
        await tx.add_deliveries([])
        assert await tx.delivery("w") == waiting
        assert await tx.delivery("none") is None
        assert await tx.deliveries_of("m") == rows
        assert await tx.deliveries_in(DeliveryState.QUEUED, 2) == rows[:2]
        assert await tx.deliveries_in(DeliveryState.WAITING, 9) == [waiting]


async def test_a_claim_takes_what_is_due_and_free_oldest_first(store: Store) -> None:
    later = delivery("later", next_at=NOW + SECOND)
    async with store.write() as tx:
        await tx.add_deliveries([delivery("new"), delivery("old", next_at=NOW - HOUR), later])
        await tx.add_deliveries([delivery("done", state=DeliveryState.DELIVERED)])
    async with store.write() as tx:
        assert [row.id for row in await tx.claim(NOW, HOUR, 1)] == ["old"]
        claimed = await tx.claim(NOW, HOUR, 9)
        assert claimed == [delivery("new", lease_until=NOW + HOUR)]
        assert await tx.claim(NOW, HOUR, 9) == []
        assert await tx.delivery("new") == claimed[0]
    async with store.write() as tx:  # the leases ran out
        assert [row.id for row in await tx.claim(NOW + HOUR, HOUR, 9)] == ["old", "new", "later"]


async def test_with_mail_comes_the_due_rest_of_its_payload(store: Store) -> None:
    mails = [delivery(name, payload_id="shared", next_at=NOW - i * SECOND) for i, name in enumerate("abc")]
    future = delivery("f", payload_id="shared", next_at=NOW + HOUR)
    orders = [delivery(n, payload_id="order", kind=DeliveryKind.ORDER, next_at=NOW - HOUR) for n in "xy"]
    async with store.write() as tx:
        await tx.add_deliveries([*mails, future, *orders, delivery("other", next_at=NOW + SECOND)])
        assert [row.id for row in await tx.claim(NOW, HOUR, 1)] == ["x"]
        assert [row.id for row in await tx.claim(NOW, HOUR, 2)] == ["y", "c", "b", "a"]


async def test_leases_are_renewed_and_end_with_an_advance(store: Store) -> None:
    async with store.write() as tx:
        await tx.add_deliveries([delivery("a"), delivery("b")])
        await tx.claim(NOW, HOUR, 9)
        await tx.advance("b", DeliveryState.DELIVERED, attempts=1, next_at=NOW, last_reply="250 ok")
        await tx.renew(["a", "b"], NOW + 2 * HOUR)
        assert await tx.delivery("b") == delivery(
            "b", state=DeliveryState.DELIVERED, attempts=1, last_reply="250 ok", lease_until=None
        )
        assert await tx.claim(NOW + HOUR, HOUR, 9) == []
        await tx.advance("a", DeliveryState.QUEUED, attempts=1, next_at=NOW + SECOND, last_reply="451 later")
        assert [row.attempts for row in await tx.claim(NOW + SECOND, HOUR, 9)] == [1]


async def test_the_next_due_time(store: Store) -> None:
    async with store.write() as tx:
        assert await tx.next_due() is None
        await tx.add_deliveries([delivery("a"), delivery("b", next_at=NOW + 2 * HOUR)])
        await tx.add_deliveries([delivery("held", state=DeliveryState.HELD, next_at=NOW - HOUR)])
        assert await tx.next_due() == NOW
        await tx.claim(NOW, HOUR, 9)
        assert await tx.next_due() == NOW + HOUR
        await tx.advance("a", DeliveryState.DELIVERED, attempts=1, next_at=NOW, last_reply="")
        assert await tx.next_due() == NOW + 2 * HOUR


# -- history and counters


async def test_events_in_order_and_an_audit_entry(store: Store) -> None:
    events = [Event("m", "jan@elders.example", kind, NOW, "detail", "192.0.2.1") for kind in EventKind]
    async with store.write() as tx:
        for event in events:
            await tx.add_event(event)
        await tx.add_event(Event("n", "", EventKind.SEALED, NOW))
        await tx.audit(AuditEntry(NOW, "example", "anna", "revoke", "m"))
        assert await tx.events("m") == events


async def test_counts_in_fixed_windows(store: Store) -> None:
    start = NOW.replace(minute=0, second=0, microsecond=0)
    async with store.write() as tx:
        counts = [await tx.count("sms:jan", start, HOUR), await tx.count("sms:jan", start + HOUR - SECOND, HOUR)]
        counts += [await tx.count("sms:piet", start, HOUR), await tx.count("sms:jan", start, 24 * HOUR)]
    async with store.write() as tx:
        counts += [await tx.count("sms:jan", start, HOUR), await tx.count("sms:jan", start + HOUR, HOUR)]
    assert counts == [1, 2, 1, 1, 3, 1]
