"""Dutch numbers: is this text one? The check digits are python-stdnum's; what has none there is a table here."""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum.exceptions import ValidationError
from stdnum.nl import bsn as stdnum_bsn
from stdnum.nl import btw as stdnum_btw
from stdnum.nl import identiteitskaartnummer as stdnum_document
from stdnum.nl import postcode as stdnum_postcode

from gateway.core.validators_text import bare

_LABEL = re.compile(r"^\D+")
# YYYYMMDD and DDMMYYYY of 1900 to 2099
_DATE = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d"
)


def _checked(check: Callable[[str], str], text: str) -> str:
    try:
        return str(check(text))
    except (ValidationError, ValueError):
        return ""


def bsn(text: str) -> str:
    """A citizen service number, with or without a label before it: the 11-test; 8 digits lack their leading zero.

    Eight digits that are a date, as in "19540312", are a date, unless the label is part of the match.
    """
    digits = bare(_LABEL.sub("", text))
    if not 8 <= len(digits) <= 9 or (_DATE.fullmatch(digits) and not text[:1].isalpha()):
        return ""
    number = digits.zfill(9)
    # Of stdnum's check what is left when there are digits only; a file of numbers asks for it a hundred thousand times.
    is_one = number.isascii() and number.isdigit() and number != "000000000" and stdnum_bsn.checksum(number) == 0
    return number if is_one else ""


def tax_number(text: str) -> str:
    """A payroll or VAT number as the Tax Administration writes it, with or without NL before it: an RSIN or BSN, L or B,
    two digits. The 11-test on the first nine."""
    number = bare(text).removeprefix("NL")
    return number if _checked(stdnum_bsn.validate, number[:9]) else ""


def bank_account(text: str) -> str:
    """An account number of before IBAN: 9 digits, or 10 that begin with a 0, with the 11-test of banks."""
    digits = bare(text)
    if not digits.isdigit() or not 9 <= len(digits) <= 10 or len(set(digits)) < 3:
        return ""
    total = sum(weight * int(digit) for weight, digit in zip(range(len(digits), 0, -1), digits, strict=True))
    return "" if total % 11 else digits.lstrip("0")


def btw(text: str) -> str:
    """A Dutch VAT number, of a company or (since 2020) of a sole trader: 11-test or mod 97."""
    return _checked(stdnum_btw.validate, bare(text))


def document(text: str) -> str:
    """A Dutch passport or identity card number: two letters, six letters or digits, a digit; never the letter O.

    Since there is no check digit in it, at least three digits are asked for, or every capital word would do.
    """
    number = bare(text)
    if sum(character.isdigit() for character in number) < 3:
        return ""
    return _checked(stdnum_document.validate, number)


def postcode(text: str) -> str:
    """An address that ends in a postcode: its number and postcode. SA, SD and SS are never given out."""
    code = bare(text)[-6:]
    number = re.search(r"\d{1,5}", text)
    return f"{number[0]} {code}" if number and _checked(stdnum_postcode.validate, code) else ""


# Side codes 1-14 of the RDW. X is a letter, 9 a digit. No plate has C, Q, I or O; since side code 4 none has a vowel.
_OLD_PLATES = ("XX9999", "9999XX", "99XX99")
_PLATES = (
    "XX99XX",
    "XXXX99",
    "99XXXX",
    "99XXX9",
    "9XXX99",
    "XX999X",
    "X999XX",
    "XXX99X",
    "X99XXX",
    "9XX999",
    "999XX9",
)


def plate(text: str) -> str:
    """A Dutch licence plate of side code 1 to 14."""
    plate = bare(text)
    shape = "".join("9" if character.isdigit() else "X" for character in plate)
    if not plate.isascii() or not plate.isalnum() or set("CQIO") & set(plate):
        return ""
    if shape in _OLD_PLATES or (shape in _PLATES and not set("AEUY") & set(plate)):
        return plate
    return ""


_PHONE_PREFIX = re.compile(r"(?:\+|00)31(?:\(0\)|0)?|0")
_PHONE_REST = re.compile(r"6[1-58]\d{7}|(?:[1-57]\d|88|85|84)\d{7}")


def phone(text: str) -> str:
    """A Dutch phone number, mobile or fixed, as E.164."""
    number = bare(text)
    prefix = _PHONE_PREFIX.match(number)
    if prefix is None:
        return ""
    rest = number[prefix.end() :].strip("()").replace(")", "").replace("(", "")
    return f"+31{rest}" if _PHONE_REST.fullmatch(rest) else ""
