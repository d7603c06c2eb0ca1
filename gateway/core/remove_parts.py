"""Takes parts out of a message: in the place of each stands a short note, so that its reader sees that something is missing.

The rule: every octet outside the removed parts stays as it is. Part numbers are those of `gateway.core.parse`, for the same
octets and limits.
"""

from __future__ import annotations

import base64
from collections.abc import Collection

from gateway.core.header_edit import edit
from gateway.core.limits import Limits
from gateway.core.mime_tree import Entity
from gateway.core.parse import leaves

NOTES = {
    "nl": "De afzender heeft deze bijlage verwijderd voordat het bericht werd verzonden.\r\n",
    "en": "The sender removed this attachment before the message was sent.\r\n",
}


class NotThere(Exception):
    """The message has no such part, or it can't be removed."""


def remove_parts(raw: bytes, numbers: Collection[int], language: str, limits: Limits) -> bytes:
    """The message without these parts. Raises `NotThere`, and then nothing was removed."""
    found = leaves(raw, limits)
    if not numbers or not set(numbers) <= set(found):
        raise NotThere
    note = _note(language)
    pieces, kept = [], 0
    for entity in sorted((found[number] for number in set(numbers)), key=lambda entity: entity.head):
        if entity.head == 0:  # the message is this part: its own header stays
            return _emptied(raw, entity, note)
        pieces += [raw[kept : entity.head], note]
        kept = entity.end
    return b"".join([*pieces, raw[kept:]])


def _note(language: str) -> bytes:
    """A whole part. In base64, since no boundary can be in that."""
    text = NOTES.get(language, NOTES["en"]).encode()
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(text).replace(b"\n", b"\r\n").removesuffix(b"\r\n")


def _emptied(raw: bytes, entity: Entity, note: bytes) -> bytes:
    fields, _, body = note.partition(b"\r\n\r\n")
    head = raw[: entity.start]
    kept = edit(head, lambda item: None if item.name.startswith("content-") else item.raw)
    return b"".join((fields, b"\r\n", kept, body, b"\r\n"))
