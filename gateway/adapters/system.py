"""The clock and the sources of ids, secrets and MIME boundaries that the composition roots hand to the services."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime


def clock() -> datetime:
    """Now, as an aware UTC time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh id; its shape is in `gateway.core.ids`."""
    return base64.b32encode(os.urandom(10)).decode().lower()


def new_boundary() -> str:
    """A fresh MIME boundary that no content can foresee; `=_` never stands in an encoded body (RFC 2045 section 6.7)."""
    return f"=_{os.urandom(16).hex()}"


def new_secret() -> bytes:
    """256 random bits."""
    return os.urandom(32)
