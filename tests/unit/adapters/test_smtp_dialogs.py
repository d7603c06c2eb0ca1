"""Whole dialogues, written as scripts in tests/vectors/smtp/*.dialog and played over real sockets.

# comment            LISTENER none|starttls|implicit    PEER stranger|trusted|proxy    OPTION field=value
C: line              sent with CR LF; \\r \\n \\0 \\xNN \\\\ are octets
C- octets            sent as they are, without CR LF
S: line              the next line is this; "..." at its end stands for anything
S* code              the whole of a reply, its code and its last line's beginning being this
TLS                  the client's side of the handshake
EOF                  the client stops sending
CLOSED               the server ends the connection
QUEUED n             this many messages were accepted
FROM x / TO x y / ORGANISATION x / ACCOUNT x / BODY octets     facts of the last one
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gateway.adapters.smtp_settings import Limits
from tests.unit.adapters.smtp_lab import PROXY, STRANGER, TRUSTED, Client, Lab, running

FOLDER = Path(__file__).parents[2] / "vectors" / "smtp"
PEERS = {"stranger": STRANGER, "trusted": TRUSTED, "proxy": PROXY}
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))")
PLAIN = {b"r": b"\r", b"n": b"\n", b"0": b"\0", b"\\": b"\\", b"t": b"\t"}


def octets(text: str) -> bytes:
    return ESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else PLAIN[m[2]], text.encode())


def script(path: Path) -> list[tuple[int, str, str]]:
    lines = [(number, line) for number, line in enumerate(path.read_text().splitlines(), 1)]
    return [
        (number, *([*line.split(" ", 1), ""])[:2])  # type: ignore[misc]
        for number, line in lines
        if line.strip() and not line.startswith("#")
    ]


def fact(lab: Lab, word: str) -> object:
    envelope, raw = lab.queue[-1]
    return {
        "FROM": envelope.mail_from,
        "TO": " ".join(envelope.rcpt_tos),
        "ORGANISATION": envelope.organisation,
        "ACCOUNT": (envelope.session.account or "").rstrip("a"),
        "BODY": raw,
        "SESSION_PEER": envelope.session.peer,
        "SESSION_HELO": envelope.session.helo,
        "SESSION_TLS": str(envelope.session.tls),
        "SMTPUTF8": str(envelope.smtputf8),
    }[word]


async def play(client: Client, lab: Lab, where: str, word: str, rest: str) -> None:
    if word == "C:":
        await client.send(octets(rest) + b"\r\n")
    elif word == "C-":
        await client.send(octets(rest))
    elif word == "S:":
        line = await client.line()
        assert line.startswith(rest[:-3]) if rest.endswith("...") else line == rest, f"{where}: {line}"
    elif word == "S*":
        last = ((await client.reply()) or ["(closed)"])[-1]
        assert last.startswith(rest), f"{where}: {last}"
    elif word == "TLS":
        await client.start_tls()
    elif word == "EOF":
        client.writer.write_eof()
    elif word == "CLOSED":
        assert await client.line() == "", where
    elif word == "QUEUED":
        assert len(lab.queue) == int(rest), where
    else:
        expected = octets(rest) if word == "BODY" else rest
        assert fact(lab, word) == expected, where


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.dialog")), ids=lambda path: path.stem)
async def test_dialog(path: Path) -> None:
    listener, peer = "starttls", STRANGER
    options: dict[str, object] = {}
    limits: dict[str, float] = {}
    names = {each.name for each in fields(Limits)}
    steps = []
    for number, word, rest in script(path):
        if word == "LISTENER":
            listener = rest
        elif word == "PEER":
            peer = PEERS[rest]
        elif word == "OPTION":
            key, _, value = rest.partition("=")
            (limits if key in names else options)[key] = int(value)  # type: ignore[index]
        else:
            steps.append((number, word, rest))
    async with running(Limits(**limits), **options) as lab, lab.client(listener, peer) as client:  # type: ignore[arg-type]
        for number, word, rest in steps:
            await play(client, lab, f"{path.name}:{number}", word, rest)


def test_there_are_dialogs() -> None:
    assert len(list(FOLDER.glob("*.dialog"))) > 20
