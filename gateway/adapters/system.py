"""The clock and the source of ids that the composition roots hand to the services."""

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
