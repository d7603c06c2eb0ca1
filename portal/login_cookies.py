"""The two cookies of signed-in accounts, both sealed under the server key.

The *session's* holds the session's id and the account's private key, wrapped under the share in the database: each half
is worth nothing without the other. It has no date, so it goes when the browser closes. The *device's* tells a browser from
which the account signed in before; it signs nobody in.

SameSite is Lax, unlike that of message pages: people come from a link on an intranet and are signed in. GETs change nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import CannotOpen
from gateway.core.login import KNOWN, Device, Ticket
from gateway.core.ports import Clock, ServerKey


@dataclass(frozen=True, slots=True)
class LoginCookies:
    """Reads and writes them. `https` says whether the pages are served over TLS."""

    key: ServerKey
    clock: Clock
    https: bool

    # -- the session

    @property
    def name(self) -> str:
        return "__Host-zegel-login" if self.https else "zegel-login"

    def present(self, request: Request) -> bool:
        return bool(request.cookies.get(self.name))

    def ticket(self, request: Request) -> Ticket | None:
        fields = self._open(request.cookies.get(self.name, ""), "login-cookie")
        try:
            return Ticket(str(fields["id"]), base64.b64decode(fields["wrapped"]))
        except (KeyError, TypeError, ValueError):
            return None

    def wants_remembering(self, request: Request) -> bool:
        """What was ticked when the password was typed; the second step asks."""
        return self._open(request.cookies.get(self.name, ""), "login-cookie").get("remember") is True

    def write(self, response: Response, ticket: Ticket, *, remember: bool = False) -> None:
        plain = {
            "id": ticket.session_id,
            "wrapped": base64.b64encode(ticket.wrapped).decode(),
            "remember": remember,
            "salt": secrets.token_hex(8),
        }
        response.set_cookie(
            self.name, self._seal(plain, "login-cookie"), path="/", secure=self.https, httponly=True, samesite="lax"
        )

    def end(self, response: Response) -> None:
        response.delete_cookie(self.name, path="/", secure=self.https, httponly=True, samesite="lax")

    # -- the device

    @property
    def device_name(self) -> str:
        return "__Host-zegel-device" if self.https else "zegel-device"

    def device(self, request: Request) -> Device | None:
        fields = self._open(request.cookies.get(self.device_name, ""), "device-cookie")
        try:
            if self.clock().timestamp() - fields["at"] > KNOWN.total_seconds():
                return None
            return Device(str(fields["id"]), str(fields["account"]), base64.b64decode(fields["secret"]))
        except (KeyError, TypeError, ValueError):
            return None

    def write_device(self, response: Response, device: Device | None) -> None:
        if device is None:
            return
        plain = {
            "id": device.id,
            "account": device.account_id,
            "secret": base64.b64encode(device.secret).decode(),
            "at": self.clock().timestamp(),
        }
        response.set_cookie(
            self.device_name,
            self._seal(plain, "device-cookie"),
            max_age=int(KNOWN.total_seconds()),
            path="/",
            secure=self.https,
            httponly=True,
            samesite="lax",
        )

    # -- sealing

    def _seal(self, plain: dict[str, Any], context: str) -> str:
        return base64.urlsafe_b64encode(self.key.seal(json.dumps(plain).encode(), context)).decode()

    def _open(self, text: str, context: str) -> dict[str, Any]:
        """Empty for what is not ours."""
        try:
            fields = json.loads(self.key.open(base64.urlsafe_b64decode(text), context))
        except (CannotOpen, ValueError, binascii.Error):
            return {}
        return fields if isinstance(fields, dict) else {}
