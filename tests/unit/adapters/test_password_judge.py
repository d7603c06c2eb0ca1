from __future__ import annotations

import pytest

from gateway.adapters.password_judge import Zxcvbn

ABOUT = ("anna.devries@voorbeeldziekenhuis.nl", "Anna de Vries", "Voorbeeldziekenhuis")


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password123!",
        "Welkom2026!!",
        "wachtwoord123",
        "ziekenhuis2026",
        "Voorbeeldziekenhuis1",
        "annadevries1980",
        "qwertyuiop12",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "111222333444",
        "x9" * 300,
    ],
)
def test_what_others_would_try_is_weak(password: str) -> None:
    assert Zxcvbn().weak(password, ABOUT)


@pytest.mark.parametrize(
    "password", ["appeltaart met room", "correct horse battery staple", "vK7!dq0Lz#2pRt", "paars gitaar hek toendra"]
)
def test_what_they_would_not_is_good(password: str) -> None:
    assert not Zxcvbn().weak(password, ABOUT)
