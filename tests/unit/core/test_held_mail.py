"""Held mail comes back with the very facts of its session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.envelope import Envelope, Session
from gateway.core.held_mail import HeldMail

text = st.text(max_size=30)
sessions = st.builds(
    Session,
    peer=text,
    helo=text,
    tls=st.booleans(),
    account=st.none() | text,
    trusted=st.booleans(),
    proxied=st.booleans(),
)
envelopes = st.builds(
    Envelope,
    organisation=text,
    mail_from=text,
    rcpt_tos=st.lists(text, max_size=4).map(tuple),
    session=sessions,
    smtputf8=st.booleans(),
)


@given(envelopes, st.binary(max_size=500), st.booleans())
def test_nothing_is_lost(envelope: Envelope, raw: bytes, sealed: bool) -> None:
    mail = HeldMail(envelope, raw, sealed)
    assert HeldMail.from_bytes(mail.to_bytes()) == mail


def test_another_version_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="version"):
        HeldMail.from_bytes(b'\0\0\0\x07{"v":9}raw')
