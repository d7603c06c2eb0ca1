"""The queue key: mail and orders that wait are sealed to it. Its public half seals, its private half opens.

A sealed payload names the key it is for, so that after a rotation the former key still opens what waits.
Each payload has a key of its own (sealed by HPKE) and is a STREAM under it, whatever its size.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from gateway.core.errors import CannotOpen
from gateway.core.records import GrantKind
from gateway.vault import grants, keys, stream
from gateway.vault.format import KEY_SIZE, TAG_SIZE, Kind, bind, header, strip_header

_WRAP_SIZE = keys.ENCAPSULATED_SIZE + KEY_SIZE + TAG_SIZE


class QueueKeySealer:
    """Implements `QueueSealer`. Raises `CannotOpen` when `public` is no public key."""

    def __init__(self, public: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self.public = public
        self.id = keys.key_id(public)
        self._random = random
        keys.seal_to(public, b"", b"")  # a key that can't seal is noticed at start, not at the first mail

    def seal(self, plaintext: bytes, payload_id: str) -> bytes:
        """The payload, bound to its id."""
        payload_key, salt = self._random(KEY_SIZE), self._random(stream.SALT_SIZE)
        binding = bind(Kind.QUEUED, payload_id, self.id)
        wrapped = keys.seal_to(self.public, payload_key, binding)
        pieces = stream.seal(payload_key, salt, binding, (plaintext,))
        return b"".join((header(Kind.QUEUED), bytes.fromhex(self.id), wrapped, *pieces))


class QueueKeyRing:
    """Implements `QueueOpener` with the present key and the former ones."""

    def __init__(self, *privates: bytes) -> None:
        self._privates = {keys.key_id(keys.public_of(private)): private for private in privates}

    def __repr__(self) -> str:
        return f"QueueKeyRing({', '.join(self._privates)})"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, in the order given."""
        return tuple(self._privates)

    def open(self, sealed: bytes, payload_id: str) -> bytes:
        """Raises `CannotOpen`, also when the key it names is not here."""
        rest = strip_header(Kind.QUEUED, sealed)
        key_id, rest = rest[: keys.KEY_ID_SIZE].hex(), rest[keys.KEY_ID_SIZE :]
        binding = bind(Kind.QUEUED, payload_id, key_id)
        payload_key = keys.open_with(self._private(key_id), rest[:_WRAP_SIZE], binding)
        return stream.open_whole(payload_key, binding, rest[_WRAP_SIZE:])

    def unwrap_data_key(self, wrapped: bytes, message_id: str, holder: str) -> bytes:
        """Opens a QUEUE grant. Raises `CannotOpen`."""
        return grants.unwrap_data_key(self._private(holder), wrapped, message_id, GrantKind.QUEUE.value, holder)

    def _private(self, key_id: str) -> bytes:
        try:
            return self._privates[key_id]
        except KeyError:
            raise CannotOpen from None
