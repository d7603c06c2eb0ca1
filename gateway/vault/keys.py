"""Key pairs and sealing to them: HPKE (RFC 9180) with MLKEM768-X25519, HKDF-SHA256 and AES-256-GCM.

A private key is a 32-byte seed: SHAKE-256 stretches it to ML-KEM's 64-byte seed and X25519's 32 bytes, as X-Wing does.
That keeps wraps short and lets a person hold the recovery key on paper. Both halves are serialised with a version
byte and a kind byte in front.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.core.errors import CannotOpen
from gateway.vault.format import KEY_SIZE, TAG_SIZE, Kind, header, strip_header

SEED_SIZE = 32
ENCAPSULATED_SIZE = 1120  # ML-KEM-768 ciphertext and X25519 share
KEY_ID_SIZE = 8
SALT_SIZE = 16

_MLKEM_SEED = 64
_MLKEM_PUBLIC = 1184
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def key_pair(seed: bytes) -> tuple[bytes, bytes]:
    """(public, private), serialised, of a 32-byte seed."""
    mlkem, x25519 = _expand(seed)
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return header(Kind.PUBLIC_KEY) + public, header(Kind.PRIVATE_KEY) + seed


def public_of(private: bytes) -> bytes:
    """The public half. Raises `CannotOpen` when `private` is no private key."""
    return key_pair(_seed(private))[0]


def key_id(public: bytes) -> str:
    """16 hex digits: the first 8 bytes of the SHA-256 of the serialised public key."""
    return hashlib.sha256(public).digest()[:KEY_ID_SIZE].hex()


def seal_to(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """HPKE's encapsulated key and ciphertext, bound to `info`. Raises `CannotOpen` when `public` is no public key."""
    return _SUITE.encrypt(plaintext, _load_public(public), info=info)


def open_with(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Raises `CannotOpen`."""
    mlkem, x25519 = _expand(_seed(private))
    if len(sealed) < ENCAPSULATED_SIZE + TAG_SIZE:
        raise CannotOpen
    try:
        return _SUITE.decrypt(sealed, MLKEM768X25519PrivateKey(mlkem, x25519), info=info)
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def stretch(secret: bytes, salt: bytes) -> bytes:
    """Argon2id (RFC 9106, second recommended option: 3 passes, 4 lanes, 64 MiB): 32 bytes, slow on purpose."""
    return Argon2id(salt=salt, length=KEY_SIZE, iterations=3, lanes=4, memory_cost=64 * 1024).derive(secret)


def _seed(private: bytes) -> bytes:
    seed = strip_header(Kind.PRIVATE_KEY, private)
    if len(seed) != SEED_SIZE:
        raise CannotOpen
    return seed


def _expand(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    stretched = hashlib.shake_256(seed).digest(_MLKEM_SEED + 32)
    return (
        MLKEM768PrivateKey.from_seed_bytes(stretched[:_MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(stretched[_MLKEM_SEED:]),
    )


def _load_public(public: bytes) -> MLKEM768X25519PublicKey:
    raw = strip_header(Kind.PUBLIC_KEY, public)
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC])
        return MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]))
    except ValueError:
        raise CannotOpen from None
