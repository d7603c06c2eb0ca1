"""The log's last net against secrets."""

from __future__ import annotations

import pytest

from gateway.adapters.logs import without_secrets


@pytest.mark.parametrize("field", ["code", "password", "phone", "subject", "factor"])
def test_fields_that_carry_secrets_are_blanked(field: str) -> None:
    assert without_secrets(None, "", {"event": "x", field: "111222333"})[field] == "…"


def test_codes_are_blanked_wherever_they_stand() -> None:
    event = without_secrets(None, "", {"event": "bad link https://host/m/abc#4JX1-Z7J6-QYSB-7GJA-K87Q-XMTW-YJR"})
    assert event["event"] == "bad link https://host/m/abc…"


def test_ids_and_addresses_stay_readable() -> None:
    event = {"event": "sealed", "trace": "abcdefgh234567ab", "rcpt_to": "jan@example.org", "count": 3}
    assert without_secrets(None, "", dict(event)) == event
