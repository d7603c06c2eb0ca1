"""The search itself must find what is hidden, or the at-rest tests could not fail."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.e2e.at_rest import finds, search

SECRET = "BSN 111222333"


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "hidden",
    [
        SECRET.encode(),
        SECRET.encode("utf-16-le"),
        base64.b64encode(b"x" + SECRET.encode() + b"y"),
        base64.b64encode(b"xy" + SECRET.encode() + b"yz"),
        base64.b64encode(b"xyz" + SECRET.encode()),
        base64.encodebytes(b"long " * 20 + SECRET.encode() + b" tail" * 20),
        zlib.compress(b"some " + SECRET.encode()),
        gzip.compress(b"some " + SECRET.encode()),
        zipped(b"some " + SECRET.encode()),
        b"junk" + zipped(b"some " + SECRET.encode()) + b"junk",
        base64.encodebytes(zipped(b"some " + SECRET.encode())),
        b"xy" + base64.b64encode(zipped(b"some " + SECRET.encode())).replace(b"D", b"D\r\n"),
        SECRET.encode()[:7] + b"=\r\n" + SECRET.encode()[7:],
    ],
)
def test_every_disguise_is_seen_through(hidden: bytes) -> None:
    assert finds(b"before" + hidden + b"after" if not hidden.startswith(b"bG9") else hidden, [SECRET], "here")


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"harmless" * 1000)
    assert search([tmp_path], [SECRET]) == []
    (tmp_path / "111222333.txt").touch()
    assert search([tmp_path], ["111222333"]) != []
