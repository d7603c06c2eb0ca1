"""Cases in memory."""

from __future__ import annotations

from datetime import datetime

from gateway.adapters.memory_tables import MemoryRows, add, update
from gateway.core.cases import CaseState
from gateway.core.decision import Choice
from gateway.core.records import Case


class MemoryCases(MemoryRows):
    """See `gateway.core.ports.Transaction`."""

    async def add_case(self, case: Case) -> None:
        add(self._changing.cases, case)

    async def case(self, case_id: str) -> Case | None:
        return self._rows.cases.get(case_id)

    async def cases(self, limit: int) -> list[Case]:
        found = sorted(self._rows.cases.values(), key=lambda case: case.id)
        return sorted(found, key=lambda case: case.created_at, reverse=True)[:limit]

    async def answer_case(self, case_id: str, state: CaseState, choice: Choice, by: str, reason: bytes) -> None:
        rows = self._changing
        case = rows.cases.get(case_id)
        if case is not None and case.state is CaseState.OPEN:
            update(rows.cases, case_id, state=state, choice=choice, by=by, reason=reason)

    async def end_case(self, case_id: str, at: datetime) -> None:
        rows = self._changing
        if case_id in rows.cases:
            update(rows.cases, case_id, ended_at=at)
