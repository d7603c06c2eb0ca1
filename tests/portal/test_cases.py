"""The pages about held mail: into the case, choosing, reviewing, and every state that can't go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.core.cases import CaseKind, CaseState
from tests.portal.conftest import Browser
from tests.portal.fakes import CASE, CODE_TEXT, PASSWORD, House, a_case

AREA = f"/case/{CASE}"
ELS = "els@example.nl"


@pytest.fixture(autouse=True)
def in_english(browser: Browser) -> None:
    browser.headers["accept-language"] = "en"


async def opened(browser: Browser) -> None:
    await browser.see(AREA)
    answer = await browser.press(f"{AREA}/open", code=CODE_TEXT)
    assert answer.headers["location"] == f"{AREA}/choose"
    await browser.see(f"{AREA}/choose")


async def reviewing(browser: Browser, house: House) -> None:
    house.cases.held = a_case(kind=CaseKind.HOLD, choices=("seal", "send", "cancel"), reason_required=False)
    await browser.see(AREA)
    answer = await browser.press(f"{AREA}/open", code=CODE_TEXT)
    assert answer.headers["location"] == f"{AREA}/login"
    await browser.see(f"{AREA}/login")
    answer = await browser.press(f"{AREA}/login", address=ELS, password=PASSWORD)
    assert answer.headers["location"] == f"{AREA}/review"
    await browser.see(f"{AREA}/review")


@pytest.mark.parametrize("kind", CaseKind)
async def test_the_link_shows_nothing_of_the_case(browser: Browser, house: House, kind: CaseKind) -> None:
    house.cases.held = a_case(kind=kind)
    page = await browser.see(AREA)
    assert page.status_code == 200
    for word in ("Citizen", "Burgerservice", "lijst", "elders.example"):
        assert word not in page.text
    assert house.cases.calls == []


async def test_a_wrong_code_is_told_and_opens_nothing(browser: Browser) -> None:
    await browser.see(AREA)
    page = await browser.press(f"{AREA}/open", code="WRONG")
    assert page.status_code == 403
    assert "This code is not right" in page.text
    assert (await browser.see(f"{AREA}/choose")).status_code == 403


async def test_the_page_tells_what_was_found_where_and_until_when(browser: Browser) -> None:
    await opened(browser)
    page = await browser.see(f"{AREA}/choose?lang=nl")
    for words in (
        "Burgerservicenummer",
        "14 keer",
        "<bdi>patiëntenlijst maart.xlsx</bdi>",
        "in de tekst",
        "Iets dat niet gelezen kon worden",
        "Een lijst met burgerservicenummers hoort niet in een gewone mail.",
        "U kunt kiezen tot 13 maart 2026, 14:05.",
        "Kiest u niet, dan wordt het veilig verzonden.",
    ):
        assert words in page.text
    places = [page.text.index(f'name="choice" value="{choice}"') for choice in ("seal", "remove", "send", "cancel")]
    assert places == sorted(places)
    assert page.text.count('class="main"') == 1  # the recommended one


@pytest.mark.parametrize(
    ("fields", "call"),
    [
        ({"choice": "seal"}, ("seal", "", ())),
        ({"choice": "send", "reason": "Zij vroeg erom."}, ("send", "Zij vroeg erom.", ())),
        ({"choice": "remove", "part-3": "1", "part-5": "1"}, ("remove", "", (3, 5))),
        ({"choice": "cancel"}, ("cancel", "", ())),
    ],
)
async def test_each_choice_is_one_press_and_counts_once(
    browser: Browser, house: House, fields: dict[str, str], call: Sequence[object]
) -> None:
    await opened(browser)
    answer = await browser.press(f"{AREA}/choose", **fields)
    assert answer.headers["location"] == f"{AREA}/chosen"
    assert house.cases.calls[-1] == ("answer", *call)
    page = await browser.see(f"{AREA}/chosen")
    assert page.status_code == 200
    assert "You can close this page." in page.text
    again = await browser.press(f"{AREA}/choose", **fields)
    assert again.status_code == 410
    assert len([c for c in house.cases.calls if c[0] == "answer"]) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"choice": "send", "reason": " "}, "Write why the message may go as it is."),
        ({"choice": "remove"}, "Tick at least one attachment."),
        ({"choice": "remove", "part-x": "1", "part-": "1", "part-²": "1"}, "Tick at least one attachment."),
    ],
)
async def test_what_is_missing_is_asked_for(browser: Browser, house: House, fields: dict[str, str], words: str) -> None:
    await opened(browser)
    page = await browser.press(f"{AREA}/choose", **fields)
    assert page.status_code == 422
    assert words in page.text
    assert house.cases.held.state is CaseState.OPEN


async def test_without_a_finding_it_tells_why_it_asks(browser: Browser, house: House) -> None:
    house.cases.sheet = replace(house.cases.sheet, found=())
    await opened(browser)
    page = await browser.see(f"{AREA}/choose")
    assert "Why do we ask?" in page.text
    assert "What was found?" not in page.text
    assert "A list of citizen service numbers" in page.text


async def test_only_what_is_offered_is_on_the_page(browser: Browser, house: House) -> None:
    house.cases.held = a_case(choices=("send", "cancel"), reason_required=False)
    await opened(browser)
    page = await browser.see(f"{AREA}/choose")
    assert 'value="seal"' not in page.text
    assert 'value="remove"' not in page.text
    assert "<textarea" not in page.text
    assert (await browser.press(f"{AREA}/choose", choice="burn")).status_code == 409


@pytest.mark.parametrize("state", [CaseState.ANSWERED, CaseState.EXPIRED])
@pytest.mark.parametrize("path", ["", "/choose"])
async def test_what_is_decided_is_told_as_such(browser: Browser, house: House, state: CaseState, path: str) -> None:
    await opened(browser)
    house.cases.held = replace(house.cases.held, state=state)
    page = await browser.see(AREA + path)
    assert page.status_code == 410
    assert "This has been decided" in page.text


async def test_an_unknown_case_is_not_there(browser: Browser) -> None:
    assert (await browser.see("/case/aaaaaaaaaaaaaaaa")).status_code == 404
    assert (await browser.see("/case/x")).status_code == 404


# -- the reviewer


async def test_a_reviewer_needs_the_password_too(browser: Browser, house: House) -> None:
    house.cases.held = a_case(kind=CaseKind.HOLD)
    await browser.see(AREA)
    assert (await browser.see(f"{AREA}/login")).status_code == 403  # not without the code
    await browser.see(AREA)
    await browser.press(f"{AREA}/open", code=CODE_TEXT)
    await browser.see(f"{AREA}/login")
    page = await browser.press(f"{AREA}/login", address=ELS, password="fout")
    assert page.status_code == 403
    assert "The address or the password is not right" in page.text
    assert f'value="{ELS}"' in page.text
    assert "fout" not in page.text
    for path in ("/review", "/body", "/part/3"):
        assert (await browser.see(AREA + path)).status_code == 403


async def test_a_reviewer_reads_downloads_and_decides(browser: Browser, house: House) -> None:
    await reviewing(browser, house)
    page = await browser.see(f"{AREA}/review")
    assert "Uitslag van uw onderzoek" in page.text
    assert f'src="{AREA}/body" sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    body = await browser.get(f"{AREA}/body")
    assert "sandbox" in body.headers["content-security-policy"]
    assert "volgt.example" not in body.text
    part = await browser.get(f"{AREA}/part/3")
    assert part.content == bytes(range(256)) * 800
    assert part.headers["content-disposition"].startswith("attachment;")
    assert part.headers["content-type"] == "application/octet-stream"
    answer = await browser.press(f"{AREA}/review", choice="cancel", note="Bel mij.")
    assert answer.headers["location"] == f"{AREA}/decided"
    assert house.cases.calls[-1] == ("answer", "cancel", "Bel mij.", ())
    assert "with your name" in (await browser.see(f"{AREA}/decided")).text
    assert (await browser.get(f"{AREA}/part/3")).status_code == 410


@pytest.mark.parametrize("choice", ["remove", "", "burn"])
async def test_a_reviewer_can_not_choose_something_else(browser: Browser, house: House, choice: str) -> None:
    await reviewing(browser, house)
    assert (await browser.press(f"{AREA}/review", choice=choice)).status_code == 409
    assert house.cases.held.state is CaseState.OPEN


async def test_a_senders_session_is_nothing_at_the_review(browser: Browser) -> None:
    await opened(browser)
    for path in ("/review", "/body", "/part/3", "/decided"):
        assert (await browser.see(AREA + path)).status_code == 403


async def test_leaving_ends_the_session(browser: Browser, house: House) -> None:
    await reviewing(browser, house)
    assert (await browser.press(f"{AREA}/leave")).status_code == 200
    assert (await browser.see(f"{AREA}/review")).status_code == 403
