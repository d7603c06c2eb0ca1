"""Never an open relay: who may send, from where, to whom; and whose From it must be."""

from __future__ import annotations

import pytest

from gateway.adapters.smtp_headers import check_authors, check_hops, header_block
from gateway.adapters.smtp_relay import MailTransaction, organisation_of_recipient, organisation_of_sender
from gateway.adapters.smtp_reply import Refusal
from gateway.core.errors import LoopDetected, Malformed, NotAllowed
from gateway.core.organisation import Organisations
from tests.unit.adapters.smtp_lab import ACCOUNTS, ORGANISATIONS

ONE = Organisations(ORGANISATIONS.all[:1])
NULL, OWN, ALIAS, COLLEAGUE, TENANT, OUTSIDE = (
    "",
    "anna@example.nl",
    "info@example.nl",
    "bram@example.nl",
    "x@twee.example",
    "x@elsewhere.example",
)


def verdict(organisations: Organisations, who: str, whence: str, *to: str) -> str:
    """The organisation, or the code of the refusal."""
    account = ACCOUNTS[OWN] if who == "account" else None
    try:
        found = organisation_of_sender(organisations, whence, account=account, trusted=who == "trusted")
        mail = MailTransaction(whence, found, outbound=bool(found))
        for address in to:
            mail.organisation = organisation_of_recipient(organisations, mail, address)
            mail.rcpt_tos.append(address)
    except Refusal as refusal:
        return f"{refusal.reply.code} {refusal.reply.status}"
    return mail.organisation


@pytest.mark.parametrize("whence", [NULL, OWN, ALIAS, COLLEAGUE, TENANT, OUTSIDE])
@pytest.mark.parametrize("to", [OWN, TENANT, OUTSIDE])
@pytest.mark.parametrize("organisations", [ONE, ORGANISATIONS], ids=["one", "two"])
def test_a_stranger_sends_nothing(organisations: Organisations, whence: str, to: str) -> None:
    assert verdict(organisations, "stranger", whence, to) == "530 5.7.0"


@pytest.mark.parametrize("to", [OWN, COLLEAGUE, TENANT, OUTSIDE])
@pytest.mark.parametrize(
    ("whence", "expected"),
    [
        (OWN, "een"),
        ("ANNA@EXAMPLE.NL", "een"),
        (ALIAS, "een"),
        (NULL, "553 5.7.1"),
        (COLLEAGUE, "553 5.7.1"),
        (TENANT, "553 5.7.1"),
        (OUTSIDE, "553 5.7.1"),
        ("anna+x@example.nl", "553 5.7.1"),
    ],
)
def test_an_account_sends_from_its_own_addresses_to_anybody(whence: str, expected: str, to: str) -> None:
    assert verdict(ORGANISATIONS, "account", whence, to) == expected


@pytest.mark.parametrize(
    ("whence", "to", "expected"),
    [
        (OWN, (OUTSIDE,), "een"),
        (OWN, (TENANT,), "een"),
        (OWN, (COLLEAGUE, OUTSIDE, TENANT), "een"),
        (TENANT, (OUTSIDE, OWN), "twee"),
        (OUTSIDE, (OUTSIDE,), "550 5.7.1"),
        (OUTSIDE, (OWN,), "een"),
        (OUTSIDE, (TENANT,), "twee"),
        (OUTSIDE, (OWN, COLLEAGUE), "een"),
        (OUTSIDE, (OWN, OUTSIDE), "550 5.7.1"),
        (OUTSIDE, (OWN, TENANT), "452 4.5.3"),
        (NULL, (OWN,), "een"),
        (NULL, (OUTSIDE,), "550 5.7.1"),
        (NULL, (OWN, OUTSIDE), "550 5.7.1"),
        (NULL, (OWN, TENANT), "452 4.5.3"),
        (OUTSIDE, ("a%elsewhere.example@example.nl",), "550 5.7.1"),
        (OWN, ("a%elsewhere.example@example.nl",), "een"),
    ],
)
def test_a_trusted_peer_sends_outwards_from_inside_and_inwards_from_anywhere(
    whence: str, to: tuple[str, ...], expected: str
) -> None:
    assert verdict(ORGANISATIONS, "trusted", whence, *to) == expected


@pytest.mark.parametrize(
    ("to", "expected"), [((OUTSIDE,), "een"), ((OWN, OUTSIDE), "een"), ((OUTSIDE, OWN), "een"), ((TENANT,), "een")]
)
def test_reports_go_out_while_there_is_one_organisation(to: tuple[str, ...], expected: str) -> None:
    assert verdict(ONE, "trusted", NULL, *to) == expected
    assert verdict(ONE, "trusted", OUTSIDE, *to) == ("550 5.7.1")


OWN_ADDRESSES = {"anna@example.nl", "info@example.nl"}


@pytest.mark.parametrize(
    "value",
    [
        "anna@example.nl",
        "<anna@example.nl>",
        "Anna <Anna@Example.nl>",
        '"Jansen, Anna (zorg)" <anna@example.nl>',
        '"boss@example.nl" <anna@example.nl>',
        "Anna @ work <anna@example.nl>",
        "=?utf-8?q?Ann=C3=A1?= <info@example.nl>",
        "Anná <anna@example.nl>",
        "anna@example.nl, Info\r\n <info@example.nl>",
        "anna@example.nl (boss@example.nl)",
        r'"a\" b" <anna@example.nl>',
    ],
)
def test_an_author_of_ones_own_is_allowed(value: str) -> None:
    check_authors(f"Subject: x\r\nFrom: {value}\r\nTo: y@z.example\r\n".encode(), OWN_ADDRESSES)


@pytest.mark.parametrize(
    "value",
    [
        "boss@example.nl",
        "anna@example.nl <boss@example.nl>",
        "boss@example.nl <anna@example.nl>",
        "anna@example.nl, boss@example.nl",
        "anna@example.nl,\r\n boss@example.nl",
        "anna@example.nl; boss@example.nl",
        "x: boss@example.nl;",
        "<@example.nl,@x.example:boss@example.nl>",
        '(" ) <boss@example.nl> (" ) anna@example.nl',
        '" <anna@example.nl> <boss@example.nl>',
        "Anna",
        "",
        '"anna@example.nl"',
        "(anna@example.nl)",
        "anna@example.nl@example.org",
        "anna@example.nl.evil.example",
    ],
)
def test_a_foreign_author_is_refused(value: str) -> None:
    with pytest.raises(NotAllowed):
        check_authors(f"Subject: x\r\nFrom: {value}\r\nTo: y@z.example\r\n".encode(), OWN_ADDRESSES)


@pytest.mark.parametrize(
    "block",
    [
        b"Subject: x\r\n",
        b"From: anna@example.nl\r\nfrom: boss@example.nl\r\n",
        b"From: anna@example.nl\r\nFROM : anna@example.nl\r\n",
        b"From: \xff <anna@example.nl>\r\n",
        b"From: anna@example.nl" + b" " * 5000 + b"\r\n",
        b"From: anna@example.nl" + b"\r\n x" * 1_000_000 + b"\r\n",
        b"From:\r\n" * 1_000_000,
    ],
    ids=["none", "two", "twice", "octets", "long", "folded", "many"],
)
def test_an_unclear_author_is_refused(block: bytes) -> None:
    with pytest.raises(Malformed):
        check_authors(block, OWN_ADDRESSES)


def test_only_the_header_block_counts() -> None:
    assert header_block(b"a: b\r\n\r\nFrom: x\r\n\r\n") == b"a: b\r\n"
    assert header_block(b"\r\nFrom: x\r\n") == b""
    assert header_block(b"a: b\r\n") == b"a: b\r\n"
    assert header_block(b"") == b""


def test_hops_are_counted_by_field() -> None:
    block = b"Received: a\r\n Received: folded\r\nRECEIVED : b\r\nX-Received: c\r\n"
    check_hops(block, 2)
    with pytest.raises(LoopDetected):
        check_hops(block, 1)
