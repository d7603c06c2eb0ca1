"""Key files: armoured text that says what it holds, and the recovery key as a person keeps it on paper.

Rule: a private file is made with mode 0600, never over an existing one, and is not read when others may read it (a group
may, since systemd and Kubernetes hand out credentials so). A file can hold several keys: the first is the present one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from enum import Enum
from pathlib import Path

from gateway.core.errors import Misconfigured, Mistake
from gateway.vault import codes, keys
from gateway.vault.format import KEY_SIZE, Kind, bind, header

_OPEN_TO_OTHERS = 0o027
_BLOCK = re.compile(r"-----BEGIN ZEGEL ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END ZEGEL \1-----")
_CHECKSUM_SYMBOLS = 4


class KeyType(Enum):
    """What a file holds; the value stands in its first line."""

    QUEUE_PRIVATE = "QUEUE PRIVATE KEY"
    QUEUE_PUBLIC = "QUEUE PUBLIC KEY"
    RECOVERY_PUBLIC = "RECOVERY PUBLIC KEY"
    RECOVERY_PRIVATE = "RECOVERY PRIVATE KEY"
    SERVER = "SERVER KEY"
    TRANSPORT = "TRANSPORT KEY"
    HISTORY = "HISTORY KEY"
    LISTS = "LISTS KEY"

    @property
    def public(self) -> bool:
        return self.value.endswith("PUBLIC KEY")


def armour(kind: KeyType, key: bytes) -> str:
    """A key as text."""
    lines = base64.encodebytes(key).decode().strip()
    return f"-----BEGIN ZEGEL {kind.value}-----\n{lines}\n-----END ZEGEL {kind.value}-----\n"


def write_keys(path: Path, kind: KeyType, *held: bytes, replace: bool = False) -> None:
    """Writes and fsyncs. Raises FileExistsError unless `replace`, which swaps the file in one step."""
    target = path.with_name(path.name + ".new") if replace else path
    if replace:
        target.unlink(missing_ok=True)
    mode = 0o644 if kind.public else 0o600
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write("".join(armour(kind, key) for key in held))
        file.flush()
        os.fsync(file.fileno())
    if replace:
        target.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_keys(path: Path, kind: KeyType) -> tuple[bytes, ...]:
    """At least one key. Raises `Misconfigured` with the file and what to do."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("ascii")
    except OSError as error:
        raise _mistake(path, f"the {kind.value.lower()} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _mistake(path, "this is not a key file") from error
    if not kind.public and mode & _OPEN_TO_OTHERS:
        raise _mistake(path, f"others may read or change this private key (mode {mode:04o}): chmod 600 it")
    return tuple(_decode(path, kind, found[1], found[2]) for found in _blocks(path, kind, text))


def read_key(path: Path, kind: KeyType) -> bytes:
    """The first, present key."""
    return read_keys(path, kind)[0]


def print_recovery(private: bytes) -> str:
    """The recovery key for paper: two lines of seven groups; the last group is a checksum."""
    seed = private[len(header(Kind.PRIVATE_KEY)) :]
    symbols = codes.to_symbols(seed) + _checksum(seed)
    half = len(symbols) // 2
    return f"{codes.in_groups(symbols[:half])}\n{codes.in_groups(symbols[half:])}"


def parse_recovery(text: str) -> bytes | None:
    """The private key, as forgiving as codes are; None when it is mistyped."""
    symbols = codes.clean(text)
    length = codes.symbol_count(keys.SEED_SIZE)
    if symbols is None or len(symbols) != length + _CHECKSUM_SYMBOLS:
        return None
    seed = codes.from_symbols(symbols[:length], keys.SEED_SIZE)
    if seed is None or _checksum(seed) != symbols[length:]:
        return None
    return header(Kind.PRIVATE_KEY) + seed


def _checksum(seed: bytes) -> str:
    digest = hashlib.sha256(bind(Kind.RECOVERY_PRINT, seed)).digest()
    return codes.to_symbols(digest)[-_CHECKSUM_SYMBOLS:]


def _blocks(path: Path, kind: KeyType, text: str) -> list[re.Match[str]]:
    found = list(_BLOCK.finditer(text))
    if not found or _BLOCK.sub("", text).strip():
        raise _mistake(path, f"this is not a key file: it should begin with -----BEGIN ZEGEL {kind.value}-----")
    return found


def _decode(path: Path, kind: KeyType, name: str, body: str) -> bytes:
    if name != kind.value:
        raise _mistake(path, f"this holds a {name.lower()}, but a {kind.value.lower()} is needed here")
    try:
        key = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error as error:
        raise _mistake(path, "the base64 text is damaged") from error
    if len(key) != _SIZES[kind]:
        raise _mistake(path, f"a {kind.value.lower()} has {_SIZES[kind]} bytes, this has {len(key)}")
    return key


def _mistake(path: Path, sentence: str) -> Misconfigured:
    return Misconfigured((Mistake(str(path), 0, "", sentence),))


_PUBLIC_SIZE, _PRIVATE_SIZE = 2 + 1184 + 32, 2 + keys.SEED_SIZE
_SIZES = {
    KeyType.QUEUE_PRIVATE: _PRIVATE_SIZE,
    KeyType.QUEUE_PUBLIC: _PUBLIC_SIZE,
    KeyType.RECOVERY_PUBLIC: _PUBLIC_SIZE,
    KeyType.RECOVERY_PRIVATE: _PRIVATE_SIZE,
    KeyType.SERVER: KEY_SIZE,
    KeyType.TRANSPORT: KEY_SIZE,
    KeyType.HISTORY: KEY_SIZE,
    KeyType.LISTS: KEY_SIZE,
}
