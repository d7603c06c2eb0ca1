"""A case: one message that hides something, and what a scan must answer; and the pieces that messages are made of.

Terms: a case is *found* when a rule finds something in a place with a least confidence; a case may also be *unread*, when the
scan must say that it could not read a place, for a reason of `Unscannable`. Places and reasons are globs.
"""

from __future__ import annotations

import base64
import itertools
import zlib
from dataclasses import dataclass

NUMBER = "111222333"
OTHER = "123456782"
SECRET = f"BSN {NUMBER}"
HEAD = (
    b"From: Anna <anna@gemeente.example>\r\nTo: Jan <jan@elsewhere.example>\r\nSubject: Vraag\r\nMIME-Version: 1.0\r\n"
)
HELLO = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nDag Jan, zie de bijlage.\r\n"


def passing(start: int, count: int) -> list[str]:
    """The first numbers of nine digits from `start` on that pass the 11-test."""

    def passes(number: int) -> bool:
        digits = [int(digit) for digit in f"{number:09}"]
        return (
            sum(digit * weight for digit, weight in zip(digits, range(9, 1, -1), strict=False)) - digits[8]
        ) % 11 == 0

    return list(itertools.islice((str(number) for number in itertools.count(start) if passes(number)), count))


@dataclass(frozen=True)
class Case:
    """With `unscannable` the scan must give that reason for that place; else it must find `rule` there."""

    raw: bytes
    place: str
    rule: str = "nl.bsn"
    confidence: str = "medium"
    unscannable: str = ""


def found(raw: bytes, place: str = "body", rule: str = "nl.bsn", confidence: str = "medium") -> Case:
    return Case(raw, place, rule, confidence)


def unread(raw: bytes, reason: str, place: str = "*") -> Case:
    return Case(raw, place, unscannable=reason)


# -- messages


def plain(text: str, charset: str = "utf-8") -> bytes:
    """A message of one text/plain, as 8bit."""
    body = text.replace("\r\n", "\n").replace("\n", "\r\n").encode(charset)
    kind = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    return HEAD + kind + body + b"\r\n"


def body(kind: str, octets: bytes, encoding: str = "8bit") -> bytes:
    """A message of one part, its octets as they are given."""
    return HEAD + f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + octets + b"\r\n"


def html(text: str) -> bytes:
    page = f"<html><body>{text}</body></html>"
    return body("text/html; charset=utf-8", page.encode())


def headed(field: str, head: bytes = HEAD) -> bytes:
    """A harmless message with one more header field, as it is given."""
    return head + field.encode() + b"\r\nContent-Type: text/plain\r\n\r\nDag Jan, tot morgen.\r\n"


def mixed(*parts: bytes, kind: str = "mixed", head: bytes = HEAD) -> bytes:
    """A multipart of parts that bring their own header fields."""
    boundary = f"=_{zlib.crc32(b''.join(parts)):08x}".encode()
    begin = head + b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind.encode(), boundary)
    return begin + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary


def part(kind: str, octets: bytes, more: str = "") -> bytes:
    """`more` are header fields, each with its line end."""
    return f"Content-Type: {kind}\r\n{more}\r\n".encode() + octets


def attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    """A file in base64 behind a short greeting."""
    return mixed(HELLO, file_part(name, content, kind))


def file_part(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    told = f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
    return part(kind, in_base64(content), told)


def in_base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
