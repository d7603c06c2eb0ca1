"""Text messages that stay on this machine."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.sms.console import ConsoleSms
from gateway.core.errors import SmsFailed

TO, NOW = "+31612345678", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


async def test_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file = tmp_path / "sms.jsonl"
    await ConsoleSms(file, clock=lambda: NOW).send(TO, "Uw code:\n123456 €", "Zegel")
    assert capsys.readouterr().out == "sms to +31612345678 : Uw code: 123456 €\n"
    assert json.loads(file.read_text()) == {"to": TO, "text": "Uw code:\n123456 €", "at": "2026-03-01T12:30:00+00:00"}
    assert len(synced) == 1
    assert file.stat().st_mode & 0o077 == 0


async def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await ConsoleSms().send(TO, "123456", "Zegel")
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_that_refuses_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SmsFailed) as caught:
        await ConsoleSms(tmp_path / "file" / "sms.jsonl").send(TO, "123456", "Zegel")
    assert not caught.value.permanent
