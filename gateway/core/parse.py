"""Bytes -> Message: bodies and attachments as a mail client would show them, with limits.

Terms: the *body* is one text/plain and one text/html that are alternatives of each other; everything else is an
attachment, or an inline image when the HTML shows it. Rules: hostile input never raises, except `Malformed` for what is no
message at all; nothing is lost: when a message is signed, encrypted, over a limit or ambiguous, it is also kept whole, as
`original.eml` without the sender's wishes and Bcc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import getaddresses
from urllib.parse import unquote

from gateway.core.charset import CODECS, decode
from gateway.core.directives import strip_headers
from gateway.core.encoded_words import all_readable, decode_words
from gateway.core.errors import Malformed
from gateway.core.file_name import EXTENSIONS, clean_name, fallback_name
from gateway.core.finding import Unscannable
from gateway.core.header_edit import remove_headers
from gateway.core.limits import Limits
from gateway.core.message import Disposition, Message, Part
from gateway.core.mime_tree import Entity, TreeReader
from gateway.core.transfer import decode_transfer

ORIGINAL = "original.eml"
_CID = re.compile(rb"cid:([^\"'\s<>)\\]{1,500})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,4}=\s{0,4}[\"']?\s{0,4}([\w:.-]{1,40})", re.IGNORECASE)
_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_WHOLE = _PKCS7 | {"multipart/signed", "multipart/encrypted"}
_BARE_ADDRESS = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9.-]{1,255}", re.ASCII)
_FLOWED = re.compile(r" \r?\n")  # RFC 3676: a soft line break
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """`hidden` are texts that no client shows (see `mime_tree`), or that some show in another way; `original` is the number
    of the part that repeats the whole message, 0 when there is none.
    """

    message: Message
    unscannable: tuple[Unscannable, ...]
    hidden: tuple[str, ...] = field(repr=False)
    original: int


def parse(raw: bytes, limits: Limits) -> tuple[Message, tuple[Unscannable, ...]]:
    """The message, and what could not be read for sure. Raises `Malformed` when there is no header field at all."""
    parsed = parse_whole(raw, limits)
    return parsed.message, parsed.unscannable


def parse_whole(raw: bytes, limits: Limits) -> Parsed:
    """As `parse`, with all that a scan wants to know."""
    root = TreeReader(raw, limits).read()
    if not any(item.name for item in root.fields):
        raise Malformed
    leaves = _Leaves(raw)
    leaves.read(root)
    problems = _structure(raw, root) + leaves.problems
    parts = leaves.parts
    whole = any(problem.reason.startswith(("limit:", "ambiguous:")) for problem in problems)
    original = 0
    if whole or any(entity.type in _WHOLE for entity in root.walk()):
        original = len(parts) + 1
        parts.append(Part(original, Disposition.ATTACHMENT, "message/rfc822", ORIGINAL, presentable(raw)))
    hidden = [text for entity in root.walk() for text in entity.hidden if text.strip()]
    hidden += [text for entity in root.walk() if entity is not root for text in _beside(entity)]
    return Parsed(
        message=_message(root, tuple(parts)),
        unscannable=tuple(dict.fromkeys(problems)),
        hidden=tuple(decode(text, "")[0] for text in hidden),
        original=original,
    )


def leaves(raw: bytes, limits: Limits) -> dict[int, Entity]:
    """Where each part of the message lies in `raw`, by its number; the copy of the whole message lies nowhere."""
    found = _Leaves(raw)
    found.read(TreeReader(raw, limits).read())
    return found.entities


def _beside(entity: Entity) -> Iterator[bytes]:
    """What a part's header tells besides its type: descriptions, names that another name hides, fields of any kind."""
    for item in entity.fields:
        if item.name == "content-description" or not item.name.startswith("content-"):
            yield decode_words(item.value).encode("utf-8", "replace")
    names = [name for name in (entity.name, entity.parameters.get("name", "")) if name]
    if names:
        shown = clean_name(entity.name)
        # cut, cleaned, or hidden by another
        yield from (name.encode("utf-8", "replace") for name in names if name != shown)


def presentable(raw: bytes) -> bytes:
    """The copy of the whole message, as recipients may see it."""
    return remove_headers(strip_headers(raw), ("Bcc", "Resent-Bcc"))


def _structure(raw: bytes, root: Entity) -> list[Unscannable]:
    """What is wrong with the message as a whole and with its multiparts; leaves tell for themselves."""
    problems = [Unscannable("body", reason) for entity in root.walk() if entity.children for reason in entity.problems]
    if not all(all_readable(item.value) for entity in root.walk() for item in entity.fields):
        problems.append(Unscannable("header", "ambiguous:charset"))
    problems += [Unscannable("body", "encrypted") for entity in root.walk() if entity.type == "multipart/encrypted"]
    if not root.children:
        problems += [Unscannable("header", reason) for reason in root.problems]
    if b"\0" in raw:
        problems.append(Unscannable("body", "ambiguous:nul"))
    if raw.count(b"\r") != raw.count(b"\r\n"):
        problems.append(Unscannable("body", "ambiguous:line-end"))
    return problems


# -- bodies


def choose_bodies(entity: Entity) -> tuple[Entity | None, Entity | None]:
    """The text/plain and the text/html that a client shows as the message, as far as they are there."""
    if entity.type == "multipart/encrypted" or entity.disposition == "attachment":
        return None, None
    if not entity.children:
        return (
            entity if entity.type == "text/plain" else None,
            entity if entity.type == "text/html" else None,
        )
    found = (choose_bodies(child) for child in _candidates(entity))
    if entity.type == "multipart/alternative":
        text = html = None
        for own_text, own_html in found:
            text, html = text or own_text, html or own_html
        return text, html
    return next((pair for pair in found if pair != (None, None)), (None, None))


def _candidates(entity: Entity) -> list[Entity]:
    if entity.type == "multipart/signed":
        return entity.children[:1]
    start = entity.parameters.get("start", "").strip("<> ")
    if entity.type == "multipart/related" and start:
        return [child for child in entity.children if child.content_id == start] or entity.children
    # A text with a file name is a file, unless it is all there is.
    return [child for child in entity.children if child.children or not child.name] or entity.children


class _Leaves:
    """Turns the leaves of the tree into parts: the bodies first, then the rest in its order."""

    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)
        self.parts: list[Part] = []
        self.problems: list[Unscannable] = []
        self.entities: dict[int, Entity] = {}
        self._shown: set[str] = set()  # Content-IDs that the HTML refers to

    def read(self, root: Entity) -> None:
        text, html = choose_bodies(root)
        if text is not None:
            self._body(text, Disposition.TEXT)
        if html is not None:
            self._body(html, Disposition.HTML)
            self._shown = {unquote(found.decode("utf-8", "replace")) for found in _CID.findall(self.parts[-1].content)}
        for entity in root.walk():
            if entity is text or entity is html or entity.children:
                continue
            if entity.type.startswith("multipart/") and not entity.problems and entity.start == entity.end:
                continue
            self._file(entity)

    def _body(self, entity: Entity, disposition: Disposition) -> None:
        octets, problem = decode_transfer(self._raw[entity.start : entity.end], entity.encoding)
        charset = entity.parameters.get("charset", "")
        if not charset and disposition is Disposition.HTML:
            told = _META_CHARSET.search(octets[:2048])
            charset = told[1].decode("ascii") if told else ""
        text, honest = decode(octets, charset)
        reasons = [*entity.problems, problem, "" if honest else "ambiguous:charset", "ambiguous:nul" * ("\0" in text)]
        self.problems += [Unscannable("body", reason) for reason in reasons if reason]
        if entity.parameters.get("format", "").lower() == "flowed":
            joined = _FLOWED.sub("" if entity.parameters.get("delsp", "").lower() == "yes" else " ", text)
            entity.hidden.append(joined.encode("utf-8", "replace"))
        content = text.encode("utf-8", "replace")
        self.entities[len(self.parts) + 1] = entity
        self.parts.append(Part(len(self.parts) + 1, disposition, entity.type, "", content))

    def _file(self, entity: Entity) -> None:
        number = len(self.parts) + 1
        octets, problem = decode_transfer(self._raw[entity.start : entity.end], entity.encoding)
        name = _name(entity, octets, number)
        reasons = [*entity.problems, problem]
        if entity.type in ("message/partial", "message/external-body"):
            reasons.append("ambiguous:partial")
        if entity.type in _PKCS7 and entity.parameters.get("smime-type", "").lower() != "signed-data":
            reasons.append("encrypted")  # RFC 8551 section 3.2.2
        if charset := entity.parameters.get("charset", "").strip() * entity.type.startswith("text/"):
            # Clients show such a part as they show a body.
            if charset.lower() not in CODECS or charset.lower() == "utf-7":
                reasons.append("ambiguous:charset")
            entity.hidden.append(decode(octets, charset)[0].encode("utf-8", "replace"))
        self.problems += [Unscannable(f"attachment:{name}", reason) for reason in reasons if reason]
        inline = entity.type.startswith("image/") and entity.content_id in self._shown and bool(entity.content_id)
        disposition = Disposition.INLINE if inline else Disposition.ATTACHMENT
        self.entities[number] = entity
        self.parts.append(Part(number, disposition, entity.type, name, octets, entity.content_id))


def _name(entity: Entity, octets: bytes, number: int) -> str:
    name = clean_name(entity.name)
    if entity.type in ("message/rfc822", "message/global"):
        if not name:
            name = clean_name(_subject_of(octets)) or f"message-{number}"
        return name if name.lower().endswith(".eml") else clean_name(f"{name}.eml")
    if not name:
        return fallback_name(entity.type, number)
    return name if "." in name else clean_name(name + EXTENSIONS.get(entity.type, ""))


def _subject_of(octets: bytes) -> str:
    found = re.search(rb"^subject[ \t]*:((?:[^\n]|\n[ \t]){0,400})", octets[:65536], re.IGNORECASE | re.MULTILINE)
    words = decode_words(found[1].replace(b"\r", b"").replace(b"\n", b"").strip()) if found else ""
    return re.sub(r"[/\\]", "-", words)


# -- headers


def _message(root: Entity, parts: tuple[Part, ...]) -> Message:
    headers = tuple((_written_name(item.raw), decode_words(item.value)) for item in root.fields if item.name)

    def first(name: str) -> str:
        return next((value for key, value in headers if key.lower() == name), "")

    return Message(
        headers=headers,
        subject=first("subject"),
        from_=tuple(_addresses(root, "from")),
        to=tuple(_addresses(root, "to")),
        cc=tuple(_addresses(root, "cc")),
        date=first("date"),
        message_id=first("message-id"),
        references=first("references"),
        parts=parts,
        auto_submitted=_automatic(headers),
    )


def _written_name(raw: bytes) -> str:
    return raw.partition(b":")[0].strip().decode("ascii", "replace")


def _addresses(root: Entity, name: str) -> Iterator[tuple[str, str]]:
    """Names are decoded after the list is taken apart: an encoded comma separates nothing."""
    values = [decode(item.value, "")[0] for item in root.fields if item.name == name]
    if len(values) == 1 and _BARE_ADDRESS.fullmatch(values[0]):
        yield "", values[0]  # nothing to take apart
        return
    try:
        pairs = getaddresses(values) if values else []
    except (RecursionError, ValueError, IndexError):  # comments nested thousands deep
        return
    for shown, address in pairs:
        if "@" in address:
            yield decode_words(shown), address


def _automatic(headers: tuple[tuple[str, str], ...]) -> bool:
    """RFC 3834, and what lists and responders wrote before it."""
    for key, value in headers:
        name, word = key.lower(), value.partition(";")[0].strip().lower()
        if name == "auto-submitted" and word not in ("", "no"):
            return True
        if name.startswith("list-") or (name == "precedence" and word in _BULK):
            return True
    return False
