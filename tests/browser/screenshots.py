"""Pictures of every page, on a phone and on a desk, in both languages: `python -m tests.browser.screenshots [NAME ...]`.

They are for people to look at, in ./screenshots/LANGUAGE-WIDTH/; no test compares them. A *scene* sets the fakes and leads a
page to where the picture is taken.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
import uvicorn
from playwright.sync_api import Browser, Page
from starlette.types import Receive, Scope, Send

from gateway.adapters.letters import LETTERS, JinjaLetters
from gateway.core.cases import CaseKind, CaseState
from gateway.core.decision import Choice
from gateway.core.directives import VerificationKind
from gateway.core.letter_mail import LetterMail, compose
from gateway.core.message import Disposition
from gateway.core.orders import CaseWords
from gateway.core.pickup import Expired, Locked, Revoked, TooMany, WrongNumber
from gateway.core.records import MessageState
from portal.demo_sink import keep
from tests.peers.chromium import chromium
from tests.portal.fakes import (
    ACCOUNT,
    CASE,
    CODE_TEXT,
    ELS,
    GRANT,
    JAN,
    MESSAGE,
    NOW,
    ORGANISATION,
    PASSWORD,
    PIET,
    House,
    a_case,
    has_read,
    notified,
    revoked,
    stored,
    waiting,
)

OUT = Path("screenshots")
SIZES = ((375, 760), (1280, 860))
LANGUAGES = ("nl", "en")
FACTS: dict[str, object] = {
    "sender_name": "Anna de Vries",
    "sender_address": "anna@example.nl",
    "recipient": JAN,
    "recipients": (JAN, ELS),
    "waiting": (PIET,),
    "reasons": ("Uw bericht bevat een burgerservicenummer.",),
    "details": (f"{JAN}: 550 5.1.1 no such user",),
    "url": f"http://localhost:8080/m/{GRANT}#{CODE_TEXT}",
    "code": CODE_TEXT,
    "expires_at": NOW + timedelta(days=30),
    "verification": "sms",
}

Scene = Callable[["Stage"], None]


class Stage:
    """The pages over fakes that each scene begins with anew, and one browser page."""

    def __init__(self, base: str, page: Page, house: House, language: str) -> None:
        self.base, self.page, self.house, self.language = base, page, house, language
        self.area, self.manage = f"{base}/m/{GRANT}", f"{base}/manage/{MESSAGE}"
        self.case = f"{base}/case/{CASE}"

    def go(self, path: str) -> None:
        self.page.goto(path)

    def link(self) -> None:
        self.go(f"{self.area}#{CODE_TEXT}")

    def press(self, selector: str = "main form button") -> None:
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def opened(self, path: str = "/message") -> None:
        self.link()
        self.press()
        self.page.wait_for_url(f"{self.area}/message")
        if path != "/message":
            self.go(self.area + path)

    def asked(self, kind: VerificationKind) -> None:
        self.house.pickup.verification = kind
        self.link()
        self.press()

    def overview(self) -> None:
        self.go(f"{self.manage}#{CODE_TEXT}")
        self.press()
        self.page.wait_for_url(f"{self.manage}/overview")


def landing(stage: Stage) -> None:
    stage.link()


def landing_without_code(stage: Stage) -> None:
    stage.go(stage.area)


def landing_wrong_code(stage: Stage) -> None:
    stage.go(stage.area)
    stage.page.fill("#code", "ABCD-EFGH")
    stage.press()


def sms(stage: Stage) -> None:
    stage.asked(VerificationKind.SMS)


def sms_sent(stage: Stage) -> None:
    sms(stage)
    stage.press()


def sms_wrong(stage: Stage) -> None:
    sms_sent(stage)
    stage.page.fill("#digits", "000000")
    stage.press()


def wrong_number(stage: Stage) -> None:
    sms(stage)
    stage.go(f"{stage.area}/wrong-number")


def wrong_number_told(stage: Stage) -> None:
    wrong_number(stage)
    stage.press()


def wrong_number_waiting(stage: Stage) -> None:
    stage.house.pickup.raises = WrongNumber()
    stage.link()


def password(stage: Stage) -> None:
    stage.asked(VerificationKind.PASSWORD)


def password_wrong(stage: Stage) -> None:
    password(stage)
    stage.page.fill("#password", PASSWORD + "!")
    stage.press()


def locked(stage: Stage) -> None:
    stage.house.pickup.raises = Locked(NOW + timedelta(minutes=15))
    stage.link()


def too_many(stage: Stage) -> None:
    stage.house.pickup.raises = TooMany(NOW + timedelta(minutes=55))
    stage.link()


def taken_back(stage: Stage) -> None:
    stage.house.pickup.raises = Revoked()
    stage.link()


def expired(stage: Stage) -> None:
    stage.house.pickup.raises = Expired()
    stage.link()


def ended_session(stage: Stage) -> None:
    stage.go(f"{stage.area}/message")


def unknown(stage: Stage) -> None:
    stage.go(f"{stage.base}/m/bbbbccccddddeeee")


def message_html(stage: Stage) -> None:
    stage.opened()


def message_text(stage: Stage) -> None:
    stage.house.pickup.html = None
    stage.opened()


def message_menu(stage: Stage) -> None:
    stage.opened()
    stage.page.locator("summary").click()


def message_long(stage: Stage) -> None:
    """Nothing fits: a long subject, names, addresses and text, and twenty attachments."""
    pickup = stage.house.pickup
    pickup.html = None
    pickup.subject = (
        "Betreft: aanvullende informatie over de voortzetting van uw behandeling op de polikliniek "
        "Longgeneeskunde/Allergologie, afspraaknummer 2026-031-000451-LONGALLERGOLOGIEPOLIKLINIEKVERVOLG"
    )
    pickup.sender_name = "Prof. dr. A. M. W. van der Hoeven-Oosterhuis van Rozenburg tot Zuylestein"
    pickup.text = "Geachte heer Jansen,\n\n" + (
        "Naar aanleiding van ons gesprek stuur ik u de uitslagen. Er is niets om u zorgen over te maken.\n\n" * 40
    )
    names = (
        "Uitslag 3 maart.pdf",
        "een_heel_lange_bestandsnaam_zonder_spaties_van_het_laboratorium_2026_definitief.docx",
    )
    pickup.files = [
        stored(number, Disposition.ATTACHMENT, "application/pdf", names[number % 2], b"x" * 41_000)
        for number in range(3, 23)
    ]
    stage.opened()


def answer(stage: Stage) -> None:
    stage.opened("/answer")


def answer_empty(stage: Stage) -> None:
    answer(stage)
    stage.press("main button.main")


def answered(stage: Stage) -> None:
    stage.opened("/answered")


def left(stage: Stage) -> None:
    stage.opened()
    stage.press("main form[action$=leave] button")


def manage_landing(stage: Stage) -> None:
    stage.go(f"{stage.manage}#{CODE_TEXT}")


def manage_without_code(stage: Stage) -> None:
    stage.go(stage.manage)


def manage_waiting(stage: Stage) -> None:
    stage.house.manage.recipients = (waiting(PIET),)
    stage.overview()


def manage_unread(stage: Stage) -> None:
    stage.house.manage.recipients = (notified(JAN), notified(ELS))
    stage.overview()


def manage_partly_read(stage: Stage) -> None:
    stage.overview()


def manage_all_read(stage: Stage) -> None:
    stage.house.manage.recipients = (has_read(JAN),)
    stage.overview()


def manage_revoked(stage: Stage) -> None:
    stage.house.manage.state = MessageState.REVOKED
    stage.house.manage.recipients = (revoked(JAN), revoked(ELS))
    stage.overview()


def manage_thirty(stage: Stage) -> None:
    stage.house.manage.recipients = tuple(
        (has_read, notified, waiting)[number % 3](f"ontvanger.met.een.lange.naam.{number}@afdeling.elders.example")
        for number in range(30)
    )
    stage.overview()


def manage_confirm(stage: Stage) -> None:
    stage.overview()
    stage.go(f"{stage.manage}/confirm")


def manage_confirm_one(stage: Stage) -> None:
    stage.overview()
    stage.go(f"{stage.manage}/confirm?address={JAN}")


def manage_recipient(stage: Stage) -> None:
    stage.overview()
    stage.go(f"{stage.manage}/recipient?address={PIET}")


def manage_recipient_wrong(stage: Stage) -> None:
    manage_recipient(stage)
    stage.page.fill("#phone", "12")
    stage.press("main button.main")


def manage_phone(stage: Stage) -> None:
    stage.overview()
    stage.go(f"{stage.manage}/recipient?address={JAN}")


def case_landing(stage: Stage) -> None:
    stage.go(f"{stage.case}#{CODE_TEXT}")


def case_without_code(stage: Stage) -> None:
    stage.go(stage.case)


def case_choose(stage: Stage) -> None:
    case_landing(stage)
    stage.press()


def case_choose_problem(stage: Stage) -> None:
    case_choose(stage)
    for box in stage.page.locator("input[type=checkbox]").all():
        box.uncheck()
    stage.press("form:has(.ticks) button")


def case_choose_two(stage: Stage) -> None:
    stage.house.cases.held = a_case(choices=("send", "cancel"), reason_required=False, unanswered=Choice.CANCEL)
    case_choose(stage)


def case_chosen(stage: Stage) -> None:
    case_choose(stage)
    stage.press()


def case_cancelled(stage: Stage) -> None:
    case_choose(stage)
    stage.press("form:has([value=cancel]) button")


def case_settled(stage: Stage) -> None:
    stage.house.cases.held = a_case(state=CaseState.ANSWERED)
    stage.go(stage.case)


def case_login(stage: Stage) -> None:
    stage.house.cases.held = a_case(
        kind=CaseKind.HOLD, choices=("seal", "send", "cancel"), unanswered=Choice.CANCEL, reason_required=False
    )
    case_landing(stage)
    stage.press()


def case_login_wrong(stage: Stage) -> None:
    case_login(stage)
    stage.page.fill("#address", "els@example.nl")
    stage.page.fill("#password", "fout")
    stage.press()


def case_review(stage: Stage) -> None:
    case_login(stage)
    stage.page.fill("#address", "els@example.nl")
    stage.page.fill("#password", PASSWORD)
    stage.press()


def case_review_text(stage: Stage) -> None:
    case_review(stage)
    stage.go(f"{stage.case}/review?view=text")


def case_decided(stage: Stage) -> None:
    case_review(stage)
    stage.press(".decisions .bad")


def activation(stage: Stage) -> None:
    stage.go(f"{stage.base}/activate/{ACCOUNT}#{CODE_TEXT}")


def activation_differs(stage: Stage) -> None:
    activation(stage)
    stage.page.fill("#password", "a" * 12)
    stage.page.fill("#again", "b" * 12)
    stage.press()


def activated(stage: Stage) -> None:
    activation(stage)
    stage.page.fill("#password", "a" * 12)
    stage.page.fill("#again", "a" * 12)
    stage.press()


def home(stage: Stage) -> None:
    stage.go(stage.base)


def demo_empty(stage: Stage) -> None:
    stage.go(f"{stage.base}/demo/inbox")


def letter(name: str, language: str) -> bytes:
    rendered = JinjaLetters().render(name, language, ORGANISATION, {**FACTS, "case": case_words(name, language)})
    sender = ("Anna de Vries", "anna@example.nl")
    return compose(LetterMail(rendered, sender, JAN, language, NOW, "1@example.nl", automatic=False))


def case_words(name: str, language: str) -> CaseWords:
    title = "Burgerservicenummer" if language == "nl" else "Citizen service number"
    ends = {"refused": "reviewer", "case-sent": "reviewer", "case-sealed": "late-sender", "case-cancelled": "sender"}
    return CaseWords(
        found=((title, "attachment", 14), (title, "body", 1), ("", "attachment", 0)),
        choices=("seal", "send", "cancel") if name.startswith("review") else ("seal", "remove", "send", "cancel"),
        deadline=(NOW + timedelta(days=1)).isoformat(),
        unanswered="seal",
        by=ends.get(name, ""),
        name="Els van den Berg",
        note="De tweede bijlage is voor een andere patiënt." if name in ("refused", "case-sent") else "",
    )


def letter_page(stage: Stage, name: str) -> None:
    """The letter's HTML as a mail client shows it."""
    facts = {**FACTS, "case": case_words(name, stage.language), "url": f"http://localhost:8080/case/{CASE}#{CODE_TEXT}"}
    stage.go("about:blank")
    stage.page.set_content(JinjaLetters().render(name, stage.language, ORGANISATION, facts).html)


def letter_warned(stage: Stage) -> None:
    letter_page(stage, "warned")


def letter_review(stage: Stage) -> None:
    letter_page(stage, "review")


def letter_refused(stage: Stage) -> None:
    letter_page(stage, "refused")


def letter_sealed_late(stage: Stage) -> None:
    letter_page(stage, "case-sealed")


def demo_inbox(stage: Stage) -> None:
    world, language = stage.house.world, stage.language
    assert world is not None
    for number, name in enumerate(LETTERS):
        at = NOW + timedelta(minutes=number)
        sender, recipient = ("anna@example.nl", JAN) if name in ("notification", "answer") else ("", "anna@example.nl")
        keep(world, f"202603{number:02}", at, sender, [recipient], letter(name, language))
    text = {"to": "+31612345678", "text": "123456 is uw code voor Voorbeeldziekenhuis.", "at": NOW.isoformat()}
    (world / "sms.jsonl").write_text(json.dumps(text) + "\n", encoding="utf-8")
    stage.go(f"{stage.base}/demo/inbox")


def demo_message(stage: Stage) -> None:
    demo_inbox(stage)
    stage.go(f"{stage.base}/demo/inbox/20260300")


def not_found(stage: Stage) -> None:
    stage.go(f"{stage.base}/nothing")


def broken(stage: Stage) -> None:
    stage.house.pickup.raises = RuntimeError()
    stage.go(stage.area)


SCENES: tuple[Scene, ...] = (
    home,
    landing,
    landing_without_code,
    landing_wrong_code,
    sms,
    sms_sent,
    sms_wrong,
    wrong_number,
    wrong_number_told,
    wrong_number_waiting,
    password,
    password_wrong,
    locked,
    too_many,
    message_html,
    message_text,
    message_menu,
    message_long,
    answer,
    answer_empty,
    answered,
    left,
    unknown,
    taken_back,
    expired,
    ended_session,
    manage_landing,
    manage_without_code,
    manage_waiting,
    manage_unread,
    manage_partly_read,
    manage_all_read,
    manage_revoked,
    manage_thirty,
    manage_confirm,
    manage_confirm_one,
    manage_recipient,
    manage_recipient_wrong,
    manage_phone,
    case_landing,
    case_without_code,
    case_choose,
    case_choose_problem,
    case_choose_two,
    case_chosen,
    case_cancelled,
    case_settled,
    case_login,
    case_login_wrong,
    case_review,
    case_review_text,
    case_decided,
    letter_warned,
    letter_review,
    letter_refused,
    letter_sealed_late,
    activation,
    activation_differs,
    activated,
    demo_empty,
    demo_inbox,
    demo_message,
    not_found,
    broken,
)


class Served:
    """The application of the house that plays now."""

    def __init__(self) -> None:
        self.play(House())

    def play(self, house: House) -> None:
        self._app = house.app()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


@contextmanager
def serving(served: Served) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(served, lifespan="off", log_config=None, access_log=False))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://localhost:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def take(browser: Browser, base: str, served: Served, scene: Scene, language: str, size: tuple[int, int]) -> None:
    """One picture of the whole page."""
    with tempfile.TemporaryDirectory() as world:
        house = House(world=Path(world))
        served.play(house)
        width, height = size
        context = browser.new_context(locale=language, viewport={"width": width, "height": height})
        stage = Stage(base, context.new_page(), house, language)
        scene(stage)
        stage.page.wait_for_load_state("networkidle")
        place = OUT / f"{language}-{width}" / f"{re.sub('_', '-', scene.__name__)}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        stage.page.screenshot(path=place, full_page=True)
        context.close()


def main(names: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    served = Served()
    with serving(served) as base, chromium() as browser:
        for scene in SCENES:
            if names and scene.__name__ not in names:
                continue
            for language in LANGUAGES:
                for size in SIZES:
                    take(browser, base, served, scene, language, size)
            print(scene.__name__)


if __name__ == "__main__":
    main(sys.argv[1:])
