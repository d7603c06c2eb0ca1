"""Any other provider: a request from a template in the settings.

Terms: {to} is the E.164 number, {digits} the same without its plus, {text} the message, {sender} who it comes from. They may
stand in the body and in the address; each is escaped for where it stands: JSON strings, form fields, XML text or the address.
The rule: a template that would not make a well-formed body is refused at the start, not at the first message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qsl, quote, quote_plus
from xml.sax.saxutils import escape

import hyperscan

from gateway.adapters.sms.http import Answer, HttpSms, Request, Verdict
from gateway.adapters.sms.number import digits

PLACEHOLDER = re.compile(r"\{(to|digits|text|sender)\}")
METHODS = ("POST", "PUT", "GET")
SAMPLE = {"to": "+31600000000", "digits": "31600000000", "text": 'a "b" & <c> {to}\\', "sender": "Zegel"}


class TemplateSms(HttpSms):
    """`success` is a pattern that a good answer's body must match; empty: any 2xx is good. It runs in linear time.

    Raises ValueError, with a sentence for the admin, for a template that can't work.
    """

    provider: ClassVar[str] = "template"

    def __init__(
        self,
        url: str,
        body: str,
        method: str = "",
        content_type: str = "",
        authorization: str = "",
        success: str = "",
    ) -> None:
        self._url = url
        self._body = body
        self._method = (method or "POST").upper()
        self._content_type = content_type or "application/json"
        self._authorization = authorization
        self._escape = _escape_for(self._content_type)
        self._success = _compiled(success)
        if self._method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}")
        _check(self._fill(SAMPLE), self._content_type)

    def request(self, to: str, text: str, sender: str) -> Request:
        """GET carries no body."""
        values = {"to": to, "digits": digits(to), "text": text, "sender": sender}
        url = _filled(self._url, values, lambda value: quote(value, safe=""))
        headers = {"Authorization": self._authorization} if self._authorization else {}
        if self._method == "GET":
            return Request("GET", url, headers, b"")
        return Request(self._method, url, {**headers, "Content-Type": self._content_type}, self._fill(values).encode())

    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        """Only the status tells bad numbers from bad days."""
        return answer.verdict(taken=self._success is None or _matches(self._success, answer.body)), 0

    def _fill(self, values: dict[str, str]) -> str:
        return _filled(self._body, values, self._escape)


def _filled(template: str, values: dict[str, str], escaped: Callable[[str], str]) -> str:
    """In one pass, so a placeholder inside a message stays what it is."""
    return PLACEHOLDER.sub(lambda match: escaped(values[match.group(1)]), template)


def _escape_for(content_type: str) -> Callable[[str], str]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return lambda value: json.dumps(value)[1:-1]
    if kind == "application/x-www-form-urlencoded":
        return quote_plus
    if kind in ("text/xml", "application/xml") or kind.endswith("+xml"):
        return lambda value: escape(value, {'"': "&quot;", "'": "&apos;"})
    raise ValueError("content_type must be JSON, a form (application/x-www-form-urlencoded) or XML")


def _check(sample: str, content_type: str) -> None:
    if "json" in content_type:
        try:
            json.loads(sample)
        except ValueError:
            raise ValueError('body is not JSON; placeholders stand between quotes, as in {"to": "{to}"}') from None
    elif "form" in content_type:
        try:
            parse_qsl(sample, strict_parsing=True)
        except ValueError:
            raise ValueError("body is no form; write it like to={to}&text={text}") from None


def _compiled(pattern: str) -> hyperscan.Database | None:
    if not pattern:
        return None
    database = hyperscan.Database()
    flags = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
    try:
        database.compile(expressions=[pattern.encode()], ids=[0], flags=[flags])
    except hyperscan.HyperscanError:
        raise ValueError("success is not a pattern that Hyperscan can compile") from None
    return database


def _matches(database: hyperscan.Database, body: bytes) -> bool:
    found: list[int] = []

    def note(identity: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        found.append(identity)

    database.scan(body, match_event_handler=note)
    return bool(found)
