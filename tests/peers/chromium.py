"""A real Chromium. `Watch` remembers what a page must never do; `complaints` is what axe-core finds wrong for people who
see, hear or point otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
CACHE = Path(os.environ.get("ZEGEL_TEST_CACHE", Path(__file__).parents[2] / ".cache/peers"))
AXE = CACHE / "node_modules/axe-core/axe.min.js"  # scripts/install-peers.sh
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OpenPage = Callable[..., Page]


@dataclass
class Watch:
    """Every dialog, error and request outside `base`."""

    base: str
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def on(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("dialog", self._dialog)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:", "about:")):
            self.outside.append(request.url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Not for longer than a test module: while it lives, its thread's event loop is taken, and asynchronous tests fail."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def pages(browser: Browser, watch: Watch) -> Iterator[OpenPage]:
    """Opens a page in a context of its own, as another person would; options are those of a browser context."""
    contexts = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "en", **options})
        context.set_default_timeout(10_000)
        watch.on(context)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def complaints(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds on the page as it stands, and whether it is wider than its window. Needs a context with
    `bypass_csp`: the pages' policy would keep this script out."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]
    told = [(item["id"], [node["html"] for node in item["nodes"]]) for item in found]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        told.append(("wider than its window", [page.url]))
    return told
