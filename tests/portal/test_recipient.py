from __future__ import annotations

import hashlib
from datetime import timedelta

import httpx
import pytest

from gateway.core.directives import VerificationKind
from gateway.core.pickup import Expired, Locked, Revoked, TooMany, TooSoon, WrongNumber
from tests.portal.conftest import Browser
from tests.portal.fakes import CODE_TEXT, DIGITS, GRANT, NOW, PASSWORD, House

AREA = f"/m/{GRANT}"


async def opened(browser: Browser) -> None:
    await browser.see(AREA)
    answer = await browser.press(f"{AREA}/open", code=CODE_TEXT)
    assert answer.headers["location"] == f"{AREA}/message"
    await browser.see(f"{AREA}/message")


async def test_a_look_without_a_session_changes_nothing(browser: Browser, house: House) -> None:
    paths = (
        "",
        "/sms",
        "/wrong-number",
        "/password",
        "/message",
        "/body",
        "/part/3",
        "/message.eml",
        "/message.zip",
        "/answer",
    )
    for path in paths:
        for method in ("GET", "HEAD"):
            await browser.request(method, AREA + path)
    assert house.pickup.calls == []


async def test_the_code_opens_and_the_session_is_for_this_message_only(browser: Browser, house: House) -> None:
    await browser.see(AREA)
    answer = await browser.press(f"{AREA}/open", code=CODE_TEXT)
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert f"Path={AREA};" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    page = await browser.see(f"{AREA}/message")
    assert page.status_code == 200
    assert "Uitslag van uw onderzoek" in page.text


async def test_over_https_cookies_are_secure() -> None:
    transport = httpx.ASGITransport(app=House(https=True).app())
    async with Browser(transport=transport, base_url="https://localhost") as browser:
        page = await browser.see(AREA)
        assert "__Host-zegel-form=" in page.headers["set-cookie"]
        assert "Secure" in page.headers["set-cookie"]
        assert page.headers["strict-transport-security"]
        answer = await browser.press(f"{AREA}/open", code=CODE_TEXT)
        assert "__Secure-zegel-session=" in answer.headers["set-cookie"]
        assert "Secure" in answer.headers["set-cookie"]


async def test_a_wrong_code_asks_again(browser: Browser) -> None:
    await browser.see(AREA)
    answer = await browser.press(f"{AREA}/open", code="WRONG")
    assert answer.status_code == 403
    assert 'aria-invalid="true"' in answer.text


async def test_by_text_message(browser: Browser, house: House) -> None:
    house.pickup.verification = VerificationKind.SMS
    await browser.see(AREA)
    answer = await browser.press(f"{AREA}/open", code=CODE_TEXT)
    assert answer.headers["location"] == f"{AREA}/sms"
    assert "send_code" not in house.pickup.calls  # only a second press sends
    await browser.see(f"{AREA}/sms")
    assert (await browser.get(f"{AREA}/message")).status_code == 403
    await browser.press(f"{AREA}/sms/send")
    page = await browser.see(f"{AREA}/sms")
    assert "+31 6 •••• ••78" in page.text
    assert 'data-wait="60"' in page.text
    assert (await browser.press(f"{AREA}/sms", digits="000000")).status_code == 403
    answer = await browser.press(f"{AREA}/sms", digits=f"{DIGITS[:3]} {DIGITS[3:]}")
    assert answer.headers["location"] == f"{AREA}/message"


async def test_this_is_not_my_number(browser: Browser, house: House) -> None:
    house.pickup.verification = VerificationKind.SMS
    await browser.see(AREA)
    await browser.press(f"{AREA}/open", code=CODE_TEXT)
    await browser.see(f"{AREA}/wrong-number")
    assert "not_my_number" not in house.pickup.calls
    assert (await browser.press(f"{AREA}/wrong-number")).status_code == 200
    assert "not_my_number" in house.pickup.calls
    assert (await browser.get(f"{AREA}/sms")).status_code == 403  # the session ended


async def test_by_password(browser: Browser, house: House) -> None:
    house.pickup.verification = VerificationKind.PASSWORD
    await browser.see(AREA)
    await browser.press(f"{AREA}/open", code=CODE_TEXT)
    assert "huisdier" in (await browser.see(f"{AREA}/password")).text
    assert (await browser.press(f"{AREA}/password", password="wrong")).status_code == 403
    answer = await browser.press(f"{AREA}/password", password=PASSWORD)
    assert answer.headers["location"] == f"{AREA}/message"


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (Revoked(), 410, None),
        (Expired(), 410, None),
        (WrongNumber(), 409, None),
        (Locked(NOW + timedelta(minutes=15)), 423, "900"),
        (TooMany(NOW + timedelta(minutes=60)), 429, "3600"),
        (TooSoon(NOW + timedelta(seconds=60)), 429, "60"),
        (RuntimeError("secret cause"), 500, None),
    ],
)
async def test_each_error_has_a_page_and_a_status(
    browser: Browser, house: House, error: Exception, status: int, retry: str | None
) -> None:
    house.pickup.raises = error
    answer = await browser.get(AREA)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry
    assert "<h1>" in answer.text
    assert "secret cause" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_an_unknown_message_is_404(browser: Browser) -> None:
    for path in ("/m/zzzzzzzzzzzzzzzz", "/m/short", "/m/AAAABBBBCCCCDDDD", "/nothing"):
        assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("header", "status", "start", "end"),
    [
        (None, 200, 0, 204800),
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, 204800),
        ("bytes=-100", 206, 204700, 204800),
        ("bytes=204799-999999", 206, 204799, 204800),
        ("bytes=0-1,5-9", 200, 0, 204800),
        ("lines=1-2", 200, 0, 204800),
        ("bytes=9-3", 200, 0, 204800),
        ("bytes=204800-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
async def test_ranges(browser: Browser, house: House, header: str | None, status: int, start: int, end: int) -> None:
    await opened(browser)
    content = house.pickup.files[0].content
    headers = {"range": header} if header else {}
    for method in ("GET", "HEAD"):
        answer = await browser.request(method, f"{AREA}/part/3", headers=headers)
        assert answer.status_code == status
        if status == 416:
            assert answer.headers["content-range"] == "bytes */204800"
            continue
        assert answer.headers["content-length"] == str(end - start)
        assert answer.content == (content[start:end] if method == "GET" else b"")
        assert ("content-range" in answer.headers) == (status == 206)


async def test_if_range_of_another_version_gets_the_whole(browser: Browser, house: House) -> None:
    await opened(browser)
    etag = (await browser.head(f"{AREA}/part/3")).headers["etag"]
    assert etag == f'"{hashlib.sha256(house.pickup.files[0].content).hexdigest()}"'
    same = await browser.get(f"{AREA}/part/3", headers={"range": "bytes=0-9", "if-range": etag})
    other = await browser.get(f"{AREA}/part/3", headers={"range": "bytes=0-9", "if-range": '"x"'})
    assert (same.status_code, other.status_code) == (206, 200)


async def test_a_download_has_a_safe_name_and_type(browser: Browser) -> None:
    await opened(browser)
    answer = await browser.get(f"{AREA}/part/4")
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert "filename*=UTF-8''R%C3%B6ntgenfoto" in disposition
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_download_that_is_revoked_breaks_off(browser: Browser, house: House) -> None:
    await opened(browser)
    house.pickup.stop_after = 131072
    with pytest.raises(AssertionError):  # the transport insists on a last chunk, which never comes
        await browser.get(f"{AREA}/part/3")
    house.pickup.stop_after = 0
    assert (await browser.get(f"{AREA}/part/3")).status_code == 410


async def test_an_answer_with_files_stays_in_memory(
    browser: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an upload was written to a disk")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    await opened(browser)
    await browser.see(f"{AREA}/answer")
    content = b"x" * 5_000_000
    answer = await browser.post(
        f"{AREA}/answer",
        data={"token": browser.token, "text": "Dank u wel"},
        files=[("files", ("../../röntgen\r\n.pdf", content, "application/pdf"))],
    )
    assert answer.headers["location"] == f"{AREA}/answered"
    [(text, [(name, sent)])] = house.answers.answers
    assert text == "Dank u wel"
    assert sent == content
    assert not set(name) & set("/\\\r\n")


async def test_an_answer_that_is_too_large_is_413(browser: Browser, house: House) -> None:
    await opened(browser)
    await browser.see(f"{AREA}/answer")
    big = [("files", ("a", b"x" * (25 * 1024 * 1024 + 1), "text/plain"))]
    answer = await browser.post(f"{AREA}/answer", data={"token": browser.token, "text": "x"}, files=big)
    assert answer.status_code == 413
    assert house.answers.answers == []


async def test_leaving_ends_the_session(browser: Browser) -> None:
    await opened(browser)
    assert (await browser.press(f"{AREA}/leave")).status_code == 200
    assert (await browser.get(f"{AREA}/message")).status_code == 403


async def test_a_session_ends_after_rest_and_in_any_case(browser: Browser, house: House) -> None:
    now = NOW
    house.clock = lambda: now
    transport = httpx.ASGITransport(app=house.app())
    async with Browser(transport=transport, base_url="http://localhost:8080") as other:
        await opened(other)
        for _ in range(30):  # every page slides the time on, but not over eight hours
            now += timedelta(minutes=19)
            last = (await other.get(f"{AREA}/message")).status_code
        assert last == 403
        await opened(other)
        now += timedelta(minutes=21)
        assert (await other.get(f"{AREA}/message")).status_code == 403


async def test_without_a_date_the_page_says_when_it_was_sealed(browser: Browser, house: House) -> None:
    for date in ("", "eergisteren"):
        house.pickup.date = date
        await opened(browser)
        assert "12 maart 2026, 14:05" in (await browser.get(f"{AREA}/message")).text


async def test_images_in_the_text_are_not_downloads(browser: Browser, house: House) -> None:
    await opened(browser)
    await browser.get(f"{AREA}/body")
    assert [call for call in house.pickup.calls if call.endswith(" 5")] == ["look at 5"]


@pytest.mark.parametrize(
    ("html", "frame"),
    [
        ("<p>Kort.</p>", 0),
        ("<p>Een regel.</p>" * 8, 1),
        ('<p>Kort.</p><img src="cid:logo@x"><img src="cid:x">', 1),
        ("<div>Een regel</div>" * 30, 3),
        ("<p>" + "woord " * 5000 + "</p>", 5),
    ],
)
async def test_the_frame_is_about_as_tall_as_the_text(browser: Browser, house: House, html: str, frame: int) -> None:
    house.pickup.html = html
    await opened(browser)
    assert f'class="sheet frame-{frame}"' in (await browser.get(f"{AREA}/message")).text
