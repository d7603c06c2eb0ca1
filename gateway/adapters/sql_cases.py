"""Cases in SQL: held mail that waits for its sender's choice or a reviewer's decision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from gateway.adapters.schema import cases
from gateway.adapters.sql_rows import Rows
from gateway.core.cases import CaseState
from gateway.core.decision import Choice
from gateway.core.records import Case


class CaseRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    async def add_case(self, case: Case) -> None:
        await self._insert(cases, [case])

    async def case(self, case_id: str) -> Case | None:
        found = select(cases).where(cases.c.id == case_id)
        return await self._one(Case, found.with_for_update() if self._writable else found)

    async def cases(self, limit: int) -> list[Case]:
        return await self._all(Case, select(cases).order_by(cases.c.created_at.desc(), cases.c.id).limit(limit))

    async def answer_case(self, case_id: str, state: CaseState, choice: Choice, by: str, reason: bytes) -> None:
        open_ = (cases.c.id == case_id, cases.c.state == CaseState.OPEN)
        await self._change(update(cases).where(*open_).values(state=state, choice=choice, by=by, reason=reason))

    async def end_case(self, case_id: str, at: datetime) -> None:
        await self._change(update(cases).where(cases.c.id == case_id).values(ended_at=at))
