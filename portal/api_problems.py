"""What goes wrong in the API, as problem details (RFC 9457): generic words, never a cause or anything of a request.

The rule: no exception text reaches a client or the log, since it may quote what was sent.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from gateway.core.errors import Malformed, Unavailable
from gateway.core.pickup import TooMany
from gateway.core.ports import Clock
from gateway.service.api_tokens import BadToken, NoScope
from gateway.service.live_check import NotYours

log = structlog.get_logger()

AGAIN = 5  # seconds: a role that was restarted serves again by then


class BusyToken(Exception):
    """A token asks more at once than anybody types."""


class Problem(Exception):
    """An answer with an error status. `errors` are (JSON pointer into the request, sentence)."""

    def __init__(self, status: int, detail: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.errors = errors


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# The rest of these requests is not read: the client must not send its next one behind it.
UNREAD = frozenset({401, 403, 408, 413, 415, 429, 503})


class ApiProblems:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def handlers(self) -> Mapping[Any, Any]:
        """For Starlette's ExceptionMiddleware."""
        return {
            Problem: self.problem,
            BadToken: self.bad_token,
            NoScope: self.forbidden,
            NotYours: self.forbidden,
            TooMany: self.too_many,
            BusyToken: self.busy,
            Unavailable: self.unavailable,
            Malformed: self.malformed,
            ClientDisconnect: self.gone,
            HTTPException: self.http,
            Exception: self.broken,
        }

    async def problem(self, _request: Request, error: Problem) -> Response:
        return answer(error.status, error.detail, error.errors)

    async def bad_token(self, _request: Request, error: BadToken) -> Response:
        return answer(401, error.public, headers={"WWW-Authenticate": 'Bearer realm="zegel"'})

    async def forbidden(self, _request: Request, error: NoScope | NotYours) -> Response:
        return answer(403, error.public)

    async def too_many(self, _request: Request, error: TooMany) -> Response:
        seconds = max(1, ceil((error.retry_at - self._clock()).total_seconds()))
        return answer(429, "Too many requests with this token", headers={"Retry-After": str(seconds)})

    async def busy(self, _request: Request, _error: BusyToken) -> Response:
        return answer(429, "Too many requests at once with this token", headers={"Retry-After": str(AGAIN)})

    async def unavailable(self, _request: Request, error: Unavailable) -> Response:
        log.warning("api_unavailable", error=type(error).__name__)
        return answer(503, "This can't be answered for the moment", headers={"Retry-After": str(AGAIN)})

    async def malformed(self, _request: Request, _error: Malformed) -> Response:
        return answer(422, "The draft can't be read as a message")

    async def http(self, _request: Request, error: HTTPException) -> Response:
        return answer(
            error.status_code, "There is nothing here by this method or path", headers=dict(error.headers or {})
        )

    async def gone(self, _request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)

    async def broken(self, _request: Request, error: Exception) -> Response:
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("api_broken", error=type(error).__name__, file=place.filename, line=place.lineno)
        return answer(500, "Something went wrong on our side")


def answer(
    status: int, detail: str, errors: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """One problem as JSON."""
    body: dict[str, object] = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    if errors:
        body["errors"] = [{"pointer": pointer, "detail": sentence} for pointer, sentence in errors]
    more = {"Connection": "close"} if status in UNREAD else {}
    return JSONResponse(body, status, {**(headers or {}), **more}, media_type="application/problem+json")
