from __future__ import annotations

import httpx
import pytest
from starlette.routing import Mount, Route

from gateway.core.errors import CannotOpen
from gateway.service.api_tokens import BadToken
from portal.security import API
from tests.portal.conftest import Browser
from tests.portal.fakes import ACCOUNT, CASE, CODE_TEXT, GRANT, MESSAGE, FakeServerKey, House

IDS = {"/case/": CASE, "/m/": GRANT, "/manage/": MESSAGE, "/sent/": MESSAGE, "/activate/": ACCOUNT, "/o/": "example"}


def api_routes(house: House) -> list[Route]:
    """With their whole paths."""
    [api] = [route for route in house.app().routes if isinstance(route, Mount) and route.name == "api"]
    routes = [route for route in api.routes if isinstance(route, Route)]
    return [Route(api.path + route.path, route.endpoint, methods=list(route.methods or ())) for route in routes]


def paths(house: House, method: str) -> list[str]:
    """Every route of the application that takes the method."""
    found = []
    for route in [*house.app().routes, *api_routes(house)]:
        if isinstance(route, Route) and method in (route.methods or ()):
            identity = next((value for start, value in IDS.items() if route.path.startswith(start)), "")
            found.append(route.path.replace("{id}", identity).replace("{number:int}", "3"))
    return found


async def test_every_answer_has_the_headers(browser: Browser, house: House) -> None:
    for path in [*paths(house, "GET"), "/nothing", "/static/zegel.css"]:
        headers = (await browser.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe-inline" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_get_and_head_change_nothing_on_any_route(browser: Browser, house: House) -> None:
    for method in ("GET", "HEAD"):
        for path in paths(house, "GET"):
            await browser.request(method, path, params={"code": CODE_TEXT})
    assert house.pickup.calls == []
    assert house.manage.calls == []
    assert house.cases.calls == []
    assert house.accounts.activated == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:9999"},
    ],
)
async def test_a_foreign_form_is_refused_on_every_route(
    browser: Browser, house: House, headers: dict[str, str]
) -> None:
    await browser.see(f"/m/{GRANT}")
    posts = paths(house, "POST")
    assert len(posts) >= 10
    for path in posts:
        answer = await browser.post(path, data={"token": browser.token, "code": CODE_TEXT}, headers=headers)
        if path.startswith(f"{API}/"):
            assert answer.status_code == 401, path  # no cookie counts there, so no site can borrow one
        else:
            assert answer.status_code == 403, path
            assert "another site" in answer.text
    assert house.pickup.calls == []
    assert house.manage.calls == []
    assert house.cases.calls == []


async def test_the_api_takes_no_cookie_and_sets_none(house: House) -> None:
    seen: list[str] = []

    class Tokens:
        async def authenticate(self, text: str, scope: object) -> None:
            seen.append(text)
            raise BadToken

    house.api_tokens = Tokens()
    routes = api_routes(house)
    assert len(routes) >= 2
    transport = httpx.ASGITransport(app=house.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
        for name in ("zegel-session", "zegel-form", "zegel-language", "token", "Authorization"):
            client.cookies.set(name, "zegel_" + "A" * 43)
        for route in routes:
            for method in route.methods or ():
                answer = await client.request(method, route.path, json={})
                assert "set-cookie" not in answer.headers
                assert "vary" not in answer.headers or "cookie" not in answer.headers["vary"].lower()
                assert (answer.status_code == 401) is (method == "POST"), route.path
    assert seen == []


@pytest.mark.parametrize("origin", ["null", "http://localhost:8080"])
async def test_our_own_form_is_taken(browser: Browser, origin: str) -> None:
    await browser.see(f"/m/{GRANT}")
    headers = {"origin": origin, "sec-fetch-site": "same-origin"}
    data = {"token": browser.token, "code": CODE_TEXT}
    assert (await browser.post(f"/m/{GRANT}/open", data=data, headers=headers)).status_code == 303


async def test_a_form_without_its_token_changes_nothing(browser: Browser, house: House) -> None:
    await browser.see(f"/manage/{MESSAGE}")
    stranger = browser.token  # of another area
    await browser.see(f"/m/{GRANT}")
    for token in ("", "x", "é", stranger, browser.token[:-1]):
        answer = await browser.post(f"/m/{GRANT}/open", data={"token": token, "code": CODE_TEXT})
        assert answer.status_code == 400
    assert house.pickup.calls == []


async def test_a_session_of_one_message_or_step_is_nothing_elsewhere(browser: Browser, house: House) -> None:
    await browser.see(f"/m/{GRANT}")
    answer = await browser.press(f"/m/{GRANT}/open", code=CODE_TEXT)
    value = answer.cookies["zegel-session"]
    transport = httpx.ASGITransport(app=house.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as thief:
        thief.cookies.set("zegel-session", value)
        for path in ("/m/bbbbccccddddeeee/message", f"/manage/{MESSAGE}/overview", f"/m/{GRANT}/sms"):
            assert (await thief.get(path)).status_code == 403, path


async def test_a_form_that_is_too_long_is_refused(browser: Browser) -> None:
    await browser.see(f"/m/{GRANT}")
    assert (await browser.press(f"/m/{GRANT}/open", code="x" * 20_000)).status_code == 413


def test_the_fake_key_binds_its_context() -> None:
    key = FakeServerKey()
    with pytest.raises(CannotOpen):
        key.open(key.seal(b"x", "one"), "other")


async def test_languages(browser: Browser) -> None:
    path = f"/m/{GRANT}"
    assert "Bericht openen" in (await browser.get(path)).text  # the organisation's
    assert "Open message" in (await browser.get(path, headers={"accept-language": "fr,en;q=0.5,nl;q=0.4"})).text
    assert "Open message" in (await browser.get(path + "?lang=en")).text
    assert "Open message" in (await browser.get(path, headers={"accept-language": "nl"})).text  # kept in a cookie
