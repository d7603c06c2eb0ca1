"""Which language a page speaks, and its sentences: Dutch or English, with English as the message ids.

Catalogues are plain .po files, read at start. The choice: `?lang=` (kept in a cookie), then the cookie, then the browser's
Accept-Language, then the organisation's language.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

FOLDER = Path(__file__).parent / "locale"
LANGUAGES: Mapping[str, str] = {"nl": "Nederlands", "en": "English"}
COOKIE = "zegel-language"


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of one language; English needs none."""
    path = FOLDER / language / "LC_MESSAGES" / "portal.po"
    if not path.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def asked_for(request: Request) -> str | None:
    """The language that `?lang=` names, when we speak it."""
    wanted = request.query_params.get("lang", "")
    return wanted if wanted in LANGUAGES else None


def chosen(request: Request) -> str | None:
    """The language that the person picked, now or before; None when they left it to the browser."""
    kept = request.cookies.get(COOKIE, "")
    return asked_for(request) or (kept if kept in LANGUAGES else None)


def choose(request: Request, otherwise: str) -> str:
    """The language of the answer to this request."""
    if picked := chosen(request):
        return picked
    return accepted(request.headers.get("accept-language", "")) or (otherwise if otherwise in LANGUAGES else "en")


def accepted(header: str) -> str | None:
    """The spoken language that the browser likes best (RFC 9110 section 12.5.4)."""
    wishes: list[tuple[float, int, str]] = []
    for place, item in enumerate(header[:500].split(",")):
        tag, _, quality = item.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:
            wishes.append((-weight, place, tag.split("-")[0].lower()))
    return next((tag for _, _, tag in sorted(wishes) if tag in LANGUAGES), None)


class Times:
    """Times as people read them, in one language and time zone."""

    def __init__(self, language: str, zone: str) -> None:
        self._language, self._zone = language, ZoneInfo(zone)

    def day(self, at: datetime) -> str:
        return format_date(at.astimezone(self._zone), "d MMMM y", locale=self._language)

    def moment(self, at: datetime) -> str:
        return format_datetime(at.astimezone(self._zone), "d MMMM y, HH:mm", locale=self._language)

    def clock(self, at: datetime) -> str:
        return format_time(at.astimezone(self._zone), "HH:mm:ss", locale=self._language)


def size_in_words(count: int, language: str) -> str:
    """12 KB, 3,4 MB: decimal units, as file managers show."""
    value, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    digits = f"{value:.0f}" if unit in ("B", "KB") or value >= 100 else f"{value:.1f}"
    return f"{digits.replace('.', ',') if language == 'nl' else digits} {unit}"
