"""Runs tests/vectors/vault: each vector opens, or does not, as it says; parts whole and through ranges."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.core.errors import CannotOpen
from gateway.vault import key_files
from gateway.vault.queue_key import QueueKeyRing
from gateway.vault.server_key import SymmetricServerKey
from gateway.vault.transport import HmacTransportGuard
from gateway.vault.vault import Vault, part_sealed_size

FOLDER = Path(__file__).parents[2] / "vectors" / "vault"
WORDS = json.loads((FOLDER / "words.json").read_text())
VAULT = Vault()
Vector = dict[str, Any]


def load() -> list[Vector]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text())
        files = {name: base64.b64decode(text) for name, text in content.get("files", {}).items()}
        found += [
            {**vector, "sealed": edited(vector, files), "name": f"{path.stem}: {vector['about']}"}
            for vector in content.get("vectors", [])
        ]
    return found


def edited(vector: Vector, files: dict[str, bytes]) -> bytes:
    pieces = vector.get("pieces")
    whole = files[vector["file"]] if pieces is None else b"".join(files[name][a:b] for name, a, b in pieces)
    changed = bytearray(whole)
    for at, mask in vector.get("flip", []):
        changed[at] ^= mask
    return bytes(changed)


def raw(vector: Vector, key: str) -> bytes:
    return base64.b64decode(vector[key])


def reader(sealed: bytes, piece: int = 40_000) -> Callable[[int, int], AsyncIterator[bytes]]:
    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        wanted = sealed[start:end]
        for place in range(0, len(wanted), piece):
            yield wanted[place : place + piece]

    return read


async def open_part(vector: Vector, start: int = 0, end: int | None = None) -> bytes:
    pieces = VAULT.open_part(
        raw(vector, "data_key"),
        vector["message_id"],
        vector["number"],
        vector["size"],
        reader(vector["sealed"]),
        start,
        end,
    )
    return b"".join([piece async for piece in pieces])


def open_other(v: Vector) -> bytes:
    """All kinds but parts."""
    sealed = v["sealed"]
    match v["kind"]:
        case "head":
            return VAULT.open_head(raw(v, "data_key"), v["message_id"], sealed)
        case "grant":
            return VAULT.unwrap_data_key(raw(v, "private"), sealed, v["message_id"], v["grant_kind"], v["holder"])
        case "private-for-key":
            return VAULT.unwrap_private_from(raw(v, "private"), sealed, v["account_id"], v["wrap_kind"])
        case "private-by-secret":
            return VAULT.unwrap_private_by_secret(raw(v, "secret"), sealed, v["account_id"], v["wrap_kind"])
        case "private-in-session":
            return VAULT.unwrap_private_in_session(raw(v, "share"), sealed, v["account_id"], v["session_id"])
        case "recipient":
            code, factor, share = raw(v, "code"), raw(v, "factor"), raw(v, "share")
            return VAULT.open_recipient_key(sealed, v["message_id"], v["grant_id"], code, factor, share)
        case "payload":
            return QueueKeyRing(raw(v, "private")).open(sealed, v["payload_id"])
        case "server":
            return SymmetricServerKey(raw(v, "key")).open(sealed, v["context"])
    raise AssertionError(v["kind"])


ALL = load()
PARTS = [v for v in ALL if v["kind"] == "part"]
OTHERS = [v for v in ALL if v["kind"] != "part"]


def named(vectors: list[Vector], expect: str) -> pytest.MarkDecorator:
    chosen = [v for v in vectors if v["expect"] == expect]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=[v["name"] for v in chosen])


@named(OTHERS, "opens")
def test_opens(vector: Vector) -> None:
    assert open_other(vector) == raw(vector, "plaintext")


@named(OTHERS, "cannot-open")
def test_does_not_open(vector: Vector) -> None:
    with pytest.raises(CannotOpen):
        open_other(vector)


@named(PARTS, "opens")
async def test_a_part_opens_whole_and_by_ranges(vector: Vector) -> None:
    size = vector["size"]
    content = hashlib.shake_256(b"content").digest(size)
    assert await open_part(vector) == content
    for start, end in ((0, 1), (size // 2, size), (size - 1, size), (65_530, 65_540), (65_536, 65_537), (size, size)):
        if 0 <= start <= end <= size:
            assert await open_part(vector, start, end) == content[start:end]
    again = Vault(random=lambda _: raw(vector, "salt")).seal_part(raw(vector, "data_key"), "m" * 16, 1, (content,))
    assert b"".join(again) == vector["sealed"]
    assert len(vector["sealed"]) == part_sealed_size(size)


@named(PARTS, "cannot-open")
async def test_a_bad_part_opens_neither_whole_nor_by_ranges(vector: Vector) -> None:
    with pytest.raises(CannotOpen):
        await open_part(vector)
    # Chunk by chunk: some range must fail, and what other ranges give must be true content.
    size, failed = vector["size"], 0
    content = hashlib.shake_256(b"content").digest(size)
    for start in range(0, max(size, 1), 65_536):
        end = min(start + 65_536, size)
        try:
            assert await open_part(vector, start, end) == content[start:end]
        except CannotOpen:
            failed += 1
    assert failed


@pytest.mark.parametrize("vector", WORDS["codes"], ids=lambda v: v["printed"])
def test_codes(vector: Vector) -> None:
    assert VAULT.format_code(raw(vector, "bytes")) == vector["printed"]
    assert VAULT.parse_code(vector["printed"]) == raw(vector, "bytes")


@pytest.mark.parametrize("text", WORDS["not_codes"])
def test_no_codes(text: str) -> None:
    assert VAULT.parse_code(text) is None


def test_recipients_codes_are_checked_before_a_factor() -> None:
    vectors = [v for v in OTHERS if v["kind"] == "recipient" and v["expect"] == "opens"]
    assert len(vectors) == 2
    for v in vectors:
        assert VAULT.parse_code(v["printed_code"]) == raw(v, "code")
        assert VAULT.check_code(v["grant_id"], raw(v, "code"), raw(v, "code_check"))
        assert not VAULT.check_code("o" * 16, raw(v, "code"), raw(v, "code_check"))
        assert not VAULT.check_code(v["grant_id"], bytes(16), raw(v, "code_check"))


def test_recovery_on_paper() -> None:
    vector = WORDS["recovery"]
    assert key_files.print_recovery(raw(vector, "private")) == vector["printed"]
    assert key_files.parse_recovery(vector["printed"].lower()) == raw(vector, "private")


def test_transport_token() -> None:
    vector = WORDS["transport"]
    assert HmacTransportGuard(raw(vector, "key")).token(raw(vector, "raw"), vector["rcpt_tos"]) == vector["token"]


def test_public_key_of_a_seed() -> None:
    vector = WORDS["public"]
    public, _ = Vault(random=lambda _: raw(vector, "seed")).new_key_pair()
    assert VAULT.key_id(public) == vector["key_id"]
