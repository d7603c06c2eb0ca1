"""The live check: what would happen to a message that is still being written. It stores nothing and sends nothing.

The rule: the answer is the decision that `Accept` would come to. The draft is written out as the message that the mail client
will send, and decided in the same way; what could not be looked at makes the answer incomplete, never clean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from gateway.core.decision import Action, Decision, Fallback
from gateway.core.directives import VerificationKind
from gateway.core.draft import Draft, compose, subject_line, text_lines
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import NotAllowed, ScanFailed, Unavailable
from gateway.core.facts import Direction
from gateway.core.finding import Confidence, Finding, Unscannable
from gateway.core.message import Disposition, Message, Part
from gateway.core.organisation import Organisations
from gateway.core.policy import decide
from gateway.core.records import Account
from gateway.service.deciding import Decided, Deciding, means

ATTACHMENT = "attachment:"
MOST_WEIGHED = 50  # findings; a draft that has more is told by its first ones

Spans = tuple[tuple[int, int], ...]


class NotYours(NotAllowed):
    """The draft's sender is not an address of the account that asks."""

    public = "The sender is not an address of this account"


class Busy(Unavailable):
    """As many drafts are looked at as may be; mail that is really sent goes first."""


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
    """Something that could not be read."""

    item: Unscannable
    files: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would happen for one recipient. `missing` is the verification whose means the sender still has to give."""

    decision: Decision
    direction: Direction
    missing: VerificationKind | None


@dataclass(frozen=True, slots=True)
class Checked:
    """`mistakes` are wishes that can't be understood, in words; the message would be refused for them."""

    found: tuple[Found, ...]
    unread: tuple[Unread, ...]
    outcomes: tuple[Outcome, ...]
    mistakes: tuple[str, ...] = field(repr=False)
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
        files = _Files(decided.scan.message, draft)
        spans = await self._spans(account, draft, decided)
        return Checked(
            found=tuple(
                Found(finding, files.at(finding.place), spans.get(finding, ()), decisive)
                for finding, decisive in _weighed(decided)
            ),
            unread=tuple(Unread(item, files.at(item.place)) for item in decided.scan.findings.unscannable),
            outcomes=tuple(_outcome(decided, decision) for decision in decided.decisions),
            mistakes=decided.wishes.mistakes,
            rules_digest=decided.scan.findings.rules_digest,
            policy_digest=decided.policies.digest,
        )

    async def _decide(self, account: Account, draft: Draft, peer: str, language: str) -> Decided:
        organisation = self._organisations.get(account.organisation)
        session = Session(peer=peer, helo="api", tls=True, account=account.id)
        envelope = Envelope(organisation.id, draft.sender, draft.recipients, session)
        try:
            async with asyncio.timeout(self._seconds), self._slots:
                raw = await asyncio.to_thread(compose, draft, self._new_boundary())
                return await self._deciding.decide(organisation, envelope, raw, language)
        except TimeoutError as error:
            raise ScanFailed from error
