"""The organisation's own lists on their way: command, file, shared memory, worker."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from gateway.adapters.own_lists import OwnLists, from_shared, read_folders, share
from gateway.adapters.scan_broker import Broker, BrokerSettings
from gateway.adapters.scanner import ZmqScanner
from gateway.core.errors import Misconfigured
from gateway.core.finding import Confidence
from gateway.list_commands import build_list, fingerprint_documents
from tests.unit.core.test_classify_lists import RULES
from tests.unit.core.test_lists import FORM

KEY = b"k" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "patients.csv"
    source.write_text("nummer;naam;geboren\nP100200;Jan de Vries;12-03-1954\n;niemand;\n", encoding="utf-8")
    assert build_list(source, tmp_path / "patients.zlist", "nummer", ["naam", "geboren"], KEY, ";") == 2
    (tmp_path / "intake.txt").write_text(FORM, encoding="utf-8")
    assert fingerprint_documents([tmp_path / "intake.txt"], tmp_path / "intake.zlist", KEY) > 10
    return tmp_path


def lists(folder: Path) -> OwnLists:
    return OwnLists(read_folders([folder]), KEY)


def test_files_are_for_their_owner_and_hold_no_value(folder: Path) -> None:
    for name in ("patients", "intake"):
        path = folder / f"{name}.zlist"
        assert path.stat().st_mode & 0o007 == 0
        assert b"Vries" not in path.read_bytes()
        assert not (folder / f"{name}.zlist.new").exists()


def test_a_worker_sees_them_in_memory_that_nobody_changes(folder: Path) -> None:
    shared = share(lists(folder).files)
    numbers = {file.name: os.dup(memory.number) for file, memory in zip(lists(folder).files, shared, strict=True)}
    assert set(from_shared(numbers, KEY)) == {"patients", "intake"}
    with pytest.raises(OSError, match="ermi"):
        os.write(shared[0].number, b"x")


def test_a_damaged_or_foreign_list_is_told_by_its_file(folder: Path) -> None:
    path = folder / "patients.zlist"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Misconfigured) as error:
        lists(folder).opened()
    assert [(Path(mistake.file).name, "damaged" in str(mistake)) for mistake in error.value.mistakes] == [
        ("patients.zlist", True)
    ]
    with pytest.raises(Misconfigured):
        OwnLists(read_folders([folder]), b"o" * 32).opened()


@pytest.mark.parametrize(
    ("text", "primary", "supports"),
    [("a,b\n1,2\n", "c", []), ("a,b\n1,2\n", "a", ["c"]), ("a\n1\n", "a", ["a"] * 17), ("", "a", [])],
)
def test_a_wrong_column_is_told(tmp_path: Path, text: str, primary: str, supports: list[str]) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(Misconfigured):
        build_list(tmp_path / "x.csv", tmp_path / "x.zlist", primary, supports, KEY, ",")
    assert not (tmp_path / "x.zlist").exists()


def test_a_document_without_enough_text_has_no_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("Met vriendelijke groet")
    with pytest.raises(Misconfigured):
        fingerprint_documents([tmp_path / "short.txt"], tmp_path / "x.zlist", KEY)


async def test_workers_find_what_is_listed(folder: Path, tmp_path: Path) -> None:
    settings = BrokerSettings(
        endpoint=f"ipc://{tmp_path}/s",
        workers=1,
        seconds=30,
        memory_bytes=1 << 30,
        read_rules=lambda: ([("r.toml", RULES)], []),
        read_lists=lambda: lists(folder),
    )
    broker, ready = Broker(settings), asyncio.Event()
    serving = asyncio.create_task(broker.serve(ready.set))
    await asyncio.wait_for(ready.wait(), 60)
    scanner = ZmqScanner([settings.endpoint], seconds=30)
    try:
        scan = await scanner.scan(f"Subject: x\r\n\r\nJan de Vries, P100200, P100201\r\n\r\n{FORM}\r\n".encode())
    finally:
        await scanner.close()
        broker.stop()
        await serving
    told = [(item.rule, item.confidence, item.count) for item in scan.findings.findings]
    assert told == [("site.intake", Confidence.HIGH, 1), ("site.patient", Confidence.HIGH, 1)]
