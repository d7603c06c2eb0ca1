"""Letters name the sender, escape every fact, load nothing, and read well as plain text."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.adapters.letters import FOLDER, LETTERS, PNG, JinjaLetters
from gateway.core.letter_mail import LetterMail, compose
from gateway.core.orders import CaseWords
from gateway.core.organisation import Organisation

CODE = "7K3PQ-9XWMT-2HBRC-VJ4ND-8EFGA-ZTSYK"
URL = f"https://veilig.example.nl/m/abcdefgh23456722#{CODE}"
ORGANISATION = Organisation(
    id="example",
    name="Voorbeeld & Co",
    domains=("example.nl",),
    language="nl",
    portal_url="https://veilig.example.nl",
    recovery_public=b"",
    support="helpdesk@example.nl",
)
CASE = CaseWords(
    found=(("Burgerservicenummer", "attachment", 2), ("", "body", 0)),
    choices=("seal", "send", "remove", "cancel"),
    deadline="2026-11-25T12:00:00+00:00",
    unanswered="seal",
    by="late-sender",
)
ENDS = {
    "refused": ("reviewer", "late-reviewer"),
    "case-sent": ("sender", "removed", "reviewer", "late-sender", "late-reviewer"),
    "case-sealed": ("removed", "reviewer", "late-sender", "late-reviewer"),
    "case-cancelled": ("sender", "late-sender"),
    "case-blocked": ("sender", "reviewer"),
}
FACTS: dict[str, object] = {
    "sender_name": "Anna de Vries",
    "sender_address": "anna@example.nl",
    "recipient": "jan@out.example",
    "recipients": ("jan@out.example", "piet@out.example"),
    "waiting": ("piet@out.example",),
    "reasons": ("Uw bericht bevat een BSN.",),
    "details": ("jan@out.example: 550 5.1.1 no",),
    "url": URL,
    "code": CODE,
    "expires_at": datetime(2026, 12, 24, tzinfo=UTC),
    "verification": "none",
    "case": CASE,
}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def facts_of(name: str, case: CaseWords = CASE) -> dict[str, object]:
    """The facts with a case as this letter may meet it: reviewers remove nothing, and not everybody decides everything."""
    if name.startswith("review"):
        case = replace(case, choices=("seal", "send", "cancel"))
    return {**FACTS, "case": replace(case, by=ENDS[name][0]) if name in ENDS else case}


class Tags(HTMLParser):
    """Which elements and attributes a letter has, and that they close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def letters() -> JinjaLetters:
    return JinjaLetters()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_is_whole_in_both_languages(letters: JinjaLetters, name: str, language: str) -> None:
    letter = letters.render(name, language, ORGANISATION, facts_of(name))
    tags = Tags(letter.html)
    assert tags.open == []
    assert ("html", "lang", language) in tags.attributes
    for text in (letter.subject, letter.text, letter.html):
        assert not re.search(r"\{[a-z]+\}|None", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))
    assert letter.subject
    assert max(len(line) for line in letter.text.splitlines() if "://" not in line) <= 90


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_loads_nothing_and_runs_nothing(letters: JinjaLetters, name: str) -> None:
    tags = Tags(letters.render(name, "nl", ORGANISATION, facts_of(name)).html)
    assert not {tag for tag, _, _ in tags.attributes} & {"script", "link", "iframe", "form", "img"}
    assert {value for _, attribute, value in tags.attributes if attribute in ("src", "href", "background")} <= {URL}
    assert not [a for a in tags.attributes if "url(" in a[2] or a[1].startswith("on")]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("verification", ["none", "sms", "password"])
def test_a_notification_tells_all_that_its_reader_needs(
    letters: JinjaLetters, language: str, verification: str
) -> None:
    letter = letters.render("notification", language, ORGANISATION, {**FACTS, "verification": verification})
    for word in ("Anna de Vries", "anna@example.nl", URL, CODE, "2026", "helpdesk@example.nl", "jan@out.example"):
        assert word in letter.text
        assert word in letter.html
    assert "Voorbeeld & Co" in letter.text
    assert "Voorbeeld &amp; Co" in letter.html
    tags = Tags(letter.html)
    assert tags.attributes.count(("a", "href", URL)) == 2  # the one button, and the plain address


def test_facts_are_text_never_markup_nor_templates(letters: JinjaLetters) -> None:
    evil = "<script>alert(1)</script>{{ 7*7 }}{code}\r\nBcc: eva@evil.example"
    case = replace(CASE, by="reviewer", name=evil, note=evil, found=((evil, "body", 1),))
    facts = {**FACTS, "sender_name": evil, "reasons": (evil,), "recipients": (evil,), "subject": evil, "case": case}
    for name in LETTERS:
        letter = letters.render(name, "nl", ORGANISATION, {**facts, "case": facts_of(name, case)["case"]})
        assert "<script" not in letter.html
        assert "49" not in letter.html.replace("4px", "")
        assert "\n" not in letter.subject
        assert "\r" not in letter.subject
    assert "{code}" in letters.render("notification", "nl", ORGANISATION, facts).text


@pytest.mark.parametrize(
    ("language", "moment"), [("nl", "woensdag 25 november om 13:00 uur"), ("en", "Wednesday 25 November at 13:00")]
)
def test_a_warning_tells_what_was_found_what_to_do_and_until_when(
    letters: JinjaLetters, language: str, moment: str
) -> None:
    text = " ".join(letters.render("warned", language, ORGANISATION, FACTS).text.split())
    for word in ("Burgerservicenummer (2×)", moment, "Uw bericht bevat een BSN.", URL, "jan@out.example"):
        assert word in text


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("unanswered", ["seal", "send", "cancel"])
@pytest.mark.parametrize("name", ["warned", "warned-reminder", "review", "review-reminder", "held"])
def test_what_happens_without_an_answer_is_told(
    letters: JinjaLetters, name: str, unanswered: str, language: str
) -> None:
    case = replace(CASE, unanswered=unanswered, choices=("cancel",))
    said = tomllib.loads((FOLDER / f"{language}.toml").read_text())[
        f"{name.removesuffix('-reminder')}-unanswered-{unanswered}"
    ]
    assert said in " ".join(letters.render(name, language, ORGANISATION, {**FACTS, "case": case}).text.split())


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(("name", "by"), [(name, by) for name, all_ in ENDS.items() for by in all_])
def test_the_end_of_a_case_tells_whose_decision_it_was(
    letters: JinjaLetters, name: str, by: str, language: str
) -> None:
    case = CaseWords(by=by, name="Piet de Boer" if by == "reviewer" else "", note="Bel mij even.")
    text = letters.render(name, language, ORGANISATION, {**FACTS, "case": case}).text
    assert "jan@out.example" in text
    assert "Bel mij even." in text
    assert ("Piet de Boer" in text) is (by == "reviewer" and name != "case-blocked")


def test_an_organisation_replaces_single_sentences(letters: JinjaLetters) -> None:
    own = replace(
        ORGANISATION,
        texts=(("nl", "notification-button", "Naar <mijn> bericht"), ("en", "notification-title", "Not in Dutch")),
    )
    letter = letters.render("notification", "nl", own, FACTS)
    assert "Naar &lt;mijn&gt; bericht" in letter.html
    assert "Naar <mijn> bericht" in letter.text
    assert "Not in Dutch" not in letter.text


def test_the_languages_have_the_same_sentences_with_the_same_words() -> None:
    dutch, english = (tomllib.loads((FOLDER / f"{language}.toml").read_text()) for language in ("nl", "en"))
    assert dutch.keys() == english.keys()
    for key, text in dutch.items():
        assert set(re.findall(r"\{[a-z]+\}", text)) == set(re.findall(r"\{[a-z]+\}", english[key])), key


def test_an_unknown_language_becomes_english_and_an_unknown_letter_is_an_error(letters: JinjaLetters) -> None:
    assert letters.render("notification", "fy", ORGANISATION, FACTS).subject.startswith("Secure message")
    with pytest.raises(KeyError):
        letters.render("postcard", "nl", ORGANISATION, FACTS)


@pytest.mark.parametrize(("colour", "on"), [("#1f4b7a", "#ffffff"), ("#ffd400", "#14171a"), ("#000000", "#ffffff")])
def test_the_button_reads_well_on_any_colour(letters: JinjaLetters, colour: str, on: str) -> None:
    html = letters.render("notification", "nl", replace(ORGANISATION, colour=colour), FACTS).html
    assert f"color:{on};text-decoration:none" in html


def test_the_logo_travels_inside_the_mail(letters: JinjaLetters, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(PNG + b"pixels")
    letter = letters.render("notification", "nl", replace(ORGANISATION, logo=str(logo)), FACTS)
    raw = compose(LetterMail(letter, ("Anna", "anna@example.nl"), "jan@out.example", "nl", NOW, "1@example.nl", False))
    message = message_from_bytes(raw, policy=default)
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert image["Content-ID"] == "<logo@zegel>"
    assert image.get_content() == PNG + b"pixels"
    assert 'src="cid:logo@zegel" alt="Voorbeeld &amp; Co"' in letter.html
    assert raw.isascii()
    assert not any(part.get_content_disposition() == "attachment" for part in message.walk())


@pytest.mark.parametrize("content", [b"<svg/>", b"", PNG + b"x" * 200_000])
def test_a_logo_that_mail_can_not_show_becomes_the_name(letters: JinjaLetters, tmp_path: Path, content: bytes) -> None:
    logo = tmp_path / "logo"
    logo.write_bytes(content)
    letter = letters.render("notification", "nl", replace(ORGANISATION, logo=str(logo)), FACTS)
    assert letter.logo == b""
    assert "<img" not in letter.html


@pytest.mark.parametrize("evil", ["x\r\nBcc: eva@evil.example", "x\x00y", "‮gro.live"])
def test_no_name_or_address_becomes_a_header(letters: JinjaLetters, evil: str) -> None:
    letter = letters.render("notification", "nl", ORGANISATION, FACTS)
    raw = compose(LetterMail(letter, (evil, f"{evil}@example.nl"), f"{evil}@out.example", "nl", NOW, evil, True, evil))
    message = message_from_bytes(raw, policy=default)
    assert message["Bcc"] is None
    assert "\x00" not in str(message["From"])
    assert "‮" not in str(message["From"])
    assert message["Content-Language"] == "nl"


def test_an_address_keeps_its_quoted_local_part(letters: JinjaLetters) -> None:
    letter = letters.render("notification", "nl", ORGANISATION, FACTS)
    raw = compose(LetterMail(letter, ("A, B", '"jan jansen"@example.nl'), "a..b@out.example", "nl", NOW, "1@x", False))
    message = message_from_bytes(raw, policy=default)
    assert message["From"] == '"A, B" <"jan jansen"@example.nl>'
    assert message["To"].addresses[0].domain == "out.example"


@pytest.mark.parametrize(
    ("name", "address", "answers"),
    [
        ("(" * 9000, "a@x.example", ""),
        ("x", "a@" + "(" * 3000, ""),
        ("x", '"' + "(" * 3000 + '"@x.example', ""),
        ("x", "a@[x", '"' * 99),
        ("x", "geen adres", "<" + "(" * 5000 + "@x>"),
        ("", "", "a@b " * 3000),
    ],
    ids=range(6),
)
def test_odd_names_and_addresses_still_make_a_mail(
    letters: JinjaLetters, name: str, address: str, answers: str
) -> None:
    letter = letters.render("notification", "nl", ORGANISATION, FACTS)
    raw = compose(LetterMail(letter, (name, address), address, "nl", NOW, "1@example.nl", False, answers))
    message = message_from_bytes(raw, policy=default)
    assert message["In-Reply-To"] is None
    assert message["Subject"] == letter.subject
