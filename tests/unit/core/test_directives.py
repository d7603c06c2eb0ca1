"""What a sender asks for, how it is read, and that nothing of it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import directives, wishes
from gateway.core.directives import Directives, Verification, VerificationKind
from gateway.core.encoded_words import decode_words
from gateway.core.envelope import Envelope, Session
from gateway.core.header_edit import add_headers, header_values, prefix_subject, received_line, remove_headers
from gateway.core.limits import Limits
from gateway.core.parse import parse

ACCOUNT = Session(peer="192.0.2.1", helo="pc", tls=True, account="abc")
STRANGER = Session(peer="192.0.2.1", helo="pc", tls=True)


def read(header: bytes, session: Session = ACCOUNT, rcpt: str = "b@x.nl", language: str = "en") -> Directives:
    message, _ = parse(header + b"\r\n\r\nbody", Limits())
    return directives.read(message, Envelope("o", "a@example.nl", (rcpt,), session), language)


SUBJECTS = [
    ("[veilig] Uitslag", "Uitslag", Directives(seal=True)),
    ("Uitslag [SECURE]", "Uitslag", Directives(seal=True)),
    ("Re: [veilig] Fwd: Uitslag", "Re: Fwd: Uitslag", Directives(seal=True)),
    ("[vertrouwelijk] Antw: x (secure)", "Antw: x", Directives(seal=True)),
    ("{secure} x", "x", Directives(seal=True)),
    ("x [gewoon]", "x", Directives(plain=True)),
    ("[plain] [encrypt] x", "x", Directives(seal=True)),
    ("x [sms:06-12345678]", "x", Directives(verification=Verification(VerificationKind.SMS, phone="+31612345678"))),
    ("[wachtwoord: Ab 1] x", "x", Directives(verification=Verification(VerificationKind.PASSWORD, password="Ab 1"))),
    ("[verloopt:30d] x [veilig]", "x", Directives(seal=True, expires=timedelta(days=30))),
    ("[confidential]", "", Directives(seal=True)),
    ("over [veilig] werken", "over [veilig] werken", Directives()),
    ("Re: gewoon  iets", "Re: gewoon  iets", Directives()),
]


@pytest.mark.parametrize(("subject", "cleaned", "wanted"), SUBJECTS)
def test_subject_tags(subject: str, cleaned: str, wanted: Directives) -> None:
    assert read(b"Subject: " + subject.encode()) == wanted
    assert directives.clean_subject(subject) == cleaned


HEADERS = [
    (b"X-Zegel: seal", Directives(seal=True)),
    (b"x-zegel: PLAIN", Directives(plain=True)),
    (b"Sensitivity: Company-Confidential", Directives(seal=True)),
    (b"Sensitivity: private", Directives(seal=True)),
    (b"Sensitivity: personal", Directives()),
    (b"x-smenc: yes", Directives(seal=True)),
    (b"X-Zegel-Expires: P4W", Directives(expires=timedelta(weeks=4))),
    (b"zivver-message-expiration: delete P30D", Directives(expires=timedelta(days=30))),
    (b"zivver-minimum-recipient-verification: sms", Directives(least=VerificationKind.SMS)),
    (b"Disposition-Notification-To: a@example.nl", Directives(receipt=True)),
    (
        b"X-Zegel-Verify: <B@x.nl> sms\r\n +31 6 1234 5678",
        Directives(per_recipient={"b@x.nl": Verification(VerificationKind.SMS, phone="+31612345678")}),
    ),
    (
        b"zivver-access-right: b@x.nl sms 0031612345678\r\nX-Zegel-Verify: c@x.nl password two words",
        Directives(
            per_recipient={
                "b@x.nl": Verification(VerificationKind.SMS, phone="+31612345678"),
                "c@x.nl": Verification(VerificationKind.PASSWORD, password="two words"),
            }
        ),
    ),
]


@pytest.mark.parametrize(("header", "wanted"), HEADERS)
def test_headers(header: bytes, wanted: Directives) -> None:
    assert read(header) == wanted


def test_a_plus_address_asks_to_seal() -> None:
    assert read(b"Subject: x", rcpt="jan+veilig@x.nl").seal
    assert directives.strip_plus("jan+nieuws+SECURE@x.nl") == ("jan+nieuws@x.nl", True)
    assert directives.strip_plus("jan+nieuws@x.nl") == ("jan+nieuws@x.nl", False)


def test_strangers_ask_for_nothing_but_trusted_networks_may() -> None:
    header = b"Subject: [plain] x\r\nX-Zegel: seal\r\nX-Zegel-Verify: rubbish"
    assert read(header, STRANGER) == Directives()
    assert read(b"X-Zegel: seal", Session(peer="192.0.2.1", helo="mx", tls=False, trusted=True)).seal


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"Subject: [sms:12] x", "phone"),
        (b"Subject: [verloopt:ooit] x", "expires"),
        (b"Subject: x [wachtwoord:geheim", "secret"),
        (b"Subject: a [sms:0612345678] b", "secret"),
        (b"X-Zegel: maybe", "zegel"),
        (b"X-Zegel-Verify: b@x.nl", "verify"),
        (b"X-Zegel-Verify: b@x.nl account", "verify"),
        (b"zivver-minimum-recipient-verification: account", "least"),
        (b"X-Zegel-Verify: b@x.nl sms 0612345678\r\nX-Zegel-Verify: b@x.nl password x", "twice"),
    ],
)
def test_what_is_not_understood_is_told_without_repeating_it(header: bytes, key: str) -> None:
    for language in ("nl", "en"):
        mistakes = read(header, language=language).mistakes
        assert mistakes == (wishes.sentence(key, language),)
        assert mistakes[0].isascii()
    assert "geheim" not in repr(read(header))


def test_stripping_touches_nothing_else() -> None:
    raw = (
        b"Received: from x\r\n\tby y\r\n"
        b"X-Zegel-Verify: b@x.nl\r\n sms +31612345678\r\n"
        b"Subject: =?utf-8?q?=5Bveilig=5D_?= =?utf-8?q?h=C3=A9?=\r\n"
        b"Thread-Topic: [wachtwoord:geheim] h\r\n"
        b"zivver-access-right: x\r\nX-SMENC: yes\r\nX-Zegel-Transport: t\r\n"
        b"X-Odd :  kept \r\nSensitivity: private\r\n"
        b"\r\nX-Zegel: seal\r\nSubject: [veilig] body\r\n"
    )
    stripped = directives.strip_headers(raw)
    assert stripped == (
        b"Received: from x\r\n\tby y\r\n"
        b"Subject: =?utf-8?b?aMOp?=\r\n"
        b"Thread-Topic: h\r\n"
        b"X-Odd :  kept \r\nSensitivity: private\r\n"
        b"\r\nX-Zegel: seal\r\nSubject: [veilig] body\r\n"
    )
    assert directives.strip_headers(stripped) is stripped


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_the_body_stays_octet_for_octet(head: bytes, body: bytes) -> None:
    block = head.replace(b"\n", b"") + b"\r\nX-Zegel: seal\r\nSubject: [veilig] \xc3\xa9\r\n"
    stripped = directives.strip_headers(block + b"\r\n" + body)
    assert stripped.endswith(b"\r\n\r\n" + body)
    assert header_values(stripped, "x-zegel") == []


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_subjects_of_any_text(text: str) -> None:
    once = directives.clean_subject(text)
    assert once == text or len(once) < len(text)
    decode_words(text)


def test_header_surgery() -> None:
    raw = b"Subject: =?utf-8?q?h=C3=A9?=\r\nBcc: x\r\n y\r\n\r\nbody"
    assert remove_headers(raw, ("BCC",)) == b"Subject: =?utf-8?q?h=C3=A9?=\r\n\r\nbody"
    prefixed = prefix_subject(raw, "[EXT]")
    assert decode_words(header_values(prefixed, "subject")[0]) == "[EXT] hé"
    assert prefix_subject(prefixed, "[EXT]") == prefixed
    assert prefix_subject(b"\r\nbody", "[EXT]") == b"Subject: [EXT]\r\n\r\nbody"
    assert add_headers(raw, ("X-A", "1"), ("X-B", "2")).startswith(b"X-A: 1\r\nX-B: 2\r\nSubject")
    for name, value in (("X A", "1"), ("X-A", "1\r\nBcc: z"), ("X-A", "\0")):
        with pytest.raises(ValueError, match="header"):
            add_headers(raw, (name, value))


def test_a_received_line_names_the_protocol_and_no_account() -> None:
    session = Session(peer="2001:db8::1", helo="pc\r\nX: y", tls=True, account="abc")
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    line = received_line(session=session, hostname="mx.example.nl", trace="id1", smtputf8=False, at=at)
    assert line == (
        "from pc??X:?y ([IPv6:2001:db8::1]) by mx.example.nl (Zegel) with ESMTPSA id id1; Fri, 02 Jan 2026 03:04:05 +0000"
    )
    add_headers(b"", ("Received", line))


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"Subject: [sms] x", VerificationKind.SMS),
        (b"Subject: x [SMS:]", VerificationKind.SMS),
        (b"Subject: [wachtwoord] x", VerificationKind.PASSWORD),
        (b"X-Zegel-Verify: sms", VerificationKind.SMS),
    ],
)
def test_a_verification_without_its_means_is_a_wish_to_add_them_later(header: bytes, kind: VerificationKind) -> None:
    wishes = read(header)
    assert wishes.mistakes == ()
    assert wishes.verification == Verification(kind)
