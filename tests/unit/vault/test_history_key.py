from __future__ import annotations

import pytest

from gateway.vault.history_key import HASH_SIZE, HistoryKey


def test_the_same_text_is_known_again_and_nothing_else_is() -> None:
    key, other = HistoryKey(b"k" * 32), HistoryKey(b"x" * 32)
    hashes = {
        key.hash("a", "recipient", "jan@x.nl"),
        key.hash("b", "recipient", "jan@x.nl"),
        key.hash("a", "domain", "jan@x.nl"),
        key.hash("a", "recipientj", "an@x.nl"),
        other.hash("a", "recipient", "jan@x.nl"),
    }
    assert len(hashes) == 5
    assert {len(value) for value in hashes} == {HASH_SIZE}
    assert key.hash("a", "recipient", "jan@x.nl") in hashes
    assert key.hash("a", "recipient", "\ud800")  # whatever a client wrote


def test_a_vector() -> None:
    """Worked out from docs/vault-format.md with HMAC alone."""
    key = HistoryKey(bytes(range(32)))
    assert key.hash("example", "recipient", "jan@elders.example").hex() == "feca0e58146119fbcc5b7359c6654fdc"


def test_a_key_has_its_length() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        HistoryKey(b"short")
