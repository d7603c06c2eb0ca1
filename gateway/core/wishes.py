"""The values of directives: phone numbers, spans of time, and the sentences for values that can't be understood."""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=3650)
_SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ISO = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?",
    re.IGNORECASE,
)
_ISO_UNITS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)
_PLAIN = re.compile(
    r"(\d{1,5})\s{0,4}(h|hours?|u|uur|uren|d|days?|dag|dagen|w|weeks?|weken|m|months?|maand|maanden)", re.IGNORECASE
)
_PLAIN_UNITS = {"h": 3600, "u": 3600, "d": 86400, "w": 7 * 86400, "m": 30 * 86400}

SENTENCES: dict[str, tuple[str, str]] = {  # key -> (nl, en)
    "phone": (
        "Het telefoonnummer voor de sms-code is geen geldig mobiel nummer; schrijf het als +31612345678.",
        "The phone number for the SMS code is not valid; write it like +31612345678.",
    ),
    "expires": (
        "De bewaartermijn is niet te lezen; schrijf bijvoorbeeld [verloopt:30d] of P30D, hoogstens tien jaar.",
        "The expiry can't be read; write for instance [expires:30d] or P30D, ten years at most.",
    ),
    "secret": (
        "Een label met een telefoonnummer of wachtwoord hoort, met sluithaak, aan het begin of einde van het onderwerp.",
        "A tag with a phone number or password belongs, with its closing bracket, at the start or end of the subject.",
    ),
    "zegel": (
        "De kop X-Zegel kent alleen de waarden 'seal' en 'plain'.",
        "The header X-Zegel knows the values 'seal' and 'plain' only.",
    ),
    "verify": (
        "De kop voor ontvangerscontrole is niet te lezen; schrijf: adres sms +31612345678, of: adres password woord.",
        "The header for verification can't be read; write: address sms +31612345678, or: address password word.",
    ),
    "least": (
        "De kop voor de minimale ontvangerscontrole kent de waarden 'none', 'password' en 'sms'.",
        "The header for the least verification knows the values 'none', 'password' and 'sms'.",
    ),
    "twice": (
        "Er zijn twee verschillende ontvangerscontroles gevraagd voor dezelfde ontvanger; laat er een weg.",
        "Two different verifications were asked for the same recipient; leave one out.",
    ),
}


def sentence(key: str, language: str) -> str:
    """A mistake in words for the sender; Dutch for 'nl', else English. ASCII, since it goes into an SMTP reply."""
    dutch, english = SENTENCES[key]
    return dutch if language == "nl" else english


def phone(text: str) -> str:
    """The number in E.164; empty when it is none. A number without a country is taken for Dutch."""
    digits = _SEPARATORS.sub("", text.replace("(0)", ""))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    elif digits.startswith("0"):
        digits = "+31" + digits[1:]
    if not _E164.fullmatch(digits) or not digits.isascii():
        return ""
    return "" if digits.startswith("+31") and len(digits) != len("+31612345678") else digits


def span(text: str) -> timedelta | None:
    """A span of time as P30D, P4W, PT12H (ISO 8601) or 30d, 4 weken, 12 uur; None when it is none or too long."""
    text = text.strip()
    iso, plain = _ISO.fullmatch(text), _PLAIN.fullmatch(text)
    seconds = 0
    if iso:
        seconds = sum(int(number or 0) * unit for number, unit in zip(iso.groups(), _ISO_UNITS, strict=True))
    elif plain:
        seconds = int(plain[1]) * _PLAIN_UNITS[plain[2][0].lower()]
    found = timedelta(seconds=seconds)
    return found if timedelta(0) < found <= LONGEST else None
