from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.validators import VALIDATORS


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("bsn", "111222333", "111222333"),
        ("bsn", "1112.22.333", "111222333"),
        ("bsn", "12345672", "012345672"),
        ("bsn", "111222334", ""),
        ("bsn", "000000000", ""),
        ("bsn", "1112223", ""),
        ("iban", "nl91 abna 0417 1643 00", "NL91ABNA0417164300"),
        ("iban", "BE68 5390 0754 7034", "BE68539007547034"),
        ("iban", "NL92ABNA0417164300", ""),
        ("iban", "NL91ABNA041716430", ""),
        ("luhn", "4111-1111-1111-1111", "4111111111111111"),
        ("luhn", "4111111111111112", ""),
        ("luhn", "0000000000000000", ""),
        ("luhn", "59", ""),
        ("btw", "NL0044.95.445.B01", "004495445B01"),
        ("btw", "NL002455799B11", "002455799B11"),
        ("btw", "NL123456789B90", ""),
        ("document-nl", "XR1001R58", "XR1001R58"),
        ("document-nl", "SPECI2014", "SPECI2014"),
        ("document-nl", "XO1001R58", ""),
        ("document-nl", "BESTELNR1", ""),
        ("document-nl", "1R1001R58", ""),
        ("plate-nl", "GT-491-R", "GT491R"),
        ("plate-nl", "gt-491-r", "GT491R"),
        ("plate-nl", "9-XXX-99", "9XXX99"),
        ("plate-nl", "AE-12-34", "AE1234"),
        ("plate-nl", "AE-12-XX", ""),
        ("plate-nl", "12-34-56", ""),
        ("plate-nl", "QQ-12-34", ""),
        ("phone-nl", "06-12345678", "+31612345678"),
        ("phone-nl", "+31 (0)6 1234 5678", "+31612345678"),
        ("phone-nl", "0031 20 1234567", "+31201234567"),
        ("phone-nl", "(020) 123 45 67", ""),
        ("phone-nl", "0912345678", ""),
        ("phone-nl", "0712345", ""),
        ("secret", "wachtwoord: Zomer2024!", "Zomer2024"),
        ("secret", "pwd=Geheim123", "Geheim123"),
        ("secret", "wachtwoord is verlopen.", ""),
        ("secret", "wachtwoord: ab1", ""),
        ("secret", "", ""),
        ("secret", "wachtwoord is hunter2", "hunter2"),
        ("secret", "password welkom!2024", "welkom!2024"),
        ("secret", "password protected365", ""),
        ("secret", "wachtwoord: https://example.nl/1", ""),
        ("secret", "wachtwoord: jan1@example.nl", ""),
        ("secret", "password = ${DB_PASSWORD1}", ""),
        ("secret", "wachtwoord: 01-01-2024", ""),
        ("bsn", "19540103", ""),  # a date, whether the 11-test agrees or not
        ("bsn", "08012000", ""),
        ("bsn", "bsn: 19540103", "019540103"),
        ("tax-nl", "123456782L01", "123456782L01"),
        ("tax-nl", "NL1234.56.782.B.01", "123456782B01"),
        ("tax-nl", "123456789B01", ""),
        ("bank-account-nl", "12.34.56.789", "123456789"),
        ("bank-account-nl", "123456788", ""),
        ("bank-account-nl", "111111111", ""),
        ("postcode-nl", "12, 1234 AB", "12 1234AB"),
        ("postcode-nl", "12, 1234 SS", ""),
        ("date", "geboren op 3 maart 1961", "1961-03-03"),
        ("date", "Geb. 12-03-1954", "1954-03-12"),
        ("date", "born March 12, 1954", "1954-03-12"),
        ("date", "1954-03-12", "1954-03-12"),
        ("date", "31-02-1954", ""),
        ("date", "12-13-1954", ""),
        ("date", "12 foo 1954", ""),
        ("date", "1-1-1799", ""),
        ("icd-10", "E11.9", "E11.9"),
        ("icd-10", "E38", ""),
        ("icd-10", "V00", ""),
        ("icpc", "T90.02", "T90.02"),
        ("icpc", "C12", ""),
        ("icpc", "T00", ""),
        ("mrz", "7408122F1204159UTO<<<<<<<<<<<6", "7408122F1204159UTO<<<<<<<<<<<6"),
        ("mrz", "7408122F1204158UTO<<<<<<<<<<<6", ""),
        ("mrz", "7408122F1204159", ""),
        ("key", "api_key = 9f8a7b6c5d4e3f2a", "9f8a7b6c5d4e3f2a"),
        ("key", "api_key = aaaaaaaaaaaaaaaa1", ""),
        ("key", "api_key = abcdefghijklmnopqr", ""),
        ("be.nn", "85.07.30-033.28", "85073003328"),
        ("be.nn", "85.07.30-033.29", ""),
        ("it.codicefiscale", "RCCMNL83S18D969H", "RCCMNL83S18D969H"),
        ("dk.cpr", "311390-1234", ""),
    ],
)
def test_vectors(name: str, text: str, value: str) -> None:
    assert VALIDATORS[name](text) == value


@given(st.sampled_from(sorted(VALIDATORS)), st.text(max_size=40) | st.text("0123456789 ABNL-.", max_size=24))
def test_no_text_makes_a_validator_raise(name: str, text: str) -> None:
    assert isinstance(VALIDATORS[name](text), str)


@given(st.integers(0, 99_999_999), st.integers(0, 8), st.integers(1, 9))
def test_the_11_test_sees_every_single_wrong_digit(number: int, place: int, change: int) -> None:
    digits = f"{number:08d}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True)) % 11
    whole = f"{digits}{check}"
    assert bool(VALIDATORS["bsn"](whole)) is (check < 10 and number > 0)
    if check < 10:
        wrong = whole[:place] + str((int(whole[place]) + change) % 10) + whole[place + 1 :]
        assert VALIDATORS["bsn"](wrong) == ""
