"""Passwords as bytes: the same whatever keyboard or system typed them."""

from __future__ import annotations

import unicodedata


def prepared(password: str) -> bytes:
    """UTF-8 after Unicode normalisation form C (RFC 8265 section 4.2.2): a composed and a decomposed é are one."""
    return unicodedata.normalize("NFC", password).encode()
