"""Key files: written once, private, and refused with a helpful sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gateway.core.errors import Misconfigured
from gateway.vault import codes
from gateway.vault.key_files import KeyType, armour, parse_recovery, print_recovery, read_key, read_keys, write_keys
from gateway.vault.vault import Vault

PUBLIC, PRIVATE = Vault().new_key_pair()
EXAMPLES = {kind: PUBLIC if kind.public else PRIVATE if "PRIVATE" in kind.value else bytes(32) for kind in KeyType}


@pytest.mark.parametrize("kind", KeyType)
def test_a_key_comes_back_and_private_ones_are_private(tmp_path: Path, kind: KeyType) -> None:
    path = tmp_path / "key"
    write_keys(path, kind, EXAMPLES[kind])
    assert read_key(path, kind) == EXAMPLES[kind]
    if not kind.public:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_never_overwritten_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_keys(path, KeyType.SERVER, bytes(32))
    with pytest.raises(FileExistsError):
        write_keys(path, KeyType.SERVER, bytes(32))


def test_a_ring_of_keys_present_first(tmp_path: Path) -> None:
    path = tmp_path / "key"
    _, newer = Vault().new_key_pair()
    write_keys(path, KeyType.QUEUE_PRIVATE, PRIVATE)
    write_keys(path, KeyType.QUEUE_PRIVATE, newer, PRIVATE, replace=True)
    assert read_keys(path, KeyType.QUEUE_PRIVATE) == (newer, PRIVATE)
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not a key file"),
        ("secret", "not a key file"),
        ("caf\u00e9", "not a key file"),
        (armour(KeyType.SERVER, bytes(32)) + "rest", "not a key file"),
        (armour(KeyType.TRANSPORT, bytes(32)), "holds a transport key"),
        (armour(KeyType.SERVER, bytes(31)), "has 32 bytes"),
        ("-----BEGIN ZEGEL SERVER KEY-----\nAAA\n-----END ZEGEL SERVER KEY-----\n", "damaged"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "server.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match=sentence) as raised:
        read_key(path, KeyType.SERVER)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o666])
def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "server.key"
    write_keys(path, KeyType.SERVER, bytes(32))
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_key(path, KeyType.SERVER)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="can't be read"):
        read_key(tmp_path / "none", KeyType.SERVER)


def test_every_mistyped_symbol_of_the_recovery_key_is_noticed() -> None:
    printed = print_recovery(PRIVATE)
    assert parse_recovery(printed.lower().replace("\n", "  ")) == PRIVATE
    for place, symbol in enumerate(printed):
        if symbol in codes.ALPHABET:
            wrong = codes.ALPHABET[(codes.ALPHABET.index(symbol) + 1) % 32]
            assert parse_recovery(printed[:place] + wrong + printed[place + 1 :]) is None
    for typed in ("", printed[:-1], printed + "A", printed.replace("-", "*")):
        assert parse_recovery(typed) is None
