"""Bird, formerly MessageBird, SMS API (developers.messagebird.com): POST /messages with an access key."""

from __future__ import annotations

from typing import ClassVar

from gateway.adapters.sms.http import Answer, HttpSms, Request, Verdict, as_json, number
from gateway.adapters.sms.number import digits

URL = "https://rest.messagebird.com/messages"
NO_BALANCE = 25


class BirdSms(HttpSms):
    """`access_key` is a live key; a test key (`test_...`) is answered alike, but sends nothing."""

    provider: ClassVar[str] = "bird"

    def __init__(self, access_key: str, url: str = "") -> None:
        self._access_key = access_key
        self._url = url or URL

    def request(self, to: str, text: str, sender: str) -> Request:
        """`auto` takes Unicode only when a character needs it."""
        message = {"originator": sender, "recipients": [digits(to)], "body": text, "datacoding": "auto"}
        headers = {
            "Authorization": f"AccessKey {self._access_key}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        return Request("POST", self._url, headers, as_json(message))

    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        """A message that was taken has an id; errors come as a list of {code, description, parameter}."""
        fields = answer.fields
        errors = fields.get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        reason = number(first.get("code"))
        if reason == NO_BALANCE:
            return Verdict.LATER, reason
        return answer.verdict(taken=bool(fields.get("id")) and not errors), reason
