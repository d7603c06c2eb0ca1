"""Makes the messages of this folder anew: `python -m tests.vectors.evasions.make`. Each hides something in another way.

`outcomes.toml` beside them says what a scan must answer. Rule: a message is written as a person or a program would write it;
what no scan can find is told in docs/known-limits.md and has no file here.
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
    cases = all_cases()
    for path in HERE.glob("*.eml"):
        path.unlink()
    for name, case in cases.items():
        (HERE / f"{name}.eml").write_bytes(case.raw)
    lines = "".join(told(name, cases[name]) for name in sorted(cases))
    (HERE / "outcomes.toml").write_text(f"# Written by make.py: what a scan must answer for each message.\n\n{lines}")


if __name__ == "__main__":
    main()
