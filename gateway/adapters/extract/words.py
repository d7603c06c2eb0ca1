"""Readable words among octets: for streams of a format that nobody describes, as the command `strings` does it."""

from __future__ import annotations

import re

_NARROW = re.compile(rb"[\t\r\n -~\x80\x91-\x97\xa0-\xff]{4,}")
_WIDE = re.compile(rb"(?:[\t\r\n -~\xa0-\xff]\0){4,}")
_LONG = re.compile(rb"[\t -~]{10,}")
_LONG_WIDE = re.compile(rb"(?:[\t -~]\0){10,}")
_MOST = 4 << 20


def sentences_in(octets: bytes) -> list[str]:
    """Runs of ten signs of ASCII or more, in 8 or 16 bits: what stands beside or behind compressed data, where shorter runs are
    chance.
    """
    octets = octets[:_MOST]
    found = [run.decode("utf-16-le") for run in _LONG_WIDE.findall(octets)]
    return found + [run.decode("ascii") for run in _LONG.findall(octets)]


def words_in(octets: bytes) -> list[str]:
    """Runs of four letters or more, in cp1252 and in UTF-16."""
    octets = octets[:_MOST]
    found = [run.decode("utf-16-le") for run in _WIDE.findall(octets)]
    return found + [run.decode("cp1252", "replace") for run in _NARROW.findall(octets)]
