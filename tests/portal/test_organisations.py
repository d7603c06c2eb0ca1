"""Several organisations in one installation: each page bears the name and colour of the one it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from gateway.core.pickup import Revoked
from tests.portal.conftest import Browser
from tests.portal.fakes import ACCOUNT, CODE_TEXT, GRANT, MESSAGE, ORGANISATION, House
from tests.unit.service.lab import Lab

OTHER = replace(ORGANISATION, id="other", name="Ander huis", language="en", portal_url="https://mail.other.example")
NOBODY = "zzzzzzzzzzzzzzzz"


@pytest.fixture
def house() -> House:
    return House(organisations=(OTHER, ORGANISATION))


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(app=house.app(), raise_app_exceptions=False)
    async with Browser(transport=transport, base_url="http://gateway.internal") as client:
        yield client


def bears(answer: httpx.Response) -> str:
    """The organisation whose name the page has at its top, and whose colours it loads."""
    for one in (OTHER, ORGANISATION):
        if f"</span>{one.name}" in answer.text and f"/o/{one.id}/colour.css" in answer.text:
            return one.id
    assert "colour.css" not in answer.text
    return ""


async def test_pages_of_a_link(browser: Browser) -> None:
    for path in (f"/m/{GRANT}", f"/m/{GRANT}/message", f"/manage/{MESSAGE}", f"/manage/{MESSAGE}/overview"):
        answer = await browser.see(path)
        assert bears(answer) == "example", path
        assert answer.headers["content-language"] == "nl"
    assert bears(await browser.see(f"/activate/{ACCOUNT}")) == "example"
    answer = await browser.press(f"/activate/{ACCOUNT}", code=CODE_TEXT, password="a" * 12, again="a" * 12)
    assert bears(answer) == "example"


async def test_the_senders_pages(browser: Browser) -> None:
    await browser.see(f"/manage/{MESSAGE}")
    assert bears(await browser.press(f"/manage/{MESSAGE}/open", code="wrong")) == "example"
    await browser.press(f"/manage/{MESSAGE}/open", code=CODE_TEXT)
    for path in ("/overview", "/confirm", "/recipient?address=piet@elders.example"):
        assert bears(await browser.see(f"/manage/{MESSAGE}{path}")) == "example"
    assert bears(await browser.press(f"/manage/{MESSAGE}/leave")) == "example"


async def test_errors_and_what_has_ended(browser: Browser, house: House) -> None:
    house.pickup.raises = Revoked()
    answer = await browser.get(f"/m/{GRANT}")
    assert (answer.status_code, bears(answer)) == (410, "example")
    assert bears(await browser.post(f"/m/{GRANT}/open", data={"token": "wrong"})) == "example"
    house.pickup.raises = RuntimeError()
    answer = await browser.get(f"/m/{GRANT}")
    assert (answer.status_code, bears(answer)) == (500, "example")


async def test_a_page_of_nobody_bears_no_name_unless_the_address_tells(browser: Browser) -> None:
    for path in ("/", "/nothing", f"/m/{NOBODY}", f"/manage/{NOBODY}", "/manage", "/m/../x"):
        assert bears(await browser.get(path)) == "", path
        assert bears(await browser.get(path, headers={"host": "mail.other.example"})) == "other", path


async def test_an_error_page_does_not_fail_in_its_turn(browser: Browser, house: House) -> None:
    async def broken(_identity: str) -> None:
        raise RuntimeError

    house.owners.of_grant = broken  # type: ignore[assignment, method-assign]
    house.pickup.raises = RuntimeError()
    answer = await browser.get(f"/m/{GRANT}")
    assert (answer.status_code, bears(answer)) == (500, "")


async def test_owners_of_real_rows() -> None:
    lab = Lab()
    sealed = await lab.seal()
    grant_id, _ = await lab.grant(sealed)
    account = sealed.message.account_id
    await lab.revoke.message(sealed.message.id, "test")
    for found in (
        await lab.owners.of_grant(grant_id),
        await lab.owners.of_message(sealed.message.id),
        await lab.owners.of_account(account),
    ):
        assert found == lab.organisation
    assert [await lab.owners.of_grant(NOBODY), await lab.owners.of_message(NOBODY)] == [None, None]
    assert await lab.owners.of_account(NOBODY) is None
