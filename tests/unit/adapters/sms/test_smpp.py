"""SMPP as an independent SMSC sees it."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.sms.smpp import SmppSms
from gateway.core.errors import SmsFailed
from tests.peers.sms_numbers import ENQUIRED, GOOD
from tests.peers.smsc import PASSWORD, SYSTEM_ID, Smsc, smsc


@pytest.fixture(scope="module")
def center() -> Iterator[Smsc]:
    with smsc() as running:
        yield running


def sms(center: Smsc, system_id: str = SYSTEM_ID) -> SmppSms:
    return SmppSms("localhost", center.port, system_id, PASSWORD, new_reference=lambda: 42)


@pytest.mark.parametrize(("sender", "kind", "origin"), [("Zegel", 5, "Zegel"), ("+31857001234", 1, "31857001234")])
async def test_addresses_tell_their_kind(center: Smsc, sender: str, kind: int, origin: str) -> None:
    before = len(center.submitted(0))
    await sms(center).send(GOOD, "123456", sender)
    (part,) = center.submitted(before + 1)[before:]
    assert (part["from"], part["from_ton"], part["to"], part["to_ton"]) == (origin, kind, GOOD[1:], 1)
    assert (part["data_coding"], part["udh"]) == (0, None)


async def test_parts_carry_one_reference(center: Smsc) -> None:
    before = len(center.submitted(0))
    await sms(center).send(GOOD, "ж" * 100, "Zegel")
    found = center.submitted(before + 2)[before:]
    assert [part["udh"] for part in found] == [[0, 3, 42, 2, 1], [0, 3, 42, 2, 2]]
    assert {part["data_coding"] for part in found} == {8}


async def test_an_enquiry_in_between_is_answered(center: Smsc) -> None:
    before = len(center.submitted(0))
    await sms(center).send(ENQUIRED, "123456", "Zegel")
    assert center.submitted(before + 1)[-1]["to"] == ENQUIRED[1:]


async def test_over_tls(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    trusting, strict = ssl.create_default_context(cafile=certificate), ssl.create_default_context()
    with smsc(certificate) as secured:
        await over_tls("localhost", secured.port, trusting).send(GOOD, "123456", "Zegel")
        for host, context in (("127.0.0.1", trusting), ("localhost", strict)):  # another name; nobody we trust
            with pytest.raises(SmsFailed) as caught:
                await over_tls(host, secured.port, context).send(GOOD, "123456", "Zegel")
            assert not caught.value.permanent
        assert len(secured.submitted(1)) == 1


def over_tls(host: str, port: int, context: ssl.SSLContext) -> SmppSms:
    return SmppSms(host, port, SYSTEM_ID, PASSWORD, tls=context)


def self_signed(folder: Path) -> Path:
    """A certificate for localhost, and its key, in one file."""
    file, public = folder / "localhost.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *name, "-keyout", file, "-out", public], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + public.read_bytes())
    return file


async def test_a_wrong_name_is_permanent(center: Smsc) -> None:
    with pytest.raises(SmsFailed) as caught:
        await sms(center, "stranger").send(GOOD, "123456", "Zegel")
    assert caught.value.permanent
