"""The tables of the store in memory, and what changing them shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gateway.core.history import Contact, DomainShape
from gateway.core.login_records import Factor, LoginSession
from gateway.core.ports import Duplicate
from gateway.core.records import (
    Account,
    ApiToken,
    AuditEntry,
    Case,
    Delivery,
    Event,
    Grant,
    KeyWrap,
    OneTimeCode,
    PastDecision,
    Payload,
    SealedMessage,
)

Row = TypeVar("Row", Account, ApiToken, SealedMessage, Grant, Payload, Delivery, Case, Factor, LoginSession)


@dataclass(slots=True)
class Tables:
    """All rows, by their id."""

    accounts: dict[str, Account] = field(default_factory=dict)
    wraps: dict[str, list[KeyWrap]] = field(default_factory=dict)
    tokens: dict[str, ApiToken] = field(default_factory=dict)
    messages: dict[str, SealedMessage] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, OneTimeCode] = field(default_factory=dict)
    payloads: dict[str, Payload] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    counters: dict[tuple[str, float, int], int] = field(default_factory=dict)
    contacts: dict[tuple[str, bytes, bytes], Contact] = field(default_factory=dict)
    shapes: set[DomainShape] = field(default_factory=set)
    decisions: dict[str, PastDecision] = field(default_factory=dict)
    factors: dict[str, Factor] = field(default_factory=dict)
    sessions: dict[str, LoginSession] = field(default_factory=dict)

    def copy(self) -> Tables:
        return Tables(*(type(rows)(rows) for rows in (getattr(self, name) for name in self.__slots__)))


class MemoryRows:
    """One transaction's view of the tables."""

    def __init__(self, tables: Tables, *, writable: bool = True) -> None:
        self._rows = tables
        self._writable = writable

    @property
    def _changing(self) -> Tables:
        """The tables, for a method that changes them."""
        if not self._writable:
            raise RuntimeError("writing in a read transaction")
        return self._rows


def add(rows: dict[str, Row], record: Row) -> None:
    if record.id in rows:
        raise Duplicate(record.id)
    rows[record.id] = record


def need(rows: Mapping[str, object], row_id: str) -> None:
    if row_id not in rows:
        raise KeyError(row_id)


def update(rows: dict[str, Row], row_id: str, **fields: object) -> None:
    """Changes a row; one that is gone is left gone."""
    if row_id in rows:
        rows[row_id] = replace(rows[row_id], **fields)  # type: ignore[arg-type]
