"""Messages as clients send them and as attackers write them."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import Malformed
from gateway.core.file_name import clean_name
from gateway.core.limits import Limits
from gateway.core.message import Disposition, Message
from gateway.core.parse import parse, parse_whole

LIMITS = Limits()


def reasons(raw: bytes, limits: Limits = LIMITS) -> set[str]:
    return {item.reason for item in parse(raw, limits)[1]}


def shape(message: Message) -> list[tuple[str, str, str]]:
    return [(part.disposition.value, part.content_type, part.name) for part in message.parts]


def test_a_message_of_an_ordinary_client() -> None:
    mail = EmailMessage()
    mail["Subject"] = "Uitslag voor René"
    mail["From"] = '"Jansen, Anna" <anna@example.nl>'
    mail["To"] = "b@x.nl, C <c@x.nl>"
    mail.set_content("Hoi é\n")
    mail.add_alternative('<p>Hoi é <img src="cid:logo@x"></p>', subtype="html")
    mail.get_payload()[1].add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo@x>")  # type: ignore[union-attr]
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="rapport é.pdf")
    message, unscannable = parse(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")), LIMITS)
    assert unscannable == ()
    assert message.subject == "Uitslag voor René"
    assert message.from_ == (("Jansen, Anna", "anna@example.nl"),)
    assert [address for _, address in message.to] == ["b@x.nl", "c@x.nl"]
    assert shape(message) == [
        ("text", "text/plain", ""),
        ("html", "text/html", ""),
        ("inline", "image/png", "part-3.png"),
        ("attachment", "application/pdf", "rapport é.pdf"),
    ]
    assert message.parts[0].content.decode() == "Hoi é\r\n"
    assert [part.number for part in message.parts] == [1, 2, 3, 4]


def test_plain_and_html_that_are_no_alternatives_do_not_hide_each_other() -> None:
    raw = multipart("mixed", b"\r\nfirst", b"Content-Type: text/html\r\n\r\n<p>second")
    assert shape(parse(raw, LIMITS)[0]) == [("text", "text/plain", ""), ("attachment", "text/html", "part-2.html")]


def test_an_attached_message_keeps_its_bytes() -> None:
    inner = b"Subject: =?utf-8?q?a/b?=\r\n\r\nhello\r\n"
    raw = multipart("mixed", b"\r\nx", b"Content-Type: message/rfc822\r\n\r\n" + inner)
    part = parse(raw, LIMITS)[0].parts[1]
    assert (part.name, part.content) == ("a-b.eml", inner)


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
def test_signed_and_encrypted_messages_are_kept_whole_without_the_senders_wishes(kind: str) -> None:
    raw = b"Bcc: secret@x.nl\r\nX-Zegel-Verify: a@b sms +31612345678\r\n" + multipart(kind, b"\r\nx", b"\r\ny")
    parsed = parse_whole(raw, LIMITS)
    original = parsed.message.parts[-1]
    assert (original.name, original.number) == ("original.eml", parsed.original)
    assert b"secret@" not in original.content
    assert b"+316" not in original.content
    assert original.content.endswith(b"--b--\r\n")
    assert ("encrypted" in {item.reason for item in parsed.unscannable}) is (kind == "encrypted")


def test_opaque_s_mime_counts_as_encrypted() -> None:
    raw = b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nMAAA\r\n"
    message, unscannable = parse(raw, LIMITS)
    assert [item.reason for item in unscannable] == ["encrypted"]
    assert [part.name for part in message.parts] == ["smime.p7m", "original.eml"]


def multipart(kind: str, *parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind.encode() + b"; boundary=b\r\n\r\n" + body + end


AMBIGUOUS = {
    "two content types": (b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx", "duplicate-header"),
    "two encodings": (
        b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\neA==",
        "duplicate-header",
    ),
    "two MIME versions": (b"MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n\r\nx", "duplicate-header"),
    "two boundaries": (
        b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--a--",
        "boundary",
    ),
    "a boundary in pieces": (b"Content-Type: multipart/mixed; boundary*0=a\r\n\r\n--a\r\n\r\nx\r\n--a--", "boundary"),
    "no boundary": (b"Content-Type: multipart/mixed\r\n\r\n--a\r\n\r\nx\r\n--a--", "boundary"),
    "a boundary with a tail": (multipart("mixed", b"\r\nx\r\n--bc\r\n\r\ny"), "boundary"),
    "more after the end": (multipart("mixed", b"\r\nx", end=b"--b--\r\n--b\r\n\r\ny\r\n--b--\r\n"), "boundary"),
    "no end": (multipart("mixed", b"\r\nx", end=b""), "unterminated"),
    "a nested part with the same boundary": (
        multipart("mixed", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx"),
        "boundary",
    ),
    "no base64": (b"Content-Transfer-Encoding: base64\r\n\r\nQl!NO\r\n", "base64"),
    "base64 after its padding": (b"Content-Transfer-Encoding: base64\r\n\r\nQg==Q1NO\r\n", "base64"),
    "broken quoted-printable": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=zz\r\n", "quoted-printable"),
    "an unknown encoding": (b"Content-Transfer-Encoding: rot13\r\n\r\nx", "encoding"),
    "an encoded multipart": (b"Content-Transfer-Encoding: base64\r\n" + multipart("mixed", b"\r\nx"), "encoding"),
    "a lying charset": (b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xff\xfe\xfd", "charset"),
    "an unknown charset": (b"Content-Type: text/plain; charset=klingon\r\n\r\nx", "charset"),
    "UTF-7": (b"Content-Type: text/plain; charset=utf-7\r\n\r\nx", "charset"),
    "ASCII that says UTF-16": (b"Content-Type: text/plain; charset=utf-16le\r\n\r\nBSN 12", "charset"),
    "NUL": (b"Subject: x\r\n\r\nBS\0N", "nul"),
    "a bare CR": (b"Subject: x\r\n\r\na\rb", "line-end"),
    "a line amid the header": (b"Subject: x\r\nno header\r\nTo: y\r\n\r\nbody", "header-line"),
    "a type that is none": (b"Content-Type: html\r\n\r\nx", "content-type"),
    "an open quote": (b'Content-Type: text/plain; name="x\r\n\r\nx', "parameter"),
    "message/partial": (multipart("mixed", b"Content-Type: message/partial\r\n\r\nx"), "partial"),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_clients_read_differently_counts_as_unscannable(name: str) -> None:
    raw, reason = AMBIGUOUS[name]
    assert f"ambiguous:{reason}" in reasons(raw)


def test_the_clear_counterparts_are_not_ambiguous() -> None:
    assert (
        reasons(
            multipart("mixed", b"\r\nx", b"Content-Type: multipart/mixed; boundary=bc\r\n\r\n--bc\r\n\r\ny\r\n--bc--")
        )
        == set()
    )
    assert reasons(b"Content-Type: text/plain\r\n\r\nplain UTF-8 without a charset: \xc3\xa9") == set()
    assert reasons(b"Content-Type: text/plain; charset=us-ascii\r\n\r\nold Latin \xe9") == set()
    assert reasons(b"Content-Transfer-Encoding: BASE64\r\n\r\n" + base64.encodebytes(b"x" * 500)) == set()


def test_limits() -> None:
    many = multipart("mixed", *[b"\r\nx"] * 20)
    assert "limit:parts" in reasons(many, Limits(parts=10))
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(40))
    assert "limit:depth" in reasons(deep, Limits())
    assert "limit:headers" in reasons(b"A: b\r\n" * 2000 + b"\r\nx")
    assert "limit:headers" in reasons(b"A: " + b"b" * 300_000 + b"\r\n\r\nx")
    assert reasons(many) == set()


def test_text_that_no_client_shows_is_kept_for_the_scan() -> None:
    raw = multipart("mixed", b"\r\nx", end=b"--b--\r\nafter\r\n").replace(b"\r\n\r\n--b", b"\r\n\r\nbefore\r\n--b", 1)
    assert [text.strip() for text in parse_whole(raw, LIMITS).hidden] == ["before", "after"]


def test_what_is_no_message_is_malformed() -> None:
    for raw in (b"", b"\r\n", b"no colon here\r\n\r\nx"):
        with pytest.raises(Malformed):
            parse(raw, LIMITS)


def test_automatic_mail_is_known() -> None:
    assert parse(b"Auto-Submitted: auto-replied\r\n\r\nx", LIMITS)[0].auto_submitted
    assert parse(b"List-Id: <x>\r\n\r\nx", LIMITS)[0].auto_submitted
    assert not parse(b"Auto-Submitted: no\r\n\r\nx", LIMITS)[0].auto_submitted


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.doc", "a.doc"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("con.txt", "_con.txt"),
        (' .."<x>" ', "__x__"),
        ("...", ""),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_names_of_files_are_cleaned(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    "field",
    [
        b'attachment; filename="=?utf-8?B?w6kudHh0?="',
        b"attachment; filename*=utf-8''%C3%A9.txt",
        b"attachment; filename*0*=utf-8''%C3; filename*1*=%A9; filename*2=.txt",
        b"attachment; filename=\"e.txt\"; filename*=utf-8''%C3%A9.txt",
    ],
)
def test_every_way_to_write_a_file_name(field: bytes) -> None:
    raw = multipart("mixed", b"\r\nx", b"Content-Disposition: " + field + b"\r\n\r\ny")
    message, unscannable = parse(raw, LIMITS)
    assert message.parts[1].name == "é.txt"
    assert unscannable == ()


PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--b",
        b"--b--",
        b"--",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/alternative; boundary=c\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/html; charset=",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Disposition: attachment; filename*99999999999999999999*=x''%",
        b"Subject: =?utf-8?b?",
        b"?= =?x?q?=ZZ?=",
        b"From: (((",
        b" folded",
        b"\0",
        b"=",
        b'"',
        b";",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=40).map(b"".join))
def test_nothing_but_malformed_is_ever_raised(raw: bytes) -> None:
    try:
        message, _ = parse(raw, Limits(depth=5, parts=20))
    except Malformed:
        return
    assert [part.number for part in message.parts] == list(range(1, len(message.parts) + 1))
    assert all(
        part.name == clean_name(part.name) for part in message.parts if part.disposition is Disposition.ATTACHMENT
    )
    for part in message.parts:
        if part.disposition in (Disposition.TEXT, Disposition.HTML):
            part.content.decode("utf-8")


@pytest.mark.parametrize("kind", ["text/plain", "message/rfc822"])
def test_an_ending_that_is_added_makes_no_name_too_long(kind: str) -> None:
    raw = f"Content-Type: {kind}\r\nContent-Disposition: attachment; filename={'a' * 150}\r\n\r\nSubject: x\r\n\r\nx".encode()
    names = [part.name for part in parse(raw, Limits())[0].parts]
    assert names == [clean_name(name) for name in names]
    assert names[0].endswith((".txt", ".eml"))
