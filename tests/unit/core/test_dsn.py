"""Reports say what happened, return headers only, and can't be given headers by anybody's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from gateway.core.dsn import Dsn, DsnAction, FailedRecipient, compose, wanted
from gateway.core.original import MOST_HEADER_BYTES, Original

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RAW = (
    b"From: Anna <anna@example.nl>\r\nSubject: hallo\r\n Jan\r\nBcc: geheim@x.example\r\n"
    b"X-Zegel-Transport: v1.aa\r\n folded\r\nMessage-ID: <1@example.nl>\r\n\r\nVertrouwelijk 111222333\r\n"
)
FACTS = Dsn(
    action=DsnAction.FAILED,
    to="anna@example.nl",
    recipients=(FailedRecipient("jan@out.example", "5.1.1", "550 5.1.1 no such person", "mx.out.example"),),
    original=Original.of(RAW),
    language="nl",
    subject="Niet bezorgd: café",
    explain="Uw bericht kon niet bezorgd worden aan:\n- jan@out.example\n",
    reporting_mta="gate.example.nl",
    organisation_name="Zegel – Voorbeeld, BV",
    organisation_domain="example.nl",
    arrived_at=NOW - timedelta(hours=1),
    now=NOW,
    message_id="aaaabbbbccccdddd",
)


def parsed(dsn: Dsn) -> EmailMessage:
    raw = compose(dsn)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_a_report_has_three_parts_that_machines_understand() -> None:
    report = parsed(FACTS)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    words, fields, headers = report.iter_parts()
    assert "kon niet bezorgd worden" in words.get_content()
    about, recipient = fields.get_payload()
    assert about["Reporting-MTA"] == "dns; gate.example.nl"
    assert [recipient[name] for name in ("Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code")] == [
        "rfc822; jan@out.example",
        "failed",
        "5.1.1",
        "dns; mx.out.example",
        "smtp; 550 5.1.1 no such person",
    ]
    assert headers.get_content_type() == "text/rfc822-headers"
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["Subject"] == "Niet bezorgd: café"


def test_nothing_of_the_content_goes_back_and_no_private_header() -> None:
    returned = list(parsed(FACTS).iter_parts())[2].get_content()
    assert "Subject: hallo\n Jan" in returned.replace("\r\n", "\n")
    for private in ("111222333", "geheim", "Transport", "folded"):
        assert private not in returned
        assert private.encode() not in compose(FACTS)


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: eva@evil.example", "x\nBcc: eva@evil.example\n\nbody", "x\x00\u2028Bcc: y"]
)
def test_nobodys_words_become_a_header(evil: str) -> None:
    dsn = replace(
        FACTS,
        to=f"anna{evil}@example.nl",
        subject=evil,
        organisation_name=evil,
        reporting_mta=evil,
        recipients=(FailedRecipient(evil, evil, evil, evil),),
    )
    report = parsed(dsn)
    assert report["Bcc"] is None
    _, fields, _ = report.iter_parts()
    blocks = fields.get_payload()
    assert len(blocks) == 2
    assert all(block["Bcc"] is None for block in blocks)
    assert blocks[1]["Status"] == "5.0.0"


def test_a_delayed_report_says_until_when() -> None:
    report = parsed(replace(FACTS, action=DsnAction.DELAYED, retry_until=NOW + timedelta(days=5)))
    recipient = next(iter(list(report.iter_parts())[1].get_payload()[1:]))
    assert recipient["Action"] == "delayed"
    assert recipient["Will-Retry-Until"] == "Sun, 29 Nov 2026 12:00:00 +0000"


def test_an_address_beyond_ascii_is_told_as_rfc_6533_says() -> None:
    report = parsed(replace(FACTS, to="jós@example.nl", recipients=(FailedRecipient("jós@out.example", "5.6.7"),)))
    assert list(report.iter_parts())[1].get_payload()[1]["Final-Recipient"] == "utf-8; j\\x{F3}s@out.example"


@pytest.mark.parametrize(
    ("mail_from", "header", "told"),
    [
        ("anna@example.nl", b"", True),
        ("", b"", False),
        ("anna@example.nl", b"Auto-Submitted: auto-replied; x=y\r\n", False),
        ("anna@example.nl", b"auto-submitted:  No\r\n", True),
    ],
)
def test_no_report_about_automatic_mail_or_to_nobody(mail_from: str, header: bytes, told: bool) -> None:
    assert wanted(mail_from, Original.of(header + RAW)) is told


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"no colon\r\n\r\n", b"From: @\r\n", b" x\r\n" * 9, b"From:" + b"a" * 99999]
)
def test_the_original_may_be_anything(raw: bytes) -> None:
    original = Original.of(raw)
    assert len(original.headers) <= MOST_HEADER_BYTES
    parsed(replace(FACTS, original=original))


@pytest.mark.parametrize(
    ("field", "domain"),
    [
        (b"Anna <anna@Example.NL>", "example.nl"),
        (b'"x@evil.example" <anna@example.nl>', "example.nl"),
        (b"anna@example.nl (Anna)", "example.nl"),
        (b"(" * 5000, ""),
        (b"a," * 50_000, ""),
        (b"Anna", ""),
    ],
)
def test_the_domain_to_sign_for_is_the_authors(field: bytes, domain: str) -> None:
    assert Original.of(b"From: " + field + b"\r\n\r\n").from_domain == domain
