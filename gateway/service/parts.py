"""The parts of a sealed message, read with its data key: from the row or the blob, whole or by range."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from gateway.core.ports import Blobs, Vault
from gateway.core.records import SealedMessage, StoredPart


class Parts:
    """Whoever holds a data key may read; nothing here asks who that is."""

    def __init__(self, *, blobs: Blobs, vault: Vault) -> None:
        self._blobs = blobs
        self._vault = vault

    def chunks(
        self, message: SealedMessage, data_key: bytes, number: int, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Plaintext bytes start..end (exclusive) of one part. Raises `CannotOpen`, and KeyError when a blob is gone."""
        stored = next(stored for stored in message.parts if stored.number == number)
        return self._vault.open_part(data_key, message.id, number, stored.size, self._ciphertext(stored), start, end)

    def _ciphertext(self, stored: StoredPart) -> Callable[[int, int], AsyncIterator[bytes]]:
        if stored.inline is None:
            return lambda start, end: self._blobs.get(stored.blob or "", start, end)
        inline = stored.inline

        async def slice_of(start: int, end: int) -> AsyncIterator[bytes]:
            yield inline[start:end]

        return slice_of
