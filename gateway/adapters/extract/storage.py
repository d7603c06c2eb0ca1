"""One folder of streams in a compound file (MS-CFB), as olefile shows it."""

from __future__ import annotations

from dataclasses import dataclass

import olefile


class BrokenStorage(Exception):
    """The container or a stream in it can't be read."""


@dataclass(slots=True)
class Storage:
    """`path` is empty for the root; `names` are those of its streams."""

    container: olefile.OleFileIO
    path: tuple[str, ...]
    names: list[str]

    def read(self, name: str) -> bytes:
        """The stream's octets; empty when there is none. Raises `BrokenStorage`."""
        where = [*self.path, name]
        try:
            return bytes(self.container.openstream(where).read()) if self.container.exists(where) else b""
        except (OSError, ValueError, IndexError, TypeError, KeyError) as error:
            raise BrokenStorage from error

    def below(self) -> list[Storage]:
        """The storages right below this one that hold streams."""
        depth = len(self.path)
        found: dict[str, list[str]] = {}
        for path in self.container.listdir(streams=True, storages=False):
            if len(path) >= depth + 2 and tuple(path[:depth]) == self.path:
                names = found.setdefault(path[depth], [])
                if len(path) == depth + 2:
                    names.append(path[-1])
        return [Storage(self.container, (*self.path, name), names) for name, names in found.items()]
