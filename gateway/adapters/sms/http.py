"""What all providers with an HTTP interface share: one request, one bounded answer, one verdict.

Terms: a provider builds a `Request` and judges the `Answer`. A `Verdict` is taken, later (temporary) or refused
(permanent: a bad number or bad credentials).
The rule: any answer that isn't clearly good is a failure, and of a failure only the provider's name, the HTTP status and the
provider's own numeric reason are told. Errors of the HTTP library are named, not chained: they may quote a header.
"""

from __future__ import annotations

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from ssl import SSLContext
from typing import Any, ClassVar

import httpx
import structlog

from gateway.adapters.sms.number import NOT_SENT, digits
from gateway.core.errors import SmsFailed

log = structlog.get_logger()
# httpx tells every address at INFO, and some providers want the number or an account in it.
logging.getLogger("httpx").setLevel(logging.WARNING)

PATIENCE = 15.0  # seconds for the whole exchange; somebody waits at a page
MOST = 64 * 1024  # bytes of an answer that are read
# Statuses that another try won't change. 402 is missing: topping up the account helps.
HOPELESS = frozenset({400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 421, 422})


class Verdict(Enum):
    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    BAD_NUMBER = "bad-number"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is cut at `MOST` bytes."""

    status: int
    body: bytes = field(repr=False)

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object in the body; empty when there is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def verdict(self, taken: bool) -> Verdict:
        """What the status alone says; `taken` is whether the body of a good answer confirms it."""
        if self.good:
            return Verdict.TAKEN if taken else Verdict.LATER
        return Verdict.REFUSED if self.status in HOPELESS else Verdict.LATER


class HttpSms(ABC):
    """A provider. Subclasses say how to ask and how to read the answer."""

    provider: ClassVar[str]
    patience: float = PATIENCE

    @abstractmethod
    def request(self, to: str, text: str, sender: str) -> Request:
        """The request as the provider documents it. `to` is a checked E.164 number."""

    @abstractmethod
    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        """The verdict, and the provider's own number for the reason, 0 for none."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    async def send(self, to: str, text: str, sender: str) -> None:
        """Returns when the provider has taken the message. Raises `SmsFailed`."""
        digits(to)
        answer = await self._exchange(self.request(to, text, sender))
        verdict, reason = self.judge(answer)
        if verdict is Verdict.TAKEN:
            return
        log.warning("sms_failed", provider=self.provider, status=answer.status, reason=reason, verdict=verdict.value)
        raise SmsFailed(NOT_SENT, permanent=verdict is Verdict.REFUSED, bad_number=verdict is Verdict.BAD_NUMBER)

    async def _exchange(self, request: Request) -> Answer:
        headers = {**request.headers, "Accept-Encoding": "identity"}  # nothing that could unfold into gigabytes
        try:
            async with (
                asyncio.timeout(self.patience),
                httpx.AsyncClient(verify=tls_context(), timeout=self.patience) as client,
                client.stream(request.method, request.url, headers=headers, content=request.content) as response,
            ):
                return Answer(response.status_code, await _head(response))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            log.warning("sms_failed", provider=self.provider, error=type(error).__name__, permanent=False)
            raise SmsFailed(NOT_SENT) from None


async def _head(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= MOST:
            break
    return bytes(body[:MOST])


@cache
def tls_context() -> SSLContext:
    """One for all requests: loading the certificate authorities takes tens of milliseconds."""
    return httpx.create_ssl_context()


def number(value: object) -> int:
    """A provider's reason when it is a number, else 0: words of a provider may repeat what we sent."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def as_json(value: object) -> bytes:
    """Compact, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
