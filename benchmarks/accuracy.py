"""How much of what must be found is found, and how often Zegel cries wolf, on text that nobody here wrote.

    python -m benchmarks.accuracy [--split dev|held-out] [--mails 3000] [--seed 7] [--presidio PYTHON]
        [--natural NAME=FOLDER] [--documents NAME:TAG=FOLDER] NAME=FILE ...

Each FILE is plain UTF-8 text, a sentence or paragraph a line, or a CoNLL-U treebank (its "# text = " lines), or a folder
of .eml or .txt mails. docs/accuracy.md tells which were used and how they were fetched. Printed are

1. precision and recall of the rules whose values are put into mails: `accuracy_frames.toml` gives the mails, the texts
   their prose, a seeded generator the numbers. A value counts as found when a finding of that confidence lies on it;
   what a finding lies on besides is a false alarm, also natural numbers of the prose;
2. beside Presidio (`presidio_peer.py`) for BSNs, on the same mails and texts;
3. the same for BSNs that somebody else wrote down: files (--natural) about persons, in which each number of nine digits
   that passes the 11-test is taken for a BSN;
4. of documents that are all of one kind (--documents), the share in which a rule of that tag finds something;
5. false alarms: of 1,000 lines or mails of each text as it is, how many have a finding at medium confidence or above.
   Nothing in these texts was looked at by hand, so a true find counts as a false alarm too.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stdnum.nl import bsn as eleven

from benchmarks.accuracy_mails import RULE_OF, Mail, Span, mails
from gateway.core import rules
from gateway.core.classify import Classifier
from gateway.core.finding import Confidence

HERE = Path(__file__).parent
LEVELS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
# -- texts


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """(subject, body) of each unit of a file or folder."""
    if path.is_dir():
        for file in sorted(item for item in path.rglob("*") if item.suffix in (".eml", ".txt")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            try:
                body = message.get_body(("plain", "html"))
                yield str(message["subject"] or ""), str(body.get_content()) if body else ""
            except (LookupError, ValueError, AssertionError) as error:
                print(f"left out: {file.name}, which the email module can't read: {error!r}", file=sys.stderr)
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


def score_documents(name: str, tag: str, folder: Path, zegel: Zegel) -> None:
    """Of documents that are all of one kind, how many have a finding of a rule with that tag, at medium or above."""
    wanted = {rule.id for rule in zegel.rules.rules if tag in rule.tags}
    units = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.txt"))]
    found = sum(
        any(rule in wanted and level >= Confidence.MEDIUM for rule, level in zegel.levels("", text).items())
        for text in units
    )
    print(f"\n{name}: {found} of {len(units)} documents have a finding of tag {tag}: {found / len(units):.4f}")


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
    parser.add_argument("--documents", default="", metavar="NAME:TAG=FOLDER", help="documents that all need a finding")
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
    if asked.documents:
        name, _, folder = asked.documents.partition("=")
        score_documents(*name.split(":"), Path(folder), zegel)
    print()
    cry_wolf(corpora, zegel, asked.presidio, asked.show)


if __name__ == "__main__":
    main()
