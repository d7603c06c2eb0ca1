"""A thief with a copy of an installation's files, who tries to open its messages with the product's own code.

Everything the files hold is tried as a key for everything; what the thief knows beside the files (a message code, a password, a
private key) is given, so that the same attempts also serve as the proof that they can succeed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.adapters.store import SqlStore
from gateway.core.errors import CannotOpen
from gateway.core.manifest import Manifest
from gateway.core.records import Account, Grant, GrantKind, KeyWrap, SealedMessage, WrapKind
from gateway.vault.format import KEY_SIZE, Kind, header
from gateway.vault.key_files import KeyType, read_keys
from gateway.vault.keys import SEED_SIZE
from gateway.vault.queue_key import QueueKeyRing
from gateway.vault.server_key import SymmetricServerKey
from gateway.vault.vault import Vault

GUESSES = ("", "password", "welkom01", "anna@example.nl", "zegel")


@dataclass(frozen=True)
class Opened:
    """A message that opened: by which kind of grant, and the subject to prove it."""

    message_id: str
    by: GrantKind
    subject: str


@dataclass
class Thief:
    """`folder` holds zegel.db, blobs and keys. `codes`, `passwords` and `privates` are what the thief knows beside them."""

    folder: Path
    codes: tuple[bytes, ...] = ()
    passwords: tuple[str, ...] = ()
    privates: tuple[bytes, ...] = ()
    vault: Vault = field(default_factory=Vault)

    # -- what the files hold

    def files(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "keys").iterdir())]

    def keys(self) -> dict[KeyType, list[bytes]]:
        found: dict[KeyType, list[bytes]] = {}
        for path in sorted((self.folder / "keys").iterdir()):
            for kind in KeyType:
                with suppress(Exception):  # another kind of file
                    found.setdefault(kind, []).extend(read_keys(path, kind))
        return found

    def secrets(self) -> Iterator[bytes]:
        """Byte strings of all lengths that may be a key or a password to something."""
        yield bytes(KEY_SIZE)
        for held in self.keys().values():
            yield from held
        yield from self.files()

    def private_keys(self) -> list[bytes]:
        """Real private keys, and every secret as if it were one."""
        real = [*self.privates, *self.keys().get(KeyType.QUEUE_PRIVATE, [])]
        seeds = [seed for secret in self.secrets() for seed in (secret[-SEED_SIZE:], hashlib.sha256(secret).digest())]
        return [*real, *(header(Kind.PRIVATE_KEY) + seed for seed in seeds)]

    def server_keys(self) -> list[SymmetricServerKey]:
        return [SymmetricServerKey(secret) for secret in set(self.secrets()) if len(secret) == KEY_SIZE]

    # -- the attempts

    async def opens(self) -> list[Opened]:
        """Every message that any attempt opens, once for each kind of grant."""
        store = SqlStore(f"sqlite:///{self.folder / 'zegel.db'}")
        found = []
        try:
            privates = self.private_keys()
            async with store.read() as tx:
                for account_id in self._ids("accounts"):
                    account = await tx.account(account_id)
                    assert account is not None
                    privates += self._account_keys(account, await tx.key_wraps(account_id), privates)
                for message_id in self._ids("messages"):
                    message = await tx.message(message_id)
                    assert message is not None
                    grants = await tx.grants(message_id)
                    found += [opened for grant in grants for opened in self._open(message, grant, privates)]
        finally:
            await store.close()
        return sorted(set(found), key=lambda opened: (opened.message_id, opened.by.value))

    async def opens_payloads(self) -> list[str]:
        """The ids of the queue's payloads that open."""
        store = SqlStore(f"sqlite:///{self.folder / 'zegel.db'}")
        ring = QueueKeyRing(*self.private_keys())
        found = []
        try:
            async with store.read() as tx:
                for payload_id in self._ids("payloads"):
                    payload = await tx.payload(payload_id)
                    assert payload is not None
                    assert payload.inline is not None
                    with suppress(CannotOpen):
                        ring.open(payload.inline, payload_id)
                        found.append(payload_id)
        finally:
            await store.close()
        return found

    def _ids(self, table: str) -> list[str]:
        with closing(sqlite3.connect(self.folder / "zegel.db")) as database:
            return [row[0] for row in database.execute(f"select id from {table} order by id")]

    def _account_keys(self, account: Account, wraps: list[KeyWrap], privates: list[bytes]) -> list[bytes]:
        """An account's private key by any of its wraps: by password or code, or by another private key."""
        passwords = [*(word.encode() for word in (*GUESSES, *self.passwords)), *self.secrets(), *self.codes]
        found = []
        for wrap in wraps:
            for private in privates:
                with suppress(CannotOpen):
                    found.append(self.vault.unwrap_private_from(private, wrap.wrapped, account.id, wrap.kind.value))
            if wrap.kind is not WrapKind.RECOVERY:
                for password in passwords:
                    with suppress(CannotOpen):
                        found.append(
                            self.vault.unwrap_private_by_secret(password, wrap.wrapped, account.id, wrap.kind.value)
                        )
        return found

    def _open(self, message: SealedMessage, grant: Grant, privates: list[bytes]) -> Iterator[Opened]:
        keys = self._by_code(message, grant) if grant.kind is GrantKind.RECIPIENT else self._by_key(grant, privates)
        for data_key in keys:
            manifest = Manifest.from_bytes(self.vault.open_head(data_key, message.id, message.head))
            yield Opened(message.id, grant.kind, manifest.subject)

    def _by_key(self, grant: Grant, privates: list[bytes]) -> Iterator[bytes]:
        for private in privates:
            with suppress(CannotOpen):
                yield self.vault.unwrap_data_key(
                    private, grant.wrapped, grant.message_id, grant.kind.value, grant.holder
                )

    def _by_code(self, message: SealedMessage, grant: Grant) -> Iterator[bytes]:
        rows = (grant.code_check, grant.share, grant.wrapped[2:], grant.salt, message.manage_check)
        codes = [b"", bytes(16), *self.codes, *(row[:16] for row in rows), *(row[-16:] for row in rows)]
        factors = list(self._factors(grant))
        for code in codes:
            for factor in factors:
                with suppress(CannotOpen):
                    yield self.vault.open_recipient_key(
                        grant.wrapped, grant.message_id, grant.id, code, factor, grant.share
                    )

    def _factors(self, grant: Grant) -> Iterator[bytes]:
        yield b""
        yield bytes(KEY_SIZE)
        if grant.salt:
            yield from (self.vault.password_factor(word, grant.salt) for word in (*GUESSES, *self.passwords))
        if grant.sealed_factor:
            for key in self.server_keys():
                with suppress(CannotOpen):
                    yield key.open(grant.sealed_factor, f"factor:{grant.id}")
