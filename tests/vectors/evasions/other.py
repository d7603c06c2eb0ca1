"""Other things than a citizen service number, hidden in the same ways."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import base64

from tests.vectors.evasions.case import HELLO, Case, attached, file_part, found, headed, html, mixed, plain
from tests.vectors.evasions.container import packed
from tests.vectors.evasions.office import docx, runs, xlsx, zipped
from tests.vectors.evasions.pdf import shown

CARD = "4111111111111111"
IBAN = "NL91ABNA0417164300"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n-----END RSA PRIVATE KEY-----\n"
TOKEN = "AKIAIOSFODNN7EXAMPLE"
PASSPORT = "Paspoortnummer XR1001R58"
MEDICAL = "De diagnose is diabetes; de medicatie is aangepast en de bloeddruk is hoog."
_WIDE_CARD = "".join(chr(0xFF10 + int(digit)) for digit in CARD)


def _cells(texts: list[str]) -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"


def cases() -> dict[str, Case]:
    card, iban, key, token = "payment.card", "nl.iban", "credentials.private-key", "credentials.cloud-token"
    document, clinical = "nl.identity-document", "health.clinical"
    return {
        "card-spaced": found(plain("Kaart 4111 1111 1111 1111, cvc 123"), "body", card),
        "card-dots": found(plain("Creditcard 4111.1111.1111.1111"), "body", card),
        "card-en-dashes": found(plain("Creditcard 4111\u20131111\u20131111\u20131111"), "body", card),
        "card-slashes": found(plain("Creditcard 4111/1111/1111/1111"), "body", card),
        "card-full-width": found(plain(f"Creditcard {_WIDE_CARD}"), "body", card),
        "card-zero-width": found(plain("Creditcard 4111\u200b1111\u200b1111\u200b1111"), "body", card),
        "card-wrapped": found(plain("Creditcard 4111 1111\n1111 1111"), "body", card),
        "card-quoted": found(plain("> Creditcard 4111 1111\n> 1111 1111"), "body", card),
        "card-digit-by-digit": found(plain("Creditcard " + " ".join(CARD)), "body", card),
        "card-html-spans": found(html("Creditcard <b>4111</b><i>1111</i><u>1111</u><s>1111</s>"), "body", card),
        "card-html-cells": found(html("<table><tr><td>Creditcard<td>4111<td>1111<td>1111<td>1111</table>"), "body", card),
        "card-base64": found(plain(base64.b64encode(f"Creditcard {CARD} van Jansen".encode()).decode()), "body", card),
        "card-letters": found(plain("Creditcard " + CARD.replace("1", "l")), "body", card),
        "card-subject": found(headed(f"X-A: b\r\nSubject: creditcard {CARD}", b"From: a@gemeente.example\r\nMIME-Version: 1.0\r\n"), "subject", card),
        "card-xlsx": found(attached("a.xlsx", xlsx(_cells(["Kaartnummer", CARD]))), "attachment:*", card),
        "card-xlsx-number": found(attached("a.xlsx", xlsx(f"<row><c t='s'><v>0</v></c><c><v>{CARD}</v></c></row>", strings="<si><t>creditcard</t></si>")), "attachment:*", card),
        "card-pdf": found(attached("a.pdf", shown("(Creditcard 4111 1111 1111 1111) Tj")), "attachment:*", card),
        "iban-spaced": found(plain("Rekening NL91 ABNA 0417 1643 00"), "body", iban),
        "iban-small-letters": found(plain("iban nl91 abna 0417 1643 00"), "body", iban),
        "iban-zero-width": found(plain("IBAN NL91\u200bABNA\u200b0417\u200b1643\u200b00"), "body", iban),
        "iban-full-width": found(plain("IBAN " + "".join(chr(ord(sign) + 0xFEE0) for sign in IBAN)), "body", iban),
        "iban-cyrillic": found(plain("IBAN NL91 \u0410\u0412N\u0410 0417 1643 00"), "body", iban),
        "iban-en-dashes": found(plain("IBAN NL91\u2013ABNA\u20130417\u20131643\u201300"), "body", iban),
        "iban-letters-for-digits": found(plain("IBAN NL9l ABNA O4l7 l643 OO"), "body", iban),
        "iban-wrapped": found(plain("IBAN NL91 ABNA 0417\n1643 00"), "body", iban),
        "iban-html-spans": found(html("IBAN <b>NL91</b><i>ABNA</i>041<b>7164</b>300"), "body", iban),
        "iban-docx-runs": found(attached("a.docx", docx(f"<w:p>{runs('IBAN ' + IBAN)}</w:p>")), "attachment:*", iban),
        "key-plain": found(plain(KEY), "body", key),
        "key-quoted": found(plain("\n".join("> " + line for line in KEY.splitlines())), "body", key),
        "key-indented": found(plain("\n".join("    " + line for line in KEY.splitlines())), "body", key),
        "key-one-line": found(plain(KEY.replace("\n", "\\n")), "body", key),
        "key-base64": found(plain(base64.encodebytes(KEY.encode()).decode()), "body", key),
        "key-html": found(html("<pre>" + KEY.replace("\n", "<br>") + "</pre>"), "body", key),
        "key-dashes": found(plain(KEY.replace("-----", "\u2013\u2013\u2013\u2013\u2013")), "body", key),
        "key-file": found(mixed(HELLO, file_part("id_rsa", KEY.encode())), "attachment:*", key),
        "key-7z": found(attached("a.7z", packed("7zip", KEY.encode(), "id_rsa")), "attachment:*", key),
        "key-utf-16": found(attached("a.pem", KEY.encode("utf-16")), "attachment:*", key),
        "key-putty": found(attached("a.ppk", b"PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n"), "attachment:*", key),
        "token-plain": found(plain(f"aws_access_key_id={TOKEN}"), "body", token),
        "token-zero-width": found(plain(f"{TOKEN[:8]}\u200b{TOKEN[8:]}"), "body", token),
        "token-html-spans": found(html(f"{TOKEN[:8]}<b>{TOKEN[8:]}</b>"), "body", token),
        "token-json": found(attached("a.json", f'{{"key": "{TOKEN}"}}'.encode()), "attachment:*", token),
        "token-environment": found(attached("a.zip", zipped({".env": f"AWS_KEY='{TOKEN}'\n"})), "attachment:*", token),
        "token-link": found(html(f'<a href="https://a.example/?k={TOKEN}">x</a>'), "body", token),
        "passport-plain": found(plain(PASSPORT), "body", document),
        "passport-spaced": found(plain("Paspoort XR100 1R58"), "body", document),
        "passport-zero-width": found(plain("Paspoort XR1\u200b001\u200bR58"), "body", document),
        "passport-html": found(html("Paspoort <b>XR1</b>001<i>R58</i>"), "body", document),
        "medical-plain": found(plain(MEDICAL), "body", clinical),
        "medical-html-split": found(html("De dia<b>gn</b>ose is dia<i></i>betes; de medi<wbr>catie is aangepast."), "body", clinical),
        "medical-soft-hyphens": found(plain("De dia\u00adgno\u00adse is dia\u00adbetes; de medi\u00adcatie is aangepast."), "body", clinical),
        "medical-cyrillic": found(plain("De di\u0430gnose is di\u0430betes; de medic\u0430tie is aangepast."), "body", clinical),
        "medical-zero-width": found(plain("De diag\u200bnose is dia\u200bbetes; de medi\u200bcatie is aangepast."), "body", clinical),
        "medical-accents": found(plain("De di\u00e1gnose is di\u00e1betes; de medic\u00e1tie is aangepast."), "body", clinical),
        "medical-mathematical": found(plain("De \U0001d41d\U0001d422\U0001d41a\U0001d420\U0001d427\U0001d428\U0001d42c\U0001d41e is diabetes; de medicatie is aangepast."), "body", clinical),
        "medical-cells": found(html("<table><tr><td>Diagnose<td>diabetes<tr><td>Medicatie<td>insuline<tr><td>Bloeddruk<td>hoog</table>"), "body", clinical),
        "medical-xlsx": found(attached("a.xlsx", xlsx(_cells(["Diagnose", "diabetes"]) + _cells(["Medicatie", "insuline"]) + _cells(["Bloeddruk", "180/110"]))), "attachment:*", clinical),
        "medical-hyphenated": found(plain("De diag-\nnose is dia-\nbetes; de medica-\ntie is aangepast en de bloed-\ndruk is hoog."), "body", clinical),
        "medical-pdf": found(attached("a.pdf", shown("(De diagnose is diabetes;) Tj 0 -14 Td (de medicatie is aangepast.) Tj")), "attachment:*", clinical),
        "medical-comment": found(html(f"<!-- {MEDICAL} -->Dag"), "body", clinical),
        "medical-base64": found(plain(base64.encodebytes(MEDICAL.encode()).decode()), "body", clinical),
        "medical-spaced-letters": found(plain("d i a g n o s e: d i a b e t e s, m e d i c a t i e: i n s u l i n e"), "body", clinical),
    }  # fmt: skip
