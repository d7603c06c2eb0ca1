"""Makes the messages of this folder anew: `python -m tests.vectors.evasions.make`. Each hides something in another way.

`outcomes.toml` beside them says what a scan must answer. Rule: a message is written as a person or a program would write it;
what is not found is told in docs/known-limits.md, named in `UNFOUND`, and has no file here.
"""

from __future__ import annotations

from pathlib import Path

from tests.vectors.evasions import (
    coded,
    compound,
    container,
    file,
    markup,
    office,
    other,
    pdf,
    picture,
    spelling,
    structure,
)
from tests.vectors.evasions.case import Case

HERE = Path(__file__).parent
SOURCES = (spelling, coded, structure, markup, office, compound, pdf, picture, container, file, other)

UNFOUND = frozenset((
    "digits-han", "label-doubled-letters", "label-english", "written-scientific", "written-words-dutch-tens",
    "written-words-dutch-hundreds", "written-words-dutch-triple", "written-words-english-triple",
    "written-letters-o-l-s", "written-sum", "coded-base64-url", "coded-base64-deflate", "coded-base32", "coded-base85",
    "coded-hex-dump", "coded-percent-twice", "coded-octal-escapes", "coded-decimal-codes", "coded-binary",
    "coded-utf-7", "coded-rot13", "coded-reversed", "coded-morse", "coded-xml-parts", "coded-hl7", "coded-patch-binary",
    "header-own-field-name", "header-own-field-base64", "header-in-reply-to", "header-message-id", "header-references",
    "header-date-comment", "header-received-comment", "header-user-agent", "header-microsoft-field",
    "header-content-description", "header-content-id", "header-content-location", "header-autocrypt",
    "header-from-on-top", "subject-word-glued", "subject-word-in-word", "charset-ebcdic-unlabelled",
    "charset-gb-as-ascii", "part-number-over-two-parts", "part-label-in-other-part", "part-form-data",
    "part-parameter-of-type", "part-boundary-tells", "html-css-after-pieces", "html-flex-reverse",
    "html-attribute-data", "html-link-tel", "html-broken-tag", "office-docx-custom-xml",
    "office-docx-custom-xml-element", "office-docx-style-name", "office-xlsx-number-scientific", "office-odt-setting",
    "compound-xls-unused-string", "pdf-note-rich", "pdf-note-appearance", "pdf-file-of-note", "pdf-comment",
    "pdf-after-the-end", "pdf-before-the-start", "pdf-picture-beside-text", "picture-turned", "picture-upside-down",
    "picture-png-with-text-behind", "container-zip-text-behind", "container-tar-extended", "container-gzip-name-inside",
    "container-gif-and-rar", "container-gif-and-text", "file-text-ebcdic", "iban-cyrillic", "iban-letters-for-digits",
    "iban-wrapped", "medical-accents", "medical-hyphenated", "medical-spaced-letters",
))  # fmt: skip


def told(name: str, case: Case) -> str:
    """One line of outcomes.toml."""
    if case.unscannable:
        return f'{name} = {{ unscannable = "{case.unscannable}", place = "{case.place}" }}\n'
    return f'{name} = {{ rule = "{case.rule}", place = "{case.place}", confidence = "{case.confidence}" }}\n'


def all_cases() -> dict[str, Case]:
    made: dict[str, Case] = {}
    for source in SOURCES:
        for name, case in source.cases().items():
            if name in made:
                raise ValueError(f"two cases of one name: {name}")
            made[name] = case
    return made


def main() -> None:
    cases = {name: case for name, case in all_cases().items() if name not in UNFOUND}
    for path in HERE.glob("*.eml"):
        path.unlink()
    for name, case in cases.items():
        (HERE / f"{name}.eml").write_bytes(case.raw)
    lines = "".join(told(name, cases[name]) for name in sorted(cases))
    (HERE / "outcomes.toml").write_text(f"# Written by make.py: what a scan must answer for each message.\n\n{lines}")


if __name__ == "__main__":
    main()
