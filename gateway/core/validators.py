"""The closed vocabulary of validators: what a pattern found is confirmed, or thrown out.

A validator takes the matched text and returns its *canonical value*, by which equal numbers in different spellings count
once, or an empty text when it is not what the rule looks for. Rule: a validator never raises and keeps nothing. The
check digits are python-stdnum's; what has none there is a table here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from stdnum import iban as stdnum_iban
from stdnum import luhn as stdnum_luhn
from stdnum.exceptions import ValidationError
from stdnum.nl import bsn as stdnum_bsn
from stdnum.nl import btw as stdnum_btw
from stdnum.nl import identiteitskaartnummer as stdnum_document

Validator = Callable[[str], str]

_SEPARATORS = str.maketrans("", "", " .-/_\t\r\n")
_LABEL = re.compile(r"^\D+")


def _bare(text: str) -> str:
    return text.translate(_SEPARATORS).upper()


def _checked(check: Callable[[str], str], text: str) -> str:
    try:
        return str(check(text))
    except (ValidationError, ValueError):
        return ""


def bsn(text: str) -> str:
    """A citizen service number, with or without a label before it: the 11-test; 8 digits lack their leading zero."""
    digits = _bare(_LABEL.sub("", text))
    return _checked(stdnum_bsn.validate, digits.zfill(9)) if 8 <= len(digits) <= 9 else ""


def iban(text: str) -> str:
    """An account number (ISO 13616): length and format of its country, mod 97. National check digits and lists of banks
    are not asked: the lists grow old."""
    return _checked(lambda number: stdnum_iban.validate(number, check_country=False), _bare(text))


def luhn(text: str) -> str:
    """A payment card or other number with a Luhn check digit (ISO/IEC 7812): 12 to 19 digits, not all the same."""
    digits = _bare(text)
    if not 12 <= len(digits) <= 19 or len(set(digits)) < 2:
        return ""
    return _checked(stdnum_luhn.validate, digits)


def btw(text: str) -> str:
    """A Dutch VAT number, of a company or (since 2020) of a sole trader: 11-test or mod 97."""
    return _checked(stdnum_btw.validate, _bare(text))


def document_nl(text: str) -> str:
    """A Dutch passport or identity card number: two letters, six letters or digits, a digit; never the letter O.

    Since there is no check digit in it, at least three digits are asked for, or every capital word would do.
    """
    number = _bare(text)
    if sum(character.isdigit() for character in number) < 3:
        return ""
    return _checked(stdnum_document.validate, number)


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


def plate_nl(text: str) -> str:
    """A Dutch licence plate of side code 1 to 14."""
    plate = _bare(text)
    shape = "".join("9" if character.isdigit() else "X" for character in plate)
    if not plate.isascii() or not plate.isalnum() or set("CQIO") & set(plate):
        return ""
    if shape in _OLD_PLATES or (shape in _PLATES and not set("AEUY") & set(plate)):
        return plate
    return ""


_PHONE_PREFIX = re.compile(r"(?:\+|00)31(?:\(0\)|0)?|0")
_PHONE_REST = re.compile(r"6[1-58]\d{7}|(?:[1-57]\d|88|85|84)\d{7}")


def phone_nl(text: str) -> str:
    """A Dutch phone number, mobile or fixed, as E.164."""
    number = _bare(text)
    prefix = _PHONE_PREFIX.match(number)
    if prefix is None:
        return ""
    rest = number[prefix.end() :].strip("()").replace(")", "").replace("(", "")
    return f"+31{rest}" if _PHONE_REST.fullmatch(rest) else ""


_SECRET_CLASSES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"), re.compile("[^A-Za-z0-9]"))


def secret(text: str) -> str:
    """A password in prose: the last word is at least 6 long and mixes a digit or sign with letters."""
    word = text.split()[-1] if text.split() else ""
    word = re.split(r"[:=]", word, maxsplit=1)[-1] if text.split() == [word] else word
    word = word.strip("\"'`.,;:!?()<>")
    classes = [bool(pattern.search(word)) for pattern in _SECRET_CLASSES]
    return word if len(word) >= 6 and any(classes[2:]) and any(classes[:2]) else ""


VALIDATORS: Mapping[str, Validator] = MappingProxyType(
    {
        "bsn": bsn,
        "btw": btw,
        "document-nl": document_nl,
        "iban": iban,
        "luhn": luhn,
        "phone-nl": phone_nl,
        "plate-nl": plate_nl,
        "secret": secret,
    }
)
