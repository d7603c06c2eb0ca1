from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.vault.totp import AppCodes

SECRET = b"12345678901234567890"
# RFC 6238 appendix B, SHA-1; the last six of its eight digits, since both are the same number modulo a power of ten.
VECTORS = (
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
)
CODES = AppCodes()


@pytest.mark.parametrize(("seconds", "digits"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, digits: str) -> None:
    assert CODES.step(SECRET, digits, datetime.fromtimestamp(seconds, UTC), -1) == seconds // 30


def test_a_neighbouring_step_is_taken_and_no_other() -> None:
    for away, taken in ((-60, False), (-30, True), (30, True), (60, False)):
        now = datetime.fromtimestamp(1111111109 + away, UTC)
        assert (CODES.step(SECRET, "081804", now, -1) is not None) is taken


def test_a_code_counts_once() -> None:
    now = datetime.fromtimestamp(1111111109, UTC)
    step = CODES.step(SECRET, "081804", now, -1)
    assert step is not None
    assert CODES.step(SECRET, "081804", now, step) is None


@pytest.mark.parametrize("digits", ["", "08180", "0818040", "abcdef", "０８１８０４", "081804" * 1000])
def test_anything_else_is_no_code(digits: str) -> None:
    assert CODES.step(SECRET, digits, datetime.fromtimestamp(1111111109, UTC), -1) is None


def test_spaces_are_forgiven() -> None:
    assert CODES.step(SECRET, "081 804", datetime.fromtimestamp(1111111109, UTC), -1) is not None


def test_the_link_names_account_and_issuer() -> None:
    uri = CODES.uri(SECRET, "anna@example.nl", "Voorbeeld & Zonen")
    assert uri.startswith("otpauth://totp/Voorbeeld%20%26%20Zonen:anna%40example.nl?")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in uri
    assert CODES.written(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert len(CODES.new_secret()) == 20
