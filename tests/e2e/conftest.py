"""Real peers for end-to-end tests (tests/peers): Dovecot with two mailboxes, a sink for the world outside, a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.peers.chromium import OpenPage, Watch, chromium, pages
from tests.peers.dovecot import Dovecot, dovecot
from tests.peers.sink import Sink, sink

USERS = {"anna@example.test": "geheim", "bram@example.test": "geheim"}


@pytest.fixture(scope="session")
def mailboxes() -> Iterator[Dovecot]:
    """Mailboxes of anna and bram at example.test; shared, so tests count from what they find."""
    with dovecot(USERS) as running:
        yield running


@pytest.fixture
def outside() -> Iterator[Sink]:
    """What left for other domains."""
    with sink() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Every page that a test opens is watched: no dialog, no script error, no request to another place than the pages'."""
    kept = Watch("http://localhost:")
    yield kept
    assert (kept.dialogs, kept.outside, kept.errors) == ([], [], [])


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[OpenPage]:
    """Opens a page as another person would: in a context of its own, with the options given."""
    with pages(browser, watch) as opens:
        yield opens
