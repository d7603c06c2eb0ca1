"""Which blob store an address names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.adapters.file_blobs import FileBlobs
from gateway.adapters.s3_blobs import S3Blobs


def open_blobs(url: str) -> FileBlobs | S3Blobs:
    """For `file:///FOLDER` and `s3://BUCKET/PREFIX`. Raises ValueError for another address."""
    parts = urlsplit(url)
    match parts.scheme:
        case "file":
            return FileBlobs(Path(unquote(parts.path)))
        case "s3":
            return S3Blobs(url)
        case _:
            raise ValueError("a blob store is file:// or s3://")
