"""Where people answer cases: the sender with the code of their letter, a reviewer with that code and their own password.

The rule: every attempt is counted before it is judged; an answer is an order to the deliver role, since nobody here can open
the held mail itself; who reads and who decides stands in the audit log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

import structlog

from gateway.core.cases import (
    LONGEST_WORDS,
    SENDER,
    SHEET,
    Answer,
    CaseEvent,
    CaseKind,
    CaseState,
    Sheet,
    case_after,
)
from gateway.core.decision import Choice
from gateway.core.errors import CannotOpen
from gateway.core.manifest import Manifest, ManifestPart
from gateway.core.message import Disposition
from gateway.core.organisation import Organisation, Organisations
from gateway.core.passwords import prepared
from gateway.core.pickup import (
    HOUR,
    REVIEW_LOGINS_PER_HOUR,
    WRONG_CODES_PER_HOUR,
    Client,
    NotPossible,
    Settled,
    TooMany,
    Unknown,
    WrongCode,
    window_end,
)
from gateway.core.ports import DELIVER, Bus, Clock, NewId, ServerKey, Store, Transaction, Vault
from gateway.core.records import (
    Account,
    AuditEntry,
    Case,
    Grant,
    GrantKind,
    SealedMessage,
    WrapKind,
)
from gateway.service.accounts import Accounts
from gateway.service.cases import about, answer_row, offered, words_of
from gateway.service.parts import Parts
from gateway.service.payloads import Payloads

log = structlog.get_logger()

LOOK_EVERY = 1.0  # seconds, while bytes go out
SESSION = timedelta(hours=8)  # of a reviewer, at most


@dataclass(frozen=True, slots=True)
class CaseKey:
    """What opens a case: kept in the session's cookie. Without the share in the database it opens nothing."""

    grant_id: str
    code: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with what its page shows; `choices` are values of Choice."""

    case: Case
    organisation: Organisation
    sheet: Sheet = field(repr=False)
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseReading:
    """The held message as a reviewer reads it; bodies are None when it has none of that kind."""

    view: CaseView
    manifest: Manifest = field(repr=False)
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Opened:
    case: Case
    organisation: Organisation
    grant: Grant
    copy: SealedMessage
    data_key: bytes = field(repr=False)


class CaseDesk:
    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        parts: Parts,
        organisations: Organisations,
        accounts: Accounts,
        payloads: Payloads,
        server_key: ServerKey,
        bus: Bus,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._vault = vault
        self._parts = parts
        self._organisations = organisations
        self._accounts = accounts
        self._payloads = payloads
        self._server_key = server_key
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    # -- coming in

    async def case(self, case_id: str) -> Case:
        """What the link may show before anything is proved: kind, state, times. Raises `Unknown`."""
        async with self._store.read() as tx:
            return (await self._find(tx, case_id))[0]

    async def open(self, case_id: str, code_text: str, client: Client) -> CaseKey:
        """Checks the code of the letter. For a HOLD the key opens nothing yet: `log_in` comes next. Raises `Unknown`,
        `Settled`, `WrongCode`, `TooMany`."""
        async with self._store.read() as tx:
            case, _ = await self._live(tx, case_id)
            copy = await tx.message(case_id)
            grants = await tx.grants(case_id)
        code = self._vault.parse_code(code_text)
        if code is not None and copy is not None:
            if case.kind is CaseKind.HOLD and self._vault.check_code(about(case_id), code, copy.manage_check):
                return CaseKey("", code)
            for grant in grants:
                if grant.kind is GrantKind.CASE and self._vault.check_code(grant.id, code, grant.code_check):
                    return CaseKey(grant.id, code)
        await self._count_wrong(case, client)
        raise WrongCode

    async def log_in(self, case_id: str, code: bytes, address: str, password: str, client: Client) -> CaseKey:
        """A reviewer's session: a key of its own, made with the reviewer's private key. Raises `WrongCode` for a wrong
        password as for somebody who is no reviewer, `TooMany`, `Unknown`, `Settled`."""
        now = self._clock()
        async with self._store.write() as tx:
            case, _ = await self._live(tx, case_id)
            copy = await tx.message(case_id)
            tries = await tx.count(f"review:{case_id}:{address.lower()[:320]}", now, HOUR)
        if copy is None or not self._vault.check_code(about(case_id), code, copy.manage_check):
            raise WrongCode
        if tries > REVIEW_LOGINS_PER_HOUR:
            raise TooMany(window_end(now, HOUR))
        account = await self._accounts.authenticate(address, password)
        data_key = await self._reviewers_key(case_id, account, password) if account is not None else None
        if account is None or data_key is None:
            await self._count_wrong(case, client)
            raise WrongCode
        return await self._session(case, account, data_key, client)

    async def _reviewers_key(self, case_id: str, account: Account, password: str) -> bytes | None:
        """The case's data key by way of the reviewer's private key; None when this account reviews something else."""
        async with self._store.read() as tx:
            grants = await tx.grants(case_id)
            wraps = await tx.key_wraps(account.id)
        grant = next((g for g in grants if g.kind is GrantKind.REVIEWER and g.holder == account.id), None)
        wrap = next((w for w in wraps if w.kind is WrapKind.PASSWORD), None)
        if grant is None or wrap is None:
            return None
        private = await self._accounts.private_key(account, wrap, prepared(password))
        return await asyncio.to_thread(
            self._vault.unwrap_data_key, private, grant.wrapped, case_id, grant.kind.value, grant.holder
        )

    async def _session(self, case: Case, account: Account, data_key: bytes, client: Client) -> CaseKey:
        grant_id, now = self._new_id(), self._clock()
        key = self._vault.new_recipient_key(data_key, case.id, grant_id, b"")
        grant = Grant(
            id=grant_id,
            message_id=case.id,
            kind=GrantKind.CASE,
            holder=account.id,
            created_at=now,
            wrapped=key.wrapped,
            expires_at=now + SESSION,
            code_check=key.code_check,
            share=key.share,
        )
        async with self._store.write() as tx:
            await self._live(tx, case.id)
            await tx.add_grant(grant)
            await tx.audit(AuditEntry(now, case.organisation, account.id, "case:read", case.trace, case.id))
        return CaseKey(grant_id, key.code)

    async def _count_wrong(self, case: Case, client: Client) -> None:
        now = self._clock()
        async with self._store.write() as tx:
            count = await tx.count(f"wrong-case:{case.organisation}:{client.peer}", now, HOUR)
        log.info("wrong_case_code", case=case.id, peer=client.peer)
        if count > WRONG_CODES_PER_HOUR:
            raise TooMany(window_end(now, HOUR))

    # -- looking

    async def view(self, case_id: str, key: CaseKey) -> CaseView:
        """Raises `Unknown`, `Settled`, `WrongCode`."""
        return await self._view(await self._enter(case_id, key))

    async def read(self, case_id: str, key: CaseKey) -> CaseReading:
        """The message itself, for its reviewer. Raises as `view`."""
        opened = await self._reviewing(case_id, key)
        manifest = self._manifest(opened)
        text = await self._body(opened, manifest, Disposition.TEXT)
        html = await self._body(opened, manifest, Disposition.HTML)
        return CaseReading(await self._view(opened), manifest, text, html)

    async def part(
        self, case_id: str, key: CaseKey, number: int, *, record: bool = True
    ) -> tuple[ManifestPart, AsyncIterator[bytes]]:
        """One part whole, for its reviewer. Raises as `view`."""
        opened = await self._reviewing(case_id, key)
        part = next((part for part in self._manifest(opened).parts if part.number == number), None)
        if part is None:
            raise Unknown
        if record:
            async with self._store.write() as tx:
                await self._audit(tx, opened.case, opened.grant.holder, "case:download", f"part {number}")
        return part, self._parts.chunks(opened.copy, opened.data_key, number)

    async def ended(self, case_id: str) -> NoReturn:
        """Waits until the case can no longer be read, and raises why."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            async with self._store.read() as tx:
                await self._live(tx, case_id)

    async def _view(self, opened: _Opened) -> CaseView:
        chunks = self._parts.chunks(opened.copy, opened.data_key, SHEET)
        sheet = Sheet.from_bytes(b"".join([chunk async for chunk in chunks]))
        return CaseView(opened.case, opened.organisation, sheet, offered(opened.case, sheet))

    def _manifest(self, opened: _Opened) -> Manifest:
        return Manifest.from_bytes(self._vault.open_head(opened.data_key, opened.copy.id, opened.copy.head))

    async def _body(self, opened: _Opened, manifest: Manifest, disposition: Disposition) -> str | None:
        part = manifest.part(disposition)
        if part is None:
            return None
        chunks = self._parts.chunks(opened.copy, opened.data_key, part.number)
        return b"".join([chunk async for chunk in chunks]).decode("utf-8", "replace")

    # -- answering

    async def answer(
        self, case_id: str, key: CaseKey, choice: Choice, *, words: str = "", remove: Sequence[int] = ()
    ) -> None:
        """`words` are the sender's reason for SEND, or a reviewer's note to the sender; `remove` part numbers. Raises
        `NotPossible` for a choice that is not offered, lacks its reason or its parts, and as `view`."""
        opened = await self._enter(case_id, key)
        view = await self._view(opened)
        words = words.strip()[:LONGEST_WORDS]
        _refuse_unfit(view, choice, words, remove)
        sender = opened.case.kind is CaseKind.WARN
        by, name = (SENDER, "") if sender else await self._reviewer(opened.grant.holder)
        numbers = tuple(remove) if choice is Choice.REMOVE else ()
        answer = Answer(case_id, choice, by, name, numbers, note="" if sender else words)
        reason = self._server_key.seal(words.encode(), words_of(case_id)) if words else b""
        payload, row = await answer_row(self._payloads, opened.case, answer, self._new_id(), self._clock())
        async with self._store.write() as tx:
            case, _ = await self._live(tx, case_id)
            await tx.answer_case(case_id, case_after(case.state, CaseEvent.ANSWER), choice, by, reason)
            await tx.add_payload(payload)
            await tx.add_deliveries([row])
            await self._audit(tx, case, by, f"case:answer:{choice.value}", case_id)
        self._bus.wake(DELIVER)
        log.info("case_answered", trace=opened.case.trace, case=case_id, choice=choice.value)

    async def _reviewer(self, account_id: str) -> tuple[str, str]:
        async with self._store.read() as tx:
            account = await tx.account(account_id)
        return account_id, (account.name or account.address) if account is not None else ""

    # -- the gate

    async def _find(self, tx: Transaction, case_id: str) -> tuple[Case, Organisation]:
        case = await tx.case(case_id)
        if case is None or not self._organisations.has(case.organisation):
            raise Unknown
        return case, self._organisations.get(case.organisation)

    async def _live(self, tx: Transaction, case_id: str) -> tuple[Case, Organisation]:
        case, organisation = await self._find(tx, case_id)
        if case.state is not CaseState.OPEN or case.ended_at is not None:
            raise Settled
        return case, organisation

    async def _enter(self, case_id: str, key: CaseKey) -> _Opened:
        async with self._store.read() as tx:
            case, organisation = await self._live(tx, case_id)
            grant = await tx.grant(key.grant_id)
            copy = await tx.message(case_id)
        if grant is None or grant.kind is not GrantKind.CASE or grant.message_id != case_id or copy is None:
            raise Unknown
        if grant.expires_at is not None and grant.expires_at <= self._clock():
            raise WrongCode
        try:
            data_key = self._vault.open_recipient_key(grant.wrapped, case_id, grant.id, key.code, b"", grant.share)
        except CannotOpen as exc:
            raise WrongCode from exc
        return _Opened(case, organisation, grant, copy, data_key)

    async def _reviewing(self, case_id: str, key: CaseKey) -> _Opened:
        """The sender's code shows what was found, not the message: whoever has their mailbox has no more than the letter."""
        opened = await self._enter(case_id, key)
        if opened.case.kind is not CaseKind.HOLD:
            raise Unknown
        return opened

    async def _audit(self, tx: Transaction, case: Case, actor: str, action: str, detail: str) -> None:
        await tx.audit(AuditEntry(self._clock(), case.organisation, actor, action, case.trace, detail))


def _refuse_unfit(view: CaseView, choice: Choice, words: str, remove: Sequence[int]) -> None:
    if choice.value not in view.choices:
        raise NotPossible
    if choice is Choice.SEND and view.case.reason_required and not words:
        raise NotPossible("reason")
    if choice is Choice.REMOVE and (not remove or not set(remove) <= {file.number for file in view.sheet.files}):
        raise NotPossible("parts")
