"""`Vault`: content keys and grants behind the port `gateway.core.ports.Vault`. Computes only; does no I/O and holds no key."""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import CannotOpen
from gateway.core.ports import RecipientKey
from gateway.vault import codes, grants, keys, stream
from gateway.vault.format import (
    HEADER_SIZE,
    KEY_SIZE,
    NONCE_SIZE,
    Kind,
    bind,
    derive,
    gcm_open,
    header,
    strip_header,
)

Random = Callable[[int], bytes]


def part_sealed_size(size: int) -> int:
    """Bytes of the ciphertext of a part of `size` plaintext bytes."""
    return HEADER_SIZE + stream.sealed_size(size)


class Vault:
    """See `gateway.core.ports.Vault`. `random` is replaced only to make test vectors."""

    def __init__(self, random: Random = os.urandom) -> None:
        self._random = random

    # content

    def new_data_key(self) -> bytes:
        return self._random(KEY_SIZE)

    def seal_head(self, data_key: bytes, message_id: str, manifest: bytes) -> bytes:
        binding = bind(Kind.HEAD, message_id)
        nonce = self._random(NONCE_SIZE)
        return header(Kind.HEAD) + nonce + AESGCM(derive(data_key, binding)).encrypt(nonce, manifest, binding)

    def open_head(self, data_key: bytes, message_id: str, head: bytes) -> bytes:
        """Raises `CannotOpen`."""
        binding = bind(Kind.HEAD, message_id)
        rest = strip_header(Kind.HEAD, head)
        if len(rest) < NONCE_SIZE:
            raise CannotOpen
        return gcm_open(derive(data_key, binding), rest[:NONCE_SIZE], rest[NONCE_SIZE:], binding)

    def seal_part(self, data_key: bytes, message_id: str, number: int, content: Iterable[bytes]) -> Iterable[bytes]:
        # The salt makes sealing the same part again harmless: nonces never meet under one key.
        salt = self._random(stream.SALT_SIZE)
        yield header(Kind.PART)
        yield from stream.seal(data_key, salt, bind(Kind.PART, message_id, number), content)

    async def open_part(
        self,
        data_key: bytes,
        message_id: str,
        number: int,
        size: int,
        read: Callable[[int, int], AsyncIterator[bytes]],
        start: int = 0,
        end: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Raises `CannotOpen`; ValueError for a range outside the part."""

        async def after_header(first: int, last: int) -> AsyncIterator[bytes]:
            # The stream's first read is its salt: the header comes along with it and is checked before anything.
            skip = HEADER_SIZE if first == 0 else 0
            front = bytearray()
            async for piece in read(first + HEADER_SIZE - skip, last + HEADER_SIZE):
                if not skip:
                    yield piece
                else:
                    front += piece
            if skip:
                yield strip_header(Kind.PART, bytes(front))

        binding = bind(Kind.PART, message_id, number)
        async for piece in stream.open_range(data_key, binding, size, after_header, start, end):
            yield piece

    # grants to key pairs

    def new_key_pair(self) -> tuple[bytes, bytes]:
        return keys.key_pair(self._random(keys.SEED_SIZE))

    def key_id(self, public: bytes) -> str:
        return keys.key_id(public)

    def wrap_data_key(self, public: bytes, data_key: bytes, message_id: str, kind: str, holder: str) -> bytes:
        return grants.wrap_data_key(public, data_key, message_id, kind, holder)

    def unwrap_data_key(self, private: bytes, wrapped: bytes, message_id: str, kind: str, holder: str) -> bytes:
        return grants.unwrap_data_key(private, wrapped, message_id, kind, holder)

    # an account's private key

    def wrap_private_for(self, public: bytes, private: bytes, account_id: str, kind: str) -> bytes:
        return grants.wrap_private_for(public, private, account_id, kind)

    def unwrap_private_from(self, private: bytes, wrapped: bytes, account_id: str, kind: str) -> bytes:
        return grants.unwrap_private_from(private, wrapped, account_id, kind)

    def wrap_private_by_secret(self, secret: bytes, private: bytes, account_id: str, kind: str) -> bytes:
        return grants.wrap_private_by_secret(secret, self.new_salt(), private, account_id, kind)

    def unwrap_private_by_secret(self, secret: bytes, wrapped: bytes, account_id: str, kind: str) -> bytes:
        return grants.unwrap_private_by_secret(secret, wrapped, account_id, kind)

    def wrap_private_in_session(self, share: bytes, private: bytes, account_id: str, session_id: str) -> bytes:
        return grants.wrap_private_in_session(share, private, account_id, session_id)

    def unwrap_private_in_session(self, share: bytes, wrapped: bytes, account_id: str, session_id: str) -> bytes:
        return grants.unwrap_private_in_session(share, wrapped, account_id, session_id)

    def public_of(self, private: bytes) -> bytes:
        return keys.public_of(private)

    # recipient grants

    def new_salt(self) -> bytes:
        return self._random(keys.SALT_SIZE)

    def new_factor(self) -> bytes:
        return self._random(KEY_SIZE)

    def password_factor(self, password: str, salt: bytes) -> bytes:
        """Composed and decomposed accents give the same factor (NFC, as RFC 8265 does)."""
        return keys.stretch(unicodedata.normalize("NFC", password).encode(), salt)

    def new_recipient_key(self, data_key: bytes, message_id: str, grant_id: str, factor: bytes) -> RecipientKey:
        code, share = self.new_code(), self._random(grants.SHARE_SIZE)
        wrapped = grants.wrap_for_recipient(data_key, message_id, grant_id, code=code, factor=factor, share=share)
        return RecipientKey(code=code, code_check=self.code_check(grant_id, code), share=share, wrapped=wrapped)

    def check_code(self, grant_id: str, code: bytes, code_check: bytes) -> bool:
        return hmac.compare_digest(self.code_check(grant_id, code), code_check)

    def open_recipient_key(
        self, wrapped: bytes, message_id: str, grant_id: str, code: bytes, factor: bytes, share: bytes
    ) -> bytes:
        return grants.unwrap_for_recipient(wrapped, message_id, grant_id, code=code, factor=factor, share=share)

    def new_code(self) -> bytes:
        return self._random(codes.CODE_SIZE)

    def code_check(self, about: str, code: bytes) -> bytes:
        return hashlib.sha256(bind(Kind.CODE_CHECK, about, code)).digest()

    def format_code(self, code: bytes) -> str:
        return codes.format_code(code)

    def parse_code(self, text: str) -> bytes | None:
        return codes.parse_code(text)
