"""What every command of `zegel` shares: the settings file, and work that needs an event loop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway.settings import Settings

T = TypeVar("T")

Config = Annotated[Path, typer.Option("--config", "-c", envvar="ZEGEL_CONFIG", help="The settings file.")]
DEFAULT = Path("/etc/zegel/zegel.toml")


def settings_of(config: Path) -> Settings:
    from gateway.config import load

    # Only `zegel demo` sets it, for the roles that it starts: a settings file can't open the demo's pages.
    return load(config, demo=os.environ.get("ZEGEL_DEMO") == "1")


def do(config: Path, work: Callable[[Settings], Awaitable[T]]) -> T:
    from gateway.adapters import logs

    # Standard output is the command's answer, which scripts read; what it did is in the audit log.
    logs.configure("command", level=logging.WARNING)
    settings = settings_of(config)

    async def done() -> T:
        return await work(settings)

    return asyncio.run(done())
