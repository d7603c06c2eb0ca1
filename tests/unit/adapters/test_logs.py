"""The log's last net against secrets."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from gateway.adapters.logs import configure, without_secrets


@pytest.mark.parametrize("field", ["code", "password", "phone", "subject", "factor"])
def test_fields_that_carry_secrets_are_blanked(field: str) -> None:
    assert without_secrets(None, "", {"event": "x", field: "111222333"})[field] == "…"


def test_codes_are_blanked_wherever_they_stand() -> None:
    event = without_secrets(None, "", {"event": "bad link https://host/m/abc#4JX1-Z7J6-QYSB-7GJA-K87Q-XMTW-YJR"})
    assert event["event"] == "bad link https://host/m/abc…"


def test_api_tokens_are_blanked_wherever_they_stand() -> None:
    event = without_secrets(None, "", {"event": f"401 for zegel_{'aB3-_' * 8}xyz!"})
    assert event["event"] == "401 for …!"


def test_ids_and_addresses_stay_readable() -> None:
    event = {"event": "sealed", "trace": "abcdefgh234567ab", "rcpt_to": "jan@example.org", "count": 3}
    assert without_secrets(None, "", dict(event)) == event


class Pipe(io.StringIO):
    """Keeps what each write wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_line_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes write to one pipe; what is written at once stays together."""
    pipe = Pipe()
    monkeypatch.setattr(sys, "stderr", pipe)
    configure("smtp", readable=False)
    structlog.get_logger().info("accepted", trace="abcdefgh234567ab")
    [line] = pipe.writes
    assert line.startswith("{")
    assert line.endswith("}\n")
