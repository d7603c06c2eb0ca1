"""Twilio, Programmable Messaging (twilio.com/docs/messaging/api): POST a form to Messages.json of 2010-04-01."""

from __future__ import annotations

import base64
from typing import ClassVar
from urllib.parse import quote, urlencode

from gateway.adapters.sms.http import Answer, HttpSms, Request, Verdict, number
from gateway.adapters.sms.number import is_number

URL = "https://api.twilio.com"
QUEUE_FULL = 21611  # answered with 400, yet it passes
BAD_NUMBERS = frozenset({21211, 21214, 21217, 21614})  # invalid, unreachable, no mobile


class TwilioSms(HttpSms):
    """`url` is the server only, for a region: "https://api.dublin.ie1.twilio.com"."""

    provider: ClassVar[str] = "twilio"

    def __init__(self, account_sid: str, auth_token: str, url: str = "") -> None:
        self._login = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        account = quote(account_sid, safe="")
        self._url = f"{(url or URL).rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"

    def request(self, to: str, text: str, sender: str) -> Request:
        """A sending number is E.164 too; a name goes as it is."""
        origin = f"+{sender.lstrip('+')}" if is_number(sender) and len(sender) > 6 else sender
        headers = {
            "Authorization": f"Basic {self._login}",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = urlencode({"To": to, "From": origin, "Body": text})
        return Request("POST", self._url, headers, form.encode())

    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        """A message that was taken has a sid; an error has a code (20003 credentials, 21211 bad number)."""
        fields = answer.fields
        reason = 0 if answer.good else number(fields.get("code"))
        if reason == QUEUE_FULL:
            return Verdict.LATER, reason
        if reason in BAD_NUMBERS:
            return Verdict.BAD_NUMBER, reason
        return answer.verdict(taken=bool(fields.get("sid"))), reason
