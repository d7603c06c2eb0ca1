"""What attachments are by their content, as policies ask for it."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from gateway.adapters.extract.sniff import Kind
from gateway.adapters.scan_now import scan_with
from gateway.core.classify import Classifier
from gateway.core.file_kinds import KINDS, PROGRAM
from gateway.core.limits import Limits
from gateway.core.rules import RuleSet

NOTHING = Classifier(RuleSet.of([]))


def test_the_names_are_those_of_the_scan() -> None:
    assert set(KINDS) == {kind.value for kind in Kind} | {PROGRAM}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "pdf"),
        (b"MZ\x90\0\x03\0\0\0", PROGRAM),
        (b"\x7fELF\x02\x01\x01\0", PROGRAM),
        (b"#!/bin/sh\necho hallo\n", PROGRAM),
        (b"MZ is how my letter begins", "text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "image"),
        (bytes(range(256)), "unknown"),
    ],
)
def test_a_name_and_type_are_not_believed(content: bytes, kind: str) -> None:
    mail = EmailMessage()
    mail["From"] = "anna@example.nl"
    mail.set_content("Hallo")
    mail.add_attachment(content, maintype="image", subtype="gif", filename="logo.gif")
    scan = scan_with(NOTHING, mail.as_bytes(), Limits())
    assert [name for _, name in scan.kinds] == [kind]
