"""Fingerprints of documents: is this text made from that form?

Source: Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting" (SIGMOD 2003), over words
instead of characters: a *shingle* is `WORDS` words in a row, and of every `WINDOW` shingles in a row the one with the least
hash is kept. So whoever copies `WORDS + WINDOW - 1` words in a row is noticed. Of a text that is scanned all shingles are
looked up; its *containment* is the share of the document's fingerprints that stand in it, however much else does.
Rule: hashes are keyed, word by word: without the key nothing can be read or guessed from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from gateway.core.list_file import FingerprintList, tag
from gateway.core.normalise import normalise

WORDS, WINDOW = 5, 4
FEWEST = 8  # fingerprints: a shorter text is like too many others
_WORD = re.compile(r"[^\W_]+")
_PRIME = (1 << 61) - 1
_BASE = 1_000_003


def fingerprints(text: str, key: bytes) -> set[int]:
    """The winnowed fingerprints of a document. Raises ValueError when there is too little text in it."""
    hashes = list(_shingles(text, key))
    kept = {min(hashes[at : at + WINDOW]) for at in range(max(1, len(hashes) - WINDOW + 1))} if hashes else set()
    if len(kept) < FEWEST:
        raise ValueError("there is too little text in it for a fingerprint")
    return kept


def shingles(text: str, key: bytes) -> set[int]:
    """All shingles of a text that is scanned, as hashes."""
    return set(_shingles(text, key))


def containment(own: FingerprintList, found: Set[int]) -> float:
    """The largest share, 0 to 1, of one document's fingerprints among the shingles that were found."""
    return max((len(document & found) / len(document) for document in own.documents if document), default=0.0)


def _shingles(text: str, key: bytes) -> Iterator[int]:
    """The hash of every `WORDS` words in a row: a rolling polynomial over the words' keyed hashes."""
    known: dict[str, int] = {}
    last: list[int] = []
    rolled = 0
    drop = pow(_BASE, WORDS, _PRIME)
    for word in _WORD.findall(normalise(text).casefold()):
        number = known.get(word)
        if number is None:
            number = known[word] = int.from_bytes(tag(key, b"word", word.encode("utf-8", "replace"), 8), "big") % _PRIME
        last.append(number)
        rolled = (rolled * _BASE + number) % _PRIME
        if len(last) > WORDS:
            rolled = (rolled - last[-WORDS - 1] * drop) % _PRIME
        if len(last) >= WORDS:
            yield rolled
