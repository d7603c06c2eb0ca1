"""The API: by token only, as its description says, in memory only, and without a word of what was sent."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from structlog.testing import capture_logs

import portal
from gateway.core.errors import StoreUnavailable
from portal.deps import ApiSettings
from portal.memory_budget import COST
from tests.portal.api_house import BSN, CHECK, DRAFT, ApiHouse, form

DESCRIPTION = json.loads((Path(portal.__file__).parent / "openapi/v1.json").read_text(encoding="utf-8"))
PDF = b"%PDF-1.4 broken"


def conforms(name: str, value: object) -> None:
    """Fails unless the value is what the description says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DESCRIPTION["components"]}
    Draft202012Validator(schema).validate(value)


def good(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    conforms("Answer", body)
    return body


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    conforms("Problem", body)
    assert body["status"] == status
    assert str(status) in DESCRIPTION["paths"]["/check"]["post"]["responses"]
    return body


@pytest.fixture
async def house() -> ApiHouse:
    return await ApiHouse().open()


@pytest.fixture
async def client(house: ApiHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as made:
        yield made


# -- answers


def test_the_description_is_valid() -> None:
    validate(DESCRIPTION)


async def test_the_description_is_served_to_everybody(house: ApiHouse) -> None:
    async with house.client(token="") as stranger:
        answer = await stranger.get("/api/v1/openapi.json")
    assert answer.json() == DESCRIPTION
    assert answer.headers["content-type"] == "application/json"


async def test_a_bsn_will_be_sealed(client: httpx.AsyncClient) -> None:
    body = good(await client.post(CHECK, json={**DRAFT, "to": ["jan@elders.example"], "cc": ["bram@example.nl"]}))
    assert body["action"] == "seal"
    assert body["complete"] is True
    assert body["headline"] == (
        "Gevonden: Burgerservicenummer in de tekst. Aan 1 van de 2 ontvangers wordt het veilig verzonden."
    )
    [finding] = body["findings"]
    assert (finding["rule"], finding["place"], finding["confidence"], finding["count"]) == ("nl.bsn", "body", "high", 1)
    outside, inside = body["recipients"]
    assert (outside["action"], outside["direction"], outside["verification"]) == ("seal", "outbound", "sms")
    assert outside["reasons"][0]["policy"] == "bsn-leaves-sealed"
    assert "BSN" in outside["reasons"][0]["explain"]
    assert (inside["action"], inside["direction"]) == ("relay", "internal")
    assert "111222333" not in json.dumps(body)


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [("", "", "nl"), ("en", "nl", "en"), ("", "fr, en;q=0.5", "en"), ("nl", "en", "nl"), ("", "fr", "nl")],
)
async def test_it_speaks_the_language_that_was_asked(
    client: httpx.AsyncClient, asked: str, header: str, language: str
) -> None:
    document = {**DRAFT, "language": asked} if asked else DRAFT
    answer = await client.post(CHECK, json=document, headers={"accept-language": header} if header else {})
    body = good(answer)
    assert answer.headers["content-language"] == body["language"] == language
    assert ("Gevonden" in body["headline"]) is (language == "nl")


async def test_attachments_are_examined(client: httpx.AsyncClient) -> None:
    files = (
        ("a.txt", "text/plain", b"niets"),
        ("brief één.txt", "text/plain", BSN.encode()),
        ("x.pdf", "application/pdf", PDF),
    )
    body = good(await client.post(CHECK, files=form({**DRAFT, "text": "Zie bijlage"}, *files)))
    [finding] = body["findings"]
    assert (finding["place"], finding["attachments"]) == ("attachment:brief één.txt", [1])
    assert body["headline"].startswith("Gevonden: Burgerservicenummer in bijlage brief één.txt.")
    [unread] = body["unscannable"]
    assert (unread["attachments"], unread["reason"]) == ([2], "broken")
    assert unread["sentence"] == "x.pdf is beschadigd en kan niet worden onderzocht."
    assert body["not_examined"] == []


async def test_a_warning_tells_the_choices(client: httpx.AsyncClient) -> None:
    body = good(await client.post(CHECK, json={**DRAFT, "text": "wachtwoord: Welkom2026!"}))
    assert body["action"] == "warn"
    waiting = body["recipients"][0]["waiting"]
    assert waiting["choices"] == ["cancel", "seal", "send"]
    assert waiting["reason_required"] is True


async def test_what_is_missing_is_told(client: httpx.AsyncClient) -> None:
    body = good(await client.post(CHECK, json={**DRAFT, "subject": "[sms] Uitslag"}))
    assert body["recipients"][0]["missing"] == "sms"
    assert "mobiele nummer" in body["recipients"][0]["missing_sentence"]
    header = {"name": "X-Zegel-Verify", "value": "jan@elders.example sms +31612345678"}
    body = good(await client.post(CHECK, json={**DRAFT, "headers": [header]}))
    assert body["recipients"][0]["missing"] is None


async def test_addresses_may_have_names_and_signs_are_told(client: httpx.AsyncClient) -> None:
    to = [{"address": "jan@elders.example", "name": "Jan Jansen"}, {"address": "bram@example.nl"}]
    body = good(
        await client.post(CHECK, json={**DRAFT, "from": {"address": "anna@example.nl", "name": "Anna"}, "to": to})
    )
    outside, inside = body["recipients"]
    assert [told["sign"] for told in outside["signs"]] == ["first-time", "first-time-of-organisation"]
    assert inside["signs"] == []


async def test_a_wish_that_can_not_be_understood_refuses(client: httpx.AsyncClient) -> None:
    body = good(await client.post(CHECK, json={**DRAFT, "subject": "[sms:12] Uitslag"}))
    assert body["action"] == "refuse"
    assert "geen geldig mobiel nummer" in body["mistakes"][0]
    assert body["headline"].endswith("Zo kan het bericht niet worden verzonden.")


async def test_a_draft_may_be_unfinished(client: httpx.AsyncClient) -> None:
    body = good(await client.post(CHECK, json={"from": "anna@example.nl", "text": BSN, "html": None}))
    assert body["recipients"] == []
    assert body["headline"] == ""
    body = good(await client.post(CHECK, json={"from": "anna@example.nl"}))
    assert body["findings"] == []


# -- what is not examined is never called clean


async def test_what_the_client_keeps_back_is_told(client: httpx.AsyncClient) -> None:
    body = good(await client.post(CHECK, json={**DRAFT, "text": "Dag", "not_sent": ["film.mp4"]}))
    assert (body["complete"], body["not_examined"]) == (False, ["film.mp4"])
    assert body["headline"] == "film.mp4 wordt onderzocht als u het bericht verzendt. Het wordt gewoon verzonden."


async def test_what_does_not_fit_is_read_past_and_told() -> None:
    house = await ApiHouse(ApiSettings(message_bytes=100_000)).open()
    files = (("groot.txt", "text/plain", b"x" * 120_000), ("klein.txt", "text/plain", BSN.encode()))
    async with house.client() as client:
        body = good(await client.post(CHECK, files=form({**DRAFT, "text": "Dag"}, *files)))
    assert (body["complete"], body["not_examined"]) == (False, ["groot.txt"])
    assert [(found["place"], found["attachments"]) for found in body["findings"]] == [("attachment:klein.txt", [1])]


async def test_a_message_that_the_server_would_not_take_is_refused() -> None:
    house = await ApiHouse(ApiSettings(message_bytes=100_000)).open()
    async with house.client() as client:
        body = good(await client.post(CHECK, files=form(DRAFT, ("groot.txt", "text/plain", b"x" * 90_000))))
    assert body["action"] == "refuse"
    assert body["mistakes"] == ["Het bericht is te groot om te mailen."]


async def test_a_scanner_that_is_down_is_no_answer(house: ApiHouse, client: httpx.AsyncClient) -> None:
    house.scanner.broken = True
    answer = await client.post(CHECK, json={**DRAFT, "text": "Dag"})
    problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


async def test_a_store_that_is_down_is_no_answer(
    house: ApiHouse, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(text: str, scope: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(house.tokens, "authenticate", away)
    problem(await client.post(CHECK, json=DRAFT), 503)


# -- who may ask


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer zegel_" + "A" * 43, "Bearer é", "zegel_" + "A" * 43],
)
async def test_without_a_good_token_there_is_one_answer(house: ApiHouse, header: str) -> None:
    async with house.client(token="") as stranger:
        answer = await stranger.post(CHECK, json=DRAFT, headers={"authorization": header.encode()} if header else {})
    assert problem(answer, 401)["detail"] == "This needs a valid API token"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert house.scanner.scanned == []


async def test_an_ended_token_gets_the_same_answer(house: ApiHouse) -> None:
    async with house.client(token="zegel_" + "A" * 43) as stranger:
        unknown = await stranger.post(CHECK, json=DRAFT)
    house.lab.later(days=2)
    async with house.client() as late:
        expired = await late.post(CHECK, json=DRAFT)
    assert (expired.status_code, expired.content) == (unknown.status_code, unknown.content)
    assert dict(expired.headers) == dict(unknown.headers)


async def test_only_for_the_accounts_own_addresses(client: httpx.AsyncClient, house: ApiHouse) -> None:
    problem(await client.post(CHECK, json={**DRAFT, "from": "bram@example.nl"}), 403)
    assert house.scanner.scanned == []
    good(await client.post(CHECK, json={**DRAFT, "from": "info@example.nl"}))


async def test_a_token_that_asks_too_often_waits(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.api_tokens.PER_MINUTE", 3)
    for _ in range(3):
        good(await client.post(CHECK, json=DRAFT))
    answer = await client.post(CHECK, json=DRAFT)
    problem(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_a_token_asks_few_things_at_once(house: ApiHouse, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post(CHECK, json=DRAFT) for _ in range(12)))
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 4
    good(await client.post(CHECK, json=DRAFT))


# -- other sites


async def test_a_cookie_is_nothing_here(house: ApiHouse) -> None:
    async with house.client(token="") as stranger:
        stranger.cookies.set("zegel-session", house.token)
        answer = await stranger.post(CHECK, json=DRAFT)
    problem(answer, 401)
    assert "set-cookie" not in answer.headers


async def test_other_sites_are_denied_by_default(client: httpx.AsyncClient) -> None:
    asks = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    preflight = await client.options(CHECK, headers=asks)
    assert preflight.status_code == 405
    answer = await client.post(CHECK, json=DRAFT, headers={"origin": "https://evil.example"})
    for headers in (preflight.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control-")]


async def test_named_origins_may_ask_and_no_other() -> None:
    house = await ApiHouse(ApiSettings(origins=("https://addin.example.nl",))).open()
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    async with house.client() as client:
        allowed = await client.options(CHECK, headers={**asks, "origin": "https://addin.example.nl"})
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://addin.example.nl"
        assert "access-control-allow-credentials" not in allowed.headers
        answer = await client.post(CHECK, json=DRAFT, headers={"origin": "https://addin.example.nl"})
        good(answer)
        assert answer.headers["access-control-allow-origin"] == "https://addin.example.nl"
        refused = await client.post(CHECK, json=[], headers={"origin": "https://addin.example.nl"})
        assert problem(refused, 422)
        assert refused.headers["access-control-allow-origin"] == "https://addin.example.nl"
        for other in ("https://addin.example.nl.evil.example", "http://addin.example.nl", "null"):
            denied = await client.options(CHECK, headers={**asks, "origin": other})
            assert denied.status_code == 400
            assert "access-control-allow-origin" not in denied.headers


# -- requests that are wrong or odd


async def test_half_a_character_is_no_fault(client: httpx.AsyncClient) -> None:
    half = "a\ud800b"
    document = {**DRAFT, "subject": half, "text": half + BSN, "html": half, "not_sent": [half]}
    document |= {"to": [{"address": "jan@elders.example", "name": half}], "headers": [{"name": "X-A", "value": half}]}
    body = good(await client.post(CHECK, content=json.dumps(document), headers={"content-type": "application/json"}))
    assert body["not_examined"] == [half]
    assert body["action"] == "seal"


async def test_who_does_not_finish_asking_is_answered(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.uploads.SECONDS", 0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await client.post(CHECK, content=endless(), headers={"content-type": "application/json"})
    problem(answer, 408)
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ([], ["#", "#/from"]),
        ("x", ["#", "#/from"]),
        ({}, ["#/from"]),
        ({"from": "anna"}, ["#/from"]),
        ({**DRAFT, "to": ["jan@elders.example", "geheim 111222333", 3]}, ["#/to/1", "#/to/2"]),
        (
            {**DRAFT, "to": "jan@elders.example", "cc": {}, "subject": 1, "text": []},
            ["#/to", "#/cc", "#/subject", "#/text"],
        ),
        ({**DRAFT, "geheim": 1}, ["#"]),
        (
            {**DRAFT, "to": [{"address": "x", "name": "geheim"}, {"name": "y"}, {"address": "a@b.example", "x": 1}]},
            ["#/to/0", "#/to/1", "#/to/2"],
        ),
        ({**DRAFT, "subject": "x" * 2001}, ["#/subject"]),
        ({**DRAFT, "language": "fr"}, ["#/language"]),
        ({**DRAFT, "not_sent": ["x" * 256, 1]}, ["#/not_sent/0", "#/not_sent/1"]),
        (
            {**DRAFT, "headers": [{"name": "From", "value": "x"}, {"name": "X-Zegel", "value": "a\nb"}]},
            ["#/headers/0", "#/headers/1"],
        ),
        (
            {**DRAFT, "headers": [[], {"name": "X-Zegel"}, {"name": "X-A", "value": "x", "more": 1}]},
            [f"#/headers/{n}" for n in range(3)],
        ),
        ({**DRAFT, "to": [f"{n}@elders.example" for n in range(1001)]}, ["#/to"]),
        ({**DRAFT, "bcc": [f"{n}@elders.example" for n in range(1000)]}, ["#/to"]),
    ],
)
async def test_what_is_wrong_is_told_by_its_place(
    client: httpx.AsyncClient, house: ApiHouse, document: object, pointers: list[str]
) -> None:
    answer = await client.post(CHECK, json=document)
    assert [error["pointer"] for error in problem(answer, 422)["errors"]] == pointers
    assert "geheim" not in answer.text
    assert house.scanner.scanned == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 100_000, "application/json", 400),
        (b"1" * 10_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"from=anna", "application/x-www-form-urlencoded", 415),
        (b"x", "multipart/form-data", 415),
        (b"x", "multipart/form-data; boundary=", 400),
        (b"x", "multipart/form-data; boundary=abc", 400),
        (b"--abc--\r\n", "multipart/form-data; boundary=abc", 400),
        (b"--abc\r\n\r\nx\r\n--abc--\r\n", "multipart/form-data; boundary=abc", 400),
        (
            b'--abc\r\nContent-Disposition: form-data; name="message"\r\n\r\n{}\r\n--abc',
            "multipart/form-data; boundary=abc",
            400,
        ),
        (
            b'--abc\r\nContent-Disposition: form-data; name="other"\r\n\r\n{}\r\n--abc--',
            "multipart/form-data; boundary=abc",
            400,
        ),
        (b"x", "multipart/form-data; boundary=" + "b" * 5000, 400),
        (b"", "", 415),
        (b"x" * (9 * 1024 * 1024), "application/json", 413),
    ],
)
async def test_hostile_requests(client: httpx.AsyncClient, content: bytes, kind: str, status: int) -> None:
    problem(await client.post(CHECK, content=content, headers={"content-type": kind}), status)


async def test_too_much_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-length": "9" * 30}
    answer = await client.post(CHECK, content=b"{}", headers=headers)
    problem(answer, 413)
    assert answer.headers["connection"] == "close"


async def test_too_many_files_or_documents(client: httpx.AsyncClient) -> None:
    files = [(f"{n}.txt", "text/plain", b"x") for n in range(201)]
    problem(await client.post(CHECK, files=form(DRAFT, *files)), 413)
    problem(await client.post(CHECK, files=[*form(DRAFT), *form(DRAFT)]), 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_and_paths(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, CHECK)
    problem_of_405 = answer.json()
    assert (answer.status_code, problem_of_405["status"]) == (405, 405)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get("/api/v1/nothing")).json()["status"] == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["from", "to", "cc", "bcc", "subject", "text", "html", "headers", "not_sent", "language", "x"])
HOSTILE = st.fixed_dictionaries({"from": st.just("anna@example.nl")}, optional={}).flatmap(
    lambda base: st.dictionaries(KEYS, JSON, max_size=5).map(lambda more: {**more, **base})
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=HOSTILE | JSON)
async def test_any_json_ends_in_an_answer_or_a_problem(document: object) -> None:
    house = await ApiHouse().open()
    async with house.client() as client:
        content = json.dumps(document).encode()
        answer = await client.post(CHECK, content=content, headers={"content-type": "application/json"})
    if answer.status_code == 200:
        good(answer)
    else:
        problem(answer, 422)


PIECES = st.sampled_from(
    [
        *(
            b"--abc",
            b"--abc--",
            b"\r\n",
            b"\r\n\r\n",
            b"\n",
            b"\0",
            b"x" * 500,
            b'name="message"',
            b'name="attachment"',
        ),
        *(
            b"Content-Disposition: form-data; ",
            b'filename="a\xff"',
            b"Content-Type: text/plain",
            b'{"from":"anna@example.nl"}',
        ),
        *(b'--abc\r\nContent-Disposition: form-data; name="message"\r\n\r\n{"from":"anna@example.nl"}\r\n',),
        *(
            b"--abc\r\nContent-Disposition: form-data; name=\"attachment\"; filename*=utf-8''%ff\r\n\r\nx\r\n",
            b";",
            b":",
        ),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=10).map(b"".join))
async def test_any_form_ends_in_an_answer_or_a_problem(content: bytes) -> None:
    house = await ApiHouse().open()
    async with house.client() as client:
        answer = await client.post(
            CHECK, content=content, headers={"content-type": "multipart/form-data; boundary=abc"}
        )
    if answer.status_code == 200:
        good(answer)
    else:
        assert problem(answer, answer.status_code)["status"] in (400, 413, 422)


# -- nothing stays


async def test_drafts_share_a_memory_budget() -> None:
    house = await ApiHouse(ApiSettings(memory_bytes=1_400_000)).open()
    application = house.house().app()
    api = next(route for route in application.routes if getattr(route, "name", "") == "api")
    memory = api.routes[0].endpoint.__self__.memory  # type: ignore[attr-defined]
    arrived, gate = asyncio.Barrier(3), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'--abc\r\nContent-Disposition: form-data; name="attachment"; filename="a"\r\n\r\n' + b"x" * 90_000
        await arrived.wait()
        await gate.wait()
        yield b'\r\n--abc\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + json.dumps(DRAFT).encode()
        yield b"\r\n--abc--\r\n"

    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {house.token}"}
    multipart = {**headers, "content-type": "multipart/form-data; boundary=abc"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", headers=headers) as client:
        waiting = [asyncio.create_task(client.post(CHECK, content=slowly(), headers=multipart)) for _ in range(2)]
        await arrived.wait()
        assert memory.spent >= 2 * 90_000 * COST
        files = form(DRAFT, ("b.txt", "text/plain", b"y" * 30_000))
        answer = await client.post(CHECK, files=files)
        problem(answer, 503)
        assert answer.headers["retry-after"]
        gate.set()
        for task in waiting:
            good(await task)
        assert memory.spent == 0
        good(await client.post(CHECK, files=files))
        assert memory.spent == 0


async def test_nothing_of_a_draft_is_logged_or_put_on_a_disk(
    house: ApiHouse, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def forbidden(*_arguments: object, **_more: object) -> None:
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, forbidden)
    secret = {**DRAFT, "subject": "Klepperuitslag", "text": f"Zwelbastkoorts {BSN}", "to": ["jan@geheimadres.example"]}
    big = ("xylofoonbrief.txt", "text/plain", b"Kromhoutlaan " * 300_000)
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        good(await client.post(CHECK, files=form(secret, big)))
        problem(await client.post(CHECK, json={**secret, "to": ["Klepperuitslag"], "Kromhoutlaan": 1}), 422)
        problem(
            await client.post(CHECK, content=b'{"Klepperuitslag', headers={"content-type": "application/json"}), 400
        )
        problem(await client.post(CHECK, json={**secret, "from": "Zwelbastkoorts@example.nl"}), 403)

        async def broken(*_arguments: object) -> None:
            raise ValueError("Klepperuitslag Zwelbastkoorts")

        monkeypatch.setattr(house.live, "check", broken)
        answer = await client.post(CHECK, json=secret)
        problem(answer, 500)
    told = repr(logs) + caplog.text
    for word in (
        "Klepperuitslag",
        "Zwelbastkoorts",
        "Kromhoutlaan",
        "xylofoonbrief",
        "111222333",
        "geheimadres",
        house.token,
    ):
        assert word not in told
        assert word not in answer.text
    assert {entry["event"] for entry in logs} >= {"live_check", "request", "api_broken"}
    tables = house.lab.store.tables
    assert (tables.messages, tables.payloads, tables.deliveries, tables.events) == ({}, {}, {}, [])
