"""Removing parts: what stays is the very same, what goes is gone, and a note stands in its place."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.limits import Limits
from gateway.core.message import Disposition
from gateway.core.parse import leaves, parse
from gateway.core.remove_parts import NOTES, NotThere, remove_parts

LIMITS = Limits()
names = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=20)
contents = st.binary(min_size=1, max_size=300)


def mail(*files: tuple[str, bytes], html: bool = True) -> bytes:
    message = EmailMessage()
    message["From"] = "anna@example.nl"
    message["Subject"] = "Uitslag"
    message.set_content("Hallo.\r\n")
    if html:
        message.add_alternative("<p>Hallo.</p>", subtype="html")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def shown(raw: bytes) -> list[tuple[Disposition, str, bytes]]:
    return [(part.disposition, part.name, part.content) for part in parse(raw, LIMITS)[0].parts]


@given(st.lists(st.tuples(names, contents), min_size=1, max_size=4), st.data())
def test_what_is_removed_is_gone_and_all_else_is_the_same(files: list[tuple[str, bytes]], data: st.DataObject) -> None:
    raw = mail(*files)
    before = parse(raw, LIMITS)[0].parts
    attached = [part.number for part in before if part.disposition is Disposition.ATTACHMENT]
    numbers = data.draw(st.sets(st.sampled_from(attached), min_size=1))
    after = parse(remove_parts(raw, numbers, "nl", LIMITS), LIMITS)[0].parts
    assert len(after) == len(before)
    for was, now in zip(before, after, strict=True):
        if was.number in numbers:
            assert (now.content_type, now.content.decode()) == ("text/plain", NOTES["nl"])
        else:
            assert (now.disposition, now.name, now.content) == (was.disposition, was.name, was.content)


@given(st.binary(max_size=2000), st.integers(1, 5))
def test_octets_outside_the_part_stay_whatever_the_message_is(raw: bytes, number: int) -> None:
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw
    found = leaves(message, LIMITS)
    if number not in found:
        with pytest.raises(NotThere):
            remove_parts(message, {number}, "en", LIMITS)
        return
    entity = found[number]
    removed = remove_parts(message, {number}, "en", LIMITS)
    if entity.head:
        assert removed.startswith(message[: entity.head])
        assert removed.endswith(message[entity.end :])


def test_a_part_deep_inside_goes_without_its_neighbours() -> None:
    inner = (
        b"--i\r\nContent-Type: text/plain\r\n\r\nbinnen\r\n--i\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n--i--"
    )
    raw = (
        b"From: a@example.nl\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npreamble\r\n--o\r\n"
        b"Content-Type: multipart/mixed; boundary=i\r\n\r\n" + inner + b"\r\n--o\r\n"
        b"Content-Type: application/pdf; name=b.pdf\r\n\r\nTWEE\r\n--o--\r\nepilogue\r\n"
    )
    removed = remove_parts(raw, {2}, "en", LIMITS)
    assert b"PDF" not in removed.replace(b"application/pdf", b"")
    assert [part.content for part in parse(removed, LIMITS)[0].parts] == [
        b"binnen",
        NOTES["en"].encode(),
        b"TWEE",
    ]
    assert removed.endswith(b"\r\n--o--\r\nepilogue\r\n")


def test_a_message_that_is_its_attachment_keeps_its_own_header() -> None:
    raw = (
        b"From: anna@example.nl\r\nContent-Type: application/pdf; name=geheim.pdf\r\nSubject: Brief\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nR0VIRUlN\r\n"
    )
    removed = remove_parts(raw, {1}, "nl", LIMITS)
    message = parse(removed, LIMITS)[0]
    assert (message.subject, message.header("From")) == ("Brief", "anna@example.nl")
    assert [part.content for part in message.parts] == [NOTES["nl"].encode()]
    assert b"geheim" not in removed
    assert b"R0VIRUlN" not in removed


@pytest.mark.parametrize("numbers", [set(), {9}, {3, 9}])
def test_nothing_is_removed_when_one_is_not_there(numbers: set[int]) -> None:
    with pytest.raises(NotThere):
        remove_parts(mail(("a.txt", b"a")), numbers, "nl", LIMITS)
