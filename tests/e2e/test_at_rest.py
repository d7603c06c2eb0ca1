"""What is sealed, held or queued lies nowhere in clear: not in what leaves, the logs, the database or any other file."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from email.message import EmailMessage

import pytest

from gateway.vault.codes import parse_code
from tests.e2e.at_rest import finds, search
from tests.e2e.demo import LINK, link_in, parsed, until
from tests.e2e.site import Site, running_site

pytestmark = pytest.mark.e2e

HOLD = """
[[policy]]
id = "hold"
when.subject = "*vasthouden*"
then.action = "hold"
then.explain.nl = "Dit gaat eerst langs een collega."
then.explain.en = "This is reviewed first."
then.reviewers = ["els@example.nl"]

[[policy]]
id = "warn"
when.subject = "*waarschuwen*"
then.action = "warn"
then.choices = ["seal", "send", "cancel"]
then.explain.nl = "Wat wilt u hiermee?"
then.explain.en = "What do you want with this?"
"""
BSN = "111222333"
PHONE, PASSWORD = "+31687654321", "Kwakkelstaart-9"
TEXT = f"Mevrouw Zwelbastkoorts heeft BSN {BSN} en woont aan de Kromhoutlaan.\r\n" * 20
SECRETS = [
    *(BSN, "Zwelbastkoorts", "Kromhoutlaan", "Klepperuitslag"),
    *("xylofoonbrief", "wentelteefjes", "kwartelnota", "bundelgriffel", "binnenstebuiten", "langspeelplaat"),
    *("Docxgeheimpje", "Pdfgeheimpje", "Zipgeheimpje", "Txtgeheimpje", "Plaatgeheimpje"),
    *("87654321", PASSWORD),
]
HARMLESS = ["Zomerborreltje", "Krentenwegge"]


# -- one mail with everything


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def docx(text: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = (
        f'<w:document xmlns:w="{namespace}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>'
    )
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    return zipped(**{"[Content_Types].xml": types, "word/document.xml": document})


def pdf(text: str) -> bytes:
    page = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n%strailer\n<< /Size 5 /Root 1 0 R >>\n" % table
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def mail(subject: str, sender: str = "anna@example.nl") -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["Subject"] = subject
    message.set_content(TEXT)
    message.add_alternative(f"<p>{TEXT}</p>", subtype="html")
    number = f"BSN {BSN}"
    files = {
        "xylofoonbrief.docx": docx(f"Docxgeheimpje {number}"),
        "wentelteefjes.pdf": pdf(f"Pdfgeheimpje {number}"),
        "bundelgriffel.zip": zipped(**{"binnenstebuiten.txt": f"Zipgeheimpje {number} " * 50}),
        "kwartelnota.txt": f"Txtgeheimpje {number}\r\n".encode(),
        "langspeelplaat.txt": b"Plaatgeheimpje\r\n" * 10_000,  # too large to go inline: a blob
    }
    for name, content in files.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def send(site: Site, message: EmailMessage, recipient: str, **headers: str) -> None:
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    raw = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    site.submit(raw, recipient, sender=str(message["From"]))


def send_everything(site: Site) -> None:
    """One of each: sealed by code, by text message and by password, from a sender without an account; held, warned, plain."""
    send(site, mail("Klepperuitslag"), "code@elders.example")
    send(site, mail("Klepperuitslag"), "sms@elders.example", X_Zegel_Verify=f"sms@elders.example sms {PHONE}")
    send(site, mail(f"[wachtwoord:{PASSWORD}] Klepperuitslag"), "wachtwoord@elders.example")
    send(site, mail("Klepperuitslag", "carla@example.nl"), "carla@elders.example")
    send(site, mail("vasthouden: Klepperuitslag"), "vast@elders.example")
    warned = EmailMessage()
    warned["From"] = "anna@example.nl"
    warned["Subject"] = "waarschuwen: Klepperuitslag"
    warned.set_content("Mevrouw Zwelbastkoorts woont aan de Kromhoutlaan.")
    warned.add_attachment(b"Txtgeheimpje\r\n" * 20_000, maintype="text", subtype="plain", filename="kwartelnota.txt")
    send(site, warned, "waarschuwing@elders.example")
    harmless = EmailMessage()
    harmless["From"] = "anna@example.nl"
    harmless["Subject"] = HARMLESS[0]
    harmless.set_content(HARMLESS[1])
    send(site, harmless, "gewoon@elders.example")


SEALED = ("code", "sms", "wachtwoord", "carla")


# -- looking


def code_words(text: str) -> list[str]:
    return [text, text.replace("-", "")]


def whole_mail(raw: bytes, secrets: Sequence[str], where: str) -> list[str]:
    """What is found in a mail, its decoded parts included."""
    found = finds(raw, secrets, where)
    for part in parsed(raw).walk():
        if not part.is_multipart():
            assert part.get_content_type() in ("text/plain", "text/html")
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found += finds(content, secrets, f"{where}, {part.get_content_type()}")
    return found


def on_disk(site: Site, secrets: Sequence[str]) -> list[str]:
    return search([site.folder], secrets) + finds(site.log, secrets, "log")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(HOLD) as running:
        send_everything(running)
        for name in (*SEALED, "gewoon"):
            running.arrived(f"{name}@elders.example")
        running.arrived("anna@example.nl", 5)  # three reports, one about the held mail, and a question
        running.arrived("els@example.nl", 2)  # her activation code, and the letter to the reviewer
        running.arrived("carla@example.nl", 2)  # her report and her activation code
        yield running


def test_the_search_would_find_what_lies_there(site: Site) -> None:
    """What the database may know: who writes to whom. And there are blobs to look at."""
    assert [found for found in on_disk(site, ["code@elders.example"]) if "zegel.db" in found]
    assert [found for found in on_disk(site, ["anna@example.nl"]) if found.startswith("log")]
    assert any(path.is_file() for path in (site.folder / "blobs").rglob("*"))
    assert whole_mail(site.arrived("gewoon@elders.example")[0], HARMLESS, "mail")


def test_nothing_sealed_leaves_but_a_notification(site: Site) -> None:
    for name in SEALED:
        [raw] = site.arrived(f"{name}@elders.example")
        assert whole_mail(raw, SECRETS, name) == []
        assert link_in(raw).code


def test_the_senders_letters_do_not_repeat_it(site: Site) -> None:
    codes = [word for name in SEALED for word in code_words(link_in(site.arrived(f"{name}@elders.example")[0]).code)]
    for address in ("anna@example.nl", "carla@example.nl", "els@example.nl"):
        for letter in site.arrived(address):
            assert whole_mail(letter, [*SECRETS, *codes], address) == []


@pytest.mark.parametrize("killed", [False, True], ids=["running", "after SIGKILL"])
def test_neither_secrets_nor_codes_are_at_rest(site: Site, killed: bool) -> None:
    """The codes: of the recipients' links, of the senders' manage links, of activations, of what waits for an answer."""
    if killed:
        site.kill()
    texts = {match[4] for mail in site.world.messages for match in LINK.finditer(parsed_text(mail.raw))}
    assert len(texts) == len(SEALED) * 2 + 4
    words = [word for text in texts for word in code_words(text)]
    assert on_disk(site, [*SECRETS, *HARMLESS, *words]) == []
    files = [path.read_bytes() for path in site.folder.rglob("*") if path.is_file()]
    for text in texts:
        raw = parse_code(text)
        assert raw is not None
        assert not any(raw in content for content in [*files, site.log])


def parsed_text(raw: bytes) -> str:
    body = parsed(raw).get_body(("plain",))
    return body.get_content() if body is not None else ""


def test_nothing_is_in_clear_while_it_waits_in_the_queue() -> None:
    with running_site(HOLD, world=False) as site:
        send_everything(site)
        until(lambda: tried(site) >= len(SEALED) + 1)
        assert on_disk(site, [*SECRETS, *HARMLESS]) == []
        site.kill()
        assert on_disk(site, [*SECRETS, *HARMLESS]) == []


def tried(site: Site) -> int:
    """How many mails to the outside were tried in vain."""
    with contextlib.closing(sqlite3.connect(f"file:{site.folder / 'zegel.db'}?mode=ro", uri=True)) as database:
        [count] = database.execute(
            "select count(*) from deliveries where kind = 'mail' and state = 'queued' and attempts > 0"
            " and rcpt_to like '%@elders.example'"
        ).fetchone()
    return int(count)
