"""The live check says what would happen when the draft is sent, and does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formataddr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters.memory_store import MemoryStore
from gateway.adapters.scan_now import scan_with
from gateway.adapters.system import clock
from gateway.adapters.toml_folder import texts
from gateway.core import policy_file
from gateway.core.classify import Classifier
from gateway.core.decision import Action, Choice
from gateway.core.directives import VerificationKind
from gateway.core.draft import Draft, DraftFile
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import Blocked, NotAllowed, ScanFailed
from gateway.core.finding import Scan
from gateway.core.limits import Limits
from gateway.core.message import Disposition
from gateway.core.misdirected import Sign
from gateway.core.organisation import Organisation, Organisations
from gateway.core.records import Account, AccountKind
from gateway.resources import resource
from gateway.service.deciding import Deciding
from gateway.service.familiar import Familiar
from gateway.service.live_check import Checked, LiveCheck, NotYours
from gateway.vault.history_key import HistoryKey
from tests.unit.service.mail_world import INSIDE, OUTSIDE, RULES, SENDER
from tests.unit.service.mail_world import MailWorld as World
from tests.unit.service.test_accept import SITE

MORE = """
[[policy]]
id = "warn-of-passwords"
when.finds = { rules = ["credentials.password"], confidence = "low" }
then.action = "warn"
then.choices = ["seal", "send"]

[[policy]]
id = "two-numbers"
when.recipient_domain = ["twee.example"]
when.finds = { rules = ["nl.*"], confidence = "low", count = 2 }
then.action = "hold"
"""
POLICIES = policy_file.load(texts(resource("policies")), RULES, (("site.toml", SITE + MORE),))
CLASSIFIER = Classifier(RULES)
ORGANISATION = Organisation("example", "Voorbeeld", ("example.nl",), "nl", "https://p.example.nl", b"")
ACCOUNT = Account(
    "anna", "example", SENDER, AccountKind.PERSONAL, "Anna", "nl", b"", datetime.now(UTC), aliases=("Info@example.nl",)
)
BSN = "Het BSN van de patient is 111222333."
BOUNDARY = "=_0123456789abcdef"


class FastScanner:
    """Rules compiled once. `broken` and `slow` stand for a scan role that is down; `at` is told as the place of BSNs."""

    broken = False
    slow = False
    rules_digest = RULES.digest

    def __init__(self) -> None:
        self.scanned: list[bytes] = []
        self.together = self.most_together = 0

    async def scan(self, raw: bytes) -> Scan:
        self.scanned.append(raw)
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            await asyncio.sleep(3600 if self.slow else 0)
        finally:
            self.together -= 1
        if self.broken:
            raise ScanFailed
        scan = scan_with(CLASSIFIER, raw, Limits())
        return replace(scan, findings=replace(scan.findings, rules_digest=self.rules_digest))

    async def close(self) -> None:
        pass


class PlacingScanner(FastScanner):
    """Tells where the number stands in the subject, and in the first body, whichever that is."""

    async def scan(self, raw: bytes) -> Scan:
        scan = await super().scan(raw)
        bodies = [p.content.decode() for p in scan.message.parts if p.disposition is not Disposition.ATTACHMENT]
        read = {"subject": scan.message.subject, "body": bodies[0]}
        found = tuple(
            replace(f, at=((start, start + 9),)) if (start := read.get(f.place, "").find("111222333")) >= 0 else f
            for f in scan.findings.findings
        )
        return replace(scan, findings=replace(scan.findings, findings=found))


FAMILIAR = Familiar(store=MemoryStore(), pseudonyms=HistoryKey(b"h" * 32), providers=frozenset(), clock=clock)


def live(scanner: FastScanner, at_once: int = 2, seconds: float = 30, familiar: Familiar = FAMILIAR) -> LiveCheck:
    return LiveCheck(
        organisations=Organisations((ORGANISATION,)),
        deciding=Deciding(policies=lambda: POLICIES, scanner=scanner, familiar=familiar, clock=clock),
        new_boundary=lambda: BOUNDARY,
        at_once=at_once,
        seconds=seconds,
    )


async def check(draft: Draft, scanner: FastScanner | None = None, language: str = "nl") -> Checked:
    return await live(scanner or FastScanner()).check(ACCOUNT, draft, "192.0.2.1", language)


def draft(
    text: str = "Tot morgen.", subject: str = "Afspraak", to: Sequence[str] = (OUTSIDE,), **more: object
) -> Draft:
    return Draft(SENDER, tuple(to), subject=subject, text=text, **more)  # type: ignore[arg-type]


# -- the same as later


def as_sent(draft: Draft, cte: str) -> bytes:
    """The same mail as another program writes it."""
    message = EmailMessage()
    names = dict(draft.names)
    for field, addresses in (("From", [draft.sender]), ("To", draft.to), ("Cc", draft.cc)):
        message[field] = ", ".join(formataddr((names.get(address, ""), address)) for address in addresses)
    message["Subject"] = draft.subject
    message["Date"] = "Sun, 01 Mar 2026 12:00:00 +0000"
    message["Message-ID"] = "<x@example.nl>"
    for name, value in draft.headers:
        message[name] = value
    message.set_content(draft.text or "", cte=cte)
    if draft.html is not None:
        message.add_alternative(draft.html, subtype="html", cte=cte)
    for file in draft.files:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(file.content, main, sub, filename=file.name)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


SENTENCES = st.sampled_from(
    [
        *(
            BSN,
            "Tot morgen.",
            "ordernummer 111222333",
            "Bel 06-12345678",
            "wachtwoord: Welkom2026!",
            "offerte",
            "geheim",
        ),
        *("123456782", "De diagnose is diabetes mellitus type 2, medicatie metformine.", "één café — naïef"),
    ]
)
PARAGRAPHS = st.lists(SENTENCES, max_size=4).map("\n".join)
SUBJECTS = st.builds(
    lambda tags, words: f"{tags} {words}".strip(),
    st.sampled_from(["", "[veilig]", "[gewoon]", "Re: [sms:+31612345678]", "[verloopt:7d]", "[sms]"]),
    SENTENCES,
)
FILES = st.builds(
    lambda name, text: DraftFile(
        name, "text/plain" if name.endswith("txt") else "application/octet-stream", text.encode()
    ),
    st.sampled_from(["brief.txt", "brief.txt", "tekening.dwg", "onbekend.bin", "één.txt"]),
    PARAGRAPHS.filter(bool),
)
ADDRESSES = st.lists(
    st.sampled_from([OUTSIDE, INSIDE, "jan+veilig@elders.example", "els@twee.example", "Kees@Elders.example"]),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
HEADERS = st.lists(
    st.sampled_from(
        [("X-Zegel", "seal"), ("Sensitivity", "Private"), ("X-Zegel-Verify", f"{OUTSIDE} sms +31612345678")]
    ),
    max_size=2,
    unique=True,
).map(tuple)
DRAFTS = st.builds(
    Draft,
    sender=st.just(SENDER),
    to=ADDRESSES,
    cc=st.sampled_from([(), (INSIDE,)]),
    bcc=st.sampled_from([(), ("els@twee.example",)]),
    subject=SUBJECTS,
    text=PARAGRAPHS,
    html=st.none() | PARAGRAPHS.map(lambda text: f"<p>{text}</p>"),
    headers=HEADERS,
    files=st.lists(FILES, max_size=3).map(tuple),
    names=st.sampled_from(
        [(), ((OUTSIDE, "Bram Bakker"), (SENDER, "Anna de Vries"), ("els@twee.example", "Els, wijk 3"))]
    ),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DRAFTS, st.sampled_from(["quoted-printable", "base64", "8bit"]))
async def test_the_answer_is_the_later_decision(draft: Draft, cte: str) -> None:
    deciding = Deciding(policies=lambda: POLICIES, scanner=FastScanner(), familiar=FAMILIAR, clock=clock)
    session = Session(peer="192.0.2.1", helo="client", tls=True, account="anna")
    envelope = Envelope("example", SENDER, draft.recipients, session)
    later = await deciding.decide(ORGANISATION, envelope, as_sent(draft, cte), "nl")
    now = await check(draft)
    assert tuple(outcome.decision for outcome in now.outcomes) == later.decisions
    assert tuple(found.finding for found in now.found) == later.scan.findings.findings
    assert tuple(unread.item for unread in now.unread) == later.scan.findings.unscannable
    assert now.mistakes == later.wishes.mistakes


@pytest.mark.parametrize(
    "wanted",
    [
        draft(),
        draft(BSN, to=(OUTSIDE, INSIDE)),
        draft(subject="[veilig] Afspraak"),
        draft(subject="geheim plan", text=BSN),
        draft(subject="offerte"),
        draft(files=(DraftFile("huis.dwg", "application/acad", b"x"),)),
        draft(subject="[sms:12] Uitslag"),
        draft(to=("jan+veilig@elders.example",)),
        draft("123456782\n111222333\n", to=("els@twee.example",)),
    ],
    ids=lambda draft: f"{draft.subject} {draft.to[0]}",
)
async def test_accept_does_what_was_told(wanted: Draft) -> None:
    world = World()
    world.accept._deciding = Deciding(policies=lambda: POLICIES, scanner=FastScanner(), familiar=FAMILIAR, clock=clock)
    told = await check(wanted)
    if refused := told.mistakes or told.action is Action.BLOCK:
        with pytest.raises(NotAllowed if told.mistakes else Blocked) as raised:
            await world.take(as_sent(wanted, "quoted-printable"), *wanted.recipients)
        assert raised.value.public == " ".join(told.mistakes) or not told.mistakes
    else:
        await world.take(as_sent(wanted, "quoted-printable"), *wanted.recipients)
        [entry] = [entry for entry in world.store.tables.audit if entry.action.startswith("accept:")]
        actions = {outcome.decision.action.name.lower() for outcome in told.outcomes}
        assert entry.action == f"accept:{','.join(sorted(actions))}"
    assert bool(refused) is (wanted.files != () or wanted.subject == "[sms:12] Uitslag")


# -- what the client learns


async def test_where_it_stands() -> None:
    files = tuple(DraftFile(name, "text/plain", BSN.encode()) for name in ("a.txt", "b.txt", "a.txt"))
    told = await check(draft("Zie\r\nde bijlage\n" + BSN, subject="  BSN 111222333", files=files), PlacingScanner())
    places = {found.finding.place: found for found in told.found if found.finding.rule == "nl.bsn"}
    assert places["attachment:a.txt"].files == (0, 2)
    assert places["attachment:b.txt"].files == (1,)
    assert places["subject"].at == ((6, 15),)
    assert places["body"].at == ((42, 51),)
    text = "Zie\r\nde bijlage\n" + BSN
    assert text[42:51] == "111222333"
    assert all(found.decisive for found in places.values())


async def test_places_are_of_the_plain_text_when_there_is_html_too() -> None:
    scanner = PlacingScanner()
    told = await check(draft(f"Dag\n{BSN}", html=f"<p>{BSN}</p>"), scanner)
    [found] = [found for found in told.found if found.finding.rule == "nl.bsn"]
    assert f"Dag\n{BSN}"[slice(*found.at[0])] == "111222333"
    assert [b"text/html" in raw for raw in scanner.scanned] == [True, False]
    told = await check(draft("Dag", html=f"<p>{BSN}</p>"), PlacingScanner())
    assert [found.at for found in told.found if found.finding.rule == "nl.bsn"] == [()]


@pytest.mark.parametrize("html", [None, f"<p>Dag</p><p>{BSN}</p>"])
@pytest.mark.parametrize("before", ["", "Dag,\n\n", "Dag,\r\n\r\n", "één 😀 x\u0301\r\r\n\n", "a\u00ad" * 50])
async def test_places_are_those_of_the_real_scan(before: str, html: str | None) -> None:
    told = await check(draft(f"{before}{BSN}\n", subject=f" {before[:1].strip()} BSN 111222333", html=html))
    where = {found.finding.place: found.at for found in told.found if found.finding.rule == "nl.bsn"}
    subject = f" {before[:1].strip()} BSN 111222333"
    assert [subject[start:end] for start, end in where["subject"]] == ["BSN 111222333"]
    assert [f"{before}{BSN}\n"[start:end] for start, end in where["body"]] == ["111222333"]


async def test_places_are_not_those_of_a_header_in_an_attachment() -> None:
    mail = DraftFile(
        "x.eml", "message/rfc822", b"Subject: x\r\nX-Note: BSN 111222333\r\nComments: BSN 123456782\r\n\r\nx"
    )
    told = await check(draft(f"Dag,\n{BSN}", files=(mail,)))
    where = {found.finding.place: found.at for found in told.found if found.finding.rule == "nl.bsn"}
    assert [f"Dag,\n{BSN}"[start:end] for start, end in where["body"]] == ["111222333"]


async def test_html_alone_has_no_places() -> None:
    told = await check(Draft(SENDER, (OUTSIDE,), html=f"<p>{BSN}</p>"), PlacingScanner())
    assert [found.at for found in told.found if found.finding.rule == "nl.bsn"] == [()]


async def test_what_is_decisive() -> None:
    told = await check(draft(BSN + " Bel 06-12345678."))
    assert {found.finding.rule: found.decisive for found in told.found} == {"nl.bsn": True, "nl.phone": False}
    told = await check(draft("Bel 06-12345678", subject="[veilig]"))
    assert [found.decisive for found in told.found] == [False]


async def test_findings_that_count_together_are_all_decisive() -> None:
    told = await check(draft("Telefoon 0612345678, kenteken GB-001-B", to=("els@twee.example",)))
    assert told.action is Action.HOLD
    assert len(told.found) == 2
    assert all(found.decisive for found in told.found)


@pytest.mark.parametrize(
    ("subject", "headers", "missing"),
    [
        ("[sms] x", (), VerificationKind.SMS),
        ("[sms:+31612345678] x", (), None),
        ("[wachtwoord] x", (), VerificationKind.PASSWORD),
        ("[veilig] x", (), None),
        ("x", (("X-Zegel-Verify", f"{OUTSIDE} sms +31612345678"),), None),
    ],
)
async def test_what_the_sender_still_has_to_give(
    subject: str, headers: tuple[tuple[str, str], ...], missing: VerificationKind | None
) -> None:
    told = await check(draft(subject=subject, headers=headers))
    assert [outcome.missing for outcome in told.outcomes] == [missing]


async def test_the_choices_of_a_warning() -> None:
    told = await check(draft("wachtwoord: Welkom2026!"))
    assert told.action is Action.WARN
    waiting = told.outcomes[0].decision.waiting
    assert waiting is not None
    assert waiting.choices == {Choice.SEAL, Choice.SEND, Choice.CANCEL}


async def test_a_check_is_no_mail_that_was_sent() -> None:
    """It reads whom the organisation writes to, and teaches it nothing."""
    store = MemoryStore()
    familiar = Familiar(store=store, pseudonyms=HistoryKey(b"h" * 32), providers=frozenset(), clock=clock)
    checking = live(FastScanner(), familiar=familiar)
    before = store.tables
    for _ in range(3):
        [outcome] = (await checking.check(ACCOUNT, draft(), "192.0.2.1", "nl")).outcomes
        assert set(outcome.signs) == {Sign.FIRST_TIME, Sign.FIRST_TIME_ORGANISATION}
    assert store.tables is before


async def test_mistakes_are_told_in_the_language_asked() -> None:
    nl, en = [await check(draft(subject="[sms:12]"), language=language) for language in ("nl", "en")]
    assert "geen geldig mobiel nummer" in nl.mistakes[0]
    assert "not valid" in en.mistakes[0]


async def test_a_draft_without_recipients_is_looked_at_too() -> None:
    told = await check(draft(BSN, to=()))
    assert told.outcomes == ()
    assert told.action is Action.RELAY
    assert [found.finding.rule for found in told.found] == ["nl.bsn"]


# -- who may ask, and when there is no answer


async def test_only_for_addresses_of_the_account() -> None:
    scanner = FastScanner()
    for sender in ("bram@example.nl", "anna@elders.example", ""):
        with pytest.raises(NotYours):
            await check(replace(draft(), sender=sender), scanner)
    assert scanner.scanned == []
    assert (await check(replace(draft(), sender="INFO@example.nl"), scanner)).action is Action.RELAY


async def test_no_scan_no_answer() -> None:
    scanner = FastScanner()
    scanner.broken = True
    with pytest.raises(ScanFailed):
        await check(draft(), scanner)


async def test_a_scan_by_other_rules_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.deciding.PAUSES", (0, 0))
    scanner = FastScanner()
    scanner.rules_digest = "other"
    with pytest.raises(ScanFailed):
        await check(draft(), scanner)


async def test_late_is_no_answer_and_gives_the_slot_back() -> None:
    scanner = FastScanner()
    checking = live(scanner, at_once=1, seconds=0.2)
    scanner.slow = True
    for _ in range(3):
        with pytest.raises(ScanFailed):
            await checking.check(ACCOUNT, draft(), "192.0.2.1", "nl")
    scanner.slow = False
    assert (await checking.check(ACCOUNT, draft(BSN), "192.0.2.1", "nl")).action is Action.SEAL


async def test_only_so_many_at_once_are_with_the_scanner() -> None:
    scanner = FastScanner()
    checking = live(scanner, at_once=2)
    await asyncio.gather(*(checking.check(ACCOUNT, draft(), "192.0.2.1", "nl") for _ in range(10)))
    assert scanner.most_together == 2
