"""What `zegel lists` does: makes lists of an organisation's own data, of which only keyed hashes are kept."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.adapters.extract.extractor import extract_file
from gateway.adapters.own_lists import SUFFIX
from gateway.core.errors import Misconfigured, Mistake
from gateway.core.exact_list import build
from gateway.core.fingerprint import fingerprints
from gateway.core.limits import Limits
from gateway.core.list_file import MOST_SUPPORTS, write_fingerprints


def build_list(source: Path, target: Path, primary: str, supports: Sequence[str], key: bytes, delimiter: str) -> int:
    """Writes `target` out of a CSV file with column names in its first line; the number of rows. Raises `Misconfigured`."""
    if len(supports) > MOST_SUPPORTS:
        raise _mistake(source, f"at most {MOST_SUPPORTS} columns can support")
    with source.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        missing = [name for name in (primary, *supports) if name not in (reader.fieldnames or ())]
        if missing:
            raise _mistake(source, f"there is no column {missing[0]}; there are: {', '.join(reader.fieldnames or ())}")
        counted = _Counted(reader, primary, supports)
        try:
            octets = build(counted, len(supports), key)
        except (UnicodeDecodeError, csv.Error) as error:
            raise _mistake(source, f"this is not CSV in UTF-8: {type(error).__name__}") from None
    _write(target, octets)
    return counted.rows


class _Counted:
    def __init__(self, reader: csv.DictReader[str], primary: str, supports: Sequence[str]) -> None:
        self._reader, self._primary, self._supports = reader, primary, supports
        self.rows = 0

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        for row in self._reader:
            self.rows += 1
            yield row[self._primary] or "", [row[name] or "" for name in self._supports]


def fingerprint_documents(sources: Sequence[Path], target: Path, key: bytes) -> int:
    """Writes `target` out of documents, read as attachments are; the number of fingerprints. Raises `Misconfigured`."""
    documents = []
    for source in sources:
        units, unread = extract_file(source.name, source.read_bytes(), Limits())
        if unread:
            raise _mistake(source, f"can't be read whole: {', '.join(sorted({item.reason for item in unread}))}")
        try:
            documents.append(fingerprints("\n".join(text for _, text in units), key))
        except ValueError as error:
            raise _mistake(source, str(error)) from None
    _write(target, write_fingerprints(documents, key))
    return sum(map(len, documents))


def _write(target: Path, octets: bytes) -> None:
    """In one step: a scan role that reads meanwhile sees the old list or the new one. No rule works without its key, yet
    only the owner and group may read it."""
    if target.suffix != SUFFIX:
        raise _mistake(target, f"a list is named NAME{SUFFIX}")
    new = target.with_name(target.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    new.replace(target)


def _mistake(path: Path, sentence: str) -> Misconfigured:
    return Misconfigured((Mistake(str(path), 0, "", sentence),))
