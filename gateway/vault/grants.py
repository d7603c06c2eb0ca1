"""Grants and wraps: a data key or a private key, sealed for someone who may have it.

Rule: each is bound to what it opens, of which kind it is and who holds it; moved to another row it does not open.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import CannotOpen
from gateway.vault import keys
from gateway.vault.format import KEY_SIZE, ONLY_NONCE, Kind, bind, derive, gcm_open, header, join, strip_header

CODE_SIZE = 16
SHARE_SIZE = 32


def wrap_data_key(public: bytes, data_key: bytes, message_id: str, kind: str, holder: str) -> bytes:
    """An ACCOUNT, RECOVERY or QUEUE grant."""
    info = bind(Kind.GRANT, message_id, kind, holder)
    return header(Kind.GRANT) + keys.seal_to(public, data_key, info)


def unwrap_data_key(private: bytes, wrapped: bytes, message_id: str, kind: str, holder: str) -> bytes:
    """Raises `CannotOpen`."""
    info = bind(Kind.GRANT, message_id, kind, holder)
    return _data_key(keys.open_with(private, strip_header(Kind.GRANT, wrapped), info))


def wrap_for_recipient(
    data_key: bytes, message_id: str, grant_id: str, *, code: bytes, factor: bytes, share: bytes
) -> bytes:
    """A RECIPIENT grant. Code and share are random and new, so that its key seals one thing only."""
    binding = bind(Kind.RECIPIENT, message_id, grant_id)
    key = derive(join(code, factor, share), binding)
    return header(Kind.RECIPIENT) + AESGCM(key).encrypt(ONLY_NONCE, data_key, binding)


def unwrap_for_recipient(
    wrapped: bytes, message_id: str, grant_id: str, *, code: bytes, factor: bytes, share: bytes
) -> bytes:
    """Raises `CannotOpen`; a grant whose share was destroyed never opens."""
    if len(code) != CODE_SIZE or len(share) != SHARE_SIZE:
        raise CannotOpen
    binding = bind(Kind.RECIPIENT, message_id, grant_id)
    key = derive(join(code, factor, share), binding)
    return _data_key(gcm_open(key, ONLY_NONCE, strip_header(Kind.RECIPIENT, wrapped), binding))


def wrap_private_for(public: bytes, private: bytes, account_id: str, kind: str) -> bytes:
    """An account's private key, to another key pair."""
    info = bind(Kind.PRIVATE_FOR_KEY, account_id, kind)
    return header(Kind.PRIVATE_FOR_KEY) + keys.seal_to(public, private, info)


def unwrap_private_from(private: bytes, wrapped: bytes, account_id: str, kind: str) -> bytes:
    """Raises `CannotOpen`."""
    info = bind(Kind.PRIVATE_FOR_KEY, account_id, kind)
    return keys.open_with(private, strip_header(Kind.PRIVATE_FOR_KEY, wrapped), info)


def wrap_private_by_secret(secret: bytes, salt: bytes, private: bytes, account_id: str, kind: str) -> bytes:
    """An account's private key, by a password or code. The salt is new each time, so that the key seals one thing only."""
    if not secret:
        raise ValueError("an empty secret protects nothing")
    binding = bind(Kind.PRIVATE_BY_SECRET, account_id, kind)
    key = derive(keys.stretch(secret, salt), binding)
    return header(Kind.PRIVATE_BY_SECRET) + salt + AESGCM(key).encrypt(ONLY_NONCE, private, binding)


def unwrap_private_by_secret(secret: bytes, wrapped: bytes, account_id: str, kind: str) -> bytes:
    """Raises `CannotOpen`."""
    rest = strip_header(Kind.PRIVATE_BY_SECRET, wrapped)
    salt, sealed = rest[: keys.SALT_SIZE], rest[keys.SALT_SIZE :]
    if len(salt) != keys.SALT_SIZE:
        raise CannotOpen
    binding = bind(Kind.PRIVATE_BY_SECRET, account_id, kind)
    return gcm_open(derive(keys.stretch(secret, salt), binding), ONLY_NONCE, sealed, binding)


def wrap_private_in_session(share: bytes, private: bytes, account_id: str, session_id: str) -> bytes:
    """An account's private key, for a session's cookie. The share is random and of this session only, so that its key seals
    one thing only."""
    binding = bind(Kind.PRIVATE_IN_SESSION, account_id, session_id)
    return header(Kind.PRIVATE_IN_SESSION) + AESGCM(derive(share, binding)).encrypt(ONLY_NONCE, private, binding)


def unwrap_private_in_session(share: bytes, wrapped: bytes, account_id: str, session_id: str) -> bytes:
    """Raises `CannotOpen`."""
    if len(share) != SHARE_SIZE:
        raise CannotOpen
    binding = bind(Kind.PRIVATE_IN_SESSION, account_id, session_id)
    return gcm_open(derive(share, binding), ONLY_NONCE, strip_header(Kind.PRIVATE_IN_SESSION, wrapped), binding)


def _data_key(opened: bytes) -> bytes:
    if len(opened) != KEY_SIZE:
        raise CannotOpen
    return opened
