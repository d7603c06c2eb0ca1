"""CM.com, Business Messaging API 1.0 (developers.cm.com/messaging): POST /v1.0/message with a product token.

The documented default goes through Cloudflare, a sub-processor of CM.com in the United States; organisations that may not
use it set `url` to the endpoint CM.com gives them, such as https://gw.cmtelecom.com/v1.0/message.
"""

from __future__ import annotations

from typing import ClassVar

from gateway.adapters.sms.http import Answer, HttpSms, Request, Verdict, as_json, number
from gateway.adapters.sms.number import digits

URL = "https://gw.messaging.cm.com/v1.0/message"
MOST_PARTS = 8  # CM.com's own maximum
TEMPORARY = frozenset({102, 500})  # no balance; an error at CM.com


class CmSms(HttpSms):
    """`product_token` is a GUID with its hyphens."""

    provider: ClassVar[str] = "cm"

    def __init__(self, product_token: str, url: str = "") -> None:
        self._product_token = product_token
        self._url = url or URL

    def request(self, to: str, text: str, sender: str) -> Request:
        """Numbers begin with 00; `auto` takes Unicode only when a character needs it."""
        message = {
            "allowedChannels": ["SMS"],
            "from": sender,
            "to": [{"number": "00" + digits(to)}],
            "body": {"type": "auto", "content": text},
            "minimumNumberOfMessageParts": 1,
            "maximumNumberOfMessageParts": MOST_PARTS,
        }
        headers = {
            "X-CM-PRODUCTTOKEN": self._product_token,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        return Request("POST", self._url, headers, as_json({"messages": {"msg": [message]}}))

    def judge(self, answer: Answer) -> tuple[Verdict, int]:
        """`errorCode` is of the request (201: look at the messages), `messageErrorCode` of the one message."""
        fields = answer.fields
        if "errorCode" not in fields:
            return answer.verdict(taken=False), 0
        messages = fields.get("messages")
        first = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
        reason = number(first.get("messageErrorCode")) or number(fields["errorCode"])
        if answer.good and reason == 0 and first.get("status") == "Accepted":
            return Verdict.TAKEN, 0
        if reason == 0 or reason in TEMPORARY:
            return Verdict.LATER, reason
        return (Verdict.LATER if answer.status >= 500 else Verdict.REFUSED), reason
