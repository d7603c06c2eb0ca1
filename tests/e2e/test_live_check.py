"""The live check in a running installation, asked by curl as docs/api.md says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.at_rest import finds, search
from tests.e2e.demo import until
from tests.e2e.processes import roles_below
from tests.e2e.site import Site, running_site

pytestmark = pytest.mark.e2e

DOCS = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
SECRETS = ["111222333", "Zwelbastkoorts", "Klepperuitslag", "Kromhoutlaan", "xylofoonbrief"]
TEXT = f"Mevrouw {SECRETS[1]} heeft BSN {SECRETS[0]}.\r\n"
BLOCK = """[[policy]]
id = "block-plums"
when.subject = "*pruimen*"
then.action = "block"
then.explain.nl = "Pruimen gaan niet mee."
then.explain.en = "No plums."
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.zegel("token", "add", "anna@example.nl", "--name", "curl").splitlines()[-1]


def curl(site: Site, token: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    command = ["curl", "-s", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {token}", *arguments]
    done = subprocess.run(
        [*command, f"{site.url}/api/v1/check"], capture_output=True, text=True, timeout=60, check=True
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def as_json(**draft: object) -> tuple[str, ...]:
    document = {"from": "anna@example.nl", "to": ["jan@elders.example"], **draft}
    return ("-H", "Content-Type: application/json", "--data-binary", json.dumps(document))


def test_the_example_in_the_docs_answers_what_they_say(site: Site, token: str, tmp_path: Path) -> None:
    [example] = re.findall(r"^    (curl -s .*?)\n\n", DOCS, re.DOTALL | re.MULTILINE)
    [told] = re.findall(r"^    (\{\n.*?\n    \})$", DOCS, re.DOTALL | re.MULTILINE)
    (tmp_path / "brief.txt").write_text(TEXT, encoding="utf-8")
    environment = {**os.environ, "PORTAL": site.url, "TOKEN": token}
    done = subprocess.run(
        ["bash", "-c", example], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    answer, expected = json.loads(done.stdout), json.loads(told)
    assert {key: answer[key] for key in expected if key != "recipients"} == {
        key: value for key, value in expected.items() if key != "recipients"
    }
    [recipient], [expected_recipient] = answer["recipients"], expected["recipients"]
    assert {key: recipient[key] for key in expected_recipient} == expected_recipient


def test_what_is_told_is_what_happens(site: Site, token: str) -> None:
    """The same three drafts, asked and sent."""
    for text, action in ((TEXT, "seal"), ("Tot morgen.\r\n", "relay")):
        status, answer = curl(site, token, *as_json(subject="Klepperuitslag", text=text))
        assert (status, answer["action"]) == (200, action)
        raw = f"From: anna@example.nl\r\nTo: jan@elders.example\r\nSubject: Klepperuitslag\r\n\r\n{text}"
        before = len(site.events("accepted"))
        site.submit(raw.encode(), "jan@elders.example")
        accepted = until(lambda: site.events("accepted")[before:])  # noqa: B023
        assert accepted[0]["actions"] == action


def test_places_are_told_for_underlining(site: Site, token: str) -> None:
    text = "Dag\n\nHet BSN van de patiënt is 111222333.\n"
    _, answer = curl(site, token, *as_json(text=text))
    [finding] = answer["findings"]
    assert [text[start:end] for start, end in finding["at"]] == ["111222333"]


def test_new_policies_hold_for_the_live_check_too(site: Site, token: str) -> None:
    assert curl(site, token, *as_json(subject="pruimen"))[1]["action"] == "relay"
    (site.policies / "fruit.toml").write_text(BLOCK, encoding="utf-8")
    assert site.process is not None
    site.process.send_signal(signal.SIGHUP)
    until(lambda: [event for event in site.events("policies_reloaded") if event["role"] == "portal"])
    status, answer = curl(site, token, *as_json(subject="pruimen"))
    assert (status, answer["action"], answer["recipients"][0]["reasons"][0]["explain"]) == (
        200,
        "block",
        "Pruimen gaan niet mee.",
    )


def test_a_scan_role_that_is_gone_is_no_answer_and_comes_back(site: Site, token: str) -> None:
    assert site.process is not None
    [broker] = roles_below(site.process.pid)["scan"]
    os.kill(broker, signal.SIGSTOP)
    try:
        status, answer = curl(site, token, *as_json(text="Tot morgen."))
    finally:
        os.kill(broker, signal.SIGCONT)
    assert (status, answer["status"]) == (503, 503)
    os.kill(broker, signal.SIGKILL)

    def back() -> dict[str, Any] | None:
        status, answer = curl(site, token, *as_json(text=TEXT))
        assert status in (200, 503)
        return answer if status == 200 else None

    assert until(back, 60)["action"] == "seal"


def test_a_revoked_token_ends_at_once(site: Site) -> None:
    *_, line, text = site.zegel("token", "add", "anna@example.nl", "--name", "weg", "--expires", "PT1H").splitlines()
    identity = line.split()[0]
    assert curl(site, text, *as_json())[0] == 200
    assert identity in site.zegel("token", "list")
    assert text not in site.zegel("token", "list")
    assert "revoked" in site.zegel("token", "revoke", identity)
    assert curl(site, text, *as_json())[0] == 401
    assert "no such token" in site.zegel("token", "revoke", identity, code=1)
    assert "no account" in site.zegel("token", "add", "niemand@example.nl", "--name", "x", code=1)


def test_nothing_of_a_draft_is_at_rest_or_in_the_log(site: Site, token: str, tmp_path: Path) -> None:
    file = tmp_path / "xylofoonbrief.txt"
    file.write_text(
        TEXT + "Kromhoutlaan\r\n" * 300_000, encoding="utf-8"
    )  # 4 MB: other readers of forms use a file by then
    draft = as_json(subject="Klepperuitslag", text=TEXT)[-1]
    status, answer = curl(site, token, "-F", f"message={draft};type=application/json", "-F", f"attachment=@{file}")
    assert (status, answer["action"]) == (200, "seal")
    assert "111222333" not in json.dumps(answer)
    assert search([site.folder], [*SECRETS[1:2], *SECRETS[3:], token]) == []
    assert finds(site.log, [*SECRETS, token], "log") == []
