"""Where the data folders are: beside the code in a checkout, inside the package when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The folder `policies`, `dlp_rules` or `config` that came with this installation."""
    installed = PACKAGE / "data" / name
    return installed if installed.is_dir() else PACKAGE.parent / name
