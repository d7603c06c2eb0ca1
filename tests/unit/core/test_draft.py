"""A draft written out: what a reader of the message finds in it, and that nothing in it becomes anything else."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.draft import (
    Draft,
    DraftFile,
    Places,
    compose,
    is_address,
    is_client_header,
    subject_line,
    text_lines,
)
from gateway.core.limits import Limits
from gateway.core.message import Disposition
from gateway.core.parse import parse_whole

BOUNDARY = "=_0123456789abcdef"
ANNA, JAN = "anna@example.nl", "jan@elders.example"
HOSTILE = st.text(st.characters(codec=None) | st.sampled_from('\r\n\0:"\\;=?<>,()\u202e\ud800 \t-'), max_size=60)


def test_a_message_with_everything() -> None:
    files = (
        DraftFile("brief één.pdf", "application/pdf", bytes(range(256)) * 10),
        DraftFile("gesprek.eml", "message/rfc822", b"Subject: x\nFrom: a@b.example\n\nhallo\n"),
    )
    draft = Draft(
        ANNA, (JAN,), ("kees@elders.example",), ("bram@example.nl", JAN), "Uitslag é", "tekst\n", "<p>x</p>", (), files
    )
    raw = compose(draft, BOUNDARY)
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert (read["From"], read["To"], read["Cc"], read["Bcc"]) == (ANNA, JAN, "kees@elders.example", None)
    assert read["Subject"] == "Uitslag é"
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
        "message/rfc822",
        "text/plain",
    ]
    assert [part.get_filename() for part in read.iter_attachments()] == ["brief één.pdf", "gesprek.eml"]
    assert next(iter(read.iter_attachments())).get_content() == files[0].content
    assert draft.recipients == (JAN, "kees@elders.example", "bram@example.nl")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    ("text", "html", "kinds"),
    [
        (None, None, [Disposition.TEXT]),
        ("a", None, [Disposition.TEXT]),
        (None, "a", [Disposition.HTML]),
        ("", "a", [Disposition.TEXT, Disposition.HTML]),
    ],
)
def test_bodies(text: str | None, html: str | None, kinds: list[Disposition]) -> None:
    for files in ((), (DraftFile("a.txt", "text/plain", b"x"),)):
        parsed = parse_whole(compose(Draft(ANNA, (JAN,), text=text, html=html, files=files), BOUNDARY), Limits())
        assert [part.disposition for part in parsed.message.parts] == kinds + [Disposition.ATTACHMENT] * len(files)
        assert parsed.unscannable == ()


def test_display_names() -> None:
    names = ((JAN, 'Jan, "de" Jansen'), ("bram@example.nl", "Bram é"), (ANNA, "Anna"))
    message = parse_whole(compose(Draft(ANNA, (JAN,), ("bram@example.nl",), names=names), BOUNDARY), Limits()).message
    assert message.from_ == (("Anna", ANNA),)
    assert message.to == (('Jan, "de" Jansen', JAN),)
    assert message.cc == (("Bram é", "bram@example.nl"),)


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, st.binary(max_size=200))
def test_nothing_becomes_a_header_or_a_part(subject: str, text: str, name: str, kind: str, content: bytes) -> None:
    file, names = DraftFile(name, kind, content), ((ANNA, name), (JAN, subject))
    headers = (("X-Zegel", "seal"),)
    raw = compose(Draft(ANNA, (JAN,), (), (), subject, text, text, headers, (file, file), names), BOUNDARY)
    parsed = parse_whole(raw, Limits())
    message = parsed.message
    names = [name for name, _ in message.headers]
    assert sorted(names) == ["Content-Type", "From", "MIME-Version", "Subject", "To", "X-Zegel"]
    assert message.subject.strip() == subject_line(subject).strip()
    assert [address for _, address in (*message.from_, *message.to)] == [ANNA, JAN]
    bodies, files = message.parts[:2], message.parts[2:4]
    assert [part.content.decode() for part in bodies] == [text_lines(text)] * 2
    if not kind.lower().startswith("message/"):
        assert [part.content for part in files] == [content] * 2
    assert len(message.parts) == 4 or "\0" in text


@settings(deadline=None)
@given(st.text(st.sampled_from("\r\nab"), max_size=20))
def test_every_place_finds_its_way_back(text: str) -> None:
    lines, places = text_lines(text), Places(text)
    for place, character in enumerate(text_lines(text)[: -2 or None]):
        if character not in "\r\n":
            assert text[places.original(place)] == character
    assert places.original(len(lines) - 2) == len(text)


@pytest.mark.parametrize(
    "text",
    [JAN, "o'neill+veilig@sub.voorbeeld.example", "jan_1@a", "één@voorbeeld.example", "a.b@xn--bcher-kva.example"],
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "jan", "@elders.example", "jan@", "a b@c.example", "<jan@elders.example>", "jan@elders.example\r\nX: y"),
        *("a@b@c", "a..b@c.example", "a@[192.0.2.1]", "a@b.example,c@d.example", '"a"@b.example', "a@b\0"),
        *("a" * 65 + "@b.example", "a@b.example\u202e", "a@\ud800.example"),
    ],
)
def test_no_addresses(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("X-Zegel", "seal", True),
        ("X-Zegel-Verify", "jan@elders.example sms +31612345678", True),
        ("Sensitivity", "Private", True),
        ("X-Étage", "x", False),
        ("X Y", "x", False),
        ("X-Zegel:", "x", False),
        ("", "x", False),
        ("X-Zegel", "seal\r\nBcc: x@y.example", False),
        ("X-Zegel", "seal\0", False),
        ("X-Zegel", "x" * 2001, False),
        ("From", ANNA, False),
        ("content-type", "text/html", False),
        ("Resent-To", JAN, False),
        ("X-Zegel-Transport", "token", False),
    ],
)
def test_headers_of_the_client(name: str, value: str, *, good: bool) -> None:
    assert is_client_header(name, value) is good
    if good:
        raw = compose(Draft(ANNA, headers=((name, value),)), BOUNDARY)
        assert (name, value) in parse_whole(raw, Limits()).message.headers
