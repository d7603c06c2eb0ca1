"""A real Chromium over the pages, with fakes behind them."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser

from tests.peers.chromium import OpenPage, Watch, chromium, pages
from tests.portal.fakes import House


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(world=tmp_path)


@pytest.fixture
def base(house: House) -> Iterator[str]:
    """The address of the pages."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(house.app(), log_config=None, access_log=False))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://localhost:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def watch(base: str) -> Watch:
    return Watch(base)


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[OpenPage]:
    with pages(browser, watch) as opens:
        yield opens
