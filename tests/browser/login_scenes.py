"""Every page of a signed-in account, over real services and a memory store, and the way there.

`python -m tests.browser.login_scenes [NAME ...]` takes pictures for people to look at, in ./screenshots/LANGUAGE-WIDTH/. A
*scene* leads a page to where the picture is taken.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import structlog
import uvicorn
from playwright.sync_api import Page

from gateway.core.delivery import DeliveryState
from gateway.core.directives import Verification, VerificationKind
from gateway.core.organisation import SecondFactor
from gateway.core.records import Event, EventKind
from gateway.service.sealing import Sealed
from tests.browser.screenshots import LANGUAGES, OUT, SIZES
from tests.peers.chromium import chromium
from tests.portal.fakes import ORGANISATION, House, login_lab
from tests.unit.service.lab import RECIPIENT, SENDER, Lab, app_digits

T = TypeVar("T")

PASSWORD = "appeltaart met room"
PHONE = "+31612345678"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class World:
    """One organisation with one account, served at `base`."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.lab: Lab = login_lab(replace(ORGANISATION, portal_url=base))
        self.app = House().over(self.lab)
        self.secret = b""
        asyncio.run(self._begin())

    async def _begin(self) -> None:
        await self.lab.accounts.create(
            organisation=self.lab.organisation, address=SENDER, name="Anna de Vries", password=PASSWORD
        )

    def optional(self) -> None:
        """The organisation does not ask for a second factor."""
        self.lab.organisation = replace(self.lab.organisation, second_factor=SecondFactor.OPTIONAL)
        self.lab.organisations = replace(self.lab.organisations, all=(self.lab.organisation,))
        self.lab.build()
        self.app = House().over(self.lab)

    def seal(self, subject: str, *, read: bool = False, days_ago: int = 0, sms: bool = False) -> Sealed:
        """A message of the account; `sms` without a number waits for the sender."""
        return in_thread(lambda: asyncio.run(self._seal(subject, read=read, days_ago=days_ago, sms=sms)))

    async def _seal(self, subject: str, *, read: bool, days_ago: int, sms: bool) -> Sealed:
        now = self.lab.now
        self.lab.now = now - timedelta(days=days_ago)
        wish = Verification(VerificationKind.SMS) if sms else None
        sealed = await self.lab.seal(wish, subject=subject)
        if read:
            async with self.lab.store.write() as tx:
                kinds = (EventKind.NOTIFIED, EventKind.VERIFIED, EventKind.READ)
                for kind in kinds:
                    await tx.add_event(Event(sealed.message.id, RECIPIENT, kind, self.lab.now))
                for row in sealed.deliveries:
                    await tx.advance(row.id, DeliveryState.DELIVERED, attempts=1, next_at=self.lab.now, last_reply="")
        self.lab.now = now
        return sealed

    def revoke(self, sealed: Sealed) -> None:
        in_thread(lambda: asyncio.run(self.lab.revoke.message(sealed.message.id, "test")))

    # -- what a person has in their hands

    def app_digits(self) -> str:
        """What the app shows now; half a minute passes, since a code counts once."""
        self.lab.later(seconds=30)
        return app_digits(self.secret, self.lab.now)

    def learn(self, link: str) -> None:
        """The app reads the picture or link."""
        text = parse_qs(urlsplit(link).query)["secret"][0]
        self.secret = base64.b32decode(text + "=" * (-len(text) % 8))

    def sms_digits(self) -> str:
        return self.lab.sms.sent[-1][1][:6]


class Stage:
    """A world and one browser page in it."""

    def __init__(self, world: World, page: Page) -> None:
        self.world, self.page = world, page

    def go(self, path: str) -> None:
        self.page.goto(self.world.base + path)

    def press(self, selector: str = "main form button.main") -> None:
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def password(self, *, remember: bool = False, password: str = PASSWORD) -> None:
        self.go("/login")
        self.page.fill("#address", SENDER)
        self.page.fill("#password", password)
        if remember:
            self.page.check("#remember")
        self.press()

    def signed_in(self) -> None:
        """As far as the list of sent messages, in an organisation that leaves the second step out."""
        self.world.optional()
        self.password()
        self.page.wait_for_url("**/sent")

    def phone(self) -> None:
        """Signed in, and a phone number proved."""
        self.signed_in()
        self.go("/account/factors/phone")
        self.page.fill("#phone", PHONE)
        self.press()
        self.page.fill("#digits", self.world.sms_digits())
        self.press()
        self.page.wait_for_url("**/account?done=*")

    def second(self) -> None:
        self.phone()
        self.world.lab.later(minutes=2)
        self.press(".own form button")
        self.password()
        self.page.wait_for_url("**/login/second")


Scene = Callable[[Stage], None]


def login(stage: Stage) -> None:
    stage.go("/login")


def login_wrong(stage: Stage) -> None:
    stage.password(password="niet dit wachtwoord")


def login_passkey_refused(stage: Stage) -> None:
    stage.go("/login")
    stage.page.evaluate("""() => {
        const form = document.querySelector("form[action='/login/passkey']");
        form.elements.answer.value = "{}"; form.submit() }""")
    stage.page.wait_for_selector("[role=alert]:visible")


def login_forgotten(stage: Stage) -> None:
    stage.go("/login/forgotten")


def login_asked(stage: Stage) -> None:
    login_forgotten(stage)
    stage.page.fill("#address", SENDER)
    stage.press()


def login_many(stage: Stage) -> None:
    for _ in range(6):
        stage.password(password="niet dit wachtwoord")


def first_step(stage: Stage) -> None:
    stage.password()


def second_sms(stage: Stage) -> None:
    stage.second()


def second_sms_sent(stage: Stage) -> None:
    stage.second()
    stage.press()


def second_sms_wrong(stage: Stage) -> None:
    second_sms_sent(stage)
    stage.page.fill("#digits", "000000")
    stage.press()


def factors(stage: Stage) -> None:
    stage.signed_in()
    stage.go("/account/factors")


def factor_app(stage: Stage) -> None:
    stage.signed_in()
    stage.go("/account/factors/app")


def factor_app_wrong(stage: Stage) -> None:
    factor_app(stage)
    stage.page.fill("#digits", "000000")
    stage.press()


def factor_phone(stage: Stage) -> None:
    stage.signed_in()
    stage.go("/account/factors/phone")


def factor_phone_wrong(stage: Stage) -> None:
    factor_phone(stage)
    stage.page.fill("#phone", "12")
    stage.press()


def factor_phone_sent(stage: Stage) -> None:
    factor_phone(stage)
    stage.page.fill("#phone", PHONE)
    stage.press()


def factor_passkey(stage: Stage) -> None:
    stage.signed_in()
    stage.go("/account/factors/passkey")


def factor_remove(stage: Stage) -> None:
    stage.phone()
    stage.page.locator(".things a.button").first.click()
    stage.page.wait_for_url("**/remove?*")


def account(stage: Stage) -> None:
    stage.phone()


def account_password(stage: Stage) -> None:
    stage.signed_in()
    stage.go("/account/password")


def account_password_weak(stage: Stage) -> None:
    account_password(stage)
    stage.page.fill("#current", PASSWORD)
    stage.page.fill("#new", "Welkom2026!!")
    stage.page.fill("#again", "Welkom2026!!")
    stage.press()


def again(stage: Stage) -> None:
    stage.signed_in()
    stage.world.lab.later(minutes=20)
    stage.go("/account/factors/app")


def sent_empty(stage: Stage) -> None:
    stage.signed_in()


def sent(stage: Stage) -> None:
    stage.signed_in()
    stage.world.seal("Uitslag van uw onderzoek", read=True)
    stage.world.seal("Verwijsbrief voor de afdeling radiologie, met de beelden van het vorige onderzoek", days_ago=1)
    stage.world.seal("Loonstrook maart", days_ago=2, sms=True)
    stage.world.revoke(stage.world.seal("Aan de verkeerde gestuurd", days_ago=3))
    stage.go("/sent")


def sent_overview(stage: Stage) -> None:
    sent(stage)
    stage.page.locator(".sent a").first.click()
    stage.page.wait_for_url("**/overview")


def sent_message(stage: Stage) -> None:
    sent_overview(stage)
    stage.page.locator("a[href$='/message']").click()
    stage.page.wait_for_url("**/message")


def signed_out(stage: Stage) -> None:
    stage.signed_in()
    stage.press(".own form button")


def session_ended(stage: Stage) -> None:
    stage.signed_in()
    stage.world.lab.later(hours=2)
    stage.go("/sent")


SCENES: tuple[Scene, ...] = (
    login,
    login_wrong,
    login_passkey_refused,
    login_many,
    login_forgotten,
    login_asked,
    first_step,
    second_sms,
    second_sms_sent,
    second_sms_wrong,
    factors,
    factor_app,
    factor_app_wrong,
    factor_phone,
    factor_phone_wrong,
    factor_phone_sent,
    factor_passkey,
    factor_remove,
    account,
    account_password,
    account_password_weak,
    again,
    sent_empty,
    sent,
    sent_overview,
    sent_message,
    signed_out,
    session_ended,
)


class Served:
    """The application of the world that plays now."""

    world: World | None = None

    async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None:
        assert self.world is not None
        await self.world.app(scope, receive, send)  # type: ignore[arg-type]


@contextmanager
def serving(served: Served) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(served, lifespan="off", log_config=None, access_log=False))  # type: ignore[arg-type]
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://localhost:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def in_thread(work: Callable[[], T]) -> T:
    """Playwright's loop holds this thread, so what needs a loop of its own gets a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(30)


def main(names: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    served = Served()
    with serving(served) as base, chromium() as browser:
        for scene in SCENES:
            if names and scene.__name__ not in names:
                continue
            for language in LANGUAGES:
                for width, height in SIZES:
                    served.world = in_thread(lambda: World(base))
                    context = browser.new_context(locale=language, viewport={"width": width, "height": height})
                    stage = Stage(served.world, context.new_page())
                    scene(stage)
                    place = OUT / f"{language}-{width}" / f"{scene.__name__.replace('_', '-')}.png"
                    place.parent.mkdir(parents=True, exist_ok=True)
                    stage.page.screenshot(path=place, full_page=True)
                    context.close()
            print(scene.__name__)


if __name__ == "__main__":
    main(sys.argv[1:])
