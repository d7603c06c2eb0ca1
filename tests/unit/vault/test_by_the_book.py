"""Opens the vectors by docs/vault-format.md alone: nothing of `gateway.vault`, and HPKE and X-Wing written out here.

So the document is enough to implement from, and a change of library can't silently change the format.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

FOLDER = Path(__file__).parents[2] / "vectors" / "vault"
SUITE = b"HPKE" + bytes.fromhex("647a 0001 0002")  # MLKEM768-X25519, HKDF-SHA256, AES-256-GCM
CHUNK = 65_536
Vector = dict[str, Any]


def good() -> list[Vector]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text())
        found += [
            {**vector, "sealed": base64.b64decode(content["files"][vector["file"]])}
            for vector in content.get("vectors", [])
            if vector["expect"] == "opens"
        ]
    assert found
    return found


def lp(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw


def bind(kind: int, *fields: bytes) -> bytes:
    return b"zegel\x01" + bytes((kind,)) + b"".join(map(lp, fields))


def extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), secret, "sha256")


def expand(key: bytes, info: bytes, length: int) -> bytes:
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes((len(out) // 32 + 1,)), "sha256")
        out += block
    return out[:length]


def derive(secret: bytes, info: bytes, salt: bytes = b"") -> bytes:
    return expand(extract(salt, secret), info, 32)


def gcm(key: bytes, nonce: bytes, sealed: bytes, ad: bytes = b"") -> bytes:
    return AESGCM(key).decrypt(nonce, sealed, ad)


def x_wing(private: bytes, enc: bytes) -> bytes:
    """The shared secret by draft-connolly-cfrg-xwing-kem."""
    seeds = hashlib.shake_256(private[2:]).digest(96)
    mlkem, x25519 = MLKEM768PrivateKey.from_seed_bytes(seeds[:64]), X25519PrivateKey.from_private_bytes(seeds[64:])
    ours, theirs = x25519.public_key().public_bytes_raw(), enc[1088:]
    shared = mlkem.decapsulate(enc[:1088]) + x25519.exchange(X25519PublicKey.from_public_bytes(theirs))
    return hashlib.sha3_256(shared + theirs + ours + rb"\.//^\ "[:-1]).digest()


def hpke(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """RFC 9180, base mode, one message."""

    def labeled_extract(salt: bytes, label: bytes, secret: bytes) -> bytes:
        return extract(salt, b"HPKE-v1" + SUITE + label + secret)

    def labeled_expand(key: bytes, label: bytes, context: bytes, length: int) -> bytes:
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + context, length)

    context = b"\x00" + labeled_extract(b"", b"psk_id_hash", b"") + labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(x_wing(private, sealed[:1120]), b"secret", b"")
    key = labeled_expand(secret, b"key", context, 32)
    return gcm(key, labeled_expand(secret, b"base_nonce", context, 12), sealed[1120:])


def stream(secret: bytes, info: bytes, sealed: bytes) -> bytes:
    key, body = derive(secret, info, sealed[:16]), sealed[16:]
    chunks = [body[at : at + CHUNK + 16] for at in range(0, len(body), CHUNK + 16)]
    last = len(chunks) - 1
    return b"".join(gcm(key, n.to_bytes(11, "big") + bytes((n == last,)), chunk) for n, chunk in enumerate(chunks))


def by_the_book(v: Vector) -> bytes:
    def raw(name: str) -> bytes:
        return base64.b64decode(v[name])

    def text(name: str) -> bytes:
        return str(v[name]).encode()

    sealed, front = v["sealed"], v["sealed"][:2].hex()
    match v["kind"], front:
        case "head", "0101":
            ad = bind(1, text("message_id"))
            return gcm(derive(raw("data_key"), ad), sealed[2:14], sealed[14:], ad)
        case "part", "0102":
            info = bind(2, text("message_id"), v["number"].to_bytes(8, "big"))
            return stream(raw("data_key"), info, sealed[2:])
        case "grant", "0103":
            return hpke(raw("private"), sealed[2:], bind(3, text("message_id"), text("grant_kind"), text("holder")))
        case "recipient", "0104":
            b = bind(4, text("message_id"), text("grant_id"))
            key = derive(lp(raw("code")) + lp(raw("factor")) + lp(raw("share")), b)
            return gcm(key, bytes(12), sealed[2:], b)
        case "private-for-key", "0105":
            return hpke(raw("private"), sealed[2:], bind(5, text("account_id"), text("wrap_kind")))
        case "private-by-secret", "0106":
            b = bind(6, text("account_id"), text("wrap_kind"))
            kdf = Argon2id(salt=sealed[2:18], length=32, iterations=3, lanes=4, memory_cost=65_536)
            return gcm(derive(kdf.derive(raw("secret")), b), bytes(12), sealed[18:], b)
        case "private-in-session", "0110":
            b = bind(16, text("account_id"), text("session_id"))
            return gcm(derive(raw("share"), b), bytes(12), sealed[2:], b)
        case "payload", "0107":
            b = bind(7, text("payload_id"), sealed[2:10].hex().encode())
            return stream(hpke(raw("private"), sealed[10:1178], b), b, sealed[1178:])
        case "server", "0108":
            b = bind(8, text("context"))
            return gcm(derive(raw("key"), b), sealed[2:14], sealed[14:], b)
    raise AssertionError((v["kind"], front))


@pytest.mark.parametrize("vector", good(), ids=lambda v: f"{v['kind']}: {v['about']}")
def test_the_document_is_enough(vector: Vector) -> None:
    if vector["kind"] == "part":
        assert by_the_book(vector) == hashlib.shake_256(b"content").digest(vector["size"])
    else:
        assert by_the_book(vector) == base64.b64decode(vector["plaintext"])


def test_words() -> None:
    words = json.loads((FOLDER / "words.json").read_text())
    transport = {name: base64.b64decode(words["transport"][name]) for name in ("key", "raw")}
    body = hashlib.sha256(transport["raw"].partition(b"\r\n\r\n")[2]).digest()
    header = hashlib.sha256(b"subject:hoi\nx-other:1").digest()
    bound = bind(13, body, header, *sorted(address.lower().encode() for address in words["transport"]["rcpt_tos"]))
    assert words["transport"]["token"] == "v2." + hmac.digest(transport["key"], bound, "sha256").hex()

    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    for code in words["codes"]:
        symbols = [alphabet.index(symbol) for symbol in code["printed"].replace("-", "")]
        number, check = 0, 0
        for value in symbols[:-1]:
            number = number * 32 + value
            doubled = (check ^ value) * 2
            check = doubled ^ 0b100101 if doubled > 31 else doubled
        assert number.to_bytes(16, "big") == base64.b64decode(code["bytes"])
        assert check == symbols[-1]
