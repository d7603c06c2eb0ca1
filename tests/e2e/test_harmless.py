"""A harmless mail arrives as it was sent: every octet of its body and header, below what each server on the way adds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.dkim_signer import txt_record
from tests.e2e.demo import Demo, running_demo
from tests.e2e.site import folder
from tests.peers.mail_dkim import verdict

pytestmark = pytest.mark.e2e

HEAD = (
    b"From: =?utf-8?q?Anna_de_Vries?= <anna@example.nl>\r\n"
    b"To: jan@elders.example,\r\n\tpiet@elders.example\r\n"
    b"subject:  twee   spaties \r\n"
    b"X-Odd:;a b\r\n"
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@example.nl>\r\nMIME-Version: 1.0\r\n"
)
EIGHT_BIT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
MIXED = (
    b'Content-Type: multipart/mixed; boundary="grens"\r\n\r\nPreamble.\r\n--grens\r\n'
    b"Content-Type: text/plain\r\n\r\nZie bijlage.\r\n--grens\r\n"
    b'Content-Type: text/csv; name="prijzen.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    b"YXBwZWw7MSwyMA0KcGVlcjsyLDMwDQo=\r\n--grens--\r\nEpilogue.\r\n"
)
MESSAGES = {
    "plain": b"\r\nDag Jan,\r\n\r\ntot morgen.\r\n",
    "8-bit": EIGHT_BIT + "Één café, naïef; \xa0 ½ €\r\n".encode(),
    "latin-1": EIGHT_BIT.replace(b"utf-8", b"iso-8859-1") + b"caf\xe9, na\xefef\r\n",
    "quoted-printable": b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"caf=C3=A9 met een zachte =\r\nregel en een =E2=82=AC.=20\r\n",
    "base64 attachment": MIXED,
    "dots": b"\r\n.\r\n..\r\n.tekst\r\n...\r\n",
    "no final newline": b"\r\ngeen regeleinde",
    "blanks": b"\r\ntekst \t \r\n \t\r\n\r\nlaatste  \t\r\n\r\n\r\n",
    "long lines": b"\r\n" + b"x" * 998 + b"\r\n" + b"y " * 499 + b"\r\n",
}
ADDED = re.compile(rb"(DKIM-Signature|X-Zegel-Transport|Received):", re.IGNORECASE)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with folder() as place, running_demo(place) as running:
        yield running


def check_unchanged(demo: Demo, sent: bytes, raw: bytes) -> None:
    whole = sent if sent.endswith(b"\r\n") else sent + b"\r\n"  # as SMTP ends every message
    assert raw.endswith(whole)
    fields = re.split(rb"\r\n(?![ \t])", raw[: -len(whole)])
    assert fields.pop() == b""
    assert [match[1] for field in fields if (match := ADDED.match(field))] == [
        b"DKIM-Signature",
        b"X-Zegel-Transport",
        b"Received",
    ]
    assert len(fields) == 3
    record = txt_record((demo.folder / "keys" / "dkim-example.nl.pem").read_bytes())
    assert verdict(raw, record) == "pass"
    # The verifier can say no: a changed body or subject breaks the signature.
    assert verdict(raw.replace(b"twee", b"drie"), record) != "pass"
    assert verdict(raw + b"erbij\r\n", record) != "pass"


@pytest.mark.parametrize("rest", MESSAGES.values(), ids=MESSAGES.keys())
def test_it_arrives_unchanged_and_its_signature_verifies(
    demo: Demo, tmp_path: Path, request: pytest.FixtureRequest, rest: bytes
) -> None:
    sent, recipient = HEAD + rest, f"{request.node.callspec.id.replace(' ', '.')}@elders.example"
    (tmp_path / "sent.eml").write_bytes(sent.removesuffix(b"\r\n"))  # swaks adds one itself
    demo.swaks("--from", "anna@example.nl", "--to", recipient, "--data", f"@{tmp_path / 'sent.eml'}")
    [raw] = demo.arrived(recipient)
    check_unchanged(demo, sent, raw)


def test_an_empty_body_stays_empty(demo: Demo) -> None:
    demo.submit(HEAD + b"\r\n", "leeg@elders.example")
    [raw] = demo.arrived("leeg@elders.example")
    check_unchanged(demo, HEAD + b"\r\n", raw)


def test_directives_are_all_that_leaves_the_header(demo: Demo) -> None:
    raw = HEAD.replace(b"subject:  twee", b"Subject: [gewoon] een") + b"X-Zegel: plain\r\n\r\nDag.\r\n"
    demo.submit(raw, "wens@elders.example")
    [relayed] = demo.arrived("wens@elders.example")
    assert b"gewoon" not in relayed
    assert b"X-Zegel:" not in relayed
    assert b"\r\nSubject: een   spaties" in relayed
    before, _, after = HEAD.partition(b"subject:  twee   spaties \r\n")
    assert before in relayed
    assert relayed.endswith(after + b"\r\nDag.\r\n")
