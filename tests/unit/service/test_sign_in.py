"""Signing in by password and a second factor: steps, limits, sessions, recovery; over the memory store and the real vault."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.errors import CannotOpen
from gateway.core.login import (
    IDLE,
    LONGEST,
    REMEMBER,
    Arrived,
    BadPassword,
    Device,
    LoginEnded,
    NeedsPassword,
    NeedsSecond,
    NeedsSetup,
    SignedIn,
    Ticket,
    WrongLogin,
    WrongPassword,
    network_of,
)
from gateway.core.login_records import FactorKind, Stage
from gateway.core.organisation import SecondFactor
from gateway.core.pickup import Client, NotPossible, TooMany, TooSoon, Unknown, WrongFactor
from gateway.core.records import Account, WrapKind
from tests.unit.service.lab import CLIENT, SENDER, Lab, app_digits

PASSWORD, OTHER = "appeltaart met room", "vier paarse olifanten"
ELSEWHERE = Client("198.51.100.9", "other")
EVERY = (Stage.SECOND, Stage.SETUP, Stage.OPEN)


class Person:
    """An account and what its owner holds."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.secret = b""
        self.device: Device | None = None

    async def begin(self, *, required: bool = False) -> Account:
        choice = SecondFactor.REQUIRED if required else SecondFactor.OPTIONAL
        self.lab.organisation = replace(self.lab.organisation, second_factor=choice, admins=("beheer@example.nl",))
        self.lab.organisations = replace(self.lab.organisations, all=(self.lab.organisation,))
        self.lab.build()
        self.account = await self.lab.accounts.create(
            organisation=self.lab.organisation, address=SENDER, name="Anna", password=PASSWORD
        )
        return self.account

    async def password(self, password: str = PASSWORD, client: Client = CLIENT) -> SignedIn:
        step = await self.lab.login.sign_in.with_password(SENDER, password, client, self.device)
        self.step = step
        if isinstance(step, Arrived | NeedsSetup):
            self.device = step.device
        return await self.enter(step.ticket, EVERY)

    async def enter(self, ticket: Ticket, stages: tuple[Stage, ...] = (Stage.OPEN,)) -> SignedIn:
        return await self.lab.login.sessions.enter(ticket, stages, CLIENT)

    async def add_app(self, signed_in: SignedIn) -> None:
        new = self.lab.login.factors.new_app(signed_in)
        self.secret = self.lab.login.factors._shown(signed_in, new.sealed)
        await self.lab.login.factors.add_app(signed_in, new.sealed, self.digits())

    def digits(self) -> str:
        return app_digits(self.secret, self.lab.now)

    async def by_app(self, signed_in: SignedIn, digits: str = "", *, remember: bool = False) -> Arrived:
        self.lab.later(seconds=30)
        step = await self.lab.login.second.by_app(
            signed_in, digits or self.digits(), CLIENT, self.device, remember=remember
        )
        self.device = step.device
        return step


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def anna(lab: Lab) -> Person:
    return Person(lab)


# -- the steps


async def test_without_a_second_factor_the_password_opens_the_key(anna: Person, lab: Lab) -> None:
    account = await anna.begin()
    signed_in = await anna.password()
    assert isinstance(anna.step, Arrived)
    assert signed_in.session.stage is Stage.OPEN
    assert lab.vault.public_of(signed_in.private) == account.public_key


async def test_an_organisation_may_ask_for_one_before_anything_is_shown(anna: Person, lab: Lab) -> None:
    await anna.begin(required=True)
    signed_in = await anna.password()
    assert isinstance(anna.step, NeedsSetup)
    with pytest.raises(LoginEnded):
        await anna.enter(signed_in.ticket)
    await anna.add_app(signed_in)
    ticket = await lab.login.sessions.step_up(signed_in, Stage.OPEN, CLIENT)
    assert (await anna.enter(ticket)).session.stage is Stage.OPEN
    with pytest.raises(LoginEnded):
        await anna.enter(signed_in.ticket, EVERY)


async def test_each_step_makes_a_new_session_and_ends_the_former(anna: Person) -> None:
    await anna.begin()
    await anna.add_app(await anna.password())
    half = await anna.password()
    assert isinstance(anna.step, NeedsSecond)
    with pytest.raises(LoginEnded):
        await anna.enter(half.ticket)
    arrived = await anna.by_app(half)
    whole = await anna.enter(arrived.ticket)
    assert whole.session.id != half.session.id
    assert arrived.ticket.wrapped != half.ticket.wrapped
    with pytest.raises(LoginEnded):
        await anna.enter(half.ticket, EVERY)


async def test_the_second_step_by_text_message(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    number = await lab.login.factors.send_phone(signed_in, "06 12345678", CLIENT)
    assert number == "+31612345678"
    with pytest.raises(WrongFactor):
        await lab.login.factors.add_phone(signed_in, number, "000000")
    digits = lab.sms.sent[-1][1][:6]
    with pytest.raises(WrongFactor):  # the digits are of another number
        await lab.login.factors.add_phone(signed_in, "+31687654321", digits)
    await lab.login.factors.add_phone(signed_in, number, digits)
    half = await anna.password()
    second = lab.login.second
    assert await second.ways(half) == (FactorKind.SMS,)
    assert (await second.phone(half))[0] == "+31 6 •••• ••78"
    await second.send(half, CLIENT)
    with pytest.raises(TooSoon):
        await second.send(half, CLIENT)
    digits = lab.sms.sent[-1][1][:6]
    for left in (4, 3):
        with pytest.raises(WrongFactor) as wrong:
            await second.by_sms(half, "000000", CLIENT, None, remember=False)
        assert wrong.value.left == left
    assert isinstance(await second.by_sms(half, digits, CLIENT, None, remember=False), Arrived)


async def test_digits_by_text_message_end_after_five_tries_and_ten_minutes(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    await lab.login.factors.send_phone(signed_in, "+31612345678", CLIENT)
    digits = lab.sms.sent[-1][1][:6]
    for _ in range(5):
        with pytest.raises(WrongFactor):
            await lab.login.factors.add_phone(signed_in, "+31612345678", "000000")
    with pytest.raises(WrongFactor):
        await lab.login.factors.add_phone(signed_in, "+31612345678", digits)
    lab.later(minutes=1)
    await lab.login.factors.send_phone(signed_in, "+31612345678", CLIENT)
    lab.later(minutes=10)
    with pytest.raises(WrongFactor):
        await lab.login.factors.add_phone(signed_in, "+31612345678", lab.sms.sent[-1][1][:6])


async def test_an_apps_code_counts_once(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.add_app(await anna.password())
    lab.later(seconds=30)
    digits = anna.digits()
    half, other = await anna.password(), await anna.password()
    await lab.login.second.by_app(half, digits, CLIENT, None, remember=False)
    with pytest.raises(WrongFactor):
        await lab.login.second.by_app(other, digits, CLIENT, None, remember=False)


# -- limits


@pytest.mark.parametrize("address", [SENDER, "nobody@example.nl"])
async def test_wrong_passwords_pause_ever_longer_the_same_for_anybody(anna: Person, lab: Lab, address: str) -> None:
    await anna.begin()
    begun, tries, waits = lab.now, 0, []
    while lab.now - begun < timedelta(hours=11):  # the day's window ends at midnight, twelve hours from the begin
        try:
            await lab.login.sign_in.with_password(address, "verkeerd wachtwoord", CLIENT)
        except WrongLogin:
            tries += 1
        except TooMany as error:
            waits.append(error.retry_at - lab.now)
            lab.now = error.retry_at
    assert tries <= 50
    assert waits[0] <= timedelta(minutes=1)
    assert max(waits) > timedelta(hours=1)


async def test_strangers_lock_nobody_out(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.password()  # leaves a device cookie
    thieves = [Client(f"203.0.113.{n}", "") for n in range(30)]
    for thief in thieves:
        for _ in range(6):
            with pytest.raises((WrongLogin, TooMany)):
                await lab.login.sign_in.with_password(SENDER, "verkeerd wachtwoord", thief)
    assert isinstance(await lab.login.sign_in.with_password(SENDER, PASSWORD, ELSEWHERE), Arrived)


async def test_a_known_device_keeps_its_allowance_in_a_network_full_of_thieves(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.password()
    for _ in range(60):
        with pytest.raises((WrongLogin, TooMany)):
            await lab.login.sign_in.with_password(SENDER, "verkeerd wachtwoord", CLIENT)
    with pytest.raises(TooMany):
        await lab.login.sign_in.with_password(SENDER, PASSWORD, CLIENT)
    assert isinstance(await lab.login.sign_in.with_password(SENDER, PASSWORD, CLIENT, anna.device), Arrived)
    # It is of one account: with another address it counts as nothing.
    before = _tries(lab, "login-device:")
    with pytest.raises(WrongLogin):
        await lab.login.sign_in.with_password("bram@example.nl", PASSWORD, CLIENT, anna.device)
    assert _tries(lab, "login-device:") == before


def _tries(lab: Lab, key: str) -> int:
    return sum(hits for counter, hits in lab.store.tables.counters.items() if counter[0].startswith(key))


async def test_a_known_device_has_an_end_too(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.password()
    for _ in range(5):
        with pytest.raises(WrongLogin):
            await lab.login.sign_in.with_password(SENDER, "verkeerd wachtwoord", CLIENT, anna.device)
    with pytest.raises(TooMany):
        await lab.login.sign_in.with_password(SENDER, PASSWORD, CLIENT, anna.device)


async def test_a_right_password_costs_nothing(anna: Person, lab: Lab) -> None:
    await anna.begin()
    for _ in range(7):
        assert isinstance(await lab.login.sign_in.with_password(SENDER, PASSWORD, CLIENT), Arrived)


async def test_second_factors_are_limited_for_the_account_wherever_tries_come_from(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.add_app(await anna.password())
    known, anna.device = anna.device, None
    wrong = 0
    for number in range(200):
        half = await anna.password(client=Client(f"203.0.113.{number}", ""))
        try:
            await lab.login.second.by_app(half, "000000", CLIENT, None, remember=False)
        except WrongFactor:
            wrong += 1
        except TooMany as error:
            if error.retry_at - lab.now > timedelta(hours=1):
                break
            lab.now = error.retry_at
    assert wrong <= 60  # 30 a day; the test may pass midnight once
    # The thief knows the password; the owner's known device comes in all the same.
    half = await anna.password()
    lab.later(seconds=30)
    assert isinstance(await lab.login.second.by_app(half, anna.digits(), CLIENT, known, remember=False), Arrived)


def test_limits_count_by_the_network_of_a_subscriber() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("") == ""


# -- sessions


async def test_neither_half_of_a_session_opens_the_key(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    share = lab.store.tables.sessions[signed_in.session.id].share
    assert share not in signed_in.ticket.wrapped
    for wrong in (bytes(32), b"", share[:-1] + bytes((share[-1] ^ 1,))):
        with pytest.raises(CannotOpen):
            lab.vault.unwrap_private_in_session(wrong, signed_in.ticket.wrapped, anna.account.id, signed_in.session.id)
    with pytest.raises(CannotOpen):
        lab.vault.unwrap_private_in_session(share, signed_in.ticket.wrapped, anna.account.id, "another-session")


async def test_a_copied_cookie_is_worth_nothing_when_the_session_has_ended(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    await lab.login.sessions.end(signed_in.account, signed_in.session.id)
    with pytest.raises(LoginEnded):
        await anna.enter(signed_in.ticket)
    assert not await lab.login.sessions.alive(signed_in.ticket)


async def test_who_could_write_rows_and_cookies_still_has_no_key(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    share = signed_in.session.share
    _, forged = lab.vault.new_key_pair()
    wrapped = lab.vault.wrap_private_in_session(share, forged, anna.account.id, signed_in.session.id)
    with pytest.raises(LoginEnded):
        await anna.enter(Ticket(signed_in.session.id, wrapped))


async def test_sessions_end_by_themselves(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    lab.now += IDLE - timedelta(seconds=1)
    await anna.enter(signed_in.ticket)  # seen again
    lab.now += IDLE
    with pytest.raises(LoginEnded):
        await anna.enter(signed_in.ticket)
    signed_in = await anna.password()
    for _ in range(int(LONGEST / timedelta(minutes=30)) - 1):
        lab.later(minutes=30)
        await anna.enter(signed_in.ticket)
    lab.later(minutes=30)
    with pytest.raises(LoginEnded):
        await anna.enter(signed_in.ticket)
    lab.later(days=1)
    await lab.sweep.drop_sessions()
    assert not lab.store.tables.sessions


async def test_ending_one_or_all_others(anna: Person, lab: Lab) -> None:
    await anna.begin()
    mine, other, third = [await anna.password() for _ in range(3)]
    await lab.login.sessions.end(mine.account, other.session.id)
    with pytest.raises(LoginEnded):
        await anna.enter(other.ticket)
    await anna.enter(third.ticket)
    await lab.login.sessions.end_others(mine)
    with pytest.raises(LoginEnded):
        await anna.enter(third.ticket)
    await anna.enter(mine.ticket)
    assert [session.id for session in await lab.login.sessions.list(anna.account.id)] == [mine.session.id]


async def test_nobody_ends_anothers_session(anna: Person, lab: Lab) -> None:
    await anna.begin()
    mine = await anna.password()
    bram = await lab.accounts.create(
        organisation=lab.organisation, address="bram@example.nl", name="Bram", password=OTHER
    )
    await lab.login.sessions.end(bram, mine.session.id)
    await anna.enter(mine.ticket)


# -- remembered devices


async def test_remembering_skips_the_second_step_for_thirty_days_and_nothing_else(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.add_app(await anna.password())
    await anna.by_app(await anna.password(), remember=True)
    remembered = anna.device
    signed_in = await anna.password()
    assert signed_in.session.stage is Stage.OPEN
    with pytest.raises(WrongLogin):
        await anna.password("verkeerd wachtwoord")
    lab.now += REMEMBER - timedelta(minutes=1)
    assert (await anna.password()).session.stage is Stage.OPEN
    lab.later(minutes=1)
    assert (await anna.password()).session.stage is Stage.SECOND
    assert remembered is not None
    lab.now -= timedelta(days=1)
    anna.device = replace(remembered, secret=bytes(32))
    assert (await anna.password()).session.stage is Stage.SECOND
    anna.device = replace(remembered, account_id="another")
    assert (await anna.password()).session.stage is Stage.SECOND


async def test_a_device_is_remembered_only_when_asked_and_can_be_forgotten(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.add_app(await anna.password())
    await anna.by_app(await anna.password())
    assert (await anna.password()).session.stage is Stage.SECOND
    arrived = await anna.by_app(await anna.password(), remember=True)
    mine = await anna.enter(arrived.ticket)
    assert (await anna.password()).session.stage is Stage.OPEN
    assert anna.device is not None
    await lab.login.sessions.end(mine.account, anna.device.id)
    assert (await anna.password()).session.stage is Stage.SECOND


# -- password and factors


async def test_a_new_password_wraps_the_key_anew_and_ends_the_others(anna: Person, lab: Lab) -> None:
    await anna.begin()
    await anna.add_app(await anna.password())
    arrived = await anna.by_app(await anna.password(), remember=True)
    mine, other = await anna.enter(arrived.ticket), await anna.password()
    with pytest.raises(WrongPassword):
        await lab.login.profile.change_password(mine, "niet dit wachtwoord", OTHER, CLIENT)
    for bad in ("kort", "Welkom2026!!", "x" * 1001):
        with pytest.raises(BadPassword):
            await lab.login.profile.change_password(mine, PASSWORD, bad, CLIENT)
    ticket = await lab.login.profile.change_password(mine, PASSWORD, OTHER, CLIENT)
    fresh = await anna.enter(ticket)
    assert fresh.private == mine.private
    for ended in (mine, other):
        with pytest.raises(LoginEnded):
            await anna.enter(ended.ticket)
    with pytest.raises(WrongLogin):
        await anna.password(PASSWORD)
    again = await anna.password(OTHER)
    assert again.session.stage is Stage.SECOND  # the device is remembered no longer
    assert again.private == mine.private
    kinds = [wrap.kind for wrap in lab.store.tables.wraps[anna.account.id]]
    assert sorted(kind.value for kind in kinds) == ["password", "recovery"]


async def test_changing_how_one_signs_in_asks_for_the_password_after_a_while(anna: Person, lab: Lab) -> None:
    await anna.begin()
    old = await anna.password()
    lab.later(minutes=16)
    for ask in (lambda: lab.login.factors.new_app(old), lambda: lab.login.sessions.ask_fresh(old)):
        with pytest.raises(NeedsPassword):
            ask()
    with pytest.raises(NeedsPassword):
        await lab.login.factors.remove(old, "any")
    with pytest.raises(WrongPassword):
        await lab.login.sign_in.again(old, "niet dit wachtwoord", CLIENT)
    fresh = await anna.enter(await lab.login.sign_in.again(old, PASSWORD, CLIENT))
    lab.login.factors.new_app(fresh)
    with pytest.raises(LoginEnded):
        await anna.enter(old.ticket)


async def test_the_last_factor_stays_where_one_is_asked_for(anna: Person, lab: Lab) -> None:
    await anna.begin(required=True)
    signed_in = await anna.password()
    await anna.add_app(signed_in)
    [app] = await lab.login.factors.of(anna.account)
    with pytest.raises(NotPossible):
        await lab.login.factors.remove(signed_in, app.id)
    await lab.login.factors.send_phone(signed_in, "+31612345678", CLIENT)
    await lab.login.factors.add_phone(signed_in, "+31612345678", lab.sms.sent[-1][1][:6])
    await lab.login.factors.remove(signed_in, app.id)
    assert [factor.kind for factor in await lab.login.factors.of(anna.account)] == [FactorKind.SMS]


async def test_an_apps_secret_is_of_one_session(anna: Person, lab: Lab) -> None:
    await anna.begin()
    one, other = await anna.password(), await anna.password()
    new = lab.login.factors.new_app(one)
    with pytest.raises(NotPossible):
        await lab.login.factors.add_app(other, new.sealed, "000000")
    with pytest.raises(WrongFactor):
        await lab.login.factors.add_app(one, new.sealed, "000000")


async def test_a_new_app_replaces_the_former(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    await anna.add_app(signed_in)
    await anna.add_app(signed_in)
    assert len(await lab.login.factors.of(anna.account)) == 1


# -- a forgotten password


async def test_recovery_keeps_old_messages_readable(anna: Person, lab: Lab) -> None:
    await anna.begin()
    sealed = await lab.seal()
    before = await anna.password()
    await anna.add_app(before)
    account = await lab.login.recovery.recover(SENDER, lab.recovery_private, "operator:x", drop_factors=False)
    assert (await anna.password()).session.stage is Stage.SECOND  # the former password works until the code is used
    [order] = await lab.orders("recovery")
    await lab.accounts.activate(account.id, lab.vault.format_code(order.code), OTHER)
    with pytest.raises(LoginEnded):
        await anna.enter(before.ticket)
    with pytest.raises(WrongLogin):
        await anna.password(PASSWORD)
    half = await anna.password(OTHER)
    assert half.session.stage is Stage.SECOND  # who reads the mail only has not come in
    arrived = await anna.by_app(half)
    reading = await lab.login.sent.read(await anna.enter(arrived.ticket), sealed.message.id)
    assert reading.manifest.subject == "Uitslag"
    with pytest.raises(Unknown):
        await lab.accounts.activate(account.id, lab.vault.format_code(order.code), PASSWORD)


async def test_recovery_may_take_the_factors_off_and_the_password_with_them(anna: Person, lab: Lab) -> None:
    await anna.begin()
    before = await anna.password()
    await anna.add_app(before)
    account = await lab.login.recovery.recover(SENDER, lab.recovery_private, "operator:x", drop_factors=True)
    assert await lab.login.factors.of(anna.account) == []
    assert lab.store.tables.audit[-1].action == "account:recover"
    # Who knows the former password only must not set up a factor of their own now.
    with pytest.raises(WrongLogin):
        await anna.password(PASSWORD)
    with pytest.raises(LoginEnded):
        await anna.enter(before.ticket)
    [order] = await lab.orders("recovery")
    await lab.accounts.activate(account.id, lab.vault.format_code(order.code), OTHER)
    assert (await anna.password(OTHER)).private == before.private


async def test_another_key_recovers_nothing(anna: Person, lab: Lab) -> None:
    await anna.begin()
    _, foreign = lab.vault.new_key_pair()
    for address, key in ((SENDER, foreign), ("nobody@example.nl", lab.recovery_private)):
        with pytest.raises(CannotOpen):
            await lab.login.recovery.recover(address, key, "operator:x", drop_factors=True)
    assert [wrap.kind for wrap in lab.store.tables.wraps[anna.account.id]].count(WrapKind.ACTIVATION) == 0


async def test_without_admins_the_support_address_is_told(anna: Person, lab: Lab) -> None:
    await anna.begin()
    for support, told in (("helpdesk@example.nl", 1), ("030 123 45 67", 1)):
        lab.later(days=1)
        lab.organisation = replace(lab.organisation, admins=(), support=support)
        lab.organisations = replace(lab.organisations, all=(lab.organisation,))
        lab.build()
        await lab.login.recovery.ask(SENDER, CLIENT)
        orders = await lab.orders("recovery-request")
        assert [order.recipient for order in orders] == ["helpdesk@example.nl"] * told


async def test_asking_for_help_tells_the_admins_once_a_day_and_the_asker_nothing(anna: Person, lab: Lab) -> None:
    await anna.begin()
    for address in (SENDER, SENDER.upper(), "nobody@example.nl"):
        assert await lab.login.recovery.ask(address, CLIENT) is None  # type: ignore[func-returns-value]
    [order] = await lab.orders("recovery-request")
    assert (order.recipient, order.sender_address) == ("beheer@example.nl", SENDER)
    assert len(lab.store.tables.payloads) == 1
    for _ in range(7):
        await lab.login.recovery.ask("nobody@example.nl", CLIENT)
    with pytest.raises(TooMany):
        await lab.login.recovery.ask("nobody@example.nl", CLIENT)


# -- the profile


async def test_name_and_language(anna: Person, lab: Lab) -> None:
    await anna.begin()
    signed_in = await anna.password()
    await lab.login.profile.rename(signed_in, "  Anna\r\n de   Vries ", "en")
    account = (await anna.enter(signed_in.ticket)).account
    assert (account.name, account.language) == ("Anna de Vries", "en")
    with pytest.raises(NotPossible):
        await lab.login.profile.rename(signed_in, "Anna", "fr")
