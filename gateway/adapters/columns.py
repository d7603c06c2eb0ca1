"""Column types of the schema: each turns a record's field into a column and back, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum

from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware time. SQLite keeps text without a zone, so that texts sort as times do; PostgreSQL keeps timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Choice(TypeDecorator[Enum]):
    """A member of an enum, by its value's text."""

    impl = String(20)
    cache_ok = True

    def __init__(self, choices: type[Enum]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value.value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Enum | None:
        return None if value is None else next(choice for choice in self.choices if str(choice.value) == value)


class Companions(TypeDecorator[tuple[tuple[bytes, int], ...]]):
    """Pairs of eight octets and a number below 65536, ten octets each."""

    impl = LargeBinary()
    cache_ok = True

    def process_bind_param(self, value: tuple[tuple[bytes, int], ...] | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        return b"".join(who + min(times, 0xFFFF).to_bytes(2, "big") for who, times in value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> tuple[tuple[bytes, int], ...] | None:
        if value is None:
            return None
        pieces = (value[start : start + 10] for start in range(0, len(value), 10))
        return tuple((piece[:8], int.from_bytes(piece[8:], "big")) for piece in pieces)


class Strings(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, as JSON."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))
