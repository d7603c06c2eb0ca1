"""Real peers for end-to-end tests (tests/peers): Dovecot with two mailboxes, a sink for the world outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
