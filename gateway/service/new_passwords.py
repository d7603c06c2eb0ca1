"""Which login passwords may be chosen. NIST SP 800-63B-4 section 3.1.1.2: length and guessability count, composition
does not."""

from __future__ import annotations

import asyncio

from gateway.core.login import BadPassword
from gateway.core.login_ports import PasswordJudge
from gateway.core.organisation import Organisation
from gateway.core.pickup import LONGEST_PASSWORD

SHORTEST_PASSWORD = 12


class NewPasswords:
    def __init__(self, judge: PasswordJudge) -> None:
        self._judge = judge

    async def check(self, password: str, address: str, name: str, organisation: Organisation | None = None) -> None:
        """Raises `BadPassword`. Words about the person and the organisation are the first that others would try."""
        if len(password) < SHORTEST_PASSWORD:
            raise BadPassword("short")
        if len(password) > LONGEST_PASSWORD:
            raise BadPassword("long")
        about = [address, name, *((organisation.name, organisation.id, *organisation.domains) if organisation else ())]
        if await asyncio.to_thread(self._judge.weak, password, about):
            raise BadPassword("weak")
