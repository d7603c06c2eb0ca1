"""What a signed-in account has sent sealed: the list, each message's standing, and the message itself.

The rule: the account's own messages only; another's is as if it were not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.core.ids import is_id
from gateway.core.login import SignedIn
from gateway.core.pickup import Unknown
from gateway.core.records import EventKind
from gateway.service.sent import SentItem, SentReading
from portal import shown
from portal.door import Door
from portal.downloads import Download, attachment, begun, clean_name
from portal.html_body import CSP, safe_body
from portal.languages import Times
from portal.manage_pages import Entered, ManagePages
from portal.pages import Pages, id_of
from portal.ranges import Unsatisfiable, wanted

FEW = 3  # recipients that a line of the list names


@dataclass(frozen=True, slots=True)
class Line:
    """One message in the list. `key` is the standing of all recipients together."""

    id: str
    subject: str | None
    recipients: tuple[str, ...]
    more: int
    at: datetime
    key: str
    read: int
    count: int


class SentPages(ManagePages):
    at = "/sent/{id}"

    def __init__(self, pages: Pages, door: Door) -> None:
        super().__init__(pages)
        self.door = door
        self.desk = pages.deps.login

    def routes(self) -> list[Route]:
        return [
            Route("/sent", self.list),
            *self.message_routes(),
            Route(self.at + "/message", self.message),
            Route(self.at + "/body", self.body),
            Route(self.at + "/part/{number:int}", self.part),
            Route(self.at + "/message.eml", self.eml),
            Route(self.at + "/message.zip", self.zip),
        ]

    async def list(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        before = _place(request.query_params.get("before", ""))
        page = await self.desk.sent.page(signed_in, before)
        older = f"{page.older[0].timestamp():.6f}-{page.older[1]}" if page.older else ""
        return self.door.page(
            request,
            "sent.html",
            signed_in,
            area="/sent",
            here="/sent",
            lines=[_line(item) for item in page.items],
            older=older,
            first=before is None,
        )

    # -- one message's standing

    async def enter(self, request: Request) -> Entered:
        signed_in = await self.door.enter(request)
        subject = await self.desk.sent.subject(signed_in, id_of(request))
        facts = {"frame": "signed_in.html", "subject": subject, "signed_in": signed_in}
        return Entered(signed_in.account.id, self.door.organisation(signed_in), facts)

    # -- the message

    async def message(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        reading = await self.desk.sent.read(signed_in, id_of(request))
        organisation = self.door.organisation(signed_in)
        times = Times(self.pages.language(request, organisation), self.pages.deps.settings.timezone)
        as_text = request.query_params.get("view") == "text"
        return self.door.page(
            request,
            "sent_message.html",
            signed_in,
            area=self.area(request),
            date=shown.date(reading.manifest, reading.message.created_at, times),
            **shown.facts(reading.manifest, reading.text, reading.html, as_text=as_text),
        )

    async def body(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        reading = await self.desk.sent.read(signed_in, id_of(request))
        if reading.html is None:
            raise Unknown
        images = await self._images(signed_in, reading)
        language = self.pages.language(request)
        page = safe_body(reading.html, images, language=language, title=reading.manifest.subject).page
        return HTMLResponse(page, headers={"Content-Security-Policy": CSP, "X-Frame-Options": "SAMEORIGIN"})

    async def _images(self, signed_in: SignedIn, reading: SentReading) -> dict[str, tuple[str, bytes]]:
        """The inline images that the body shows, by Content-ID."""
        images: dict[str, tuple[str, bytes]] = {}
        for image in shown.inline_images(reading.manifest, reading.html):
            part, chunks = await self.desk.sent.part(signed_in, reading.message.id, image.number)
            images[part.content_id.strip("<>")] = (part.content_type, b"".join([chunk async for chunk in chunks]))
        return images

    async def part(self, request: Request) -> Response:
        signed_in, number = await self.door.enter(request), int(request.path_params["number"])
        reading = await self.desk.sent.read(signed_in, id_of(request))
        files = shown.attachments(reading.manifest, reading.html)
        part = next((part for part in files if part.number == number), None)
        if part is None:
            raise Unknown
        etag = f'"{part.sha256}"'
        headers = {"ETag": etag, "Content-Disposition": attachment(clean_name(part.name, f"part-{number}"))}
        try:
            span = wanted(request.headers.get("range"), request.headers.get("if-range"), etag, part.size)
        except Unsatisfiable:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{part.size}"})
        headers |= span.headers | {"Content-Type": "application/octet-stream"}
        status = 206 if span.partial else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        _, chunks = await self.desk.sent.part(signed_in, reading.message.id, number, span.start, span.end)
        return await self._download(signed_in, reading.message.id, chunks, status, headers)

    async def eml(self, request: Request) -> Response:
        return await self._whole(request, "eml", "message/rfc822")

    async def zip(self, request: Request) -> Response:
        return await self._whole(request, "zip", "application/zip")

    async def _whole(self, request: Request, kind: str, media_type: str) -> Response:
        signed_in, message_id = await self.door.enter(request), id_of(request)
        reading = await self.desk.sent.read(signed_in, message_id)
        name = clean_name(reading.manifest.subject, "message")
        headers = {"Content-Disposition": attachment(f"{name}.{kind}"), "Content-Type": media_type}
        if request.method == "HEAD":
            return Response(headers=headers)
        whole = self.desk.sent.eml if kind == "eml" else self.desk.sent.zip
        return await self._download(signed_in, message_id, await whole(signed_in, message_id), 200, headers)

    async def _download(
        self,
        signed_in: SignedIn,
        message_id: str,
        chunks: AsyncIterator[bytes],
        status: int,
        headers: dict[str, Any],
    ) -> Download:
        """Cut when the message is taken back, and when the session ends."""
        ended = partial(self.desk.sent.ended, signed_in, message_id)
        return Download(await begun(chunks), status, headers, ended)


def _line(item: SentItem) -> Line:
    statuses = item.overview.recipients
    read = sum(any(event.kind is EventKind.READ for event in status.events) for status in statuses)
    return Line(
        id=item.message.id,
        subject=item.subject,
        recipients=item.message.recipients[:FEW],
        more=max(0, len(item.message.recipients) - FEW),
        at=item.message.created_at,
        key=_together([status.state.value for status in statuses], item.message.state.value, read),
        read=read,
        count=len(statuses),
    )


def _together(states: list[str], message: str, read: int) -> str:
    """One word for all recipients: what asks something of the sender comes first."""
    if message != "active":
        return message
    for key in ("waiting", "wrong-number", "bounced"):
        if key in states:
            return key
    if states and set(states) <= {"revoked", "expired"}:
        return states[0]
    return "read" if states and read == len(states) else "some" if read else "underway"


def _place(text: str) -> tuple[datetime, str] | None:
    """Where a page of the list begins; None for the newest, and for anything that is not ours."""
    seconds, _, identity = text.partition("-")
    try:
        return (datetime.fromtimestamp(float(seconds), UTC), identity) if is_id(identity) else None
    except (ValueError, OverflowError, OSError):
        return None
