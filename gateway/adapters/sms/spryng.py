"""Spryng, REST API v1 (docs.spryngsms.com): POST /v1/messages with a bearer token."""

from __future__ import annotations

from typing import ClassVar

from gateway.adapters.sms.http import Answer, HttpSms, Request, Verdict, as_json
from gateway.adapters.sms.number import digits

URL = "https://rest.spryngsms.com/v1/messages"


class SpryngSms(HttpSms):
    """`route` is the one that Spryng assigned, by default "business"."""

    provider: ClassVar[str] = "spryng"

    def __init__(self, token: str, route: str = "", url: str = "") -> None:
        self._token = token
        self._route = route or "business"
        self._url = url or URL

    def request(self, to: str, text: str, sender: str) -> Request:
        """`auto` lets Spryng take UCS-2 only when a character needs it."""
        message = {
            "encoding": "auto",
            "body": text,
            "route": self._route,
            "originator": sender,
            "recipients": [digits(to)],
        }
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        return Request("POST", self._url, headers, as_json(message))

    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        """A message that was taken has an id; 401 is a bad token, 422 a bad number or originator."""
        return answer.verdict(taken=bool(answer.fields.get("id"))), 0
