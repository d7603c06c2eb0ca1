"""Warn and hold from DATA to the end of the case: who can open what, every answer, the deadline, and crashes half-way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from gateway.adapters.memory_store import MemoryTransaction
from gateway.core.cases import Answer, CaseKind, CaseState
from gateway.core.decision import Choice
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.errors import Blocked
from gateway.core.orders import Order
from gateway.core.pickup import Client, NotPossible, Settled, TooMany, Unknown, WrongCode
from gateway.core.records import Account, AccountKind, GrantKind, MessageState
from gateway.service.case_desk import CaseKey
from gateway.service.cases import NEVER
from tests.unit.service.mail_world import INSIDE, OUTSIDE, SENDER, MailWorld, mail, policies_with

REVIEWER, PASSWORD = "els@example.nl", "een lang wachtwoord"
CLIENT = Client("192.0.2.9", "browser", "nl")
BSN = b"Het BSN van de patient is 111222333."
WARN = """
[[policy]]
id = "bsn-leaves-sealed"
when.direction = "outbound"
when.finds = { rules = ["nl.bsn"] }
then.action = "warn"
then.choices = ["seal", "send", "remove", "cancel"]
then.answer_within = "PT24H"
then.explain.nl = "Een BSN hoort niet in een gewone mail."
then.explain.en = "A BSN does not belong in an ordinary mail."
"""
HOLD = f"""
[[policy]]
id = "hold-drafts"
when.subject = "*concept*"
then.action = "hold"
then.reviewers = ["{REVIEWER}"]
then.explain.nl = "Concepten gaan eerst langs een collega."
then.explain.en = "Drafts are reviewed first."
"""
FILES = b"""--b\r
Content-Type: text/plain\r
\r
Zie bijlage.\r
--b\r
Content-Type: text/plain; name="lijst.txt"\r
Content-Disposition: attachment; filename="lijst.txt"\r
\r
BSN 111222333 en BSN 123456782\r
--b\r
Content-Type: text/plain; name="agenda.txt"\r
Content-Disposition: attachment; filename="agenda.txt"\r
\r
Overleg om tien uur.\r
--b--"""
MULTIPART = ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"']


def with_files(**more: str) -> bytes:
    return mail(FILES, headers=MULTIPART, **more)


@pytest.fixture
def world() -> MailWorld:
    return MailWorld(WARN + HOLD)


async def warned(world: MailWorld, raw: bytes | None = None, *to: str) -> tuple[str, Order]:
    """A message that was warned about, and the letter to its sender."""
    await world.take(raw or mail(BSN), *to)
    case = await world.case()
    return case.id, (await world.orders())[f"warned:{SENDER}"]


async def key_of(world: MailWorld, order: Order) -> CaseKey:
    case = await world.case()
    return await world.desk.open(case.id, world.vault.format_code(order.code), CLIENT)


async def held(world: MailWorld) -> tuple[str, Order]:
    """A message that a reviewer with an account decides about, and the reviewer's letter."""
    async with world.store.read() as tx:
        account = await tx.account_by_address(REVIEWER)
    if account is None:
        await world.accounts.create(organisation=world.organisation, address=REVIEWER, name="Els", password=PASSWORD)
    await world.take(mail(b"Nog niet af.", subject="concept"))
    return (await world.case()).id, (await world.orders())[f"review:{REVIEWER}"]


async def reviewing(world: MailWorld, case_id: str, order: Order) -> CaseKey:
    key = await world.desk.open(case_id, world.vault.format_code(order.code), CLIENT)
    return await world.desk.log_in(case_id, key.code, REVIEWER, PASSWORD, CLIENT)


async def ended(world: MailWorld, case_id: str) -> None:
    """Nothing of the case opens anything any more, and nothing of it waits."""
    async with world.store.read() as tx:
        case, copy = await tx.case(case_id), await tx.message(case_id)
        assert case is not None
        assert case.ended_at is not None
        assert case.state is not CaseState.OPEN
        assert copy is not None
        assert (copy.state, copy.head, copy.parts) == (MessageState.REVOKED, b"", ())
        assert await tx.grants(case_id) == []
        rows = await tx.deliveries_of(case_id)
        assert not [row for row in rows if row.state in (DeliveryState.HELD, DeliveryState.QUEUED)]
        for row in rows:
            assert await tx.payload(row.payload_id) is None


# -- a warning


async def test_a_warned_message_waits_sealed_and_its_sender_is_asked(world: MailWorld) -> None:
    case_id, letter = await warned(world, with_files(), OUTSIDE, "piet@elders.example")
    assert await world.mails() == {}
    held_rows = await world.rows(DeliveryState.HELD)
    assert sorted(row.rcpt_to for row in held_rows) == [OUTSIDE, "piet@elders.example"]
    assert {row.kind for row in held_rows} == {DeliveryKind.HELD}
    assert letter.reasons == ("Een BSN hoort niet in een gewone mail.",)
    assert letter.case is not None
    assert letter.case.found == (("Burgerservicenummer", "attachment", 2),)
    assert letter.case.choices == ("seal", "send", "remove", "cancel")
    case = await world.case()
    assert (case.kind, case.policies, case.deadline - case.created_at) == (
        CaseKind.WARN,
        ("bsn-leaves-sealed",),
        timedelta(days=1),
    )
    async with world.store.read() as tx:
        copy, grants = await tx.message(case_id), await tx.grants(case_id)
    assert copy is not None
    assert (copy.expires_at, copy.recipients) == (NEVER, ())
    assert [grant.kind for grant in grants] == [GrantKind.CASE]  # nobody else: not the gateway, not the recovery key


async def test_the_page_shows_what_was_found_by_name_only_to_the_letters_code(world: MailWorld) -> None:
    case_id, letter = await warned(world, with_files())
    view = await world.desk.view(case_id, await key_of(world, letter))
    assert [(one.title("nl"), one.place, one.name, one.count) for one in view.sheet.found] == [
        ("Burgerservicenummer", "attachment", "lijst.txt", 2)
    ]
    assert [(file.number, file.name, file.found) for file in view.sheet.files] == [
        (2, "lijst.txt", True),
        (3, "agenda.txt", False),
    ]
    assert view.sheet.recipients == (OUTSIDE,)
    with pytest.raises(WrongCode):
        await world.desk.open(case_id, world.vault.format_code(b"x" * 16), CLIENT)
    with pytest.raises(Unknown):
        await world.desk.read(case_id, await key_of(world, letter))  # the mailbox alone does not open the message


async def test_seal_sends_it_sealed(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEAL)
    assert await world.deliver() == []
    orders = await world.orders()
    assert f"notification:{OUTSIDE}" in orders
    assert f"sealed-report:{SENDER}" in orders
    assert not [name for name in orders if name.startswith("case-")]  # the report says it
    await ended(world, case_id)


async def test_send_as_it_is_takes_a_reason_that_only_admins_read(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    key = await key_of(world, letter)
    with pytest.raises(NotPossible):
        await world.desk.answer(case_id, key, Choice.SEND, words="  ")
    await world.desk.answer(case_id, key, Choice.SEND, words="De patient vroeg erom.")
    assert await world.deliver() == []
    sent = (await world.mails())[OUTSIDE]
    assert BSN in sent
    assert sent.startswith(b"Received: ")
    assert (await world.orders())[f"case-sent:{SENDER}"].recipients == (OUTSIDE,)
    case = await world.case()
    assert (case.choice, case.by) == (Choice.SEND, "sender")
    assert world.server_key.open(case.reason, f"case-reason:{case_id}") == b"De patient vroeg erom."
    assert "vroeg" not in repr(world.store.tables.audit)
    await ended(world, case_id)


async def test_without_the_attachment_it_is_decided_anew_and_goes(world: MailWorld) -> None:
    case_id, letter = await warned(world, with_files())
    await world.desk.answer(case_id, await key_of(world, letter), Choice.REMOVE, remove=[2])
    assert await world.deliver() == []
    sent = message_from_bytes((await world.mails())[OUTSIDE], policy=policy.default)
    leaves = [part.get_content() for part in sent.walk() if not part.is_multipart()]
    assert leaves[0].strip() == "Zie bijlage."
    assert "verwijderd" in leaves[1]
    assert leaves[2].strip() == "Overleg om tien uur."
    assert b"111222333" not in (await world.mails())[OUTSIDE]
    order = (await world.orders())[f"case-sent:{SENDER}"]
    assert order.case is not None
    assert order.case.by == "removed"
    await ended(world, case_id)


async def test_what_is_still_found_after_removing_asks_again(world: MailWorld) -> None:
    case_id, letter = await warned(world, with_files())
    await world.desk.answer(case_id, await key_of(world, letter), Choice.REMOVE, remove=[3])
    world.later(seconds=1)
    assert await world.deliver() == []
    assert await world.mails() == {}
    again = await world.case()
    assert again.id != case_id
    assert (again.state, again.trace) == (CaseState.OPEN, world.store.tables.cases[case_id].trace)
    new = (await world.orders())[f"warned:{SENDER}"]
    assert new.code != letter.code
    await ended(world, case_id)


async def test_cancel_destroys_it(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.CANCEL)
    assert await world.deliver() == []
    assert await world.mails() == {}
    assert f"case-cancelled:{SENDER}" in await world.orders()
    await ended(world, case_id)


@pytest.mark.parametrize(
    ("unanswered", "became"),
    [("seal", f"notification:{OUTSIDE}"), ("cancel", f"case-cancelled:{SENDER}"), ("send", f"case-sent:{SENDER}")],
)
async def test_without_an_answer_the_policy_decides(unanswered: str, became: str) -> None:
    world = MailWorld(WARN + f'then.unanswered = "{unanswered}"\n')
    case_id, letter = await warned(world)
    world.later(hours=23, minutes=59)
    assert await world.deliver() == []
    assert (await world.case()).state is CaseState.OPEN
    world.later(minutes=2)
    assert await world.deliver() == []
    case = await world.case()
    assert (case.state, case.by, case.choice) == (CaseState.EXPIRED, "deadline", Choice(unanswered))
    assert became in await world.orders()
    await ended(world, case_id)
    with pytest.raises(Settled):
        await world.desk.open(case_id, world.vault.format_code(letter.code), CLIENT)


async def test_a_reminder_waits_for_the_last_quarter_and_goes_with_the_case(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    reminder = (await world.orders())[f"warned-reminder:{SENDER}"]
    assert reminder.code == letter.code
    async with world.store.read() as tx:
        [due] = {row.next_at for row in await tx.deliveries_of(case_id) if row.next_at > world.now} - {
            (await world.case()).deadline
        }
    assert due == world.now + timedelta(hours=18)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.CANCEL)
    await world.deliver()
    assert f"warned-reminder:{SENDER}" not in await world.orders()


async def test_an_answer_counts_once(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    key = await key_of(world, letter)
    await world.desk.answer(case_id, key, Choice.SEND, words="reden")
    with pytest.raises(Settled):
        await world.desk.answer(case_id, key, Choice.CANCEL)
    with pytest.raises(Settled):
        await world.desk.view(case_id, key)
    world.later(days=2)  # the deadline's own order is due too
    assert await world.deliver() == []
    assert list(await world.mails()) == [OUTSIDE]
    assert (await world.case()).state is CaseState.ANSWERED


@pytest.mark.parametrize("choice", [Choice.SEND, Choice.REMOVE])
async def test_what_is_not_offered_is_refused(choice: Choice) -> None:
    world = MailWorld(WARN.replace('"send", ', ""))
    case_id, letter = await warned(world)  # no attachments
    with pytest.raises(NotPossible):
        await world.desk.answer(case_id, await key_of(world, letter), choice, words="x", remove=[1])
    assert (await world.case()).state is CaseState.OPEN


@pytest.mark.parametrize("remove", [(), (1,), (2, 9)])
async def test_only_attachments_can_be_removed(world: MailWorld, remove: tuple[int, ...]) -> None:
    case_id, letter = await warned(world, with_files())
    with pytest.raises(NotPossible):
        await world.desk.answer(case_id, await key_of(world, letter), Choice.REMOVE, remove=remove)


async def test_a_block_beats_the_answer_and_the_sender_learns_why(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEND, words="reden")
    world.policies = policies_with(
        '[[policy]]\nid = "b"\nwhen.subject = "Afspraak"\nthen.action = "block"\nthen.explain.nl = "Nu even niet."\n'
    )
    assert await world.deliver() == []
    order = (await world.orders())[f"case-blocked:{SENDER}"]
    assert order.reasons == ("Nu even niet.",)
    assert await world.mails() == {}
    await ended(world, case_id)


async def test_a_policy_that_seals_still_seals_what_the_sender_sends_as_it_is(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEND, words="reden")
    world.policies = policies_with(WARN + '[[policy]]\nid = "s"\nwhen.subject = "Afspraak"\nthen.action = "seal"\n')
    assert await world.deliver() == []
    assert f"notification:{OUTSIDE}" in await world.orders()
    assert await world.mails() == {}
    await ended(world, case_id)


HOLDS_NOW = '[[policy]]\nid = "new"\nwhen.subject = "Afspraak"\nthen.action = "hold"\n'


@pytest.mark.parametrize("with_attachment", [False, True])
async def test_sealing_once_chosen_is_not_undone_by_who_releases_it_later(with_attachment: bool) -> None:
    """A policy that came meanwhile holds it; its reviewer sees no trace of the first answer."""
    world = MailWorld(WARN)
    case_id, letter = await warned(world, with_files() if with_attachment else None)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEAL)
    world.policies = policies_with(WARN + HOLDS_NOW)
    assert await world.deliver() == []
    [row] = await world.review.held()
    await world.review.release(row.id, "operator:root")
    assert await world.deliver() == []
    assert await world.mails() == {}
    assert f"notification:{OUTSIDE}" in await world.orders()


async def test_the_senders_answer_settles_no_policy_that_holds_by_now(world: MailWorld) -> None:
    """The admin made the very policy that had warned stricter: then it is no longer the sender's to decide."""
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEND, words="reden")
    world.policies = policies_with(
        '[[policy]]\nid = "bsn-leaves-sealed"\nwhen.finds = { rules = ["nl.bsn"] }\nthen.action = "hold"\n'
    )
    assert await world.deliver() == []
    assert await world.mails() == {}
    [row] = await world.review.held()
    await world.review.release(row.id, "operator:root")
    assert await world.deliver() == []
    assert list(await world.mails()) == [OUTSIDE]


async def test_wishes_and_the_sessions_facts_are_kept_for_the_second_decision(world: MailWorld) -> None:
    """Released by a reviewer, it goes as its sender wished: sealed, with a code by text message."""
    await world.take(mail(subject="concept", headers=["X-Zegel-Verify: jan@elders.example sms +31612345678"]))
    [row] = await world.review.held()
    await world.review.release(row.id, "operator:root")
    assert await world.deliver() == []
    assert (await world.orders())[f"notification:{OUTSIDE}"].phone == "+31612345678"


async def test_others_get_theirs_at_once_and_each_kind_has_one_case() -> None:
    world = MailWorld(WARN.replace('"outbound"', '"outbound"\nwhen.recipient_domain = "elders.example"') + HOLD)
    await world.take(mail(BSN, subject="Afspraak"), OUTSIDE, "piet@elders.example", INSIDE)
    assert list(await world.mails()) == [INSIDE]
    assert len(world.store.tables.cases) == 1
    assert len(await world.rows(DeliveryState.HELD)) == 2


# -- nobody to ask


@pytest.mark.parametrize("sender", ["", "piet@elders.example"])
@pytest.mark.parametrize(("unanswered", "became"), [("send", "relayed"), ("seal", "held"), ("cancel", "blocked")])
async def test_who_has_no_mailbox_here_can_not_be_asked(sender: str, unanswered: str, became: str) -> None:
    site = WARN.replace('when.direction = "outbound"\n', "") + f'then.unanswered = "{unanswered}"\n'
    world = MailWorld(site)
    if became == "blocked":
        with pytest.raises(Blocked, match="gewone mail"):
            await world.take(mail(BSN), INSIDE, mail_from=sender)
    else:
        await world.take(mail(BSN), INSIDE, mail_from=sender)
    assert list(await world.mails()) == ([INSIDE] if became == "relayed" else [])
    assert [row.rcpt_to for row in await world.rows(DeliveryState.HELD)] == ([INSIDE] if became == "held" else [])
    assert await world.orders() == {}  # no letter to a stranger


async def test_held_mail_from_outside_can_be_released_but_not_sealed(world: MailWorld) -> None:
    await world.accounts.create(organisation=world.organisation, address=REVIEWER, name="Els", password=PASSWORD)
    await world.take(mail(b"Nog niet af.", subject="concept"), INSIDE, mail_from="piet@elders.example")
    case = await world.case()
    letter = (await world.orders())[f"review:{REVIEWER}"]
    assert case.choices == ("send", "cancel")
    await world.desk.answer(case.id, await reviewing(world, case.id, letter), Choice.SEND)
    assert await world.deliver() == []
    assert list(await world.mails()) == [INSIDE]


# -- a review


async def test_a_reviewer_reads_with_code_and_password_and_releases(world: MailWorld) -> None:
    case_id, letter = await held(world)
    orders = await world.orders()
    assert orders[f"held:{SENDER}"].case is not None
    key = await reviewing(world, case_id, letter)
    reading = await world.desk.read(case_id, key)
    assert (reading.text or "").strip() == "Nog niet af."
    assert reading.manifest.subject == "concept"
    await world.desk.answer(case_id, key, Choice.SEND, words="Akkoord, maar let op de datum.")
    assert await world.deliver() == []
    assert b"Nog niet af." in (await world.mails())[OUTSIDE]
    told = (await world.orders())[f"case-sent:{SENDER}"].case
    assert told is not None
    assert (told.by, told.name, told.note) == ("reviewer", "Els", "Akkoord, maar let op de datum.")
    async with world.store.read() as tx:
        els = await tx.account_by_address(REVIEWER)
    assert els is not None
    steps = [(entry.actor, entry.action) for entry in world.store.tables.audit if entry.action.startswith("case:")]
    assert steps == [
        ("gateway", "case:open:hold"),
        (els.id, "case:read"),
        (els.id, "case:answer:send"),
        (els.id, "case:done:hold"),
    ]
    await ended(world, case_id)


@pytest.mark.parametrize(
    ("choice", "letter"), [(Choice.SEAL, f"case-sealed:{SENDER}"), (Choice.CANCEL, f"refused:{SENDER}")]
)
async def test_a_reviewer_seals_or_refuses(world: MailWorld, choice: Choice, letter: str) -> None:
    case_id, review = await held(world)
    await world.desk.answer(case_id, await reviewing(world, case_id, review), choice, words="Bel mij.")
    assert await world.deliver() == []
    told = (await world.orders())[letter].case
    assert told is not None
    assert (told.name, told.note) == ("Els", "Bel mij.")
    assert await world.mails() == {}
    await ended(world, case_id)


async def test_the_reviewers_code_alone_opens_nothing(world: MailWorld) -> None:
    case_id, letter = await held(world)
    key = await world.desk.open(case_id, world.vault.format_code(letter.code), CLIENT)
    with pytest.raises((Unknown, WrongCode)):
        await world.desk.view(case_id, key)
    async with world.store.read() as tx:
        grants = await tx.grants(case_id)
    assert [grant.kind for grant in grants] == [GrantKind.REVIEWER]
    for grant_id in (grants[0].id, ""):
        with pytest.raises(Unknown):
            await world.desk.answer(case_id, CaseKey(grant_id, key.code), Choice.SEND)


async def test_the_password_without_the_code_and_somebody_else_get_nothing(world: MailWorld) -> None:
    case_id, letter = await held(world)
    await world.accounts.create(organisation=world.organisation, address=INSIDE, name="Bram", password=PASSWORD)
    for code, address, password in (
        (b"x" * 16, REVIEWER, PASSWORD),
        (letter.code, REVIEWER, "een ander wachtwoord"),
        (letter.code, INSIDE, PASSWORD),
        (letter.code, "niemand@example.nl", PASSWORD),
    ):
        with pytest.raises(WrongCode):
            await world.desk.log_in(case_id, code, address, password, CLIENT)


async def test_guessing_a_reviewers_password_ends(world: MailWorld) -> None:
    case_id, letter = await held(world)
    for number in range(15):
        with pytest.raises(WrongCode):
            await world.desk.log_in(case_id, letter.code, REVIEWER, "fout", Client(f"192.0.2.{number}", "x"))
    with pytest.raises(TooMany):
        await world.desk.log_in(case_id, letter.code, REVIEWER.upper(), PASSWORD, CLIENT)


async def test_a_session_ends_with_its_time_and_with_the_case(world: MailWorld) -> None:
    case_id, letter = await held(world)
    first, second = [await reviewing(world, case_id, letter) for _ in range(2)]
    world.later(hours=9)
    with pytest.raises(WrongCode):
        await world.desk.read(case_id, first)
    third = await reviewing(world, case_id, letter)
    await world.desk.answer(case_id, third, Choice.CANCEL)
    for key in (second, third):
        with pytest.raises(Settled):
            await world.desk.read(case_id, key)


async def test_a_reviewer_without_an_account_gets_one(world: MailWorld) -> None:
    await world.take(mail(b"x", subject="concept"))
    orders = await world.orders()
    activation = orders[f"activation-reviewer:{REVIEWER}"]
    review = orders[f"review:{REVIEWER}"]
    case = await world.case()
    with pytest.raises(WrongCode):
        await world.desk.log_in(case.id, review.code, REVIEWER, PASSWORD, CLIENT)
    async with world.store.read() as tx:
        account = await tx.account_by_address(REVIEWER)
    assert account is not None
    await world.accounts.activate(account.id, world.vault.format_code(activation.code), PASSWORD)
    assert (await world.desk.read(case.id, await reviewing(world, case.id, review))).manifest.subject == "concept"


async def test_a_reviewer_outside_the_organisation_gets_nothing(world: MailWorld) -> None:
    world.policies = policies_with(HOLD.replace(REVIEWER, "spion@elders.example"))
    await world.take(mail(b"x", subject="concept"))
    assert not [name for name in await world.orders() if "spion" in name]
    assert len(await world.rows(DeliveryState.HELD)) == 1  # for an operator


async def test_nobody_reviewed_in_time(world: MailWorld) -> None:
    case_id, _ = await held(world)
    world.later(days=8)
    assert await world.deliver() == []
    told = (await world.orders())[f"refused:{SENDER}"].case
    assert told is not None
    assert told.by == "late-reviewer"
    await ended(world, case_id)


# -- an operator


async def test_an_operator_decides_for_one_recipient_and_the_rest_still_waits(world: MailWorld) -> None:
    case_id, letter = await warned(world, mail(BSN), OUTSIDE, "piet@elders.example")
    first = next(row for row in await world.review.held() if row.rcpt_to == OUTSIDE)
    await world.review.release(first.id, "operator:root")
    assert await world.deliver() == []
    assert list(await world.mails()) == [OUTSIDE]
    assert (await world.case()).state is CaseState.OPEN
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEND, words="reden")
    assert await world.deliver() == []
    assert sorted(await world.mails()) == [OUTSIDE, "piet@elders.example"]
    await ended(world, case_id)


async def test_an_operators_last_decision_ends_the_case(world: MailWorld) -> None:
    case_id, _ = await held(world)
    [row] = await world.review.held()
    await world.review.refuse(row.id, "operator:root")
    assert await world.deliver() == []
    assert (await world.case()).by == "operator:root"
    await ended(world, case_id)


# -- when something breaks


async def test_a_scan_that_fails_is_tried_again(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEND, words="reden")
    world.scanner.broken = True
    assert await world.deliver() == ["ScanFailed"]
    assert len(await world.rows(DeliveryState.HELD)) == 1
    world.scanner.broken = False
    assert await world.deliver() == []
    assert list(await world.mails()) == [OUTSIDE]


async def has_account(world: MailWorld) -> None:
    """The sender's, without the slow making of a password's wrap."""
    public, _ = world.vault.new_key_pair()
    async with world.store.write() as tx:
        await tx.add_account(
            Account(world.new_id(), "example", SENDER, AccountKind.PERSONAL, "Anna", "nl", public, world.now), []
        )


class Crash(Exception):
    pass


@pytest.mark.parametrize("choice", [Choice.SEAL, Choice.SEND, Choice.CANCEL])
async def test_a_crash_at_any_write_loses_nothing_and_sends_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, choice: Choice
) -> None:
    """The n-th change of the store fails, for every n, until the answer is carried out without reaching it."""
    crashed = 0
    for number in range(1, 60):
        world = MailWorld(WARN)
        await has_account(world)
        case_id, letter = await warned(world)
        await world.desk.answer(case_id, await key_of(world, letter), choice, words="reden")
        calls = 0

        def changing(self: MemoryTransaction, number: int = number) -> object:
            nonlocal calls
            calls += 1
            if calls == number:
                raise Crash
            return self._rows

        with monkeypatch.context() as patched:
            async with world.store.write() as tx:
                due = await tx.claim(world.now, timedelta(seconds=60), 100)
            [row] = [row for row in due if row.kind is DeliveryKind.ANSWER]
            content = await world.content(row)
            patched.setattr(MemoryTransaction, "_changing", property(changing))
            try:
                await world.carry_out.carry_out(row, content)
            except Crash:
                crashed += 1
        finished = calls < number
        if not finished:
            assert (
                len(await world.rows(DeliveryState.HELD)) == 1 or choice is Choice.SEAL
            )  # a first contact commits alone
            await world.carry_out.carry_out(row, content)
        await world.carry_out.carry_out(row, content)  # once more, as after a lost lease
        orders = await world.orders()
        assert list(await world.mails()) == ([OUTSIDE] if choice is Choice.SEND else [])
        assert len([name for name in orders if name.startswith("notification")]) == (choice is Choice.SEAL)
        await ended(world, case_id)
        if finished:
            break
    assert crashed > 5


async def test_two_workers_carry_one_answer_out_once(world: MailWorld) -> None:
    case_id, letter = await warned(world)
    await world.desk.answer(case_id, await key_of(world, letter), Choice.SEND, words="reden")
    async with world.store.read() as tx:
        [row] = [
            row
            for row in await tx.deliveries_of(case_id)
            if row.kind is DeliveryKind.ANSWER and row.next_at <= world.now
        ]
    content = await world.content(row)
    await world.carry_out.carry_out(row, content)
    await world.carry_out.carry_out(replace(row), content)
    assert list(await world.mails()) == [OUTSIDE]


async def test_what_an_answer_says_comes_back_whole() -> None:
    answer = Answer("case", Choice.REMOVE, "sender", "Els", (2, 3), "wörd", ("jan@elders.example",))
    assert Answer.from_bytes(answer.to_bytes()) == answer


async def test_revoking_knows_no_case(world: MailWorld) -> None:
    case_id, _ = await warned(world)
    with pytest.raises(Unknown):
        await world.revoke.message(case_id, "operator:root")
    assert await world.sweep.expire() == 0
