"""The live check: what would happen to a message that is still being written. It stores nothing and sends nothing.

The rule: the answer is the decision that `Accept` would come to. The draft is written out as the message that the mail client
will send, and decided in the same way; what could not be looked at makes the answer incomplete, never clean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gateway.core.decision import Action, Decision, Fallback
from gateway.core.directives import VerificationKind
from gateway.core.draft import Draft, Places, compose, subject_line, text_lines
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import NotAllowed, ScanFailed
from gateway.core.facts import Direction, Signs
from gateway.core.finding import Confidence, Finding, Findings, Scan, Unscannable
from gateway.core.message import Disposition, Message
from gateway.core.organisation import Organisations
from gateway.core.policy import decide
from gateway.core.records import Account
from gateway.service.deciding import Decided, Deciding, means

ATTACHMENT = "attachment:"
MOST_WEIGHED = 30  # findings, and as many unread things, that are looked at for whether they are decisive,
MOST_RECIPIENTS = 3  # and for how many of the recipients who get the strictest action

T = TypeVar("T")
Spans = tuple[tuple[int, int], ...]
Reason = Finding | Unscannable


class NotYours(NotAllowed):
    """The draft's sender is not an address of the account that asks."""

    public = "The sender is not an address of this account"


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, with where the client finds it again: `files` are places in the draft's list, `at` are characters of the
    draft's subject or plain text (start, end). `decisive`: without the others it would already change what happens."""

    finding: Finding
    files: tuple[int, ...]
    at: Spans
    decisive: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read; `decisive` as in `Found`."""

    item: Unscannable
    files: tuple[int, ...]
    decisive: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would happen for one recipient. `missing` is the verification whose means the sender still has to give, `signs`
    tell that it may be the wrong person, whether a policy asks for them or not."""

    decision: Decision
    direction: Direction
    missing: VerificationKind | None
    signs: Signs


@dataclass(frozen=True, slots=True)
class Checked:
    """`mistakes` are wishes that can't be understood, in words; the message would be refused for them. `size` is that of the
    message in bytes."""

    found: tuple[Found, ...]
    unread: tuple[Unread, ...]
    outcomes: tuple[Outcome, ...]
    mistakes: tuple[str, ...] = field(repr=False)
    size: int
    rules_digest: str
    policy_digest: str

    @property
    def action(self) -> Action:
        """The strictest; a draft without recipients goes nowhere yet."""
        return max((outcome.decision.action for outcome in self.outcomes), default=Action.RELAY)


class LiveCheck:
    """`at_once` is how many drafts may be with the scanner at a time, `seconds` how long one may take in all."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        deciding: Deciding,
        new_boundary: Callable[[], str],
        at_once: int,
        seconds: float,
    ) -> None:
        self._organisations = organisations
        self._deciding = deciding
        self._new_boundary = new_boundary
        self._slots = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def check(self, account: Account, draft: Draft, peer: str, language: str) -> Checked:
        """`language` ('nl' or 'en') is that of the mistakes. Raises `NotYours`, `Unavailable`."""
        if draft.sender.lower() not in account.addresses:
            raise NotYours
        decided = await self._decide(account, draft, peer, language)
        plain = await self._plain(draft, decided)
        found = decided.scan.findings
        weight = _decisive(decided)
        names = _names(decided.scan.message)
        return Checked(
            found=tuple(
                Found(item, _files(names, item.place), _spans(item, draft, plain), item in weight)
                for item in found.findings
            ),
            unread=tuple(Unread(item, _files(names, item.place), item in weight) for item in found.unscannable),
            outcomes=tuple(_outcome(decided, decision) for decision in decided.decisions),
            mistakes=decided.wishes.mistakes,
            size=decided.facts.size,
            rules_digest=decided.scan.findings.rules_digest,
            policy_digest=decided.policies.digest,
        )

    async def _decide(self, account: Account, draft: Draft, peer: str, language: str) -> Decided:
        organisation = self._organisations.get(account.organisation)
        session = Session(peer=peer, helo="api", tls=True, account=account.id)
        envelope = Envelope(organisation.id, draft.sender, draft.recipients, session)
        raw = await asyncio.to_thread(compose, draft, self._new_boundary())
        return await self._soon(self._deciding.decide(organisation, envelope, raw, language))

    async def _plain(self, draft: Draft, decided: Decided) -> Scan:
        """A scan that tells places of the plain text only: HTML, and headers of parts, are 'body' too, and would mix them."""
        more = draft.html is not None or draft.files
        if draft.text is None or not more or not any(item.place == "body" for item in decided.scan.findings.findings):
            return decided.scan
        alone = Draft(draft.sender, subject=draft.subject, text=draft.text)
        return await self._soon(self._deciding.scan(compose(alone, "")))

    async def _soon(self, work: Coroutine[None, None, T]) -> T:
        """One slot's work, in time."""
        try:
            async with asyncio.timeout(self._seconds), self._slots:
                return await work
        except TimeoutError as error:
            raise ScanFailed from error
        finally:
            work.close()  # when it never got a slot


# -- what happens


def _outcome(decided: Decided, decision: Decision) -> Outcome:
    given = means(decision, decided.wishes)
    lacking = given.kind is not VerificationKind.NONE and not (given.phone or given.password)
    asks = lacking and decision.fallback is Fallback.ASK and decision.action in (Action.SEAL, Action.WARN, Action.HOLD)
    facts, recipient = decided.facts, decision.recipient
    missing = decision.verification if asks else None
    return Outcome(decision, facts.direction(recipient), missing, facts.signs.get(recipient, {}))


def _decisive(decided: Decided) -> set[Reason]:
    """What alone, of all that was found or could not be read, makes it stricter than nothing would; when it takes several
    together, all that are sure enough."""
    every = decided.scan.findings
    strictest = max((decision.action for decision in decided.decisions), default=Action.RELAY)
    recipients = [one.recipient for one in decided.decisions if one.action is strictest][:MOST_RECIPIENTS]

    def action(*reasons: Reason) -> Action:
        findings = tuple(reason for reason in reasons if isinstance(reason, Finding))
        unread = tuple(reason for reason in reasons if isinstance(reason, Unscannable))
        facts = replace(decided.facts, findings=Findings(findings, unread, every.rules_digest))
        decisions = (decide(decided.policies, facts, recipient) for recipient in recipients)
        return max((decision.action for decision in decisions), default=Action.RELAY)

    without = action()
    if without >= strictest:
        return set()
    reasons: tuple[Reason, ...] = (*every.findings[:MOST_WEIGHED], *every.unscannable[:MOST_WEIGHED])
    alone = {reason for reason in reasons if action(reason) > without}
    return alone or {finding for finding in every.findings if finding.confidence >= Confidence.MEDIUM}


# -- where it stands


def _names(message: Message) -> tuple[str, ...]:
    """The names of the draft's files as the scan tells them, in the draft's order: parts come in the order of the message."""
    bodies = (Disposition.TEXT, Disposition.HTML)
    return tuple(part.name for part in message.parts if part.disposition not in bodies)


def _files(names: tuple[str, ...], place: str) -> tuple[int, ...]:
    """Which files a place means: several, when they bear the same name."""
    if not place.startswith(ATTACHMENT):
        return ()
    name = place.removeprefix(ATTACHMENT).partition("/")[0]
    return tuple(number for number, other in enumerate(names) if other == name)


def _spans(finding: Finding, draft: Draft, plain: Scan) -> Spans:
    """Where the client underlines; nowhere unless what was read is what the client has, character for character."""
    found = [other for other in plain.findings.findings if (other.rule, other.place) == (finding.rule, finding.place)]
    at = next((other.at for other in found if other.confidence is finding.confidence), found[0].at if found else ())
    if finding.place == "subject":
        return _moved(at, plain.message.subject, subject_line(draft.subject))
    if finding.place == "body" and draft.text is not None and _text(plain.message) == text_lines(draft.text):
        places = Places(draft.text)
        return tuple((places.original(start), places.original(end)) for start, end in at)
    return ()


def _moved(at: Spans, read: str, written: str) -> Spans:
    """Places in a line that may have lost the blanks around it."""
    if read.strip() != written.strip():
        return ()
    lost = len(read.lstrip()) - len(read) - len(written.lstrip()) + len(written)
    return tuple((start + lost, end + lost) for start, end in at)


def _text(message: Message) -> str:
    return next((part.content.decode() for part in message.parts if part.disposition is Disposition.TEXT), "")
