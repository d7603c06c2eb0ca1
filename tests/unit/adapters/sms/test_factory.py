"""From options to adapters: what can't work is refused at the start."""

from __future__ import annotations

import pytest

from gateway.adapters.sms.factory import open_sms
from gateway.core.errors import Misconfigured

SMPP = {"host": "smsc.example", "port": "2775", "system_id": "zegel", "password": "secret"}


@pytest.mark.parametrize(
    ("provider", "options", "sentence"),
    [
        ("pigeon", {}, "is not a provider"),
        ("spryng", {}, "the options do not fit"),
        ("spryng", {"token": "s3cret", "pigeon": "1"}, "the options do not fit"),
        ("spryng", {"token": "s3cret", "url": "http://rest.example/"}, "https://"),
        ("spryng", {"token": "s3cret", "url": "http://127.evil.example/"}, "https://"),
        ("template", {"url": "https://sms.example/", "body": '{"to": {to}}'}, "body is not JSON"),
        ("smpp", SMPP | {"port": "0"}, "port"),
        ("smpp", SMPP | {"port": "x"}, "port"),
        ("smpp", SMPP | {"tls": "maybe"}, "tls"),
        ("smpp", SMPP | {"password": "s3cret-s3cret"}, "8 of password"),
    ],
)
def test_options_that_cannot_work(provider: str, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence) as caught:
        open_sms(provider, options)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://rest.example/v1", "http://127.0.0.1:8/v1", "http://[::1]:8/", "http://localhost:8/"]
)
def test_addresses_that_may_be_used(url: str) -> None:
    assert repr(open_sms("spryng", {"token": "s3cret", "url": url})) == "SpryngSms()"


def test_smpp_with_tls() -> None:
    assert repr(open_sms("smpp", SMPP | {"tls": "yes"})) == "SmppSms()"
