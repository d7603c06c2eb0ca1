"""The document of a live check, read into a draft: all mistakes at once, by their places, without what was written there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.core.draft import LONGEST_SUBJECT, Draft, DraftFile, is_address, is_client_header
from portal.api_problems import Problem
from portal.languages import LANGUAGES
from portal.uploads import Upload

MOST_HEADERS = 100
MOST_NOT_SENT = 200
LONGEST_NAME = 255
KEYS = frozenset({"from", "to", "cc", "bcc", "subject", "text", "html", "headers", "not_sent", "language"})


@dataclass(frozen=True, slots=True)
class Asked:
    """`language` is empty when the document does not say; `not_sent` are names of files that were not looked at. `files` are
    places in the request of the files that the draft has, in its order."""

    draft: Draft
    language: str
    not_sent: tuple[str, ...] = field(repr=False)
    files: tuple[int, ...]


def read_draft(upload: Upload, most_recipients: int) -> Asked:
    """Raises `Problem` (400 for what is no JSON, 422 for what is no draft)."""
    try:
        document = json.loads(upload.document)
    except (ValueError, RecursionError):
        raise Problem(400, "The message is not JSON in UTF-8") from None
    reader = _Reader(document)
    kept = [(place, file) for place, file in enumerate(upload.files) if file.content is not None]
    asked = Asked(
        draft=Draft(
            sender=reader.address("from"),
            to=reader.addresses("to", most_recipients),
            cc=reader.addresses("cc", most_recipients),
            bcc=reader.addresses("bcc", most_recipients),
            subject=reader.text("subject", LONGEST_SUBJECT) or "",
            text=reader.text("text"),
            html=reader.text("html"),
            headers=reader.headers(),
            files=tuple(DraftFile(file.name, file.content_type, file.content or b"") for _, file in kept),
            names=tuple(reader.names.items()),
        ),
        language=reader.language(),
        not_sent=(*reader.not_sent(), *(file.name for file in upload.files if file.content is None)),
        files=tuple(place for place, _ in kept),
    )
    if len(asked.draft.recipients) > most_recipients:
        reader.wrong("/to", f"there are more than {most_recipients} recipients")
    reader.finish()
    return asked


class _Reader:
    """Collects mistakes as (JSON pointer, sentence) and goes on with what is harmless."""

    def __init__(self, document: object) -> None:
        self._document: dict[str, Any] = document if isinstance(document, dict) else {}
        self._mistakes: list[tuple[str, str]] = []
        self.names: dict[str, str] = {}  # by address
        if not isinstance(document, dict):
            self.wrong("", "must be an object")
        if set(self._document) - KEYS:
            # Not by name: a key is as much a part of the request as a value.
            self.wrong("", "has a key that is not known here")

    def wrong(self, pointer: str, sentence: str) -> None:
        self._mistakes.append((f"#{pointer}", sentence))

    def finish(self) -> None:
        if self._mistakes:
            raise Problem(422, "The draft is not as described", self._mistakes[:20])

    def text(self, key: str, longest: int | None = None) -> str | None:
        value = self._document.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(f"/{key}", "must be a text")
            return None
        if longest is not None and len(value) > longest:
            self.wrong(f"/{key}", f"has more than {longest} characters")
        return value

    def address(self, key: str) -> str:
        return self._mailbox(f"/{key}", self._document.get(key))

    def addresses(self, key: str, most: int) -> tuple[str, ...]:
        found = (self._mailbox(pointer, value) for pointer, value in self._list(key, most))
        return tuple(address for address in found if address)

    def _mailbox(self, pointer: str, value: object) -> str:
        """The address in `name@example.org` or {"address": ..., "name": ...}; empty when it is none."""
        address, name = value, ""
        if isinstance(value, dict) and value.keys() <= {"address", "name"}:
            address, name = value.get("address"), value.get("name", "")
        if isinstance(address, str) and is_address(address) and isinstance(name, str) and len(name) <= LONGEST_NAME:
            if name:
                self.names[address] = name
            return address
        self.wrong(pointer, "must be an address like name@example.org, or an object with address and name")
        return ""

    def headers(self) -> tuple[tuple[str, str], ...]:
        found = []
        for pointer, value in self._list("headers", MOST_HEADERS):
            name, text = (value.get("name"), value.get("value")) if isinstance(value, dict) else (None, None)
            if isinstance(name, str) and isinstance(text, str) and len(value) == 2 and is_client_header(name, text):
                found.append((name, text))
            else:
                self.wrong(pointer, "must be a name and a one-line value of a header that a client may add")
        return tuple(found)

    def not_sent(self) -> tuple[str, ...]:
        found = []
        for pointer, value in self._list("not_sent", MOST_NOT_SENT):
            if isinstance(value, str) and len(value) <= LONGEST_NAME:
                found.append(value)
            else:
                self.wrong(pointer, f"must be the name of a file, at most {LONGEST_NAME} characters")
        return tuple(found)

    def language(self) -> str:
        value = self._document.get("language")
        if value is None or (isinstance(value, str) and value in LANGUAGES):
            return value or ""
        self.wrong("/language", "must be nl or en")
        return ""

    def _list(self, key: str, most: int) -> Iterable[tuple[str, Any]]:
        value = self._document.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(f"/{key}", "must be a list")
            return []
        if len(value) > most:
            self.wrong(f"/{key}", f"has more than {most} entries")
        return [(f"/{key}/{place}", item) for place, item in enumerate(value[:most])]
