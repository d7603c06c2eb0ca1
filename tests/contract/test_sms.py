"""What every way of sending a text message does alike, against providers that check and answer as they document."""

from __future__ import annotations

import io
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gateway.adapters.sms.factory import open_sms
from gateway.config import SMS_PROVIDERS
from gateway.core.errors import SmsFailed
from gateway.core.ports import Sms
from tests.peers.place import free_ports
from tests.peers.sms_numbers import BROKEN, BUSY, GARBAGE, GONE, GOOD, NO_CREDIT, REFUSED, SILENT
from tests.peers.sms_provider import PROVIDERS, Provider, serving
from tests.peers.smsc import PASSWORD, SYSTEM_ID, Smsc, smsc

TEXTS = {
    "code": "Uw code is 123456. Geef hem aan niemand.",
    "euro": "€ 5 {to} \\ [x] ^ ~ | @ £ \"quotes\" 'single' & <tag> %41 +1 = ;",
    "ucs2": "Код 123456 😀 zcela důvěrné",
    "lines": "one\ntwo",
    "long": "Dit is een lange tekst met een € erin, 123456. " * 8,
    "long ucs2": "Длинный текст 😀 123456. " * 8,
}
WRONG = "wr0ngkey"


class Lab(ABC):
    """A way of sending, what it needs, and what came out at the other end."""

    @abstractmethod
    def open(self, secret: str = "", *, away: bool = False) -> Sms: ...
    @abstractmethod
    def taken(self) -> list[tuple[str, str, str]]:
        """(to, text, sender) of what the provider would send."""

    secret = ""


class HttpLab(Lab):
    def __init__(self, provider: Provider) -> None:
        self.provider, self.secret = provider, provider.secret

    def open(self, secret: str = "", *, away: bool = False) -> Sms:
        options = self.provider.options(secret or self.secret)
        if away:
            options["url"] = options["url"].replace(self.provider.base, f"http://127.0.0.1:{free_ports(1)[0]}")
        return open_sms(self.provider.name, options)

    def taken(self) -> list[tuple[str, str, str]]:
        assert self.provider.complaints == []
        return [(message.to, message.text, message.sender) for message in self.provider.taken]


class SmppLab(Lab):
    secret = PASSWORD

    def __init__(self, center: Smsc) -> None:
        self.center = center
        self.before = len([record for record in center.records if record.get("event") == "submit"])

    def open(self, secret: str = "", *, away: bool = False) -> Sms:
        port = free_ports(1)[0] if away else self.center.port
        login = {"system_id": SYSTEM_ID, "password": secret or self.secret}
        return open_sms("smpp", {"host": "127.0.0.1", "port": str(port), **login})

    def taken(self) -> list[tuple[str, str, str]]:
        """Parts joined as a telephone joins them, by their user data headers."""
        whole: list[tuple[str, str, str]] = []
        text = ""
        first = self.center.submitted(self.before + 1)[self.before]
        expected = first["udh"][3] if first["udh"] else 1
        for part in self.center.submitted(self.before + expected)[self.before :]:
            count, at = part["udh"][3:5] if part["udh"] else (1, 1)
            text = part["text"] if at == 1 else text + part["text"]
            if at == count:
                whole.append(("+" + part["to"], text, part["from"]))
        return whole


@pytest.fixture(scope="session")
def center() -> Iterator[Smsc]:
    with smsc() as running:
        yield running


@pytest.fixture(params=[*PROVIDERS, "smpp"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    if request.param == "smpp":
        yield SmppLab(request.getfixturevalue("center"))
        return
    with serving(PROVIDERS[request.param]()) as provider:
        yield HttpLab(provider)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """All that any logger says, at the chattiest level."""
    spoken = io.StringIO()
    caplog.set_level(logging.DEBUG)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(spoken),
    )
    yield spoken
    structlog.reset_defaults()


def test_every_provider_is_tried() -> None:
    assert {*PROVIDERS, "smpp", "console"} == set(SMS_PROVIDERS)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("sender", ["Zegel", "Dr Jansen 2"])
async def test_a_text_arrives_once_and_whole(lab: Lab, text: str, sender: str) -> None:
    await lab.open().send(GOOD, text, sender)
    assert lab.taken() == [(GOOD, text, sender)]


async def test_a_number_sends_too(lab: Lab) -> None:
    await lab.open().send(GOOD, "123456", "+31857001234")
    ((to, text, sender),) = lab.taken()
    assert (to, text, sender.lstrip("+")) == (GOOD, "123456", "31857001234")


@pytest.mark.parametrize(
    "number", ["", "0612345678", "31612345678", "+31 6 1234", "+0612345678", "+31612345678\n", "+٣١٦١٢٣٤٥٦٧٨"]
)
async def test_what_is_no_number_is_refused_at_home(number: str) -> None:
    for name, kind in PROVIDERS.items():
        nowhere = kind(base="http://127.0.0.1:1")
        with pytest.raises(SmsFailed) as caught:
            await open_sms(name, nowhere.options("x")).send(number, "123456", "Zegel")
        assert caught.value.permanent, name
    for sms in (open_sms("console", {}), SmppLab(Smsc(port=1)).open()):
        with pytest.raises(SmsFailed) as caught:
            await sms.send(number, "123456", "Zegel")
        assert caught.value.permanent


async def test_a_number_that_the_provider_refuses_is_permanent(lab: Lab) -> None:
    with pytest.raises(SmsFailed) as caught:
        await lab.open().send(REFUSED, "123456", "Zegel")
    assert caught.value.permanent


async def test_wrong_credentials_are_permanent(lab: Lab) -> None:
    with pytest.raises(SmsFailed) as caught:
        await lab.open(WRONG).send(GOOD, "123456", "Zegel")
    assert caught.value.permanent


@pytest.mark.parametrize("number", [NO_CREDIT, GARBAGE, BROKEN, SILENT, GONE, BUSY])
async def test_a_bad_day_is_temporary(lab: Lab, number: str) -> None:
    sms = lab.open()
    if number == SILENT:
        sms.patience = 0.3  # type: ignore[attr-defined]
    with pytest.raises(SmsFailed) as caught:
        await sms.send(number, "123456", "Zegel")
    assert not caught.value.permanent


async def test_a_provider_that_is_away_is_temporary(lab: Lab) -> None:
    with pytest.raises(SmsFailed) as caught:
        await lab.open(away=True).send(GOOD, "123456", "Zegel")
    assert not caught.value.permanent


@pytest.mark.parametrize("number", [GOOD, REFUSED, GARBAGE, BROKEN, GONE])
@pytest.mark.parametrize("known", [True, False])
async def test_neither_logs_nor_errors_tell_secrets(
    lab: Lab, number: str, known: bool, logged: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    secret = lab.secret if known else WRONG
    sms = lab.open(secret)
    told = repr(sms) + str(vars(sms).keys())
    try:
        await sms.send(number, "geheim 123456", "Zegel")
    except SmsFailed as error:
        told += repr(error) + error.reply + repr(error.__cause__)
    told += logged.getvalue() + caplog.text
    hexadecimal = [word.encode().hex() for word in ("123456", secret, number[1:])]
    for word in ("123456", "geheim", secret, number[1:], number[3:], *hexadecimal):
        assert word not in told


async def test_the_console_keeps_texts_for_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "world" / "sms.jsonl"
    sms = open_sms("console", {}, file)
    for text in TEXTS.values():
        await sms.send(GOOD, text, "Zegel")
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["to"], line["text"]) for line in kept] == [(GOOD, text) for text in TEXTS.values()]
    assert len(capsys.readouterr().out.splitlines()) == len(TEXTS)
