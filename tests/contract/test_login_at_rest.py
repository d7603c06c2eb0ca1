"""Signing in on a real file: what people type and hold stands nowhere, and what is stored opens nothing by itself."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.adapters.migrate import upgrade
from gateway.adapters.store import SqlStore
from gateway.core.errors import CannotOpen
from gateway.core.login import Arrived, NeedsSecond
from gateway.core.login_records import Factor, FactorKind, Stage
from gateway.core.organisation import Organisations, SecondFactor
from gateway.service.second_factors import wrap_kind
from gateway.vault.server_key import SymmetricServerKey
from tests.unit.service.lab import CLIENT, SENDER, Lab, app_digits

PASSWORD, OTHER = "appeltaart met room", "vier paarse olifanten"
PHONE, SUBJECT = "+31687654321", "Kwartaaluitslag-Xylofoon"
PRF = bytes(range(7, 39))


async def test_nothing_of_signing_in_is_readable_at_rest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/zegel.db"
    upgrade(url)
    lab = Lab()
    store = SqlStore(url)
    lab.store = store  # type: ignore[assignment]
    lab.organisation = replace(lab.organisation, second_factor=SecondFactor.OPTIONAL, admins=("beheer@example.nl",))
    lab.organisations = Organisations((lab.organisation,))
    lab.build()
    try:
        secrets = await _live(lab)
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    finally:
        await store.close()
    assert SENDER.encode() in content  # the search finds what is there
    for name, secret in secrets.items():
        for spelling in (secret, secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
            assert spelling.rstrip(b"=") not in content, name
    assert base64.b32encode(secrets["app"]).rstrip(b"=") not in content


async def _live(lab: Lab) -> dict[str, bytes]:
    """All that a person does; the secrets that were in play."""
    login = lab.login
    account = await lab.accounts.create(organisation=lab.organisation, address=SENDER, name="Anna", password=PASSWORD)
    await lab.seal(subject=SUBJECT)
    step = await login.sign_in.with_password(SENDER, PASSWORD, CLIENT)
    assert isinstance(step, Arrived)
    signed_in = await login.sessions.enter(step.ticket, (Stage.OPEN,), CLIENT)
    new = login.factors.new_app(signed_in)
    app = login.factors._shown(signed_in, new.sealed)
    await login.factors.add_app(signed_in, new.sealed, app_digits(app, lab.now))
    await login.factors.send_phone(signed_in, PHONE, CLIENT)
    digits = lab.sms.sent[-1][1][:6].encode()
    await login.factors.add_phone(signed_in, PHONE, digits.decode())
    wrapped = lab.vault.wrap_private_by_secret(PRF, signed_in.private, account.id, wrap_kind("pk"))
    async with lab.store.write() as tx:
        await tx.add_factor(Factor("pk", account.id, FactorKind.PASSKEY, "Laptop", lab.now, b"x", b"id", wrapped))
    half = await login.sign_in.with_password(SENDER, PASSWORD, CLIENT)
    assert isinstance(half, NeedsSecond)
    lab.later(seconds=30)
    second = await login.sessions.enter(half.ticket, (Stage.SECOND,), CLIENT)
    whole = await login.second.by_app(second, app_digits(app, lab.now), CLIENT, None, remember=True)
    assert whole.device is not None
    here = await login.sessions.enter(whole.ticket, (Stage.OPEN,), CLIENT)
    assert [item.subject for item in (await login.sent.page(here)).items] == [SUBJECT]
    await login.profile.change_password(here, PASSWORD, OTHER, CLIENT)
    await login.recovery.ask(SENDER, CLIENT)
    await login.recovery.recover(SENDER, lab.recovery_private, "operator:x", drop_factors=False)
    [order] = await lab.orders("recovery")
    await _nothing_opens_alone(lab, account.id, whole.ticket.wrapped)
    return {
        "password": PASSWORD.encode(),
        "new password": OTHER.encode(),
        "subject": SUBJECT.encode(),
        "phone": PHONE.encode(),
        "phone without plus": PHONE[1:].encode(),
        "app": app,
        "prf": PRF,
        "private key": signed_in.private[2:],
        "device": whole.device.secret,
        "recovery code": order.code,
        "cookie": whole.ticket.wrapped,
    }


async def _nothing_opens_alone(lab: Lab, account_id: str, wrapped: bytes) -> None:
    """A thief of the database, with any other server key: no factor opens; and no share that is there fits an old cookie."""
    thief = SymmetricServerKey(b"t" * 32)
    async with lab.store.read() as tx:
        factors, sessions = await tx.factors(account_id), await tx.sessions(account_id)
    assert factors
    for factor in factors:
        with pytest.raises(CannotOpen):
            thief.open(factor.sealed, f"factor:{factor.id}")
    assert sessions
    for session in sessions:
        with pytest.raises(CannotOpen):
            lab.vault.unwrap_private_in_session(session.share, wrapped, account_id, session.id)
