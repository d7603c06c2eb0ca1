"""Contacts, shapes of domains and past decisions, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.adapters.memory_tables import MemoryRows
from gateway.core.history import ANYBODY, Contact, DomainShape
from gateway.core.records import PastDecision


class MemoryPast(MemoryRows):
    """See `gateway.core.ports.Transaction`."""

    async def contacts(self, organisation: str, writers: Sequence[bytes], subjects: Sequence[bytes]) -> list[Contact]:
        contacts = self._rows.contacts
        keys = ((organisation, writer, subject) for writer in writers for subject in subjects)
        return [contacts[key] for key in keys if key in contacts]

    async def domain_shapes(self, organisation: str, shapes: Sequence[bytes]) -> list[DomainShape]:
        return [s for s in self._rows.shapes if s.organisation == organisation and s.shape in shapes]

    async def remember(self, contacts: Sequence[Contact], shapes: Sequence[DomainShape]) -> None:
        rows = self._changing
        for contact in contacts:
            key = (contact.organisation, contact.writer, contact.subject)
            before = rows.contacts[key].times if key in rows.contacts else 0
            rows.contacts[key] = replace(contact, times=before + contact.times)
        rows.shapes.update(shapes)

    async def add_past_decision(self, decision: PastDecision) -> None:
        self._changing.decisions[decision.id] = decision

    async def past_decisions(self, since: datetime, limit: int, after: str = "") -> list[PastDecision]:
        found = [d for d in self._rows.decisions.values() if d.at >= since and d.id > after]
        return sorted(found, key=lambda decision: decision.id)[:limit]

    async def forget(self, contacts_before: datetime, decisions_before: datetime, limit: int) -> int:
        rows = self._changing
        old = [key for key, contact in rows.contacts.items() if contact.last_at < contacts_before][:limit]
        past = [row for row, decision in rows.decisions.items() if decision.at < decisions_before][:limit]
        for key in old:
            del rows.contacts[key]
        for row in past:
            del rows.decisions[row]
        if not old and not past:
            return 0
        unknown = [s for s in rows.shapes if (s.organisation, ANYBODY, s.domain) not in rows.contacts][:limit]
        rows.shapes.difference_update(unknown)
        return len(old) + len(past) + len(unknown)
