"""A house of fakes and a browser-like client over it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.portal.fakes import House


class Browser(httpx.AsyncClient):
    """Fills in the token of the page it saw last, as a form would."""

    token = ""

    async def see(self, path: str, **more: object) -> httpx.Response:
        answer = await self.get(path, **more)  # type: ignore[arg-type]
        self._learn(answer)
        return answer

    async def press(self, path: str, **fields: str) -> httpx.Response:
        answer = await self.post(path, data={"token": self.token, **fields})
        self._learn(answer)
        return answer

    def _learn(self, answer: httpx.Response) -> None:
        found = re.search(r'name="token" value="([0-9a-f]+)"', answer.text)
        if found:
            self.token = found[1]


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(app=house.app(), raise_app_exceptions=False)
    async with Browser(transport=transport, base_url="http://localhost:8080") as client:
        yield client
