"""What the commands about rules and policies do: explain messages, try policies on the past, test rules on a file.

They read and tell; nothing is sent or written. Rule: no matched text or subject leaves them, but for `rules test --show` on
a terminal.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from gateway.adapters.extract.extractor import extract
from gateway.adapters.extract.preload import preload
from gateway.adapters.extract.sniff import is_text
from gateway.adapters.migrate import upgrade
from gateway.adapters.scan_now import scan_with
from gateway.adapters.store import SqlStore
from gateway.adapters.system import clock
from gateway.adapters.toml_folder import texts
from gateway.app import Base, familiar_of, mail_providers, opened
from gateway.config import load
from gateway.core import policy_file
from gateway.core.classify import Classifier
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import CannotOpen, Malformed, Misconfigured, Mistake
from gateway.core.facts import Facts
from gateway.core.finding import Finding, Scan
from gateway.core.held_mail import HeldMail
from gateway.core.limits import Limits
from gateway.core.organisation import Organisation, Organisations
from gateway.core.parse import parse_whole
from gateway.core.policy import PolicySet
from gateway.core.records import Delivery, PastDecision
from gateway.core.rules import RuleSet
from gateway.installation import HISTORY, KeyFolder
from gateway.resources import resource
from gateway.rule_files import files_in, own_lists, rule_and_policy_files
from gateway.service.check import Files
from gateway.service.check import load as load_files
from gateway.service.deciding import asked
from gateway.service.explain import Explanation, explain
from gateway.service.familiar import Familiar
from gateway.service.replay import Compared, Tally, compare, replay
from gateway.settings import Settings

AT_ONCE = 500
SESSION = Session(peer="127.0.0.1", helo="explain", tls=False, trusted=True)


# -- explain


@dataclass(frozen=True, slots=True)
class Explained:
    """One message of a file; `explanation` is None with what is wrong in `mistake`."""

    file: str
    sender: str
    recipients: tuple[str, ...]
    explanation: Explanation | None
    mistake: str = ""

    def as_json(self) -> dict[str, object]:
        told = self.explanation.as_json() if self.explanation is not None else {"mistake": self.mistake}
        return {"file": self.file, "from": self.sender, "to": list(self.recipients), **told}

    def cells(self) -> tuple[str, ...]:
        """A line of a table for each recipient would hide what belongs together: one for each message."""
        if self.explanation is None:
            return (self.file, self.sender, "", self.mistake, "")
        decisions = self.explanation.decisions
        actions = dict.fromkeys(decision.action.name.lower() for decision in decisions)
        policies = dict.fromkeys(reason.policy for decision in decisions for reason in decision.reasons)
        return (self.file, self.sender, str(len(decisions)), " ".join(actions), " ".join(policies))


def messages_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """A message, or each .eml file in a folder and its folders, one after another."""
    if not path.is_dir():
        yield path.name, path.read_bytes()
        return
    for file in sorted(path.rglob("*.eml")):
        yield str(file.relative_to(path)), file.read_bytes()


HEADS = ("file", "from", "recipients", "action", "policies")


async def explain_files(
    config: Path | None, messages: Iterable[tuple[str, bytes]], sender: str, recipients: tuple[str, ...]
) -> AsyncIterator[Explained]:
    """What would happen to each message, given as (name, octets). Without `sender` and `recipients` those of the header
    are taken. Without settings, the sender's domain is the organisation's, and nothing is known of the past.
    """
    settings = load(config) if config is not None else None
    ruleset, policies = load_files(rule_and_policy_files(settings) if settings is not None else _own_files())
    lists = own_lists(settings).opened() if settings is not None else {}
    classifier, limits = Classifier(ruleset, lists=lists), _limits(settings)
    async with _familiar(settings) as familiar:
        known = Organisations(tuple(item.fields for item in settings.organisations) if settings is not None else ())
        for name, raw in messages:
            try:
                scan = scan_with(classifier, raw, limits)
            except Malformed as error:
                yield Explained(name, sender, recipients, None, error.public)
                continue
            envelope = _envelope(scan, sender, recipients)
            if not envelope.rcpt_tos:
                yield Explained(name, envelope.mail_from, (), None, "no recipient: say --to")
                continue
            organisation = known.owning(envelope.mail_from) or _imagined(envelope.mail_from)
            envelope = replace(envelope, organisation=organisation.id)
            envelope, wishes = asked(scan.message, envelope, organisation, organisation.language)
            past = await familiar.look(organisation, envelope, scan.message) if familiar is not None else None
            found = explain(
                scan,
                envelope,
                policies=policies,
                rules=ruleset,
                organisation=organisation,
                at=clock(),
                directives=wishes,
                size=len(raw),
                language=organisation.language,
                signs=past.signs if past is not None else None,
            )
            yield Explained(name, envelope.mail_from, envelope.rcpt_tos, found)


def _envelope(scan: Scan, sender: str, recipients: tuple[str, ...]) -> Envelope:
    message = scan.message
    author = next((address for _, address in message.from_), "")
    addressed = tuple(dict.fromkeys(address for _, address in (*message.to, *message.cc) if "@" in address))
    return Envelope("none", sender or author, recipients or addressed, SESSION)


@contextlib.asynccontextmanager
async def _familiar(settings: Settings | None) -> AsyncIterator[Familiar | None]:
    """The installation's past; None where there is none yet."""
    if settings is None or not (settings.keys / HISTORY).exists():
        yield None
        return
    upgrade(settings.store_url)
    store = SqlStore(settings.store_url)
    try:
        key = KeyFolder(settings.keys).history_key()
        yield Familiar(store=store, pseudonyms=key, providers=mail_providers(), clock=clock)
    finally:
        await store.close()


def _limits(settings: Settings | None) -> Limits:
    """Images are read where they can be, and are not told not to be."""
    return Limits(images=Limits().images if preload(images=settings is None or settings.scan.ocr) else 0)


def _own_files() -> Files:
    return files_in((resource("dlp_rules"),), (resource("policies"),))


def _imagined(sender: str) -> Organisation:
    domain = sender.rpartition("@")[2].lower()
    return Organisation("none", domain, (domain,), "nl", "https://localhost", b"")


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Plain columns, as wide as they must be."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


# -- replay


def policies_in(path: Path) -> tuple[tuple[str, str], ...]:
    """Of a file or a folder, as (name, text)."""
    return texts(path) if path.is_dir() else ((path.name, path.read_text(encoding="utf-8")),)


async def replay_policies(
    settings: Settings, more: Sequence[tuple[str, str]], since: timedelta, *, held: bool
) -> tuple[list[Compared], Tally]:
    """Compares the installation's policies with the same and `more`, files as (name, text), which replace by id."""
    files = rule_and_policy_files(settings)
    ruleset, present = load_files(files)
    tried = policy_file.load(files.policies, ruleset, files.site_policies, more)
    tally, found = Tally(), []
    async with opened(settings) as base:
        async for row in _past(base, since):
            for item in replay([row], present, tried):
                tally.add(item)
                if item.changed or item.unsure:
                    found.append(item)
        for item in await _held(base, ruleset, present, tried) if held else ():
            tally.add(item)
            found.append(item)
    return found, tally


async def _past(base: Base, since: timedelta) -> AsyncIterator[PastDecision]:
    after = ""
    while True:
        async with base.store.read() as tx:
            rows = await tx.past_decisions(clock() - since, AT_ONCE, after)
        for row in rows:
            yield row
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].id


async def _held(base: Base, ruleset: RuleSet, present: PolicySet, tried: PolicySet) -> list[Compared]:
    """Mail that waits can be opened with the queue key: scanned again, everything can be told about it."""
    classifier = Classifier(ruleset, lists=own_lists(base.settings).opened())
    ring, limits = base.keys.queue_ring(), _limits(base.settings)
    familiar = familiar_of(base)
    async with base.store.read() as tx:
        rows = [row for row in await tx.deliveries_in(DeliveryState.HELD, 10_000) if row.kind is DeliveryKind.HELD]
    found = []
    for row in rows:
        async with base.store.read() as tx:
            payload = await tx.payload(row.payload_id)
        if payload is None:
            continue
        try:
            mail = HeldMail.from_bytes(ring.open(await base.payloads.sealed_bytes(payload), payload.id))
        except (CannotOpen, KeyError, ValueError):
            continue
        facts = await _facts(base, familiar, mail, scan_with(classifier, mail.raw, limits), row)
        found.append(compare(present, tried, facts, row.rcpt_to, row.created_at))
    return found


async def _facts(base: Base, familiar: Familiar, mail: HeldMail, scan: Scan, row: Delivery) -> Facts:
    organisation = base.organisations.get(row.organisation)
    envelope, wishes = asked(scan.message, mail.envelope, organisation, organisation.language)
    past = await familiar.look(organisation, envelope, scan.message)
    return Facts.of(
        organisation=organisation,
        envelope=envelope,
        scan=scan,
        directives=wishes,
        size=len(mail.raw),
        at=row.created_at,
        signs=past.signs,
    )


# -- rules


@dataclass(frozen=True, slots=True)
class Match:
    """`lines` are those where the first values stand, `texts` the values themselves: for a terminal only."""

    finding: Finding
    lines: tuple[int, ...]
    texts: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        lines = ",".join(map(str, self.lines)) or "-"
        return (
            self.finding.rule,
            self.finding.place,
            self.finding.confidence.name.lower(),
            str(self.finding.count),
            lines,
        )


MATCH_HEADS = ("rule", "place", "confidence", "count", "lines")


def run_rules(path: Path, rule: str, folders: tuple[Path, ...]) -> tuple[list[Match], list[str]]:
    """What the rules find in a text, a message or another file, unit by unit; and what could not be read of it. Raises
    `Misconfigured` when there is no such rule.
    """
    ruleset, _ = load_files(files_in((resource("dlp_rules"), *folders), (resource("policies"),)))
    chosen = [item for item in ruleset.rules if not rule or item.id == rule]
    if not chosen:
        raise Misconfigured((Mistake("", 0, "--rule", f"no rule is called {rule}"),))
    classifier = Classifier(RuleSet.of(chosen))
    units, unscannable = _units(path)
    return [_match(finding, classifier, units) for finding in classifier.classify(units)], unscannable


def _match(finding: Finding, classifier: Classifier, units: Sequence[tuple[str, str]]) -> Match:
    """Where it stands: each unit of its place is read once more as a body, since of those the classifier tells the places."""
    lines: list[int] = []
    found: list[str] = []
    for place, text in units:
        if place == finding.place:
            for again in classifier.classify([("body", text)]):
                if again.rule == finding.rule and again.confidence is finding.confidence:
                    lines += [text.count("\n", 0, start) + 1 for start, _ in again.at]
                    found += [text[start:end] for start, end in again.at]
    return Match(finding, tuple(dict.fromkeys(lines)), tuple(dict.fromkeys(found)))


def _units(path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    raw = path.read_bytes()
    if path.suffix.lower() != ".eml" and is_text(raw):
        with contextlib.suppress(UnicodeDecodeError):
            return [("body", raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"))], []
    if path.suffix.lower() != ".eml":
        mail = EmailMessage()
        mail["Subject"] = ""
        mail.add_attachment(raw, maintype="application", subtype="octet-stream", filename=path.name)
        raw = mail.as_bytes()
    limits = _limits(None)
    units, unscannable = extract(parse_whole(raw, limits), limits)
    told = [f"could not be read: {item.place} ({item.reason})" for item in unscannable]
    return [(place, text) for place, text in units if text.strip()], told
