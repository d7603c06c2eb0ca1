"""The organisation's own lists: files of a folder, checked, and shared with worker processes without a copy for each.

Terms: a list file is NAME.zlist, made by `zegel lists`. Rule: what a rule names must be there and whole, or nothing starts; a
worker gets the octets as a sealed memory file that it can only read.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.core import list_file
from gateway.core.errors import Misconfigured, Mistake
from gateway.core.list_file import BadList, OwnList

SUFFIX = ".zlist"


@dataclass(frozen=True, slots=True)
class ListFile:
    name: str
    path: str
    octets: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.octets).hexdigest()


@dataclass(frozen=True, slots=True)
class OwnLists:
    """What the scan role reads. `key` is empty when there is no list."""

    files: tuple[ListFile, ...] = ()
    key: bytes = field(default=b"", repr=False)

    @property
    def digests(self) -> dict[str, str]:
        return {file.name: file.digest for file in self.files}

    def opened(self) -> dict[str, OwnList]:
        """The lists by name. Raises `Misconfigured` with every file that can't be used."""
        found, mistakes = {}, []
        for file in self.files:
            try:
                found[file.name] = list_file.read(file.octets, self.key)
            except BadList as error:
                mistakes.append(Mistake(file.path, 0, "", str(error)))
        if mistakes:
            raise Misconfigured(tuple(mistakes))
        return found


def read_folders(folders: Iterable[Path]) -> tuple[ListFile, ...]:
    """All list files by name; of two of the same name the later folder's. Raises `Misconfigured` when one can't be read."""
    found, mistakes = {}, []
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            try:
                found[path.stem] = ListFile(path.stem, str(path), path.read_bytes())
            except OSError as error:
                mistakes.append(Mistake(str(path), 0, "", f"can't be read: {error.strerror}"))
    if mistakes:
        raise Misconfigured(tuple(mistakes))
    return tuple(found.values())


class MemoryFile:
    """A file in memory; closed when the last reference to it goes, since a worker may start from it until then."""

    def __init__(self, name: str) -> None:
        self.number = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        weakref.finalize(self, os.close, self.number)


def share(files: Sequence[ListFile]) -> tuple[MemoryFile, ...]:
    """A memory file for each, that nobody can change any more."""
    shared = []
    for file in files:
        memory = MemoryFile(file.name)
        rest = memoryview(file.octets)
        while rest:
            rest = rest[os.write(memory.number, rest) :]
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(memory.number, fcntl.F_ADD_SEALS, seals)
        shared.append(memory)
    return tuple(shared)


def from_shared(numbers: Mapping[str, int], key: bytes) -> dict[str, OwnList]:
    """In the worker: the lists by name, out of inherited file numbers, which are closed. Raises `BadList`."""
    found = {}
    for name, number in numbers.items():
        octets = memoryview(mmap.mmap(number, 0, access=mmap.ACCESS_READ))
        os.close(number)
        found[name] = list_file.read(octets, key)
    return found
