"""Text and files that are written into text: base64, hex, percent and other escapes, uuencode, yEnc, BinHex, PGP.

Rule: what decodes to a readable text or to a kind of file that we know is read; what does not was no encoding. Ordinary prose
costs a few searches at the speed of memory: each form has a mark without which nothing more is tried, and a mark of two
characters is looked for only where its rarer one stands.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.data_url import written_in
from gateway.adapters.extract.newsgroup import read_newsgroup_files
from gateway.adapters.extract.sniff import Kind, sniff

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_HEX = b"0123456789abcdefABCDEF"
_SHORTEST = 16  # characters of base64: twelve octets
_SHORTEST_HEX = 16
_MOST_LEVELS = 4  # of texts in texts
# Every octet by its class: a of base64, = itself, n a line end, a space for what may stand before a line, else a dot.
_CLASSES = bytes(
    97 if octet in _BASE64 else 61 if octet == 61 else 110 if octet == 10 else 32 if octet in b" \t\r>|" else 46
    for octet in range(256)
)
_HEX_CLASSES = bytes(104 if octet in _HEX else 32 if octet in b" :,-\t\n" else 46 for octet in range(256))
_RUN = re.compile(rb"a{16,}={0,2}")  # these three are found by their beginnings: see `_runs`
_LINES = re.compile(rb"a{30,}(?: {0,4}n {0,4}a{30,})*(?: {0,4}n {0,4}a+)?={0,2}")
_HEX_RUN = re.compile(rb"h{16,}")
_HEX_PAIRS = re.compile(rb"hh(?: {1,2}hh){7,}")
_ESCAPES = re.compile(rb"(?:\\x[0-9a-fA-F]{2}|0x[0-9a-fA-F]{2}[, ]{0,3}){6,}")
_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_TOKEN = re.compile(rb"\S+")
_QP = re.compile(rb"=[0-9A-Fa-f]{2}")
_JSON = re.compile(r"\\u([0-9a-fA-F]{4})")
_ASCII85 = re.compile(rb"<~[!-uz\s]{5,100000}~>")
_PGP = (b"-----BEGIN PGP MESSAGE-----", b"-----BEGIN PKCS7-----")
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_CODE = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def read_encoded(place: str, content: bytes, budget: Budget, inner: Inner, level: int = 1) -> None:
    """What is written into a text (UTF-8). A text in it is a unit of the same place, and read in turn; a file goes to
    `inner`."""
    if len(content) < _SHORTEST:
        return
    if b"-----BEGIN P" in content and any(mark in content for mark in _PGP):
        budget.cannot(place, "encrypted")
    read_newsgroup_files(place, content, budget, inner)
    found: list[str] = []
    for tried, octets in enumerate(_candidates(content)):
        text = _take(place, octets, budget, inner)
        if text:
            found.append(text)
        if tried % 100 == 0:
            budget.tick()
    if found and level > _MOST_LEVELS:
        budget.cannot(place, "limit:nesting")
        return
    if found:
        read_encoded(place, "\n".join(found).encode("utf-8", "replace"), budget, inner, level + 1)
    found += _escaped(content)
    if found:
        budget.add(place, "\n".join(found))


def _candidates(content: bytes) -> Iterator[bytes]:
    classes = content.translate(_CLASSES)
    if b"a" * _SHORTEST in classes:
        yield from _base64(content, classes)
    hexes = content.translate(_HEX_CLASSES)
    for run in _runs(_HEX_RUN, b"h" * _SHORTEST_HEX, hexes):
        yield binascii.unhexlify(content[run.start() : run.end() - (run.end() - run.start()) % 2])
    if b"hh hh hh hh hh hh hh" in hexes:
        for run in _HEX_PAIRS.finditer(hexes):
            yield binascii.unhexlify(re.sub(rb"[^0-9a-fA-F]", b"", content[run.start() : run.end()]))
    if b"0x" in content or (b"\\" in content and b"\\x" in content):
        for run in _ESCAPES.finditer(content):
            yield binascii.unhexlify(b"".join(re.findall(rb"x([0-9a-fA-F]{2})", run[0])))
    if b"~" in content and b"<~" in content:
        for run in _ASCII85.finditer(content):
            try:
                yield base64.a85decode(run[0], adobe=True)
            except ValueError:
                continue


def _runs(form: re.Pattern[bytes], beginning: bytes, classes: bytes) -> Iterator[re.Match[bytes]]:
    """As `form.finditer`, for a form that matches wherever `beginning` stands: searching that takes a hundredth."""
    at = classes.find(beginning)
    while at >= 0 and (found := form.match(classes, at)):
        yield found
        at = classes.find(beginning, found.end())


def _base64(content: bytes, classes: bytes) -> Iterator[bytes]:
    """Blocks of lines first; then each run by itself, for what only looks like a block."""
    blocks: list[tuple[int, int]] = []
    if b"\n" in content:
        for lines in _runs(_LINES, b"a" * 30, classes):
            if b"n" in lines[0]:
                octets = _decoded(content[lines.start() : lines.end()])
                if octets is not None:
                    blocks.append(lines.span())
                    yield octets
    for run in _runs(_RUN, b"a" * _SHORTEST, classes):
        written = content[run.start() : run.end()]
        if written[1:].islower():  # a word, or a path of words: base64 of any text has capitals
            continue
        octets = _decoded(written)
        if octets is None:
            continue
        if any(start <= run.start() < end for start, end in blocks) and not _readable(octets):
            continue
        yield octets


_DROPPED = bytes(octet for octet in range(256) if octet not in _BASE64)


def _decoded(written: bytes) -> bytes | None:
    packed = written.translate(_URLSAFE if b"-" in written or b"_" in written else None, b"").translate(None, _DROPPED)
    usable = len(packed) - (len(packed) % 4 == 1)
    try:
        return binascii.a2b_base64(packed[:usable] + b"==")
    except binascii.Error:
        return None


def _take(place: str, octets: bytes, budget: Budget, inner: Inner) -> str:
    """The text that the octets are, if they are; a file is handed on."""
    text = _readable(octets)
    if text:
        return text
    kind = sniff(octets, "") if len(octets) >= 20 and octets[:2] in _MAGIC else Kind.UNKNOWN
    if kind not in (Kind.UNKNOWN, Kind.TEXT, Kind.HTML, Kind.MAIL):
        budget.file()
        name = f"written-in.{kind.value}"
        inner(written_in(place, name), name, octets)
    return ""


# The first two octets of files that are worth a look: all that sniff knows besides texts.
_BEGINNINGS = (
    b"%P PK \x1f\x8b BZ \xfd7 7z Ra \xd0\xcf \x89P \xff\xd8 GI II MM RI MS {\\ (\xb5 \x04\x22 "
    b"x\x9f x\x01 x\x5e x\x9c x\xda"
)
_MAGIC = frozenset(_BEGINNINGS.split())


def _readable(octets: bytes) -> str:
    """The text, if most people would call it one."""
    if not octets or len(octets) < 8:
        return ""
    if octets[1::2].count(0) * 2 > len(octets) // 2 * 1.5 or octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = octets.decode("utf-16" if octets[0] in (0xFF, 0xFE) else "utf-16-le", "replace")
        return (
            text
            if text.isprintable() or text.replace("\r", "").replace("\n", "").replace("\t", "").isprintable()
            else ""
        )
    if not _CODE.isdisjoint(octets[:400]):
        return ""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("cp1252", "replace")
        plain = sum(octet < 128 for octet in octets)
        return text if plain * 10 >= len(octets) * 9 and len(octets) >= 16 else ""
    if text.isascii():
        return text
    # Random octets are seldom UTF-8, but short ones may be: most must be letters of ours.
    return text if sum(character < "\u0250" for character in text) * 10 >= len(text) * 9 else ""


def _escaped(content: bytes) -> list[str]:
    """Escapes for single characters, in the whole text around them."""
    found: list[str] = []
    if b"%" in content and _PERCENT.search(content):
        tokens = [token for token in _TOKEN.findall(content) if b"%" in token]
        unquoted = b"\n".join(unquote_to_bytes(token.replace(b"+", b" ")) for token in tokens if _PERCENT.search(token))
        found.append(unquoted.decode("utf-8", "replace"))
    if b"&" in content and b"&#" in content:
        found.append(html.unescape(content.decode("utf-8", "replace")))
    if b"\\" in content and b"\\u00" in content:
        text = content.decode("utf-8", "replace")
        found.append(_JSON.sub(lambda match: chr(int(match[1], 16)), text).encode("utf-8", "replace").decode())
    if b"=" in content and content.count(b"=3") >= 5 and len(_QP.findall(content)) >= 6:
        found.append(binascii.a2b_qp(content).decode("utf-8", "replace"))
    return found
