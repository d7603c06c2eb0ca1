"""Signatures, verified by another implementation (Perl's Mail::DKIM) and by dkimpy; nothing else of the message changes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.adapters.dkim_signer import DkimSigner, canonical_body, generate_key, txt_record, zone_line
from gateway.core.errors import Misconfigured
from gateway.core.organisation import DkimKey, Organisation
from tests.peers.mail_dkim import verdict

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HEAD = (
    b"Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    b"From: =?utf-8?q?Anna_de_Vries?= <anna@example.nl>\r\n"
    b"To: jan@ontvanger.example,\r\n\tpiet@ontvanger.example\r\n"
    b"Subject:  een   onderwerp \r\n"
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@example.nl>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n"
)
BODIES = {
    "plain": b"Dag Jan,\r\n\r\ntot morgen.\r\n",
    "8-bit": "Één café, naïef; \xa0 ½\r\n".encode() + b"\xff\xfe latin \xe9\r\n",
    "no final newline": b"geen regeleinde",
    "blanks at the end": b"tekst \t \r\n \t\r\nlaatste  \t",
    "empty lines at the end": b"tekst\r\n\r\n\r\n\r\n",
    "only empty lines": b"\r\n\r\n",
    "empty": b"",
    "long lines": b"x" * 5000 + b"  " + b"y" * 5000 + b"\r\n",
    "dots": b".\r\n..\r\n.tekst\r\n",
}


def organisation(key_file: Path) -> Organisation:
    return Organisation(
        id="example",
        name="Voorbeeld",
        domains=("example.nl",),
        language="nl",
        portal_url="https://veilig.example.nl",
        recovery_public=b"",
        dkim=(DkimKey("example.nl", "zegel", str(key_file)),),
    )


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Organisation, str]:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    path.write_bytes(generate_key("rsa"))
    return organisation(path), txt_record(path.read_bytes())


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_another_implementation_verifies_and_the_message_is_unchanged(
    signing: tuple[Organisation, str], body: bytes
) -> None:
    organisation, record = signing
    raw = HEAD + body
    signed = DkimSigner([organisation]).sign(raw, organisation, "EXAMPLE.nl", NOW)
    assert signed.startswith(b"DKIM-Signature: ")
    assert signed.endswith(raw)
    assert all(len(line) <= 78 for line in signed[: -len(raw)].split(b"\r\n"))
    assert verdict(signed, record) == "pass"


class VerifyKey:
    """What dkimpy asks of PyNaCl, by `cryptography`: Mail::DKIM does not know Ed25519."""

    def __init__(self, text: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text))

    def verify(self, message: bytes, signature: bytes) -> None:
        self._key.verify(signature, message)


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_dkimpy_verifies_both_algorithms(
    tmp_path: Path, algorithm: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    monkeypatch.setattr(dkim, "nacl", nacl, raising=False)
    path = tmp_path / "key.pem"
    path.write_bytes(generate_key(algorithm))
    record = txt_record(path.read_bytes())
    signed = DkimSigner([organisation(path)]).sign(HEAD + body, organisation(path), "example.nl", NOW)
    signed += b"" if signed.endswith(b"\r\n") else b"\r\n"  # as SMTP ends every message

    def dns(_name: bytes, timeout: int = 5) -> bytes:
        return record.encode()

    assert dkim.verify(signed, dnsfunc=dns)
    assert not dkim.verify(signed.replace(b"Subject:  een", b"Subject:  twee"), dnsfunc=dns)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tot morgen", b"tot nooit"),
        (b"From: ", b"From: Eva <eva@example.nl>\r\nFrom: "),
        (b"Subject: ", b"Subject: Winst!\r\nSubject: "),
        (b"Content-Type: ", b"Content-Type: text/html\r\nContent-Type: "),
        (b"MIME-Version", b"Reply-To: eva@evil.example\r\nMIME-Version"),
    ],
)
def test_a_change_or_an_added_field_breaks_it(signing: tuple[Organisation, str], old: bytes, new: bytes) -> None:
    organisation, record = signing
    signed = DkimSigner([organisation]).sign(HEAD + BODIES["plain"], organisation, "example.nl", NOW)
    assert verdict(signed, record) == "pass"
    head, separator, body = signed.rpartition(b"\r\n\r\nDag")
    changed = (head + separator + body).replace(b"\r\n" + old, b"\r\n" + new, 1)
    assert changed != signed
    assert verdict(changed, record) != "pass"


def test_a_domain_without_a_key_leaves_the_message_alone(signing: tuple[Organisation, str]) -> None:
    organisation, _ = signing
    assert DkimSigner([organisation]).sign(HEAD, organisation, "other.example", NOW) == HEAD


def test_every_bad_key_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(Misconfigured) as caught:
        DkimSigner([organisation(tmp_path / "text.pem"), organisation(tmp_path / "missing.pem")])
    assert len(caught.value.mistakes) == 2


def test_canonical_body_agrees_with_dkimpy() -> None:
    for body in BODIES.values():
        full = body if body.endswith(b"\r\n") else body.rstrip(b" \t") + b"\r\n"
        assert canonical_body(body) == dkim.canonicalization.Relaxed.canonicalize_body(full)


def test_the_zone_line_splits_long_records() -> None:
    line = zone_line("example.nl", "zegel", txt_record(generate_key("rsa")))
    assert line.startswith('zegel._domainkey.example.nl. IN TXT ( "v=DKIM1; k=rsa; p=')
    assert all(len(string) <= 255 for string in line.split('"')[1::2])
