"""How much of what must be found is found, and how often Zegel cries wolf, on text that nobody here wrote.

    python benchmarks/accuracy.py [--split dev|held-out] [--mails 3000] [--seed 7] [--presidio PYTHON]
        [--natural NAME=FOLDER] NAME=FILE ...

Each FILE is plain UTF-8 text, a sentence or paragraph a line, or a CoNLL-U treebank (its "# text = " lines), or a folder
of .eml or .txt mails. docs/accuracy.md tells which were used and how they were fetched. Printed are

1. precision and recall of the rules whose values are put into mails: `accuracy_frames.toml` gives the mails, the texts
   their prose, a seeded generator the numbers. A value counts as found when a finding of that confidence lies on it;
   what a finding lies on besides is a false alarm, also natural numbers of the prose;
2. beside Presidio (`presidio_peer.py`) for BSNs, on the same mails and texts;
3. the same for BSNs that somebody else wrote down: files (--natural) about persons, in which each number of nine digits
   that passes the 11-test is taken for a BSN;
4. false alarms: of 1,000 lines or mails of each text as it is, how many have a finding at medium confidence or above.
   Nothing in these texts was looked at by hand, so a true find counts as a false alarm too.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import random
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stdnum.nl import bsn as eleven

from gateway.core import rules
from gateway.core.classify import Classifier
from gateway.core.finding import Confidence

HERE = Path(__file__).parent
LEVELS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
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


# -- values


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
    frames = tomllib.loads((HERE / "accuracy_frames.toml").read_text(encoding="utf-8"))[split]
    values = Values(seed, prose)
    kinds = [frames["bsn"], frames["decoy"], frames["other"]]
    return [values.fill(kinds[at % 3][at // 3 % len(kinds[at % 3])]) for at in range(count)]


# -- texts


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """(subject, body) of each unit of a file or folder."""
    if path.is_dir():
        for file in sorted(item for item in path.rglob("*") if item.suffix in (".eml", ".txt")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            try:
                body = message.get_body(("plain", "html"))
                yield str(message["subject"] or ""), str(body.get_content()) if body else ""
            except (LookupError, KeyError, ValueError, AssertionError, IndexError):
                continue  # a message that Python's own parser can't read
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        if path.suffix == ".conllu":
            if line.startswith("# text = "):
                yield "", line.removeprefix("# text = ")
        elif line.strip():
            yield "", line.strip()


# -- findings


class Zegel:
    def __init__(self) -> None:
        folder = HERE.parent / "dlp_rules"
        files = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]
        self.rules = rules.load(files)
        self._classifier = Classifier(self.rules)

    def levels(self, subject: str, body: str) -> dict[str, Confidence]:
        """The highest confidence of each rule, anywhere."""
        levels: dict[str, Confidence] = {}
        for finding in self._classifier.classify([("subject", subject), ("body", body)]):
            levels[finding.rule] = max(finding.confidence, levels.get(finding.rule, Confidence.LOW))
        return levels

    def count(self, rule: str, body: str) -> int:
        """Different values at medium or above."""
        findings = self._classifier.classify([("body", body)])
        return sum(item.count for item in findings if item.rule == rule and item.confidence >= Confidence.MEDIUM)

    def spans(self, mail: Mail) -> dict[str, list[tuple[Span, Confidence]]]:
        """Where each rule found something in the body."""
        spans: dict[str, list[tuple[Span, Confidence]]] = {}
        for finding in self._classifier.classify([("subject", mail.subject), ("body", mail.body)]):
            if finding.place == "body":
                spans.setdefault(finding.rule, []).extend((span, finding.confidence) for span in finding.at)
        return spans


def presidio(python: str, units: list[tuple[str, str]]) -> list[list[tuple[Span, Confidence]]]:
    """BSNs that Presidio finds: 0.7 and more, with words around it, is taken as medium; less as low."""
    asked = {"texts": [body for _, body in units], "contexts": [subject.split() for subject, _ in units]}
    done = subprocess.run(
        [python, str(HERE / "presidio_peer.py")],
        input=json.dumps({**asked, "entities": ["NL_BSN"]}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    level = {True: Confidence.MEDIUM, False: Confidence.LOW}
    return [
        [((start, end), level[score >= 0.7]) for _, start, end, score in found]
        for found in json.loads(done.stdout)["found"]
    ]


# -- scores


@dataclass
class Score:
    """Of one rule: values put in, and by confidence those found and what was found besides."""

    values: int = 0
    found: Counter[Confidence] = None  # type: ignore[assignment]
    alarms: Counter[Confidence] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.found, self.alarms = Counter(), Counter()

    def add(self, wanted: list[Span], spans: list[tuple[Span, Confidence]]) -> None:
        self.values += len(wanted)
        best: dict[Span, Confidence] = {}
        for span, level in spans:
            on = [target for target in wanted if span[0] < target[1] and target[0] < span[1]]
            if not on:
                self.alarms[level] += 1
            for target in on:
                best[target] = max(level, best.get(target, Confidence.LOW))
        self.found.update(best.values())

    def cells(self, least: Confidence) -> str:
        found = sum(count for level, count in self.found.items() if level >= least)
        alarms = sum(count for level, count in self.alarms.items() if level >= least)
        recall = f"{found / self.values:.4f}" if self.values else "-"
        precision = f"{found / (found + alarms):.4f}" if found + alarms else "-"
        return f"{recall} | {precision} | {alarms}"


def score_mails(all_mails: list[Mail], zegel: Zegel, python: str, show: str) -> None:
    scores = {rule: Score() for rule in RULE_OF.values()}
    for mail in all_mails:
        spans = zegel.spans(mail)
        for rule, score in scores.items():
            found = spans.get(rule, [])
            score.add(mail.of(rule), found)
            if rule == show:
                _show(mail, rule, found)
    print("| rule | values | confidence | recall | precision | false alarms |\n|---|---|---|---|---|---|")
    for rule, score in scores.items():
        for least in LEVELS:
            print(f"| `{rule}` | {score.values} | {least.name.lower()} | {score.cells(least)} |")
    if python:
        score = Score()
        answers = presidio(python, [(mail.subject, mail.body) for mail in all_mails])
        for mail, spans in zip(all_mails, answers, strict=True):
            score.add(mail.of("nl.bsn"), spans)
        for least in LEVELS[1:]:
            print(f"| Presidio, BSN | {score.values} | {least.name.lower()} | {score.cells(least)} |")


def _show(mail: Mail, rule: str, found: list[tuple[Span, Confidence]]) -> None:
    """Each mistake at medium, for tuning."""
    strong = [span for span, level in found if level >= Confidence.MEDIUM]
    wanted = mail.of(rule)
    missed = [w for w in wanted if not any(s[0] < w[1] and w[0] < s[1] for s in strong)]
    wrong = [s for s in strong if not any(s[0] < w[1] and w[0] < s[1] for w in wanted)]
    for kind, spans in (("missed", missed), ("wrong", wrong)):
        for start, end in spans:
            print(f"{kind}: {mail.subject} --- {mail.body[max(0, start - 80) : end + 20]!r}", file=sys.stderr)


def score_natural(name: str, folder: Path, zegel: Zegel, python: str) -> None:
    """How many of the different numbers in each file are found. Presidio gets the name of the file as its context."""
    files = [
        (path.name, path.read_text(encoding="utf-8", errors="replace"))
        for path in sorted(folder.rglob("*.*"))
        if path.is_file()
    ]
    numbers = [{word for word in re.findall(r"(?<!\d)\d{9}(?!\d)", text) if eleven.is_valid(word)} for _, text in files]
    kept = [(file, wanted) for file, wanted in zip(files, numbers, strict=True) if wanted]
    total = sum(len(wanted) for _, wanted in kept)
    print(f"\n{name}: {total} numbers in {len(kept)} files\n\n| | found at medium | share |\n|---|---|---|")
    found = sum(min(zegel.count("nl.bsn", text), len(wanted)) for (_, text), wanted in kept)
    print(f"| Zegel | {found} | {found / total:.4f} |")
    if python:
        found = 0
        for ((_, text), wanted), spans in zip(kept, presidio(python, [file for file, _ in kept]), strict=True):
            found += len(wanted & {text[start:end] for (start, end), level in spans if level >= Confidence.MEDIUM})
        print(f"| Presidio | {found} | {found / total:.4f} |")


def cry_wolf(corpora: dict[str, list[tuple[str, str]]], zegel: Zegel, python: str, show: str) -> None:
    """The table of false alarms."""
    counts: dict[str, Counter[str]] = {}
    for name, units in corpora.items():
        counts[name] = Counter()
        for subject, body in units:
            for rule, level in zegel.levels(subject, body).items():
                counts[name][rule] += level >= Confidence.MEDIUM
                if rule == show and level >= Confidence.MEDIUM:
                    print(f"alarm: {name}: {subject} --- {body[:300]!r}", file=sys.stderr)
    heads = [f"{name} ({len(units)})" for name, units in corpora.items()]
    print(f"| false alarms in 1,000 | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    loud = sorted({rule for counter in counts.values() for rule, count in counter.items() if count})
    for rule in loud:
        _row(f"`{rule}`", [counts[name][rule] for name in corpora], corpora)
    silent = len(zegel.rules.rules) - len(loud)
    print(f"| each of the other {silent} rules |{' 0 |' * len(corpora)}")
    if python:
        row = [
            sum(any(level >= Confidence.MEDIUM for _, level in spans) for spans in presidio(python, units))
            for units in corpora.values()
        ]
        _row("Presidio, BSN", row, corpora)


def _row(name: str, counts: list[int], corpora: dict[str, list[tuple[str, str]]]) -> None:
    cells = [f"{1000 * count / max(1, len(units)):.2f}" for count, units in zip(counts, corpora.values(), strict=True)]
    print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--natural", default="", metavar="NAME=FOLDER", help="files about persons, with their BSNs")
    parser.add_argument("--split", choices=("dev", "held-out"), default="held-out")
    parser.add_argument("--mails", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--presidio", default="", metavar="PYTHON", help="of an environment with presidio-analyzer and spacy"
    )
    parser.add_argument("--show", default="", metavar="RULE", help="write the mistakes of this rule to standard error")
    asked = parser.parse_args()
    named = [item.partition("=") for item in asked.texts]
    corpora = {name: list(texts(Path(file))) for name, _, file in named}
    lines = [(name, body) for name, units in corpora.items() for _, body in units if 20 < len(body) < 400]
    prose = [body for _, body in lines]
    zegel = Zegel()
    print(f"\n{asked.mails} mails of the {asked.split} frames, seed {asked.seed}\n")
    score_mails(mails(asked.split, asked.mails, asked.seed, prose), zegel, asked.presidio, asked.show)
    if asked.natural:
        name, _, folder = asked.natural.partition("=")
        score_natural(name, Path(folder), zegel, asked.presidio)
    print()
    cry_wolf(corpora, zegel, asked.presidio, asked.show)


if __name__ == "__main__":
    main()
