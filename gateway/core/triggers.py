"""Marks of peculiar spelling: where a number or word may be written so that no rule reads it. See `gateway.core.readings`.

Rule: they stand in the table that is looked for everywhere (`gateway.core.matcher`), tell only where they end, and are few
in ordinary text.
"""

from __future__ import annotations

import hyperscan

GAP = 16  # octets that may stand between two digits of one number

# Letters that pass for digits, as written by hand and read by OCR (Cyrillic and Greek ones among them).
LOOK_ALIKES = {
    **dict.fromkeys("OoDQ\u00d8\u00f8\u041e\u043e\u039f\u03bf\u0555\u0585", "0"),
    **dict.fromkeys("lI|!\u0406\u0456\u04c0\u0399\u03b9\u0131", "1"),
    **dict.fromkeys("Zz\u0396", "2"),
    **dict.fromkeys("\u0417\u0437\u04e0\u0415\u20ac", "3"),
    **dict.fromkeys("SsЅѕ", "5"),
    **dict.fromkeys("\u0431Gb", "6"),
    **dict.fromkeys("B\u0412\u0392", "8"),
    **dict.fromkeys("gq", "9"),
}
DIGIT_WORDS = {
    "nul": "0", "een": "1", "\u00e9\u00e9n": "1", "twee": "2", "drie": "3", "vier": "4", "vijf": "5", "zes": "6",
    "zeven": "7", "acht": "8", "negen": "9", "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3",
    "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_WORD = "|".join(DIGIT_WORDS)
_ACCENTED = "\u00e9\u00e9n"
_WORD_FIRST = rf"(?:(?:\b|_)(?:{'|'.join(word for word in DIGIT_WORDS if word.isascii())})|{_ACCENTED})"
_NUMERAL = f"(?:{_WORD}|[0-9])"
_APART = "[^0-9A-Za-z]{0,3}"

_ALIKE = r"(?:[OoQDlI|SsZzB]|\xc3[\x98\xb8]|\xd0[\x86\x97\x9e\xb7\xbe]|\xce\x9f|\xce\xbf|\xd1\x96)"
_GOES_ON = r"[0-9OoDQlI|!ZzSsGbBgq\x80-\xff]"

# Octets, not characters: Hyperscan is a good deal faster so, and any sign may stand between digits.
_OCTETS = 0
NUMBER_TRIGGERS: list[tuple[str, int]] = [
    # eight digits with any signs between them, of which the last ends a group
    (rf"(?:[0-9][^0-9A-Za-z]{{0,{GAP}}}){{7}}[0-9](?:\b|_)", _OCTETS),
    # a line that goes on with digits behind the mark of a quotation or a list
    (r"\n[^0-9A-Za-z]{0,4}[A-Za-z]{1,3}[>)][^0-9A-Za-z]{0,4}[0-9]", _OCTETS),
    # a digit beside a letter that looks like one, in a group without other letters behind them; digits with letters at them
    (rf"(?:[0-9]{_ALIKE}|{_ALIKE}[0-9]){_GOES_ON}{{0,30}}(?:[^0-9A-Za-z]|\z)", _OCTETS),
    (r"[0-9]{6,19}[A-Za-z]{1,3}(?:[^0-9A-Za-z]|\z)", _OCTETS),
    (r"[A-Za-z][0-9]{6,19}[A-Za-z]", _OCTETS),
    # digits in words: a word, a word or digit behind it, and one more on either side
    (
        rf"{_WORD_FIRST}{_APART}{_NUMERAL}{_APART}{_NUMERAL}|(?:{_WORD_FIRST}|[0-9]){_APART}(?:{_WORD}){_APART}{_NUMERAL}",
        hyperscan.HS_FLAG_UTF8 | hyperscan.HS_FLAG_CASELESS,
    ),
]
WORD_TRIGGERS: list[tuple[str, int]] = [
    # a Cyrillic or Greek letter beside a Latin one
    (r"[A-Za-z][\xcd-\xd4][\x80-\xbf]|[\xcd-\xd4][\x80-\xbf][A-Za-z]", _OCTETS),
]
