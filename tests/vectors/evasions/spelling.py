"""The same number in other spellings: separators, other digits, invisible characters, look-alikes, words, line wraps."""

from __future__ import annotations

from tests.vectors.evasions.case import NUMBER, SECRET, Case, found, html, plain

LOOK_ALIKE = "110155051"  # a number of zeros, ones and fives: those that letters resemble
EIGHTS = "188012102"

SEPARATORS = {
    "hyphen": "-",
    "non-breaking-hyphen": "\u2011",
    "figure-dash": "\u2012",
    "en-dash": "\u2013",
    "em-dash": "\u2014",
    "minus": "\u2212",
    "hyphen-bullet": "\u2043",
    "small-hyphen": "\ufe63",
    "katakana-dot": "\u30fb",
    "dot": ".",
    "middle-dot": "\u00b7",
    "one-dot-leader": "\u2024",
    "bullet": "\u2022",
    "no-break-space": "\u00a0",
    "narrow-no-break-space": "\u202f",
    "thin-space": "\u2009",
    "hair-space": "\u200a",
    "figure-space": "\u2007",
    "ideographic-space": "\u3000",
    "tab": "\t",
    "two-spaces": "  ",
    "spaced-hyphen": " - ",
    "slash": "/",
    "fraction-slash": "\u2044",
    "backslash": "\\",
    "comma": ",",
    "apostrophe": "'",
    "curly-apostrophe": "\u2019",
    "underscore": "_",
    "pipe": "|",
    "colon": ":",
    "plus": "+",
    "tilde": "~",
    "asterisk": "*",
    "equals": "=",
    "emoji": "\U0001f642",
    "line-separator": "\u2028",
    "vertical-tab": "\v",
}


def _digits(first: int) -> str:
    """The number in digits of another block, by the code point of its zero."""
    return "".join(chr(first + int(digit)) for digit in NUMBER)


def _from_one(first: int) -> str:
    """As `_digits`, for blocks that have no zero."""
    return "".join(chr(first + int(digit) - 1) for digit in NUMBER)


DIGITS = {
    "full-width": _digits(0xFF10),
    "superscript": "\u00b9\u00b9\u00b9\u00b2\u00b2\u00b2\u00b3\u00b3\u00b3",
    "subscript": _digits(0x2080),
    "circled": _from_one(0x2460),
    "parenthesised": _from_one(0x2474),
    "with-full-stop": _from_one(0x2488),
    "double-circled": _from_one(0x24F5),
    "negative-circled": _from_one(0x2776),
    "sans-circled": _from_one(0x2780),
    "bold": _digits(0x1D7CE),
    "double-struck": _digits(0x1D7D8),
    "monospace": _digits(0x1D7F6),
    "segmented": _digits(0x1FBF0),
    "with-comma": "".join(chr(0x1F101 + int(digit)) for digit in NUMBER),
    "keycaps": "".join(f"{digit}\ufe0f\u20e3" for digit in NUMBER),
    "arabic": _digits(0x0660),
    "persian": _digits(0x06F0),
    "devanagari": _digits(0x0966),
    "bengali": _digits(0x09E6),
    "thai": _digits(0x0E50),
    "tibetan": _digits(0x0F20),
    "khmer": _digits(0x17E0),
    "osmanya": _digits(0x104A0),
    "adlam": _digits(0x1E950),
    "mixed-scripts": "\u0661\u06f1\u0967\u0e52\u09e8\u0f22\uff133\U0001d7d1",
    "han": "一一一二二二三三三",
}

INVISIBLE = {
    "zero-width-space": "\u200b",
    "zero-width-non-joiner": "\u200c",
    "zero-width-joiner": "\u200d",
    "word-joiner": "\u2060",
    "byte-order-mark": "\ufeff",
    "soft-hyphen": "\u00ad",
    "left-to-right-mark": "\u200e",
    "arabic-letter-mark": "\u061c",
    "isolate": "\u2068",
    "variation-selector": "\ufe0f",
    "variation-selector-17": "\U000e0100",
    "tag-space": "\U000e0020",
    "grapheme-joiner": "\u034f",
    "invisible-times": "\u2062",
    "mongolian-separator": "\u180e",
    "mongolian-selector": "\u180b",
    "hangul-filler": "\u3164",
    "braille-blank": "\u2800",
    "interlinear-anchor": "\ufff9",
    "overlay": "\u0336",
    "enclosing-circle": "\u20dd",
    "dot-above": "\u0307",
    "backspace": "\b",
    "bell": "\a",
    "next-line": "\u0085",
    "musical-space": "\U0001d173",
}

LABELS = {
    "points": "B.S.N. 111222333",
    "spaced": "B S N  111222333",
    "hyphens": "b-s-n 111222333",
    "full-width": "\uff22\uff33\uff2e 111222333",
    "cyrillic": "\u0412\u0405N 111222333",
    "greek": "\u0392S\u039d 111222333",
    "mathematical": "\U0001d401\U0001d412\U0001d40d 111222333",
    "circled": "\u24b7\u24c8\u24c3 111222333",
    "small-capitals": "\u0299s\u0274 111222333",
    "leet": "B5N 111222333",
    "zero-width-inside": "B\u200bS\u200bN 111222333",
    "soft-hyphen-inside": "burger\u00adservice\u00adnummer 111222333",
    "cyrillic-in-word": "burg\u0435rs\u0435rvic\u0435numm\u0435r 111222333",
    "accents": "b\u00fcrgersérvicenummer 111222333",
    "cut-words": "burger-service-nummer: 111222333",
    "cut-over-lines": "Hier staat het burgerservice-\nnummer 111222333",
    "behind": "Nummer 111222333 is mijn bsn.",
    "glued": "mijnbsn111222333",
    "in-a-name": "patientBsn111222333",
    "in-a-file-name": "/home/jan/bsn_111222333_jansen.pdf",
    "doubled-letters": "BBSSNN 111222333",
    "strikes": "B\u0336S\u0336N\u0336 111222333",
    "right-to-left": "\u202eNSB\u202c 111222333",
    "sofi": "so-fi nr. 111222333",
    "personal-number": "persoonlijk nummer (BSN-nr.) : 111222333",
    "english": "Social security no.: 111222333",
}

WRITTEN = {
    "digit-by-digit": "BSN 1 1 1 2 2 2 3 3 3",
    "hyphen-by-digit": "BSN 1-1-1-2-2-2-3-3-3",
    "dot-by-digit": "BSN 1.1.1.2.2.2.3.3.3",
    "comma-by-digit": "BSN 1, 1, 1, 2, 2, 2, 3, 3, 3",
    "pairs": "BSN 11 12 22 33 3",
    "pairs-of-two-and-three": "BSN 11-122-23-33",
    "four-two-three": "BSN 1112-22-333",
    "brackets": "BSN [1][1][1][2][2][2][3][3][3]",
    "parentheses": "BSN (111) (222) (333)",
    "form-boxes": "BSN |1|1|1|2|2|2|3|3|3|",
    "boxes-and-spaces": "BSN: | 1 | 1 | 1 | 2 | 2 | 2 | 3 | 3 | 3 |",
    "thousands": "BSN 111.222.333,00",
    "thousands-english": "BSN 111,222,333",
    "scientific": "BSN 1,11222333E+08",
    "as-money": "BSN € 111.222.333,-",
    "quoted-as-text": "bsn;'111222333",
    "leading-zeros": "BSN 000111222333",
    "without-leading-zero": "BSN 12345672",
    "hash": "bsn #111222333#",
    "and-letters-around": "BSN x111222333x",
    "country-before": "BSN NL111222333",
    "words-dutch": "BSN een een een twee twee twee drie drie drie",
    "words-dutch-hyphens": "BSN een-een-een-twee-twee-twee-drie-drie-drie",
    "words-dutch-commas": "Mijn BSN is één, één, één, twee, twee, twee, drie, drie, drie.",
    "words-dutch-glued": "BSN eeneeneentweetweetweedriedriedrie",
    "words-dutch-tens": "BSN elf twaalf tweeëntwintig drieëndertig drie",
    "words-dutch-hundreds": "BSN honderdelf tweehonderdtweeëntwintig driehonderddrieëndertig",
    "words-dutch-triple": "BSN driemaal een, driemaal twee, driemaal drie",
    "words-english": "BSN one one one two two two three three three",
    "words-english-triple": "BSN triple one triple two triple three",
    "words-and-digits": "BSN 1 een 1 2 twee 2 3 drie 3",
    "letter-o": "BSN " + LOOK_ALIKE.replace("0", "O"),
    "letter-l": "BSN " + LOOK_ALIKE.replace("1", "l"),
    "letter-capital-i": "BSN " + LOOK_ALIKE.replace("1", "I"),
    "letters-o-l-s": "BSN " + LOOK_ALIKE.replace("0", "o").replace("1", "l").replace("5", "S"),
    "letter-b-for-8": "BSN " + EIGHTS.replace("8", "B"),
    "letter-z-for-2": "BSN " + EIGHTS.replace("2", "Z"),
    "cyrillic-o": "BSN " + LOOK_ALIKE.replace("0", "\u041e"),
    "greek-omicron": "BSN " + LOOK_ALIKE.replace("0", "\u039f"),
    "pipe-for-1": "BSN " + LOOK_ALIKE.replace("1", "|"),
    "slashed-o": "BSN " + LOOK_ALIKE.replace("0", "\u00d8"),
    "overridden-direction": "BSN \u202e333222111\u202c",
    "tag-characters": "BSN " + "".join(chr(0xE0000 + ord(sign)) for sign in NUMBER),
    "wholly-in-tag-characters": "Dag Jan" + "".join(chr(0xE0000 + ord(sign)) for sign in SECRET) + ", tot morgen.",
    "ansi-colours": "BSN 111\x1b[31m222\x1b[0m333",
    "markdown": "BSN 111**222**_333_",
    "markdown-code": "BSN `111`222`333`",
    "wiki-markup": "BSN 111''222''333",
    "latex": "BSN 111\\,222\\,333",
    "plus-signs": '"BSN" + "111" + "222" + "333"',
    "sum": "bsn = 111000000 + 222000 + 333",
}

LINES = {
    "wrapped": "Het BSN is 1112\n22333 en de rest volgt.",
    "wrapped-at-hyphen": "Het BSN is 111-\n222-\n333.",
    "wrapped-with-blanks": "Het BSN is 111 \n   222 \n   333",
    "one-digit-a-line": "BSN\n1\n1\n1\n2\n2\n2\n3\n3\n3\n",
    "three-lines": "BSN:\n111\n222\n333\n",
    "empty-lines-between": "BSN:\n\n111\n\n222\n\n333\n",
    "quoted": "> Het BSN is 1112\n> 22333 en de rest volgt.",
    "quoted-twice": ">> Het BSN is 1112\n>> 22333 en de rest volgt.",
    "quoted-with-blanks": "> > Het BSN is 111\n> > 222\n> > 333.",
    "quoted-by-bars": "| Het BSN is 1112\n| 22333 en de rest volgt.",
    "quoted-with-name": "JB> Het BSN is 1112\nJB> 22333 en de rest volgt.",
    "list": "BSN in stukken:\n- 111\n- 222\n- 333",
    "numbered-list": "BSN in stukken:\na) 111\nb) 222\nc) 333",
    "table": "+---+---+---+\n|BSN|   |   |\n+---+---+---+\n|111|222|333|\n+---+---+---+",
    "table-by-digit": "BSN\n| 1 | 1 | 1 | 2 | 2 | 2 | 3 | 3 | 3 |",
    "columns": "Naam            BSN\nJansen          111222333\nDe Vries        123456782",
    "csv": "naam;bsn;plaats\nJansen;111222333;Utrecht\n",
    "diff": "+bsn: 111222333\n-bsn: leeg",
    "commented-code": "// bsn\nconst nummer = '111' +\n  '222' +\n  '333';",
    "forwarded": "-----Oorspronkelijk bericht-----\nVan: Piet\nOnderwerp: bsn\n\n> 111 222\n> 333\n",
    "page-mark": "Het BSN is 1112\f22333",
    "signature": "Dag Jan\n\n-- \nAnna\nBSN: 111 222 333",
}


def cases() -> dict[str, Case]:
    made = {f"separator-{name}": f"BSN 111{mark}222{mark}333" for name, mark in SEPARATORS.items()}
    made |= {f"digits-{name}": f"BSN {number}" for name, number in DIGITS.items()}
    made |= {f"invisible-{name}": f"BSN 111{mark}222{mark}333" for name, mark in INVISIBLE.items()}
    made |= {f"label-{name}": text for name, text in LABELS.items()}
    made |= {f"written-{name}": text for name, text in WRITTEN.items()}
    made |= {f"lines-{name}": text for name, text in LINES.items()}
    told = {name: found(plain(text)) for name, text in made.items()}
    every = NUMBER.replace("", "\u200b")
    told["invisible-between-all"] = found(html(f"BSN {every}"))
    told["invisible-many"] = found(plain(f"BSN 111{chr(0x200B) * 400}222{chr(0x2060) * 400}333"))
    return told
