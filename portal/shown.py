"""What a page shows of a message: its date, its files, the height of its body. The same for recipients and for reviewers."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from gateway.core.manifest import Manifest, ManifestPart
from portal.html_body import SHOWN_IMAGES, safe_body
from portal.languages import Times

MOST_IMAGE_BYTES = 10 * 1024 * 1024  # shown inside the text; what is more can still be downloaded
FRAMES = (8, 14, 22, 36, 60)  # lines: the classes frame-0 to frame-5 of static/zegel.css are as tall


def facts(manifest: Manifest, text: str | None, html: str | None, *, as_text: bool) -> dict[str, Any]:
    """For a page with the message's body and files. `as_text`: the reader wants it plain, as far as there is a plain one."""
    as_text = html is None or (as_text and text is not None)
    body = None if as_text else safe_body(html or "", {}, language="en", title="")
    return {
        "manifest": manifest,
        "text": text or "",
        "as_text": as_text,
        "both": html is not None and text is not None,
        "remote": body.remote_images if body else 0,
        "frame": bisect_left(FRAMES, body.lines) if body else 0,
        "attachments": attachments(manifest, html),
        "kinds": {part.number: kind(part) for part in manifest.attachments},
    }


def date(manifest: Manifest, otherwise: datetime, times: Times) -> str:
    """The message's own date as people read it; when it has none that can be read, `otherwise`."""
    try:
        at = parsedate_to_datetime(manifest.date)
    except (ValueError, TypeError):
        at = otherwise
    return times.moment(at if at.tzinfo else at.replace(tzinfo=UTC))


def inline_images(manifest: Manifest, html: str | None) -> list[ManifestPart]:
    """The images that the body shows, smallest numbers first, up to a limit."""
    shown, count = [], 0
    for part in manifest.parts:
        if in_body(part, html) and count + part.size <= MOST_IMAGE_BYTES:
            shown.append(part)
            count += part.size
    return shown


def in_body(part: ManifestPart, html: str | None) -> bool:
    """Whether the body shows this inline image."""
    identity = part.content_id.strip("<>")
    return bool(identity) and identity in (html or "") and part.content_type.lower() in SHOWN_IMAGES


def attachments(manifest: Manifest, html: str | None) -> list[ManifestPart]:
    """What is offered for download: all but the images that the body shows."""
    return [part for part in manifest.attachments if not in_body(part, html)]


def kind(part: ManifestPart) -> str:
    """A few letters for the file's icon."""
    return letters(part.name, part.content_type)


def letters(name: str, content_type: str) -> str:
    ending = name.rpartition(".")[2].upper() if "." in name else ""
    return ending if 1 <= len(ending) <= 4 and ending.isalnum() else content_type.partition("/")[0][:4].upper()
