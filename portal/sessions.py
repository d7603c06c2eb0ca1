"""Sessions: what an opened page remembers, in one encrypted cookie; the server keeps nothing.

A session belongs to one area, a path such as /m/{grant_id}, and to one purpose there. The cookie goes to that path only, is
HttpOnly and SameSite=Strict, ends 20 minutes after the last page and 8 hours after the first. It is sealed under
the server key with its area and purpose as context: one step's cookie is nothing at another. Every step up makes a new one.
It holds the message code and the factor (a reviewer's: a code of its own), never a data key or a password: without the share
in the database it opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import CannotOpen
from gateway.core.ports import Clock, ServerKey

IDLE = timedelta(minutes=20)
LONGEST = timedelta(hours=8)


class Purpose(Enum):
    """What a session may do."""

    CHECKED = "checked"  # the message code was right; a factor is still asked for
    OPEN = "open"  # everything was right
    MANAGE = "manage"  # a sender's manage link was right
    CASE = "case"  # the code of a case's letter was right: a sender may choose, a reviewer has to log in yet
    REVIEW = "review"  # a reviewer has logged in


@dataclass(frozen=True, slots=True)
class Session:
    """`facts` are texts that the next page needs (a masked number, a hint), never shown in repr."""

    purpose: Purpose
    started_at: datetime
    code: bytes = field(default=b"", repr=False)
    factor: bytes = field(default=b"", repr=False)
    facts: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Reads and writes session cookies. `https` says whether the pages are served over TLS."""

    key: ServerKey
    clock: Clock
    https: bool

    @property
    def name(self) -> str:
        # Not __Host-, which demands the path "/": the cookie is for one message's pages only.
        return "__Secure-zegel-session" if self.https else "zegel-session"

    def read(self, request: Request, area: str, purpose: Purpose) -> Session | None:
        """The session of this area and purpose, or None when there is none, it ended, or it is not ours."""
        try:
            sealed = base64.urlsafe_b64decode(request.cookies.get(self.name, ""))
            fields = json.loads(self.key.open(sealed, _context(area, purpose)))
            session = Session(
                purpose,
                datetime.fromtimestamp(fields["started"], UTC),
                base64.b64decode(fields["code"]),
                base64.b64decode(fields["factor"]),
                dict(fields["facts"]),
            )
            ends = datetime.fromtimestamp(fields["ends"], UTC)
        except (CannotOpen, ValueError, KeyError, TypeError, binascii.Error):
            return None
        return session if self.clock() < ends else None

    def write(self, response: Response, area: str, session: Session) -> None:
        """Sets the cookie anew: at each step up, and to slide the time on."""
        now = self.clock()
        ends = min(now + IDLE, session.started_at + LONGEST)
        plain = {
            "ends": ends.timestamp(),
            "started": session.started_at.timestamp(),
            "code": base64.b64encode(session.code).decode(),
            "factor": base64.b64encode(session.factor).decode(),
            "facts": session.facts,
            "salt": secrets.token_hex(8),
        }
        sealed = self.key.seal(json.dumps(plain).encode(), _context(area, session.purpose))
        response.set_cookie(
            self.name,
            base64.urlsafe_b64encode(sealed).decode(),
            path=area,
            secure=self.https,
            httponly=True,
            samesite="strict",
        )

    def start(
        self, purpose: Purpose, *, code: bytes = b"", factor: bytes = b"", facts: dict[str, str] | None = None
    ) -> Session:
        """A new session from now on."""
        return Session(purpose, self.clock(), code, factor, facts or {})

    def end(self, response: Response, area: str) -> None:
        response.delete_cookie(self.name, path=area, secure=self.https, httponly=True, samesite="strict")


def _context(area: str, purpose: Purpose) -> str:
    return f"session:{purpose.value}:{area}"


class SessionEnded(Exception):
    """There is no session for this page, or no longer. `area` is where one begins."""

    def __init__(self, area: str) -> None:
        super().__init__(area)
        self.area = area
