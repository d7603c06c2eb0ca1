"""Services that remember what they were asked, so that the pages can be tested without a vault or a database."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.applications import Starlette

from gateway.core.cases import CaseKind, CaseState, Found, Sheet, SheetFile, Titles
from gateway.core.decision import Choice
from gateway.core.directives import VerificationKind
from gateway.core.errors import CannotOpen
from gateway.core.manifest import Manifest, ManifestPart
from gateway.core.message import Disposition
from gateway.core.organisation import Organisation, Organisations
from gateway.core.pickup import (
    Client,
    Landing,
    NeedsPassword,
    NeedsSms,
    NotPossible,
    Opened,
    Settled,
    Step,
    Unknown,
    Unlock,
    WrongCode,
    WrongFactor,
)
from gateway.core.records import Case, Event, EventKind, MessageState, Scope
from gateway.service.api_tokens import BadToken
from gateway.service.case_desk import CaseKey, CaseReading, CaseView
from gateway.service.receipts import Overview, ReceiptState, RecipientStatus
from portal.app import create_app
from portal.deps import ApiSettings, PageSettings, PortalDeps
from tests.unit.service.lab import Lab

NOW = datetime(2026, 3, 12, 13, 5, tzinfo=UTC)
GRANT = "aaaabbbbccccdddd"
MESSAGE = "mmmmnnnnooooppqq"
ACCOUNT = "eeeeffffgggghhhh"
CODE_TEXT = "ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-23"
CODE = b"c" * 16
DIGITS, PASSWORD = "123456", "appeltaart met room"
ORGANISATION = Organisation(
    id="example",
    name="Voorbeeldziekenhuis",
    domains=("example.nl",),
    language="nl",
    portal_url="http://localhost:8080",
    recovery_public=b"",
    support="helpdesk@example.nl",
)
HTML = (
    "<p>Beste Jan,</p><p>De uitslag van het onderzoek van <b>3 maart</b> is binnen en ziet er goed uit. U hoeft niets te"
    ' doen; de volgende afspraak blijft staan.</p><p><img src="cid:logo@x" alt="Logo"></p>'
    '<p>Meer lezen? <a href="https://www.example.nl/nazorg">Nazorg na de ingreep</a></p>'
    '<img src="https://volgt.example/pixel.gif"><p>Met vriendelijke groet,<br>Anna de Vries</p>'
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class FakeServerKey:
    def __init__(self, key: bytes = b"k" * 32) -> None:
        self._aead = AESGCM(key)
        self._count = 0

    def seal(self, plaintext: bytes, context: str) -> bytes:
        self._count += 1
        nonce = self._count.to_bytes(12, "big")
        return nonce + self._aead.encrypt(nonce, plaintext, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        try:
            return self._aead.decrypt(sealed[:12], sealed[12:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen from error

    def mac(self, data: bytes, context: str) -> bytes:
        return hashlib.sha256(context.encode() + b"\0" + data).digest()


@dataclass
class Stored:
    part: ManifestPart
    content: bytes


def stored(number: int, kind: Disposition, content_type: str, name: str, content: bytes, cid: str = "") -> Stored:
    digest = hashlib.sha256(content).hexdigest()
    return Stored(ManifestPart(number, kind, content_type, name, len(content), digest, cid), content)


@dataclass
class FakePickup:
    """One message. `calls` names everything that would have changed something or been recorded."""

    verification: VerificationKind = VerificationKind.NONE
    html: str | None = HTML
    text: str | None = "Beste Jan,\n\nDe uitslag is binnen. Zie https://www.example.nl/nazorg\n"
    subject: str = "Uitslag van uw onderzoek"
    sender_name: str = "Anna de Vries"
    files: list[Stored] = field(
        default_factory=lambda: [
            stored(3, Disposition.ATTACHMENT, "application/pdf", "Uitslag 3 maart.pdf", bytes(range(256)) * 800),
            stored(4, Disposition.ATTACHMENT, "image/jpeg", "Röntgenfoto linkerknie (voor).jpeg", b"j" * 3_400_000),
            stored(5, Disposition.INLINE, "image/png", "logo.png", PIXEL, "<logo@x>"),
        ]
    )
    date: str = "Thu, 12 Mar 2026 14:02:00 +0100"
    raises: Exception | None = None
    stop_after: int | None = None
    calls: list[str] = field(default_factory=list)
    digits_sent: bool = False

    def _refuse(self) -> None:
        if self.raises is not None:
            raise self.raises

    async def landing(self, grant_id: str) -> Landing:
        if grant_id != GRANT:
            raise Unknown
        self._refuse()
        return Landing(
            GRANT, ORGANISATION, self.sender_name, "anna@example.nl", self.verification, "nl", NOW + timedelta(days=30)
        )

    async def open(self, grant_id: str, code_text: str, client: Client) -> Step:
        await self.landing(grant_id)
        self.calls.append("open")
        if code_text != CODE_TEXT:
            raise WrongCode
        if self.verification is VerificationKind.SMS:
            return NeedsSms("+31 6 •••• ••78", self.digits_sent, None)
        if self.verification is VerificationKind.PASSWORD:
            return NeedsPassword("De naam van uw eerste huisdier, met het jaartal")
        return Opened(Unlock(CODE, b""))

    async def send_code(self, grant_id: str, code: bytes, client: Client) -> NeedsSms:
        assert code == CODE
        self.calls.append("send_code")
        self._refuse()
        return NeedsSms("+31 6 •••• ••78", True, NOW + timedelta(seconds=60))

    async def verify_code(self, grant_id: str, code: bytes, digits: str, client: Client) -> Unlock:
        assert code == CODE
        self.calls.append("verify_code")
        if digits != DIGITS:
            raise WrongFactor(4)
        return Unlock(CODE, b"f" * 32)

    async def verify_password(self, grant_id: str, code: bytes, password: str, client: Client) -> Unlock:
        assert code == CODE
        self.calls.append("verify_password")
        if password != PASSWORD:
            raise WrongFactor(3)
        return Unlock(CODE, b"f" * 32)

    async def not_my_number(self, grant_id: str, code: bytes, client: Client) -> None:
        self.calls.append("not_my_number")

    async def read(self, grant_id: str, unlock: Unlock, client: Client) -> Any:
        self._refuse()
        assert unlock.code == CODE
        self.calls.append("read")
        manifest = Manifest(
            self.subject,
            ((self.sender_name, "anna@example.nl"),),
            (("Jan Jansen", "jan@elders.example"),),
            (),
            self.date,
            "<1@example.nl>",
            "",
            tuple(item.part for item in self.files),
        )
        return _Reading(manifest, self.text, self.html, _Sealed(NOW))

    async def part(
        self,
        grant_id: str,
        unlock: Unlock,
        number: int,
        client: Client,
        start: int = 0,
        end: int | None = None,
        *,
        record: bool = True,
    ) -> Any:
        self._refuse()
        self.calls.append(f"part {number}" if record else f"look at {number}")
        item = next(item for item in self.files if item.part.number == number)
        return _Stream(item.part, self._chunks(item.content[start:end]))

    async def _chunks(self, content: bytes) -> AsyncIterator[bytes]:
        from gateway.core.pickup import Revoked

        for place in range(0, len(content), 65536):
            if self.stop_after is not None and place >= self.stop_after:
                raise Revoked
            yield content[place : place + 65536]

    async def ended(self, grant_id: str) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    async def eml(self, grant_id: str, unlock: Unlock, client: Client) -> AsyncIterator[bytes]:
        return self._chunks(b"Subject: x\r\n\r\nx\r\n")

    async def zip(self, grant_id: str, unlock: Unlock, client: Client) -> AsyncIterator[bytes]:
        return self._chunks(b"PK\x05\x06" + bytes(18))


@dataclass
class _Sealed:
    created_at: datetime


@dataclass
class _Reading:
    manifest: Manifest
    text: str | None
    html: str | None
    message: _Sealed


@dataclass
class _Stream:
    part: ManifestPart
    chunks: AsyncIterator[bytes]


@dataclass
class FakeAnswers:
    answers: list[tuple[str, list[tuple[str, bytes]]]] = field(default_factory=list)

    async def answer(self, grant_id: str, unlock: Unlock, text: str, files: Sequence[Any], client: Client) -> None:
        self.answers.append((text, [(file.name, file.content) for file in files]))


def event(address: str, kind: EventKind, minutes: int) -> Event:
    return Event(MESSAGE, address, kind, NOW + timedelta(minutes=minutes))


JAN, ELS, PIET, KEES = (f"{name}@elders.example" for name in ("jan", "els.van.den.berg", "piet", "kees"))


def has_read(address: str) -> RecipientStatus:
    kinds = ((1, EventKind.NOTIFIED), (42, EventKind.VERIFIED), (43, EventKind.READ), (44, EventKind.DOWNLOADED))
    events = tuple(event(address, kind, minute) for minute, kind in kinds)
    return RecipientStatus(address, GRANT, ReceiptState.READ, "+31 6 •••• ••78", events)


def notified(address: str) -> RecipientStatus:
    return RecipientStatus(address, GRANT, ReceiptState.NOTIFIED, "", (event(address, EventKind.NOTIFIED, 1),))


def waiting(address: str) -> RecipientStatus:
    return RecipientStatus(address, None, ReceiptState.WAITING, "", (event(address, EventKind.WAITING, 0),))


def revoked(address: str) -> RecipientStatus:
    events = (event(address, EventKind.NOTIFIED, 1), event(address, EventKind.REVOKED, 9))
    return RecipientStatus(address, GRANT, ReceiptState.REVOKED, "", events)


def partly_read() -> tuple[RecipientStatus, ...]:
    return has_read(JAN), notified(ELS), waiting(PIET), revoked(KEES)


@dataclass
class FakeManage:
    calls: list[tuple[str, ...]] = field(default_factory=list)
    state: MessageState = MessageState.ACTIVE
    recipients: tuple[RecipientStatus, ...] = field(default_factory=partly_read)

    async def open(self, message_id: str, code_text: str, client: Client) -> None:
        if message_id != MESSAGE:
            raise Unknown
        self.calls.append(("open",))
        if code_text != CODE_TEXT:
            raise WrongCode

    async def overview(self, message_id: str) -> Overview:
        return Overview(NOW, NOW + timedelta(days=30), self.state, self.recipients)

    async def revoke_message(self, message_id: str, actor: str) -> None:
        self.calls.append(("revoke_message",))

    async def revoke_recipient(self, message_id: str, address: str, actor: str) -> None:
        self.calls.append(("revoke_recipient", address))

    async def set_phone(self, message_id: str, address: str, phone: str) -> None:
        if not phone.startswith("+"):
            raise NotPossible
        self.calls.append(("set_phone", address, phone))

    async def set_password(self, message_id: str, address: str, password: str, hint: str) -> None:
        self.calls.append(("set_password", address, password, hint))

    async def use_code_only(self, message_id: str, address: str) -> None:
        self.calls.append(("use_code_only", address))

    async def cancel(self, message_id: str, address: str) -> None:
        self.calls.append(("cancel", address))


CASE, CASE_KEY = "ccccddddeeeeffff", CaseKey("kkkkllllmmmmnnnn", CODE)
TITLES = (("nl", "Burgerservicenummer"), ("en", "Citizen service number"))


def a_case(**more: Any) -> Case:
    fields: dict[str, Any] = {
        "id": CASE,
        "organisation": "example",
        "kind": CaseKind.WARN,
        "state": CaseState.OPEN,
        "mail_from": "anna@example.nl",
        "trace": "tttt",
        "created_at": NOW,
        "deadline": NOW + timedelta(days=1),
        "unanswered": Choice.SEAL,
        "choices": tuple(choice.value for choice in Choice),
        "reason_required": True,
        "policies": ("bsn-leaves-sealed",),
    }
    return Case(**{**fields, **more})


def a_sheet() -> Sheet:
    return Sheet(
        mail_from="anna@example.nl",
        recipients=(JAN, ELS),
        found=(
            Found(TITLES, "attachment", "patiëntenlijst maart.xlsx", 14),
            Found(TITLES, "body", "", 1),
            Found((), "attachment", "archief.zip"),
        ),
        files=(
            SheetFile(3, "patiëntenlijst maart.xlsx", "application/vnd.ms-excel", 48_200, True),
            SheetFile(4, "agenda.pdf", "application/pdf", 1_240_000, False),
            SheetFile(5, "archief.zip", "application/zip", 310_000, True),
        ),
        reasons=(
            (
                ("nl", "Een lijst met burgerservicenummers hoort niet in een gewone mail."),
                ("en", "A list of citizen service numbers does not belong in an ordinary mail."),
            ),
        ),
    )


@dataclass
class FakeDesk:
    """One case; its reviewer's password is PASSWORD."""

    held: Case = field(default_factory=a_case)
    sheet: Sheet = field(default_factory=a_sheet)
    pickup: FakePickup = field(default_factory=FakePickup)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    failure: Exception | None = None

    async def case(self, case_id: str) -> Case:
        if case_id != CASE:
            raise Unknown
        return self.held

    async def open(self, case_id: str, code_text: str, client: Client) -> CaseKey:
        self._called("open")
        if code_text != CODE_TEXT:
            raise WrongCode
        return CASE_KEY if self.held.kind is CaseKind.WARN else CaseKey("", CODE)

    async def log_in(self, case_id: str, code: bytes, address: str, password: str, client: Client) -> CaseKey:
        self._called("log_in", address)
        if password != PASSWORD or code != CODE:
            raise WrongCode
        return CASE_KEY

    async def view(self, case_id: str, key: CaseKey) -> CaseView:
        if self.held.state is not CaseState.OPEN:
            raise Settled
        if key != CASE_KEY:
            raise WrongCode
        return CaseView(self.held, ORGANISATION, self.sheet, self.held.choices)

    async def read(self, case_id: str, key: CaseKey) -> CaseReading:
        view = await self.view(case_id, key)
        reading = await self.pickup.read(GRANT, Unlock(CODE, b""), Client("", ""))
        return CaseReading(view, reading.manifest, reading.text, reading.html)

    async def part(
        self, case_id: str, key: CaseKey, number: int, *, record: bool = True
    ) -> tuple[ManifestPart, AsyncIterator[bytes]]:
        if record:
            self._called("part", number)
        await self.view(case_id, key)
        stream = await self.pickup.part(GRANT, Unlock(CODE, b""), number, Client("", ""))
        return stream.part, stream.chunks

    async def ended(self, case_id: str) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    async def answer(
        self, case_id: str, key: CaseKey, choice: Choice, *, words: str = "", remove: Sequence[int] = ()
    ) -> None:
        await self.view(case_id, key)
        self._called("answer", choice.value, words, tuple(remove))
        if choice is Choice.SEND and self.held.kind is CaseKind.WARN and not words.strip():
            raise NotPossible
        if choice is Choice.REMOVE and not remove:
            raise NotPossible
        self.held = replace(self.held, state=CaseState.ANSWERED)

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure


@dataclass
class FakeAccounts:
    activated: list[str] = field(default_factory=list)

    async def activate(self, account_id: str, code_text: str, password: str, client: Client | None = None) -> None:
        if code_text != CODE_TEXT:
            raise WrongCode
        self.activated.append(password)


@dataclass
class FakeOwners:
    """The first organisation owns everything that there is."""

    async def of_grant(self, grant_id: str) -> Organisation | None:
        return ORGANISATION if grant_id == GRANT else None

    async def of_message(self, message_id: str) -> Organisation | None:
        return ORGANISATION if message_id in (MESSAGE, CASE) else None

    async def of_account(self, account_id: str) -> Organisation | None:
        return ORGANISATION if account_id == ACCOUNT else None


class NoTokens:
    """Nobody has a token."""

    async def authenticate(self, text: str, scope: Scope) -> NoReturn:
        raise BadToken


def login_lab(organisation: Organisation) -> Lab:
    """Real services for signing in, over a memory store, for the pages' organisation."""
    lab = Lab()
    lab.now = NOW
    lab.organisation = replace(organisation, recovery_public=lab.organisation.recovery_public)
    lab.organisations = Organisations((lab.organisation,))
    lab.build()
    return lab


@dataclass
class House:
    """All fakes and the application over them."""

    pickup: FakePickup = field(default_factory=FakePickup)
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    manage: FakeManage = field(default_factory=FakeManage)
    cases: FakeDesk = field(default_factory=FakeDesk)
    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    owners: FakeOwners = field(default_factory=FakeOwners)
    clock: Callable[[], datetime] = lambda: NOW
    api_tokens: Any = field(default_factory=NoTokens)
    live_check: Any = None
    api: ApiSettings = field(default_factory=ApiSettings)
    titles: Mapping[str, Titles] = field(default_factory=dict)
    https: bool = False
    world: Path | None = None
    organisations: tuple[Organisation, ...] = (ORGANISATION,)
    lab: Lab = field(default_factory=lambda: login_lab(ORGANISATION))

    def app(self) -> Starlette:
        return create_app(
            PortalDeps(
                pickup=cast(Any, self.pickup),
                answers=cast(Any, self.answers),
                manage=cast(Any, self.manage),
                cases=cast(Any, self.cases),
                accounts=cast(Any, self.accounts),
                login=self.lab.login,
                owners=cast(Any, self.owners),
                organisations=Organisations(self.organisations),
                server_key=FakeServerKey(),
                parse_code=lambda text: CODE if text == CODE_TEXT else None,
                clock=self.clock,
                settings=PageSettings(self.https, demo=self.world is not None, world=self.world or Path("none")),
                api_tokens=self.api_tokens,
                live_check=self.live_check,
                titles=lambda: self.titles,
                api=self.api,
            )
        )

    def over(self, lab: Lab) -> Starlette:
        """The same pages over real services."""
        return create_app(
            PortalDeps(
                pickup=lab.pickup,
                answers=lab.answers,
                manage=lab.manage,
                cases=cast(Any, self.cases),
                accounts=lab.accounts,
                login=lab.login,
                owners=lab.owners,
                organisations=lab.organisations,
                server_key=lab.server_key,
                parse_code=lab.vault.parse_code,
                clock=lab.clock,
                settings=PageSettings(self.https),
                api_tokens=self.api_tokens,
                live_check=self.live_check,
                titles=lambda: self.titles,
            )
        )
