"""Providers of text messages by HTTP, as their documentation tells: they check a request and answer like the real ones.

Each `Provider` is a subclass: it reads a request (a `Complaint` says what is not as documented) and knows its own answers.
"""

from __future__ import annotations

import base64
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

from tests.peers.sms_numbers import BROKEN, BUSY, GARBAGE, GONE, NO_CREDIT, REFUSED, SILENT


class Complaint(Exception):
    """The request is not as the provider documents it."""


class BadLogin(Exception):
    """The credentials are not ours."""


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        demand(self.headers.get("content-type") == "application/json", "Content-Type")
        return json.loads(self.body)


@dataclass(frozen=True)
class Taken:
    """A text message as the provider understood it; `to` is E.164."""

    to: str
    text: str
    sender: str


@dataclass
class Provider(ABC):
    """`taken` are the messages it would send; `complaints` should stay empty."""

    name: ClassVar[str]
    secret: ClassVar[str]
    base: str = ""
    taken: list[Taken] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @abstractmethod
    def options(self, secret: str) -> dict[str, str]: ...
    @abstractmethod
    def read(self, asked: Asked) -> Taken:
        """Raises `Complaint` or `BadLogin`."""

    good: ClassVar[tuple[int, object]]
    bad_login: ClassVar[tuple[int, object]]
    bad_number: ClassVar[tuple[int, object]]
    no_credit: ClassVar[tuple[int, object]]

    def answer(self, asked: Asked) -> tuple[int, object]:
        try:
            message = self.read(asked)
        except BadLogin:
            return self.bad_login
        except (Complaint, KeyError, ValueError, TypeError) as complaint:
            self.complaints.append(repr(complaint))
            return 400, {}
        special: dict[str, tuple[int, object]] = {
            REFUSED: self.bad_number,
            NO_CREDIT: self.no_credit,
            GARBAGE: (200, "<html>Welcome to the hotel's network</html>"),
            BROKEN: (500, "Internal Server Error"),
            BUSY: (429, {}),
        }
        if message.to not in special:
            self.taken.append(message)
        return special.get(message.to, self.good)


def demand(so: bool, what: str) -> None:
    if not so:
        raise Complaint(what)


def international(digits: str) -> str:
    demand(digits.isdigit() and not digits.startswith("0"), "number in international form, digits only")
    return f"+{digits}"


class Spryng(Provider):
    """docs.spryngsms.com: 200 with the message, 401, 402, 422 with `errors` by field."""

    name = "spryng"
    secret = "spryng-s3cret"
    good = (200, {"id": "9dbc5ffb-7524-4fae-9514-51decd94a44f", "originator": "Zegel", "credits": 1})
    bad_login = (401, {"message": "Unauthenticated."})
    bad_number = (422, {"message": "The given data was invalid.", "errors": {"recipients.0": ["is invalid"]}})
    no_credit = (402, {"message": "Insufficient credits"})

    def options(self, secret: str) -> dict[str, str]:
        return {"token": secret, "url": f"{self.base}/v1/messages"}

    def read(self, asked: Asked) -> Taken:
        demand((asked.method, asked.path) == ("POST", "/v1/messages"), "endpoint")
        demand(asked.headers.get("accept") == "application/json", "Accept")
        if asked.headers.get("authorization") != f"Bearer {self.secret}":
            raise BadLogin
        message = asked.json()
        demand(set(message) == {"encoding", "body", "route", "originator", "recipients"}, "fields")
        demand(
            message["encoding"] in ("auto", "plain", "unicode") and message["route"] == "business", "encoding, route"
        )
        (to,) = message["recipients"]
        return Taken(international(to), message["body"], message["originator"])


class Cm(Provider):
    """developers.cm.com/messaging: errorCode of the request, messageErrorCode of each message."""

    name = "cm"
    secret = "00000000-0000-4000-8000-5ec4e7000000"
    good = (
        200,
        {
            "details": "Created 1 message(s)",
            "errorCode": 0,
            "messages": [{"to": "x", "status": "Accepted", "parts": 1, "messageDetails": None, "messageErrorCode": 0}],
        },
    )
    bad_login = (400, {"details": "No account found for the given authentication", "errorCode": 101, "messages": []})
    bad_number = (
        400,
        {
            "details": "Created 0 message(s)",
            "errorCode": 201,
            "messages": [
                {"to": "x", "status": "Rejected", "parts": 0, "messageDetails": "no", "messageErrorCode": 303}
            ],
        },
    )
    no_credit = (400, {"details": "Insufficient balance", "errorCode": 102, "messages": []})

    def options(self, secret: str) -> dict[str, str]:
        return {"product_token": secret, "url": f"{self.base}/v1.0/message"}

    def read(self, asked: Asked) -> Taken:
        demand((asked.method, asked.path) == ("POST", "/v1.0/message"), "endpoint")
        if asked.headers.get("x-cm-producttoken") != self.secret:
            raise BadLogin
        (message,) = asked.json()["messages"]["msg"]
        (to,) = message["to"]
        demand(to["number"].startswith("00"), "number begins with 00")
        demand(message["allowedChannels"] == ["SMS"] and message["body"]["type"] == "auto", "channel and type")
        demand(1 <= message["minimumNumberOfMessageParts"] <= message["maximumNumberOfMessageParts"] <= 8, "parts")
        return Taken(international(to["number"][2:]), message["body"]["content"], message["from"])


class Bird(Provider):
    """developers.messagebird.com: 201 with the message, else `errors` with code, description, parameter."""

    name = "bird"
    secret = "bird-s3cret"
    good = (201, {"id": "e8077d803532c0b5937c639b60216938", "recipients": {"totalCount": 1}})
    bad_login = (
        401,
        {
            "errors": [
                {"code": 2, "description": "Request not allowed (incorrect access_key)", "parameter": "access_key"}
            ]
        },
    )
    bad_number = (
        422,
        {"errors": [{"code": 9, "description": "no (correct) recipients found", "parameter": "recipients"}]},
    )
    no_credit = (422, {"errors": [{"code": 25, "description": "Not enough balance", "parameter": None}]})

    def options(self, secret: str) -> dict[str, str]:
        return {"access_key": secret, "url": f"{self.base}/messages"}

    def read(self, asked: Asked) -> Taken:
        demand((asked.method, asked.path) == ("POST", "/messages"), "endpoint")
        if asked.headers.get("authorization") != f"AccessKey {self.secret}":
            raise BadLogin
        message = asked.json()
        demand(message["datacoding"] in ("auto", "plain", "unicode"), "datacoding")
        (to,) = message["recipients"]
        return Taken(international(to), message["body"], message["originator"])


class Twilio(Provider):
    """twilio.com/docs/messaging/api/message-resource: 201 with the message, else code, message, status."""

    name = "twilio"
    secret = "twilio-s3cret"
    sid = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
    good = (201, {"sid": "SMxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "status": "queued", "error_code": None})
    bad_login = (401, {"code": 20003, "message": "Authenticate", "status": 401})
    bad_number = (400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400})
    no_credit = (429, {"code": 20429, "message": "Too Many Requests", "status": 429})

    def options(self, secret: str) -> dict[str, str]:
        return {"account_sid": self.sid, "auth_token": secret, "url": self.base}

    def read(self, asked: Asked) -> Taken:
        demand(asked.method == "POST", "method")
        demand(asked.path == f"/2010-04-01/Accounts/{self.sid}/Messages.json", "endpoint")
        login = base64.b64encode(f"{self.sid}:{self.secret}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}":
            raise BadLogin
        demand(asked.headers.get("content-type") == "application/x-www-form-urlencoded", "Content-Type")
        form = parse_qs(asked.body.decode("ascii"), strict_parsing=True)
        demand(set(form) == {"To", "From", "Body"} and form["To"][0].startswith("+"), "fields")
        return Taken(form["To"][0], form["Body"][0], form["From"][0])


class Own(Provider):
    """Somebody's own gateway, reached through a template."""

    name = "template"
    secret = "own-s3cret"
    good = (200, {"status": "OK"})
    bad_login = (403, {"status": "ERROR"})
    bad_number = (422, {"status": "ERROR"})
    no_credit = (200, {"status": "ERROR", "why": "no credit"})

    def options(self, secret: str) -> dict[str, str]:
        return {
            "url": f"{self.base}/send",
            "body": '{"phone": "{to}", "message": "{text}", "from": "{sender}"}',
            "authorization": f"Token {secret}",
            "success": r'"status":\s?"OK"',
        }

    def read(self, asked: Asked) -> Taken:
        demand((asked.method, asked.path) == ("POST", "/send"), "endpoint")
        if asked.headers.get("authorization") != f"Token {self.secret}":
            raise BadLogin
        message = asked.json()
        return Taken(message["phone"], message["message"], message["from"])


PROVIDERS: dict[str, type[Provider]] = {kind.name: kind for kind in (Spryng, Cm, Bird, Twilio, Own)}


class Handler(BaseHTTPRequestHandler):
    provider: ClassVar[Provider]

    def handle_one(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(length))
        status, body = self.provider.answer(asked)
        last = self.provider.taken[-1].to if self.provider.taken else ""
        if last == SILENT:
            self.provider.done.wait(30)
            return
        if last == GONE:
            self.wfile.write(b"220 this is no HTTP\r\n")
            return
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_PUT = do_GET = handle_one  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """The provider on a port of 127.0.0.1 while the context lasts; `base` is its address."""
    handler = type("Served", (Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.base = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield provider
        finally:
            provider.done.set()
            server.shutdown()
            thread.join()
