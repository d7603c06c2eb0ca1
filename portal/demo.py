"""The demo's pages and JSON: what left the gateway and which text messages it sent. Only when the demo runs."""

from __future__ import annotations

from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from portal.demo_world import DemoWorld, WorldMessage
from portal.pages import Pages

# The mail as a mail client shows it: links work and leave the frame, scripts don't run.
MAIL_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; default-src 'none'; "
    "img-src data:; style-src 'unsafe-inline'; base-uri 'self'; frame-ancestors 'self'"
)


class Demo:
    def __init__(self, pages: Pages, world: DemoWorld) -> None:
        self.pages = pages
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/demo/inbox", self.inbox),
            Route("/demo/inbox/{id}", self.message),
            Route("/demo/inbox/{id}/html", self.html),
            Route("/demo/api/messages", self.api_messages),
            Route("/demo/api/messages/{id}/raw", self.api_raw),
            Route("/demo/api/sms", self.api_sms),
        ]

    async def inbox(self, request: Request) -> Response:
        messages = await run_in_threadpool(self.world.messages)
        return self.pages.page(
            request, "demo_inbox.html", messages=messages, sms=self.world.sms(), moment=datetime.fromisoformat
        )

    async def message(self, request: Request) -> Response:
        message = self._message(request)
        bodies = await run_in_threadpool(self.world.bodies, message.id)
        return self.pages.page(
            request, "demo_message.html", message=message, bodies=bodies, moment=datetime.fromisoformat
        )

    async def html(self, request: Request) -> Response:
        bodies = await run_in_threadpool(self.world.bodies, self._message(request).id)
        page = '<base target="_blank">' + bodies.html
        return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_CSP, "X-Frame-Options": "SAMEORIGIN"})

    async def api_messages(self, _request: Request) -> Response:
        messages = await run_in_threadpool(self.world.messages)
        return JSONResponse([message.as_json() for message in messages])

    async def api_raw(self, request: Request) -> Response:
        raw = self.world.raw(self._message(request).id)
        # As text, so that a browser shows it; `nosniff` keeps it text.
        return Response(raw, headers={"Content-Type": "text/plain"})

    async def api_sms(self, _request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self.world.sms))

    def _message(self, request: Request) -> WorldMessage:
        message = self.world.message(str(request.path_params["id"]))
        if message is None:
            raise HTTPException(404)
        return message
