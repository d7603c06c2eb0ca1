"""Taking mail in: real parsing, rules and policies; memory store; the real vault."""

from __future__ import annotations

import json
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from gateway.core import rules
from gateway.core.delivery import DeliveryState
from gateway.core.errors import Blocked, NotAllowed, ScanFailed
from gateway.core.manifest import Manifest
from gateway.core.records import GrantKind
from gateway.service.parts import Parts
from gateway.service.review import NotHeld
from tests.unit.service.mail_world import INSIDE, OUTSIDE, RULES, SENDER, MailWorld, mail

SITE = """
[[policy]]
id = "hold-project"
when.subject = ["*geheim*"]
then.action = "hold"
then.explain.nl = "Dit project wordt eerst bekeken."

[[policy]]
id = "block-drawings"
when.attachment_name = ["*.dwg"]
then.action = "block"
then.explain.nl = "Tekeningen gaan de deur niet uit."

[[policy]]
id = "tag-outside"
when.direction = "outbound"
when.subject = ["*offerte*"]
then.action = "tag"
then.tag_header = "offer"
then.tag_subject = "[extern]"

[[policy]]
id = "bcc-outside"
when.direction = "outbound"
when.subject = ["*nieuwsbrief*"]
then.action = "relay"
then.bcc = true
then.header = { name = "X-Class", value = "news" }

[[policy]]
id = "tls-outside"
when.direction = "outbound"
when.header = { name = "X-Needs-Tls" }
then.action = "relay"
then.require_tls = true

[[policy]]
id = "first-time-told"
when.misdirected = "first-time"
when.subject = ["*eerste*"]
then.action = "hold"
then.notify = ["fg@example.nl", "spy@elders.example"]

[[policy]]
id = "drawings-told"
when.subject = "Vertel"
then.action = "relay"
then.notify = "fg@example.nl"
"""

BSN = b"Het BSN van de patient is 111222333."


@pytest.fixture
def world() -> MailWorld:
    return MailWorld(SITE)


async def test_harmless_mail_goes_on_with_its_body_untouched(world: MailWorld) -> None:
    body = b"Beste Jan,\r\n\r\n.regel met punt\r\n\xc3\xa9\xc3\xa9n\r\n"
    raw = mail(body)
    trace = await world.take(raw)
    (row,) = await world.rows()
    sent = await world.content(row)
    assert sent.partition(b"\r\n\r\n")[2] == raw.partition(b"\r\n\r\n")[2]
    assert sent.startswith(b"Received: from client ([192.0.2.1])")
    assert row.trace == trace
    assert row.mail_from == SENDER
    assert world.bus.woken == ["deliver"]


async def test_a_bsn_is_sealed_for_outside_and_relayed_inside(world: MailWorld) -> None:
    await world.take(mail(BSN), OUTSIDE, INSIDE)
    assert list(await world.mails()) == [INSIDE]
    orders = await world.orders()
    assert set(orders) == {f"notification:{OUTSIDE}", f"sealed-report:{SENDER}", f"activation:{SENDER}"}
    assert orders[f"notification:{OUTSIDE}"].subject == ""
    assert any("BSN" in reason for reason in orders[f"sealed-report:{SENDER}"].reasons)
    everything = repr(world.store.tables).encode() + b"".join(world.blobs.blobs.values())
    assert b"111222333" not in everything
    assert b"patient" not in everything


async def test_a_sealed_message_can_be_opened_by_sender_recovery_and_queue_only(world: MailWorld) -> None:
    await world.take(mail(BSN))
    async with world.store.read() as tx:
        order = next(row for row in await tx.deliveries_in(DeliveryState.QUEUED, 10) if row.message_id)
        grants = await tx.grants(order.message_id or "")
    assert {grant.kind for grant in grants} == {GrantKind.ACCOUNT, GrantKind.RECOVERY, GrantKind.QUEUE}
    recovery = next(grant for grant in grants if grant.kind is GrantKind.RECOVERY)
    assert world.vault.unwrap_data_key(
        world.recovery_private, recovery.wrapped, recovery.message_id, recovery.kind.value, recovery.holder
    )


async def test_wishes_are_carried_out_and_stripped(world: MailWorld) -> None:
    await world.take(mail(subject="[sms:+31612345678] Afspraak"), OUTSIDE)
    order = (await world.orders())[f"notification:{OUTSIDE}"]
    assert order.phone == "+31612345678"
    assert "sms" not in order.subject.lower()
    await world.take(mail(headers=["X-Zegel: plain"]), INSIDE)
    assert b"x-zegel" not in (await world.mails())[INSIDE].lower()


async def test_plain_never_beats_a_policy(world: MailWorld) -> None:
    await world.take(mail(BSN, subject="[plain] Uitslag", headers=["X-Zegel: plain"]))
    assert await world.mails() == {}


async def test_a_plus_address_seals_and_is_stripped(world: MailWorld) -> None:
    await world.take(mail(), "jan+veilig@elders.example")
    assert f"notification:{OUTSIDE}" in await world.orders()


async def test_a_wish_that_is_not_understood_refuses_the_message(world: MailWorld) -> None:
    with pytest.raises(NotAllowed):
        await world.take(mail(subject="[sms:12] Afspraak"))
    assert await world.rows() == []


async def test_sms_without_a_number_waits_for_the_sender(world: MailWorld) -> None:
    await world.take(mail(subject="[sms] Afspraak", headers=[f"X-Zegel-Verify: {OUTSIDE} sms"]))
    assert f"notification:{OUTSIDE}" in await world.orders(DeliveryState.WAITING)
    assert f"waiting:{SENDER}" in await world.orders()


async def test_one_block_refuses_for_all_with_the_reason(world: MailWorld) -> None:
    attachment = (
        b'--b\r\nContent-Type: text/plain\r\n\r\nHoi\r\n--b\r\nContent-Type: application/octet-stream; name="brug.dwg"\r\n'
        b'Content-Disposition: attachment; filename="brug.dwg"\r\n\r\nx\r\n--b--\r\n'
    )
    with pytest.raises(Blocked, match="Tekeningen"):
        await world.take(
            mail(attachment, headers=["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"']),
            OUTSIDE,
            INSIDE,
        )
    assert await world.rows() == []


async def test_held_mail_waits_sealed_and_the_sender_is_told(world: MailWorld) -> None:
    await world.take(mail(subject="Project geheim"))
    (row,) = await world.rows(DeliveryState.HELD)
    assert (await world.orders())[f"held:{SENDER}"].reasons == ("Dit project wordt eerst bekeken.",)
    assert await world.mails() == {}
    await world.review.release(row.id, "test")
    await world.deliver()
    assert list(await world.mails()) == [OUTSIDE]
    with pytest.raises(NotHeld):
        await world.review.refuse(row.id, "test")


async def test_refused_mail_is_destroyed_and_the_sender_is_told(world: MailWorld) -> None:
    await world.take(mail(subject="Project geheim"))
    (row,) = await world.rows(DeliveryState.HELD)
    await world.review.refuse(row.id, "test")
    await world.deliver()
    assert (await world.orders())[f"refused:{SENDER}"].recipients == (OUTSIDE,)
    async with world.store.read() as tx:
        assert await tx.payload(row.payload_id) is None
    assert await world.rows(DeliveryState.HELD) == []


async def test_tagged_mail_carries_its_tags(world: MailWorld) -> None:
    await world.take(mail(subject="Offerte 12"))
    sent = message_from_bytes((await world.mails())[OUTSIDE], policy=policy.default)
    assert sent["X-Zegel-Tag"] == "offer"
    assert sent["Subject"] == "[extern] Offerte 12"


async def test_with_bcc_nobody_outside_reads_who_else_got_it(world: MailWorld) -> None:
    raw = mail(
        subject="Nieuwsbrief", headers=["Cc: Piet <piet@anders.example>,", " kees@anders.example", "X-Class: own"]
    )
    await world.take(raw, OUTSIDE, "piet@anders.example", INSIDE)
    mails = await world.mails()
    for outside in (OUTSIDE, "piet@anders.example"):
        sent = message_from_bytes(mails[outside], policy=policy.default)
        assert sent["To"] == "undisclosed-recipients:;"
        assert sent.get_all("Cc") is None
        assert sent.get_all("X-Class") == ["news"]
        assert b"@anders.example" not in mails[outside]
        assert mails[outside].partition(b"\r\n\r\n")[2] == raw.partition(b"\r\n\r\n")[2]
    assert b"piet@anders.example" in mails[INSIDE]


async def test_with_bcc_a_sealed_message_does_not_show_them_either(world: MailWorld) -> None:
    await world.take(mail(BSN, subject="Nieuwsbrief"), OUTSIDE, "piet@anders.example")
    async with world.store.read() as tx:
        row = next(row for row in await tx.deliveries_in(DeliveryState.QUEUED, 10) if row.message_id)
        message, grants = await tx.message(row.message_id or ""), await tx.grants(row.message_id or "")
    assert message is not None
    grant = next(grant for grant in grants if grant.kind is GrantKind.QUEUE)
    key = world.ring.unwrap_data_key(grant.wrapped, message.id, grant.holder)
    manifest = Manifest.from_bytes(world.vault.open_head(key, message.id, message.head))
    assert (manifest.to, manifest.cc) == ((), ())


async def test_with_bcc_the_copy_of_the_whole_message_does_not_show_them_either(world: MailWorld) -> None:
    """Of a signed message, or one that can be read in several ways, recipients get the original file too."""
    signed = 'Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary="b"'
    body = b"--b\r\n\r\n" + BSN + b"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--"
    headers = ["MIME-Version: 1.0", signed, "Cc: piet@anders.example"]
    await world.take(mail(body, subject="Nieuwsbrief", headers=headers), OUTSIDE, "piet@anders.example")
    async with world.store.read() as tx:
        row = next(row for row in await tx.deliveries_in(DeliveryState.QUEUED, 10) if row.message_id)
        message, grants = await tx.message(row.message_id or ""), await tx.grants(row.message_id or "")
    assert message is not None
    grant = next(grant for grant in grants if grant.kind is GrantKind.QUEUE)
    key = world.ring.unwrap_data_key(grant.wrapped, message.id, grant.holder)
    parts = Parts(blobs=world.blobs, vault=world.vault)
    last = message.parts[-1].number
    original = b"".join([chunk async for chunk in parts.chunks(message, key, last)])
    assert original.partition(b"\r\n\r\n")[2] == body + b"\r\n"
    assert b"piet@anders.example" not in original
    assert OUTSIDE.encode() not in original


@pytest.mark.parametrize("body", [b"Tot morgen.", BSN])
async def test_required_tls_goes_with_the_mail_or_its_notification(world: MailWorld, body: bytes) -> None:
    await world.take(mail(body, headers=["X-Needs-Tls: yes"]), OUTSIDE, INSIDE)
    rows = await world.rows()
    assert {row.rcpt_to for row in rows if row.require_tls} == {OUTSIDE}


async def test_who_wants_to_know_gets_a_letter_without_content(world: MailWorld) -> None:
    await world.take(mail(subject="Mijn eerste geheim"))
    order = (await world.orders())["policy-notice:fg@example.nl"]
    assert order.recipients == (OUTSIDE,)
    assert order.sender_address == SENDER
    assert order.reasons == ("first-time-told: wacht op een beoordeling",)
    assert "geheim" not in repr(order)
    assert "policy-notice:spy@elders.example" not in await world.orders()


async def test_a_blocked_message_is_told_of_and_counts_but_not_as_written(world: MailWorld) -> None:
    attachment = (
        b'--b\r\nContent-Type: application/octet-stream; name="brug.dwg"\r\n'
        b'Content-Disposition: attachment; filename="brug.dwg"\r\n\r\nx\r\n--b--\r\n'
    )
    with pytest.raises(Blocked):
        await world.take(
            mail(attachment, "Vertel", ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"']), OUTSIDE
        )
    assert (await world.orders())["policy-notice:fg@example.nl"].reasons == ("drawings-told: geweigerd",)
    [decision] = world.store.tables.decisions.values()
    assert (decision.actions, decision.recipients) == (("block",), (OUTSIDE,))
    assert world.store.tables.contacts == {}


async def test_letters_to_one_address_have_a_limit(world: MailWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.aftermath.MOST_NOTICES", 1)
    for _ in range(2):
        await world.take(mail(subject="Mijn eerste geheim"))
    rows = [row for row in await world.rows() if row.rcpt_to == "fg@example.nl"]
    assert len(rows) == 1


async def test_what_went_out_is_known_the_next_time(world: MailWorld) -> None:
    await world.take(mail(subject="Een eerste bericht"))
    assert len(await world.rows(DeliveryState.HELD)) == 1
    await world.take(mail())  # what waits was not written yet
    await world.take(mail(subject="Weer een eerste bericht"))
    assert len(await world.rows(DeliveryState.HELD)) == 1
    await world.take(mail(BSN), "kees@elders.example")
    await world.take(mail(subject="Een eerste bericht"), "kees@elders.example")
    assert len(await world.rows(DeliveryState.HELD)) == 1


async def test_what_is_kept_of_a_decision_holds_no_content(world: MailWorld) -> None:
    attachment = (
        b"--b\r\nContent-Type: text/plain\r\n\r\n" + BSN + b"\r\n--b\r\nContent-Type: text/csv\r\n"
        b'Content-Disposition: attachment; filename="lijst-van-piet.csv"\r\n\r\n' + BSN + b"\r\n--b--\r\n"
    )
    headers = ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', "X-Project: tulp"]
    await world.take(mail(attachment, subject="Uitslag Piet", headers=headers), OUTSIDE, INSIDE)
    [decision] = world.store.tables.decisions.values()
    assert decision.actions == ("seal", "relay")
    assert "bsn-leaves-sealed" in decision.policies
    facts = json.loads(decision.facts)
    assert ["nl.bsn", "attachment", 3, 1] in facts["findings"]
    assert facts["attachments"][0][0::2] == ["text/csv", "text"]
    for secret in ("111222333", "Uitslag", "lijst-van-piet", "tulp", "Anna"):
        assert secret not in repr(decision)
        assert secret not in repr(world.store.tables.contacts)
    assert all(b"elders" not in c.subject and b"anna" not in c.writer for c in world.store.tables.contacts.values())


async def test_nothing_is_kept_when_the_scan_fails(world: MailWorld) -> None:
    world.scanner.broken = True
    with pytest.raises(ScanFailed):
        await world.take(mail(BSN))
    assert await world.rows() == []
    assert not world.blobs.blobs


async def test_a_scan_by_other_rules_than_the_policies_mean_is_not_believed(
    world: MailWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.service.deciding.PAUSES", (0, 0))
    world.scanner.rules = rules.RuleSet.of([rule for rule in RULES.rules if rule.id != "nl.bsn"])
    with pytest.raises(ScanFailed):
        await world.take(mail(BSN))
    assert await world.rows() == []


async def test_our_own_mail_that_comes_round_is_not_decided_again(world: MailWorld) -> None:
    raw = mail(BSN)
    marked = b"X-Zegel-Transport: " + world.guard.token(raw, [OUTSIDE]).encode() + b"\r\n" + raw
    world.scanner.broken = True
    await world.take(marked)
    assert list(await world.mails()) == [OUTSIDE]


@pytest.mark.parametrize("recipient", ["piet@elders.example", INSIDE])
async def test_a_token_is_worth_nothing_for_other_recipients(world: MailWorld, recipient: str) -> None:
    raw = mail(BSN)
    marked = b"X-Zegel-Transport: " + world.guard.token(raw, [OUTSIDE]).encode() + b"\r\n" + raw
    await world.take(marked, recipient, OUTSIDE)
    assert OUTSIDE not in await world.mails()


async def test_a_token_is_worth_nothing_for_another_body(world: MailWorld) -> None:
    token = world.guard.token(mail(), [OUTSIDE]).encode()
    await world.take(b"X-Zegel-Transport: " + token + b"\r\n" + mail(BSN))
    assert await world.mails() == {}


async def test_a_token_is_worth_nothing_under_another_header(world: MailWorld) -> None:
    token = world.guard.token(mail(), [OUTSIDE]).encode()
    await world.take(b"X-Zegel-Transport: " + token + b"\r\nComments: BSN 111222333\r\n" + mail())
    assert await world.mails() == {}


async def test_tags_in_mail_from_outside_are_neither_obeyed_nor_stripped(world: MailWorld) -> None:
    await world.take(mail(subject="[secure] Hallo"), INSIDE, mail_from="piet@elders.example")
    assert b"Subject: [secure] Hallo\r\n" in (await world.mails())[INSIDE]


async def test_bcc_does_not_leave(world: MailWorld) -> None:
    await world.take(mail(headers=["Bcc: geheim@elders.example"]))
    assert b"bcc" not in (await world.mails())[OUTSIDE].lower()


async def test_another_organisations_account_gets_no_key(world: MailWorld) -> None:
    await world.take(mail(BSN))
    before = len(await world.rows())
    async with world.store.write() as tx:
        (account,) = await tx.accounts("example")
        moved = replace(account, id="other", organisation="other", address="carla@example.nl", aliases=())
        await tx.add_account(moved, [])
    with pytest.raises(Blocked):
        await world.take(mail(BSN).replace(b"anna@", b"carla@"), mail_from="carla@example.nl")
    assert len(await world.rows()) == before


async def test_a_first_contact_gets_one_account_only(world: MailWorld) -> None:
    await world.take(mail(BSN))
    await world.take(mail(BSN))
    async with world.store.read() as tx:
        (account,) = await tx.accounts("example")
    assert account.name == "Anna de Vries"
    assert account.activated_at is None
