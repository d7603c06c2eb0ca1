"""What is fuzzed: one function of octets per place where foreign bytes are read.

Rule: a target returns, whatever it is given; it raises only when a promise is broken: an exception that is not declared, an
answer that can't travel, a finding outside its text. Memory and time are watched by the runner.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from gateway.adapters.extract.extractor import extract
from gateway.adapters.scan_now import scan_with
from gateway.adapters.scan_wire import from_frames, to_frames
from gateway.core import directives, policy_file, rules
from gateway.core.classify import Classifier
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import Malformed, Misconfigured
from gateway.core.limits import Limits
from gateway.core.message import Disposition, Message, Part
from gateway.core.parse import Parsed, parse_whole

ROOT = Path(__file__).parents[2]
LIMITS = Limits(seconds=8.0, unpacked_bytes=32 << 20, text_characters=4 << 20)
ENVELOPE = Envelope(
    "gemeente",
    "anna@gemeente.example",
    ("jan@elsewhere.example", "piet+sms31612345678@elsewhere.example"),
    Session("192.0.2.1", "client", tls=True, account="anna", trusted=False),
)
# What is read by content, with the name that brings a file to its reader.
FILES = {
    "text": "a.txt",
    "html": "a.html",
    "pdf": "a.pdf",
    "office": "a.docx",
    "archive": "a.7z",
    "zip": "a.zip",
    "ole": "a.doc",
    "msg": "a.msg",
    "rtf": "a.rtf",
    "tnef": "winmail.dat",
    "calendar": "a.ics",
    "mbox": "a.mbox",
    "picture": "a.png",
}


@functools.cache
def classifier() -> Classifier:
    return Classifier(
        rules.load([(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))])
    )


def parse(data: bytes) -> None:
    """A message, and what its sender asks for."""
    try:
        parsed = parse_whole(data, LIMITS)
    except Malformed:
        return
    directives.read(parsed.message, ENVELOPE)
    directives.strip_headers(data)


def classify(data: bytes) -> None:
    """Texts of any characters: the first line is the subject."""
    subject, _, body = data.decode("utf-8", "surrogateescape" if data[:1] == b"\xff" else "replace").partition("\n")
    units = {"subject": subject, "body": body}
    for finding in classifier().classify(units.items()):
        length = len(units[finding.place])
        assert finding.count > 0
        assert all(0 <= start < end <= length for start, end in finding.at), "a finding outside its text"


def scan(data: bytes) -> None:
    """The whole scan, and its way back to the gateway."""
    try:
        done = scan_with(classifier(), data, LIMITS)
    except Malformed:
        return
    assert from_frames(to_frames(done)) == done, "the answer does not travel"


def file(name: str, data: bytes) -> None:
    """An attachment of that name. What is not empty must be read or reported."""
    if not data.strip(b"\0\t\r\n "):
        return
    part = Part(1, Disposition.ATTACHMENT, "application/octet-stream", name, data)
    message = Message((), "", (), (), (), "", "", "", (part,))
    units, unscannable = extract(Parsed(message, (), (), 0), LIMITS)
    assert all(isinstance(place, str) and isinstance(text, str) for place, text in units)
    assert all(item.reason and item.place for item in unscannable)


def asked(data: bytes) -> None:
    """The header fields, tags and addresses by which a sender asks for something."""
    head, _, more = data.partition(b"\0")
    raw = b"From: anna@gemeente.example\r\n" + head.replace(b"\0", b"") + b"\r\n\r\nx\r\n"
    try:
        message = parse_whole(raw, LIMITS).message
    except Malformed:
        return
    recipient = more.decode("utf-8", "replace")
    wishes = directives.read(message, Envelope("gemeente", "anna@gemeente.example", (recipient,), ENVELOPE.session))
    assert isinstance(wishes.plain, bool)
    directives.clean_subject(message.subject)


def rule_file(data: bytes) -> None:
    """A file of rules that an admin wrote."""
    _told(lambda text: rules.load([("a.toml", text)]), data)


def policies(data: bytes) -> None:
    """A file of policies that an admin wrote."""
    _told(lambda text: policy_file.load([("a.toml", text)], classifier().rules), data)


def _told(load: Callable[[str], object], data: bytes) -> None:
    """What can't be used is refused with mistakes that say something."""
    told: list[str] | None = None
    try:
        load(data.decode("utf-8", "replace"))
    except Misconfigured as error:
        told = [str(mistake) for mistake in error.mistakes]
    assert told is None or (told and all(told))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parse": parse,
    "classify": classify,
    "scan": scan,
    "directives": asked,
    "rules": rule_file,
    "policies": policies,
    **{kind: functools.partial(file, name) for kind, name in FILES.items()},
}
