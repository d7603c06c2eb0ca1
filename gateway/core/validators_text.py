"""Values that are no number of one country: dates, codes of medicine, machine readable zones, passwords, keys."""

from __future__ import annotations

import re

_SEPARATORS = str.maketrans("", "", " .-/_\t\r\n")


def bare(text: str) -> str:
    """The text without separators, in capitals."""
    return text.translate(_SEPARATORS).upper()


# -- dates

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januari january",
            "feb februari february",
            "mrt maart mar march",
            "apr april",
            "mei may",
            "jun juni june",
            "jul juli july",
            "aug augustus august",
            "sep sept september",
            "okt oktober oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATES = (
    re.compile(r"(?P<day>\d{1,2})[-/. ](?P<month>\d{1,2})[-/. ](?P<year>\d{4})$"),
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})$"),
    re.compile(r"(?P<day>\d{1,2})[ -](?P<month>[a-z]{3,9})\.?[ -](?P<year>\d{4})$"),
    re.compile(r"(?P<month>[a-z]{3,9}) (?P<day>\d{1,2}),? (?P<year>\d{4})$"),
)


def date(text: str) -> str:
    """A text that ends in a date of 1900 to 2099, as YYYY-MM-DD; a date that does not exist is none."""
    words = " ".join(text.lower().split())
    for shape in _DATES:
        found = shape.search(words)
        if found:
            month = found["month"]
            number = int(month) if month.isdigit() else _MONTHS.get(month, 0)
            day, year = int(found["day"]), int(found["year"])
            if 1 <= number <= 12 and 1 <= day <= _DAYS[number - 1] and 1900 <= year <= 2099:
                return f"{year}-{number:02d}-{day:02d}"
    return ""


# -- medicine

# First and last category of each chapter of ICD-10 (WHO, 2019), and where a chapter has a hole.
_ICD_10 = (
    ("A00", "B99"),
    ("C00", "C97"),
    ("D00", "D48"),
    ("D50", "D89"),
    ("E00", "E35"),
    ("E40", "E90"),
    ("F00", "F99"),
    ("G00", "G99"),
    ("H00", "H59"),
    ("H60", "H95"),
    ("I00", "I99"),
    ("J00", "J99"),
    ("K00", "K93"),
    ("L00", "L99"),
    ("M00", "M99"),
    ("N00", "N99"),
    ("O00", "O99"),
    ("P00", "P96"),
    ("Q00", "Q99"),
    ("R00", "R99"),
    ("S00", "T98"),
    ("U04", "U85"),
    ("V01", "Y98"),
    ("Z00", "Z99"),
)


def icd_10(text: str) -> str:
    """A diagnosis code of ICD-10: its category stands in a chapter."""
    code = text.strip().upper()
    return code if any(first <= code[:3] <= last for first, last in _ICD_10) else ""


# ICPC-1 (NHG): chapters by organ system; 01-29 complaints, 30-69 procedures, 70-99 diagnoses; a Dutch subcode of two.
_ICPC = re.compile(r"[ABDFHKLNPRSTUWXYZ](?:0[1-9]|[1-9]\d)(?:\.(?:0[1-9]|[1-9]\d))?")


def icpc(text: str) -> str:
    """A code of the International Classification of Primary Care, as Dutch general practitioners use it."""
    code = text.strip().upper()
    return code if _ICPC.fullmatch(code) else ""


# -- machine readable zones

_WEIGHTS = (7, 3, 1)
_MRZ_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
# Where the checked fields of a line lie (start, end), each with its check digit at `end`; by length (ICAO 9303-4, -5, -6).
_MRZ_FIELDS = {
    44: ((0, 9), (13, 19), (21, 27)),  # TD3, the second line: passports
    36: ((0, 9), (13, 19), (21, 27)),  # TD2, the second line: visas, old identity cards
    30: ((0, 6), (8, 14)),  # TD1, the second line: identity cards
}


def _check_digit(field: str) -> str:
    return str(sum(_MRZ_VALUES[character] * _WEIGHTS[index % 3] for index, character in enumerate(field)) % 10)


def mrz(text: str) -> str:
    """The line of a passport or identity card with the dates of birth and expiry: all their check digits agree."""
    line = bare(text)
    fields = _MRZ_FIELDS.get(len(line), ())
    if not fields or not _MRZ_VALUES.keys() >= set(line):
        return ""
    return line if all(_check_digit(line[start:end]) == line[end] for start, end in fields) else ""


# -- secrets

_LETTER = re.compile("[A-Za-z]")
_DIGIT = re.compile("[0-9]")
_SIGN = re.compile(r"[!@#$%^&*+=?~]")
_QUOTES = "\"'`.,;:!?()<>[]{}\u2018\u2019\u201c\u201d"
_NO_SECRET = re.compile(
    r"[a-z]+://|www\.|[^@ ]+@[^@ ]+\.[a-z]{2,}$"  # an address
    r"|[$%][A-Za-z_{(]|\{\{|<|\*{3}|x{4}"  # a place for one: $PASSWORD, {{password}}, <password>, ****
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[:.]\d\d|\d+(?:e|ste|de|th|x|dagen|days)$",  # a date, a time, a count
    re.IGNORECASE,
)


def secret(text: str) -> str:
    """A password in prose: what stands last is at least 6 long and mixes letters with digits or signs.

    With only a space before it ("wachtwoord Zomer2024!") it must have letters, a digit and a sign, or prose such as
    "password protected365" would do.
    """
    found = re.search(r"([:=]|\b(?:is|nu|now|to|naar)\b)?\s*(\S+)$", text.strip(), re.IGNORECASE)
    if found is None:
        return ""
    label, word = found[1], found[2].strip(_QUOTES)
    if label is None and "=" in word:  # pwd=Geheim123
        label, word = "=", word.partition("=")[2].strip(_QUOTES)
    elif label is None and ":" in word:
        label, word = ":", word.partition(":")[2].strip(_QUOTES)
    if len(word) < 6 or _NO_SECRET.match(word):
        return ""
    letter, digit = bool(_LETTER.search(word)), bool(_DIGIT.search(word))
    if label is None:
        return word if letter and digit and _SIGN.search(found[2]) else ""
    return word if letter and (digit or _SIGN.search(word)) else ""


def key(text: str) -> str:
    """A random key after a label: at least 16 letters and digits, of both kinds, and hardly any twice in a row."""
    word = re.split(r"[\s:=\"'`]", text.strip("\"'` \t\r\n"))[-1]
    if len(word) < 16 or not _LETTER.search(word) or not _DIGIT.search(word):
        return ""
    return word if len(set(word.lower())) >= 10 else ""
