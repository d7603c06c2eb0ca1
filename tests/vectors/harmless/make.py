"""Makes the messages of this folder anew: `python -m tests.vectors.harmless.make`. Each looks as if it held something, and holds
nothing: many of the numbers in it pass the 11-test, as one in eleven does.

`outcomes.toml` beside them names the rules (globs) that must not find anything at medium confidence or above.
"""

# ruff: noqa: E501 - one case, one line
from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from tests.vectors.evasions.case import HEAD, HELLO, body, file_part, html, mixed, part, passing, plain

HERE = Path(__file__).parent
BSN = ("nl.bsn",)
HEALTH = ("nl.bsn", "health.*")
ALL = ("nl.bsn", "health.*", "credentials.*", "payment.*", "nl.identity-document", "nl.driving-licence")


A, B = passing(214365870, 1) + passing(310245678, 1)
C, D = "498765431", "187654321"  # these do not pass
NOISE = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(40))
LOGO = base64.b64encode(b"\x89PNG\r\n\x1a\n" + NOISE).decode()
HEX = NOISE.hex()

TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "order": (f"Bedankt voor uw bestelling! Uw ordernummer is {A}. Wij leveren morgen tussen 9 en 12 uur.", ALL),
    "order-with-dashes": (f"Bestelnummer: {A[:3]}-{A[3:6]}-{A[6:]}. Artikelnummer {B}.", ALL),
    "two-orders": (f"Order number {A} was shipped with order number {B}.", ALL),
    "tracking": (f"Track & trace: 3S{A}NL. Volg uw zending {B} op onze site.", ALL),
    "tracking-ups": (f"Tracking number 1Z999AA1{A}4 is onderweg.", ALL),
    "invoice": (f"Factuurnummer {A}\nBedrag: € 1.234,56\nVervaldatum: 30-11-2026\nKvK {B[:8]}\nBtw NL004495445B01", ALL),
    "invoice-table": (f"Factuurnr   Datum       Bedrag\n{A}   01-11-2026  100,00\n{B}   02-11-2026  250,00", ALL),
    "bare-number": (f"Noteer even: {A}. Groet, Anna", ALL),
    "two-bare-numbers": (f"De waarden zijn {A} en {B}.", ALL),
    "phone": ("Bel mij op 020-1234567 of 06 12345678, of +31 (0)30 234 56 78.", BSN),
    "phone-list": ("Jansen   0611122233\nDe Vries 0612345678\nBakker   0201234567\nVisser   0301112223\nSmit 0887654321", BSN),
    "phone-foreign": (f"Call us at +49 {A} or +1 212 555 0187. Fax: {B}.", BSN),
    "phone-nine-digits": (f"Tel. {A}\nFax {B}\nMobiel {C}", ALL),
    "extension": (f"Telefoon ({A[:3]}) {A[3:6]} {A[6:]}, toestel 12.", ALL),
    "chamber-of-commerce": (f"KvK-nummer {A[:8]}, vestigingsnummer 000{A}.", ALL),
    "vat": (f"Btw-nummer NL{A}B01, omzetbelasting over het derde kwartaal.", BSN),
    "iban": ("U kunt betalen op NL91 ABNA 0417 1643 00 ten name van de stichting.", BSN),
    "account": (f"Rekeningnummer {A} (oud) is vervallen.", ALL),
    "dates": ("Vergaderdata: 12-03-2026, 26-03-2026, 09-04-2026, 23-04-2026 en 2026.05.07 om 10.30 uur.", ALL),
    "dates-compact": ("Exports: 20260312, 20260326, 20260409, 20260423 en 20260507.", ALL),
    "timestamps": ("\n".join(f"2026-11-25T09:{minute:02}:17.{111222333 + minute}Z start" for minute in range(20)), ALL),
    "unix-times": ("\n".join(f"{1732500000 + 977 * number} GET /index.html 200 {5120 + number}" for number in range(40)), ALL),
    "log": ("\n".join(f"Nov 25 09:0{n}:11 mx postfix/smtpd[{12345 + n}]: 4F{A[n:]}C0: client=unknown[192.0.2.{n}]" for n in range(9)), ALL),
    "log-with-user": (f"user=jansen session={A} bytes={B} duration={C}ms status=0", ALL),
    "stack-trace": ("Traceback (most recent call last):\n  File \"a.py\", line 214, in f\n    raise ValueError(0x7f3a12214365)\nValueError: 139871234567", ALL),
    "diff": (f"diff --git a/a.py b/a.py\nindex {HEX[:7]}..{HEX[7:14]} 100644\n@@ -1112,7 +2223,33 @@ def f():\n-    size = {A}\n+    size = {B}\n", ALL),
    "commit": (f"commit {HEX[:40]}\nAuthor: Anna\nDate: Wed Nov 25\n\n    parse: Count {A} octets", ALL),
    "checksums": ("\n".join(f"{HEX[n * 64:n * 64 + 64]}  bestand-{n}.zip" for n in range(8)), ALL),
    "uuid": ("\n".join(f"{HEX[n:n + 8]}-{HEX[n + 8:n + 12]}-4{HEX[n + 12:n + 15]}-a{HEX[n + 15:n + 18]}-{HEX[n + 18:n + 30]}" for n in range(0, 300, 30)), ALL),
    "version-numbers": ("Versies 1.11.222.333, 10.0.22621.4317 en 126.0.6478.127 zijn uitgerold.", ALL),
    "addresses-ip": ("Servers: 192.0.2.111, 198.51.100.222, 203.0.113.33 en 2001:db8::1112:2233:3000", ALL),
    "coordinates": ("Locatie: 52.0907374, 5.1214201 (RD 136120 456120).", ALL),
    "isbn": ("ISBN 978-90-214-0234-5 en ISBN 9021402343 zijn uitverkocht; ISSN 0166-1787.", ALL),
    "ean": ("EAN 8711222333445, EAN 8712345678906 en artikel 4006381333931.", ALL),
    "prices": ("De begroting: 111.222.333 euro baten, 123.456.782 euro lasten, EUR 214.365.874 balans.", ALL),
    "statistics": ("Inwoners: 17.811.291. Huishoudens: 8.318.402. Woningen: 8.204.155. Bedrag 111 222 333 euro.", ALL),
    "scores": ("Uitslagen 1-1, 1-2, 2-2, 3-3, 3-1, 2-0 en 1-3; 3-0 na verlenging.", ALL),
    "bingo": ("Getrokken: 1 1 2 2 3 4 5 8 9, reservegetal 7.", ALL),
    "sizes": ("Plaat 111 x 222 x 333 mm, balk 123 x 456 x 782 mm.", ALL),
    "ticket": (f"[#{A}] Uw melding is ontvangen. Ticketnummer {A}, referentie {B}.", ALL),
    "case-number": (f"Ons kenmerk: zaaknummer {A}. Uw brief van 12 maart 2026.", ALL),
    "meeting-id": (f"Vergaderings-id: {A[:3]} {A[3:6]} {A[6:]} 12\nToegangscode: 4711\nTelefonisch: +31 20 123 45 67,,{B}#", ALL),
    "meeting-id-nine": (f"Meeting ID: {A[:3]} {A[3:6]} {A[6:]}\nPasscode: gast", BSN),
    "about-bsn": ("Vermeld in een e-mail nooit uw BSN of dat van een ander. Een BSN heeft negen cijfers en voldoet aan de 11-proef.", ALL),
    "about-bsn-with-year": ("In 2007 verving het burgerservicenummer het sofinummer; de wet is van 21 juli 2007, Stb. 2007, 288.", ALL),
    "bsn-invalid": ("Het BSN 111222334 dat u opgaf, is ongeldig; ook 123456789 en 987654321 kloppen niet.", ALL),
    "bsn-blank": ("BSN: .......... Geboortedatum: .......... Naam: ..........", ALL),
    "bsn-masked": ("BSN: *****2333, BSN: XXXXXX782 en BSN: 1112xxxxx staan in het systeem.", ALL),
    "words-one-two-three": ("Een, twee, drie: daar gaan we! Een voor een, twee aan twee, drie op een rij.", ALL),
    "english-counting": ("One by one, two by two, three at a time; one or two of the three will do.", ALL),
    "recipe": ("Neem een ui, een teen knoflook, een wortel, twee eieren, twee tomaten, twee uien, drie lepels olie, drie takjes, drie blaadjes.", ALL),
    "clinic-newsletter": ("Nieuwsbrief Ziekenhuis Oost: open dag over diabetes en hartfalen op 12 maart. Onze afdeling cardiologie is verhuisd. Bel 030-1234567.", HEALTH),
    "clinic-vacancy": ("Vacature: verpleegkundige oncologie (32 uur). Kennis van chemotherapie is een pre. Vacaturenummer 20261234.", HEALTH),
    "clinic-route": ("De polikliniek is bereikbaar via ingang B, route 47. Parkeren kost 1,50 per uur. Neem uw afsprakenkaart mee.", HEALTH),
    "research-call": ("Wij steunen het onderzoek naar kanker. Loop mee op 7 juni, startnummer 214.", HEALTH),
    "planning": ("De diagnose van het netwerk: de server is traag. Behandelplan: geheugen erbij.", HEALTH),
    "about-passwords": ("Uw wachtwoord verloopt over 14 dagen. Kies een nieuw wachtwoord van ten minste twaalf tekens.", ALL),
    "public-key": ("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", ALL),
    "ssh-public-key": (f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{LOGO[:43]} anna@laptop", ALL),
    "base64-block": (f"Logo:\n{LOGO[:76]}\n{LOGO[76:152]}\n{LOGO[152:228]}\n{LOGO[228:304]}", ALL),
    "hex-block": ("\n".join(HEX[n:n + 48] for n in range(0, 480, 48)), ALL),
    "card-look-alike": ("Klantkaart 4111 1111 1111 1112, barcode 5555 5555 5555 4445 en IMEI 490154203237518.", ALL),
    "link-with-numbers": (f"https://nieuws.example/artikel/{A}?utm_id={B}&ref={C} en https://shop.example/p/{D}.html", ALL),
    "unsubscribe": (f"U ontvangt dit bericht als lid. Afmelden: https://lijst.example/u/{A}/{HEX[:32]}", ALL),
    "quoted-thread": (f"> Op 12 maart 2026 om 10:30 schreef Jan:\n>> Kun je order {A} nakijken?\n> Ja, dat is ordernummer {A}.\n\nDank je!", ALL),
    "train": ("Trein 14722 vertrekt 11:12 van spoor 2, trein 23331 om 12:22 van spoor 3. Reisnummer 8123.", ALL),
    "sudoku": ("5 3 4 6 7 8 9 1 2\n6 7 2 1 9 5 3 4 8\n1 9 8 3 4 2 5 6 7\n8 5 9 7 6 1 4 2 3\n4 2 6 8 5 3 7 9 1", ALL),
    "measurements": ("Meting 1: 12,3 13,1 11,9 12,8\nMeting 2: 12,1 13,3 12,2 12,7\nMeting 3: 11,8 13,0 12,4 12,9", ALL),
    "licence-plate": ("De auto met kenteken GT-491-R staat op plek 12.", BSN),
    "barcode-and-weight": (f"Pakket {A} weegt 12 kg, zending {B}, colli 3.", ALL),
    "english-references": (f"Your reference {A}. Invoice number {B}. Ticket {C}. Please quote in all correspondence.", ALL),
}  # fmt: skip


def messages() -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """The message and the rules that must keep quiet, by name."""
    made = {name: (plain(text), rules) for name, (text, rules) in TEXTS.items()}
    logo = f'<p>Met vriendelijke groet</p><img alt="logo" width="214" height="365" src="data:image/png;base64,{LOGO}">'
    made["html-logo-in-page"] = (html(logo), ALL)
    made["html-newsletter"] = (
        html(
            f'<style>.a{{margin:0 11px 12px 22px;color:#214365}}</style><table width="600"><tr><td height="111">'
            f'<a href="https://t.example/c/{A}/{B}?id={HEX[:24]}"><img src="https://i.example/{C}.png" alt="Aanbieding"></a>'
            f"<td>Nu <b>111</b>,<sup>22</sup> euro<td>233<td>333</table><p>Ordernummer: {D}</p>"
        ),
        ALL,
    )
    made["html-table-of-figures"] = (
        html(
            "<table>"
            + "".join(f"<tr><td>{n}<td>{n * 37 % 100}<td>{n * 91 % 1000}</tr>" for n in range(1, 60))
            + "</table>"
        ),
        ALL,
    )
    made["logo-attached"] = (mixed(HELLO, file_part("image001.png", b"\x89PNG\r\n\x1a\n" + NOISE, "image/png")), ALL)
    made["calendar"] = (
        body(
            "text/calendar; method=REQUEST; charset=utf-8",
            f"BEGIN:VCALENDAR\r\nPRODID:-//Example//1.0//NL\r\nBEGIN:VEVENT\r\nUID:{A}@example.nl\r\nDTSTAMP:20261125T091112Z\r\n"
            f"DTSTART:20261126T100000Z\r\nDTEND:20261126T110000Z\r\nSUMMARY:Overleg\r\nSEQUENCE:0\r\n"
            f"X-MS-OLK-CONFTYPE:0\r\nEND:VEVENT\r\nEND:VCALENDAR".encode(),
        ),
        ALL,
    )
    made["card"] = (
        mixed(
            HELLO,
            part(
                "text/vcard; name=anna.vcf",
                b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL;TYPE=CELL:+31 6 11122233\r\nEND:VCARD",
            ),
        ),
        BSN,
    )
    made["machine-headers"] = (
        HEAD
        + f"Message-ID: <{A}.{B}@mail.example>\r\nReferences: <{C}@mail.example>\r\nX-Mailer: Mailer 11.1222.333\r\n"
        f"X-Campaign-Id: {D}\r\nList-Id: <lijst.{A}.example>\r\n".encode()
        + b"Content-Type: text/plain\r\n\r\nDag allemaal, tot morgen.\r\n",
        ALL,
    )
    made["orders-csv"] = (
        mixed(
            HELLO,
            part(
                "text/csv; name=orders.csv",
                ("ordernummer;bedrag\r\n" + "".join(f"{n};12,50\r\n" for n in range(214365870, 214365900))).encode(),
            ),
        ),
        ALL,
    )
    made["signature-with-numbers"] = (
        plain(f"Dag Jan,\n\nTot morgen.\n\n-- \nAnna de Vries\nTel. 030 - 111 22 23 | KvK {A[:8]} | Btw NL{B}B01 | IBAN NL91ABNA0417164300"),
        BSN,
    )  # fmt: skip
    made["bounce"] = (
        mixed(
            part("text/plain", b"Your message could not be delivered."),
            part(
                "message/delivery-status",
                f"Reporting-MTA: dns; mx.example\r\nX-Queue-ID: {A}\r\n\r\nStatus: 5.1.1\r\n".encode(),
            ),
            kind="report; report-type=delivery-status",
        ),
        ALL,
    )
    return made


def main() -> None:
    for path in HERE.glob("*.eml"):
        path.unlink()
    made = messages()
    for name, (raw, _) in made.items():
        (HERE / f"{name}.eml").write_bytes(raw)
    lines = "".join(f"{name} = {json.dumps(made[name][1])}\n" for name in sorted(made))
    (HERE / "outcomes.toml").write_text(
        f"# Written by make.py: the rules that must find nothing in each message.\n\n{lines}"
    )


if __name__ == "__main__":
    main()
