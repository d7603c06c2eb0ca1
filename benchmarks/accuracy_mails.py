"""Mails with made-up values for benchmarks/accuracy.py: frames of accuracy_frames.toml, filled from a seed."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stdnum.nl import bsn as eleven

# The rule that must find what stands in a hole.
RULE_OF = {
    "bsn": "nl.bsn",
    "iban": "nl.iban",
    "phone": "nl.phone",
    "mobile": "nl.phone",
    "card": "payment.card",
    "document": "nl.identity-document",
    "licence": "nl.driving-licence",
    "plate": "nl.licence-plate",
    "vnumber": "nl.v-number",
    "patient": "nl.patient-number",
    "belgian": "europe.be-nn",
    "polish": "europe.pl-pesel",
    "password": "credentials.password",
}
Span = tuple[int, int]


@dataclass(frozen=True)
class Mail:
    subject: str
    body: str
    values: tuple[tuple[str, Span], ...]  # the rule that must find it, and where in the body

    def of(self, rule: str) -> list[Span]:
        return [span for name, span in self.values if name == rule]


class Values:
    """Made-up values for the holes, from a seed."""

    def __init__(self, seed: int, prose: list[str]) -> None:
        self._random = random.Random(seed)
        self._prose = prose
        self._makers: dict[str, Callable[[], str]] = {
            name.removeprefix("_make_"): getattr(self, name) for name in dir(self) if name.startswith("_make_")
        }

    def fill(self, frame: str) -> Mail:
        """A frame with its holes filled."""
        subject, _, body = frame.partition(" --- ")
        subject = re.sub(r"\{(\w+)\}", lambda hole: self._makers[hole[1]](), subject)
        text, values = "", []
        for piece in re.split(r"(\{\w+\})", body):
            if not re.fullmatch(r"\{\w+\}", piece):
                text += piece
                continue
            name = piece[1:-1]
            value = self._makers[name]()
            if name in RULE_OF:
                values.append((RULE_OF[name], (len(text), len(text) + len(value))))
            text += value
        return Mail(subject, text, tuple(values))

    def _digits(self, count: int) -> str:
        return str(self._random.randint(1, 9)) + "".join(str(self._random.randint(0, 9)) for _ in range(count - 1))

    def _no_bsn(self, count: int) -> str:
        """Half of them pass the 11-test."""
        wanted = self._random.random() < 0.5
        while True:
            digits = self._digits(count)
            if eleven.is_valid(digits.zfill(9)) is wanted:
                return digits

    def _make_bsn(self) -> str:
        while True:
            digits = self._digits(9) if self._random.random() < 0.93 else "0" + self._digits(8)
            if eleven.is_valid(digits):
                break
        if digits[0] == "0" and self._random.random() < 0.5:
            return digits[1:]
        way = self._random.random()
        if way < 0.08:
            return f"{digits[:4]}.{digits[4:6]}.{digits[6:]}"
        if way < 0.14:
            return f"{digits[:3]} {digits[3:6]} {digits[6:]}"
        if way < 0.18:
            return f"{digits[:4]} {digits[4:6]} {digits[6:]}"
        return digits

    def _make_n8(self) -> str:
        return self._no_bsn(8)

    def _make_n9(self) -> str:
        return self._no_bsn(9)

    def _make_c8(self) -> str:
        return self._digits(8)

    def _make_c9(self) -> str:
        return self._digits(9)

    def _make_n9d(self) -> str:
        digits = self._no_bsn(9)
        return f"{digits[:3]} {digits[3:6]} {digits[6:]}"

    def _make_kvk(self) -> str:
        return self._no_bsn(8)

    def _make_prose(self) -> str:
        start = self._random.randrange(len(self._prose))
        return " ".join(self._prose[start : start + self._random.randint(1, 4)])

    def _make_last(self) -> str:
        return self._random.choice(
            ["Jansen", "De Vries", "Bakker", "El Amrani", "Yılmaz", "Van den Berg", "Smit", "Kowalski", "Visser"]
        )

    def _make_name(self) -> str:
        return f"{self._random.choice('ABCDEFGHJKLMNPRST')}. {self._make_last()}"

    def _make_date(self) -> str:
        day, month, year = self._random.randint(1, 28), self._random.randint(1, 12), self._random.randint(2019, 2026)
        return self._random.choice(
            (f"{day}-{month}-{year}", f"{year}{month:02d}{day:02d}", f"{day:02d}/{month:02d}/{year}")
        )

    def _make_dob(self) -> str:
        day, month, year = self._random.randint(1, 28), self._random.randint(1, 12), self._random.randint(1930, 2015)
        return self._random.choice(
            (f"{day}-{month}-{year}", f"{year}{month:02d}{day:02d}", f"{day:02d}{month:02d}{year}")
        )

    def _make_street(self) -> str:
        return f"{self._random.choice(('Dorpsweg', 'Lindelaan', 'Plein'))} {self._random.randint(1, 200)}, {self._digits(4)} BX"

    def _make_mobile(self) -> str:
        number = f"{self._random.choice('123458')}{self._digits(7)}"
        return self._random.choice((f"06-{number}", f"06{number}", f"+31 6 {number[:4]} {number[4:]}", f"+316{number}"))

    def _make_phone(self) -> str:
        return self._random.choice(("030-", "020 ", "010")) + self._digits(7)

    def _make_iban(self) -> str:
        account = self._random.choice(("INGB", "RABO", "ABNA")) + self._digits(10).replace("9", "8")
        number = int("".join(str(int(c, 36)) for c in account + "NL00"))
        whole = f"NL{98 - number % 97:02d}{account}"
        spaced = " ".join(whole[at : at + 4] for at in range(0, 18, 4))
        return self._random.choice((whole, spaced))

    def _make_amount(self) -> str:
        return f"€ {self._random.randint(10, 9999)},{self._random.randint(0, 99):02d}"

    def _make_track(self) -> str:
        return f"3S{self._random.choice(('ABCD', 'KLMN'))}{self._digits(9)}"

    def _make_case(self) -> str:
        return f"{self._random.randint(2019, 2026)}-{self._digits(6)}"

    def _make_card(self) -> str:
        digits = "4" + self._digits(14)
        total = sum(sum(divmod(int(d) * (2 if at % 2 == 0 else 1), 10)) for at, d in enumerate(digits))
        digits += str(-total % 10)
        return self._random.choice((digits, " ".join(digits[at : at + 4] for at in range(0, 16, 4))))

    def _make_document(self) -> str:
        letters = "".join(self._random.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(2))
        return f"{letters}{self._digits(4)}{self._random.choice('ABCDEFGHJ')}{self._digits(2)}"

    def _make_licence(self) -> str:
        return self._random.choice("3456") + self._digits(9)

    def _make_plate(self) -> str:
        letters = [self._random.choice("BDFGHJKLNPRSTVXZ") for _ in range(3)]
        return f"{letters[0]}{letters[1]}-{self._digits(3)}-{letters[2]}"

    def _make_vnumber(self) -> str:
        return "28" + self._digits(8)

    def _make_patient(self) -> str:
        return self._digits(7)

    def _make_belgian(self) -> str:
        base = f"{self._random.randint(50, 99)}{self._random.randint(1, 12):02d}{self._random.randint(1, 28):02d}"
        base += f"{self._random.randint(1, 997):03d}"
        whole = f"{base}{97 - int(base) % 97:02d}"
        dotted = f"{whole[:2]}.{whole[2:4]}.{whole[4:6]}-{whole[6:9]}.{whole[9:]}"
        return self._random.choice((whole, dotted))

    def _make_polish(self) -> str:
        base = f"{self._random.randint(50, 99)}{self._random.randint(1, 12):02d}{self._random.randint(1, 28):02d}"
        base += self._digits(4)
        total = sum(int(d) * weight for d, weight in zip(base, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
        return f"{base}{-total % 10}"

    def _make_password(self) -> str:
        words = ("Zomer", "Vogel", "Welkom", "kikker", "tR9x")
        return f"{self._random.choice(words)}{self._random.choice('!#@_')}{self._digits(self._random.randint(2, 4))}"


def mails(split: str, count: int, seed: int, prose: list[str]) -> list[Mail]:
    """As many mails of each kind, by turns of the frames; a third has BSNs, a third decoys, a third other numbers."""
    frames = tomllib.loads(Path(__file__).with_name("accuracy_frames.toml").read_text(encoding="utf-8"))[split]
    values = Values(seed, prose)
    kinds = [frames["bsn"], frames["decoy"], frames["other"]]
    return [values.fill(kinds[at % 3][at // 3 % len(kinds[at % 3])]) for at in range(count)]
