"""Where a message can keep text: header fields, names, character sets, transfer encodings, parts within parts."""

# ruff: noqa: E501 - one case, one line
from __future__ import annotations

import base64

from tests.vectors.evasions.case import (
    HEAD,
    HELLO,
    NUMBER,
    SECRET,
    Case,
    body,
    file_part,
    found,
    headed,
    in_base64,
    mixed,
    part,
    plain,
    unread,
)

B64 = base64.b64encode(SECRET.encode()).decode()
FIELDS = {
    "comments": f"Comments: {SECRET}",
    "keywords": f"Keywords: {SECRET}",
    "organization": f"Organization: {SECRET}",
    "reply-to": f'Reply-To: "{SECRET}" <anna@gemeente.example>',
    "sender": f'Sender: "{SECRET}" <anna@gemeente.example>',
    "cc-name": f"Cc: =?utf-8?Q?{SECRET.replace(' ', '_')}?= <piet@elsewhere.example>",
    "group-name": f"Cc: {SECRET}: piet@elsewhere.example;",
    "address-comment": f"Cc: piet@elsewhere.example ({SECRET})",
    "address-local-part": f"Cc: bsn{NUMBER}@elsewhere.example",
    "address-quoted": f'Cc: "{SECRET}"@elsewhere.example',
    "list-id": f"List-Id: {SECRET} <lijst.gemeente.example>",
    "list-unsubscribe": f"List-Unsubscribe: <https://gemeente.example/af?bsn={NUMBER}>",
    "own-field": f"X-Dossier: {SECRET}",
    "own-field-name": f"X-BSN-{NUMBER}: ja",
    "own-field-base64": f"X-Dossier: {B64}",
    "own-field-encoded-word": f"X-Dossier: =?utf-8?B?{B64}?=",
    "own-field-folded": "X-Dossier: BSN 111\r\n 222\r\n\t333",
    "thread-topic": f"Thread-Topic: {SECRET}",
    "in-reply-to": f"In-Reply-To: <bsn{NUMBER}@gemeente.example>",
    "message-id": f"Message-ID: <bsn.{NUMBER}@gemeente.example>",
    "references": f"References: <a@b.example> <bsn.{NUMBER}@gemeente.example>",
    "date-comment": f"Date: Wed, 25 Nov 2026 09:00:00 +0100 ({SECRET})",
    "received-comment": f"Received: from a by b ({SECRET}); Wed, 25 Nov 2026 09:00:00 +0100",
    "user-agent": f"User-Agent: Mail/1.0 ({SECRET})",
    "microsoft-field": f"X-MS-Exchange-Organization-Dossier: {SECRET}",
    "content-description": f"Content-Description: {SECRET}",
    "content-id": f"Content-ID: <bsn{NUMBER}@gemeente.example>",
    "content-location": f"Content-Location: https://gemeente.example/?bsn={NUMBER}",
    "autocrypt": f"Autocrypt: addr=anna@gemeente.example; _note={SECRET}; keydata=AAAA",
    "face": f"X-Face: {SECRET}",
    "from-on-top": "Return-Path: <bsn111222333@gemeente.example>",
}
SUBJECTS = {
    "plain": SECRET,
    "encoded-q": "=?utf-8?Q?BSN_=31=31=31=32=32=32=33=33=33?=",
    "encoded-b": f"=?utf-8?B?{B64}?=",
    "word-for-each-digit": "\r\n ".join(f"=?utf-8?Q?{sign}?=" for sign in SECRET.replace(" ", "_")),
    "language-in-word": f"=?utf-8*nl?B?{B64}?=",
    "two-charsets": "=?iso-8859-1?Q?BSN_111?= =?windows-1252?Q?222?= =?utf-8?B?MzMz?=",
    "folded": "BSN 111\r\n 222\r\n 333",
    "full-width": "=?iso-2022-jp?B?" + base64.b64encode("BSN １１１２２２３３３".encode("iso2022_jp")).decode() + "?=",
    "utf-7": "=?utf-7?Q?BSN_+ADEAMQAxADIAMgAyADMAMwAz-?=",
    "word-in-quotes": f'"=?utf-8?B?{B64}?="',
    "word-with-blank": "=?utf-8?Q?BSN 111222333?=",
    "word-glued": f"Re:=?utf-8?B?{B64}?=x",
    "word-in-word": "=?utf-8?B?" + base64.b64encode(f"=?utf-8?B?{B64}?=".encode()).decode() + "?=",
    "zero-width": "=?utf-8?Q?BSN_111=E2=80=8B222=E2=80=8B333?=",
    "raw-utf-8": "BSN １１１２２２３３３",
}  # fmt: skip
CHARSETS = {
    "utf-16-unlabelled-le": ("text/plain", SECRET.encode("utf-16-le")),
    "utf-16-unlabelled-be": ("text/plain", SECRET.encode("utf-16-be")),
    "utf-16-as-utf-8": ("text/plain; charset=utf-8", SECRET.encode("utf-16")),
    "utf-16-as-ascii": ("text/plain; charset=us-ascii", SECRET.encode("utf-16-le")),
    "utf-16-no-mark": ("text/plain; charset=utf-16", SECRET.encode("utf-16-be")),
    "utf-16-wrong-end": ("text/plain; charset=utf-16le", SECRET.encode("utf-16-be")),
    "utf-32": ("text/plain; charset=utf-32", SECRET.encode("utf-32")),
    "utf-32-unlabelled": ("text/plain", SECRET.encode("utf-32-le")),
    "ebcdic-500": ("text/plain; charset=ibm500", SECRET.encode("cp500")),
    "ebcdic-unlabelled": ("text/plain", SECRET.encode("cp037")),
    "gb18030": ("text/plain; charset=gb18030", "BSN １１１２２２３３３".encode("gb18030")),
    "shift-jis": ("text/plain; charset=shift_jis", "BSN １１１２２２３３３".encode("shift_jis")),
    "euc-kr": ("text/plain; charset=euc-kr", "BSN １１１２２２３３３".encode("euc_kr")),
    "big5": ("text/plain; charset=big5", "BSN １１１２２２３３３".encode("big5")),
    "hz": ("text/plain; charset=hz-gb-2312", "BSN １１１２２２３３３".encode("hz")),
    "gb-as-ascii": ("text/plain; charset=us-ascii", "BSN １１１２２２３３３".encode("gb18030")),
    "unknown-name": ("text/plain; charset=x-geheim", SECRET.encode()),
    "utf8-misspelt": ("text/plain; charset=utf8mb4", SECRET.encode()),
    "latin-with-utf-8": ("text/plain; charset=iso-8859-1", "BSN 111\u200b222\u200b333".encode()),
    "windows-no-break": ("text/plain; charset=windows-1252", b"BSN 111\xa0222\xa0333"),
    "dos-no-break": ("text/plain; charset=cp850", b"BSN 111\xff222\xff333"),
    "mac-no-break": ("text/plain; charset=macintosh", b"BSN 111\xca222\xca333"),
    "cut-octets": ("text/plain; charset=utf-8", b"BSN 111\xe2222\xe2333"),
    "overlong-utf-8": ("text/plain; charset=utf-8", b"BSN " + b"".join(b"\xc0" + bytes([0x80 | ord(c)]) for c in NUMBER)),
    "nul-between": ("text/plain; charset=utf-8", b"BSN 111\x00222\x00333"),
    "iso-2022-jp-escapes": ("text/plain; charset=utf-8", "BSN １１１２２２３３３".encode("iso2022_jp")),
    "html-meta": ("text/html", b'<html><head><meta charset="utf-16"></head>' + SECRET.encode()),
    "html-meta-utf-7": ("text/html", b'<html><head><meta charset="utf-7"></head>BSN +ADEAMQAxADIAMgAyADMAMwAz-'),
}  # fmt: skip
UNSURE = (  # readers differ, or there is nothing that a reader could know
    "ebcdic-500",
    "unknown-name",
    "utf-16-as-utf-8",
    "utf-16-no-mark",
    "utf-16-wrong-end",
    "cut-octets",
    "overlong-utf-8",
    "html-meta",
)
TRANSFER = {
    "base64-one-line": (base64.b64encode(SECRET.encode() * 100), "base64"),
    "base64-four-a-line": (b"\r\n".join(B64[i : i + 4].encode() for i in range(0, len(B64), 4)), "base64"),
    "base64-capitals": (B64.encode(), "BASE64"),
    "base64-dash-lines": (B64[:8].encode() + b"\r\n--\r\n" + B64[8:].encode(), "base64"),
    "qp-all": ("".join(f"={ord(c):02X}" for c in SECRET).encode(), "quoted-printable"),
    "qp-small-letters": (b"=42=53=4e 11=31222333", "quoted-printable"),
    "qp-soft-breaks": (b"=\r\n".join(bytes([c]) for c in SECRET.encode()), "quoted-printable"),
    "qp-soft-break-blanks": (b"BSN 111=  \r\n222=\t\r\n333", "quoted-printable"),
    "qp-not-told": (b"BSN =31=31=31=32=32=32=33=33=33", "7bit"),
    "qp-bare-break": (b"BSN 111=\r\n222=\r\n333", "Quoted-Printable"),
    "base64-not-told": (B64.encode(), "7bit"),
    "lines-split-by-relay": (b"x" * 900 + b" BSN 1112\r\n 22333", "7bit"),
}


def _nested(depth: int) -> bytes:
    """A mail in a mail in a mail; the innermost tells."""
    message = HEAD + b"\r\n" + SECRET.encode() + b"\r\n"
    for _ in range(depth):
        message = mixed(HELLO, part("message/rfc822", message))
    return message


def _mail_cases() -> dict[str, Case]:
    inner = HEAD + b"\r\n" + SECRET.encode() + b"\r\n"
    return {
        "nested-mail-1": found(_nested(1), "attachment:*"),
        "nested-mail-4": found(_nested(4), "attachment:*"),
        "nested-mail-9": unread(_nested(9), "limit:nesting", "attachment:*"),
        "mail-subject": found(mixed(HELLO, part("message/rfc822", headed(f"X-A: b\r\nSubject: {SECRET}", b""))), "attachment:*"),
        "mail-in-base64": found(mixed(HELLO, part("message/rfc822", in_base64(inner), "Content-Transfer-Encoding: base64\r\n")), "attachment:*"),
        "mail-global": found(mixed(HELLO, part("message/global", inner)), "attachment:*"),
        "mail-as-text": found(mixed(HELLO, part("text/plain; name=bericht.txt", inner)), "*"),
        "mail-news": found(mixed(HELLO, part("message/news", inner)), "*"),
        "mail-partial": unread(body('message/partial; id="x"; number=1; total=2', inner), "ambiguous:partial"),
        "mail-external": unread(body("message/external-body; access-type=url; url=\"https://a.example\"", inner), "ambiguous:partial"),
        "digest": found(mixed(b"\r\n" + inner, b"\r\n" + inner, kind="digest"), "attachment:*"),
        "report-headers": found(mixed(HELLO, part("message/delivery-status", b"Reporting-MTA: dns; a.example\r\n\r\nFinal-Recipient: rfc822; jan@b.example\r\n"), part("text/rfc822-headers", f"Subject: {SECRET}\r\nFrom: a@b.example\r\n".encode()), kind="report"), "attachment:*"),
        "report-status": found(mixed(HELLO, part("message/delivery-status", f"Reporting-MTA: dns; a.example\r\n\r\nDiagnostic-Code: smtp; 550 {SECRET}\r\n".encode()), kind="report"), "attachment:*"),
        "report-disposition": found(mixed(HELLO, part("message/disposition-notification", f"Disposition: manual-action\r\nX-Note: {SECRET}\r\n".encode()), kind="report"), "attachment:*"),
    }  # fmt: skip


def _multipart_cases() -> dict[str, Case]:
    harmless = part("text/plain; charset=utf-8", b"Dag Jan")
    secret = part("text/plain; charset=utf-8", SECRET.encode())
    page = part("text/html; charset=utf-8", b"<p>Dag Jan</p>")
    secret_page = part("text/html; charset=utf-8", f"<p>{SECRET}</p>".encode())
    return {
        "alternative-only-plain": found(mixed(secret, page, kind="alternative")),
        "alternative-only-html": found(mixed(harmless, secret_page, kind="alternative")),
        "alternative-second-plain": found(mixed(harmless, secret, page, kind="alternative"), "*"),
        "alternative-amp": found(mixed(harmless, part("text/x-amp-html", f"<p>{SECRET}</p>".encode()), page, kind="alternative"), "*"),
        "alternative-watch": found(mixed(harmless, part("text/watch-html", f"<b>{SECRET}</b>".encode()), page, kind="alternative"), "*"),
        "alternative-enriched": found(mixed(harmless, part("text/enriched", b"BSN <bold>111</bold>222<italic>333</italic>"), kind="alternative"), "*"),
        "alternative-richtext": found(mixed(harmless, part("text/richtext", b"BSN <bold>111</bold>222<italic>333</italic>"), kind="alternative"), "*"),
        "alternative-calendar": found(mixed(harmless, part("text/calendar; method=REQUEST", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:BSN 11122\r\n 2333\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"), kind="alternative"), "*"),
        "related-start": found(mixed(part("text/html", b"<p>Dag</p>", "Content-ID: <a>\r\n"), part("text/html", f"<p>{SECRET}</p>".encode(), "Content-ID: <b>\r\n"), kind='related; x="1"; start="<a>"'), "*"),
        "number-over-two-parts": found(mixed(part("text/plain", b"BSN 1112"), part("text/plain", b"22333")), "*"),
        "label-in-other-part": found(mixed(part("text/plain", b"Hieronder het BSN."), part("text/plain", b"111222333")), "*"),
        "signed": found(mixed(secret, part("application/pkcs7-signature; name=smime.p7s", in_base64(b"0\x0b\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x01"), "Content-Transfer-Encoding: base64\r\n"), kind='signed; protocol="application/pkcs7-signature"')),
        "pgp-mime": unread(mixed(part("application/pgp-encrypted", b"Version: 1"), part("application/octet-stream", b"-----BEGIN PGP MESSAGE-----\r\n\r\nabcd\r\n-----END PGP MESSAGE-----"), kind='encrypted; protocol="application/pgp-encrypted"'), "encrypted"),
        "smime-enveloped": unread(body("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", in_base64(b"0\x80\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x03\xa0\x80" + bytes(64)), "base64"), "encrypted"),
        "appledouble": found(mixed(HELLO, mixed(part("application/applefile", b"\x00\x05\x16\x07"), secret, kind="appledouble", head=b"")), "*"),
        "replace": found(mixed(secret, harmless, kind="x-mixed-replace"), "*"),
        "form-data": found(mixed(part("text/plain", b"111222333", 'Content-Disposition: form-data; name="bsn"\r\n'), kind="form-data"), "*"),
        "octets-with-text": found(mixed(HELLO, part("application/octet-stream", SECRET.encode())), "attachment:*"),
        "url-encoded-form": found(body("application/x-www-form-urlencoded", b"naam=Jan&bsn=111%20222%20333"), "*"),
        "inline-disposition": found(mixed(HELLO, part("text/plain", SECRET.encode(), "Content-Disposition: inline\r\n")), "*"),
        "no-mime-version": found(HEAD.replace(b"MIME-Version: 1.0\r\n", b"") + b"Content-Transfer-Encoding: base64\r\n\r\n" + B64.encode()),
        "type-without-subtype": found(body("text", SECRET.encode()), "*"),
        "type-in-capitals": found(body("TEXT/HTML; CHARSET=UTF-8", b"<P>BSN 111<B>222</B>333")),
        "type-unknown-text": found(body("text/x-onbekend", SECRET.encode()), "*"),
        "parameter-of-type": found(mixed(HELLO, part(f'text/plain; charset=us-ascii; x-note="{SECRET}"', b"Dag")), "*"),
        "boundary-tells": found(HEAD + f'Content-Type: multipart/mixed; boundary="bsn_{NUMBER}"\r\n\r\n--bsn_{NUMBER}\r\n\r\nDag\r\n--bsn_{NUMBER}--\r\n'.encode(), "*"),
        "name-rfc-2231": found(mixed(HELLO, part("text/plain", b"Dag", "Content-Disposition: attachment; filename*=utf-8'nl'BSN%20%31%31%31222333.txt\r\n")), "attachment:*"),
        "name-rfc-2231-pieces": found(mixed(HELLO, part("text/plain", b"Dag", "Content-Disposition: attachment; filename*0*=utf-8''BSN%20111;\r\n filename*1=222; filename*2*=333.txt\r\n")), "attachment:*"),
        "name-encoded-word": found(mixed(HELLO, part(f'text/plain; name="=?utf-8?B?{B64}?="', b"Dag")), "attachment:*"),
        "name-long": found(mixed(HELLO, part("text/plain", b"Dag", f'Content-Disposition: attachment; filename="{"bijlage " * 30}{SECRET}.txt"\r\n')), "*"),
        "name-path": found(mixed(HELLO, part("text/plain", b"Dag", f'Content-Disposition: attachment; filename="{SECRET}/brief.txt"\r\n')), "*"),
        "name-with-separators": found(mixed(HELLO, part("text/plain", b"Dag", 'Content-Disposition: attachment; filename="bsn_111_222_333.txt"\r\n')), "attachment:*"),
        "format-flowed-quoted": found(body("text/plain; format=flowed", b"> Het BSN is 111 \r\n> 222 \r\n> 333")),
        "file-part-of-form": found(mixed(file_part("gegevens", SECRET.encode(), "text/plain")), "*"),
    }  # fmt: skip


def cases() -> dict[str, Case]:
    made = {f"header-{name}": found(headed(field), "header") for name, field in FIELDS.items()}
    for name, text in SUBJECTS.items():
        head = HEAD.replace(b"Subject: Vraag", f"Subject: {text}".encode())
        made[f"subject-{name}"] = found(headed("X-A: b", head), "subject")
    made["from-name"] = found(headed("X-A: b", HEAD.replace(b"Anna <", f'"{SECRET}" <'.encode())), "header")
    made["subject-label-body-number"] = found(plain("111222333").replace(b"Subject: Vraag", b"Subject: BSN Jansen"))
    for name, (kind, octets) in CHARSETS.items():
        made[f"charset-{name}"] = found(body(kind, in_base64(octets), "base64"))
    for name, (octets, encoding) in TRANSFER.items():
        made[f"transfer-{name}"] = found(body("text/plain; charset=utf-8", octets, encoding))
    made |= {f"part-{name}": case for name, case in (_mail_cases() | _multipart_cases()).items()}
    for name in UNSURE:
        made[f"charset-{name}"] = unread(made[f"charset-{name}"].raw, "ambiguous:charset", "body")
    return made
