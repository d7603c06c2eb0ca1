"""The tree of errors. Each carries its permanence, an SMTP reply code and an RFC 3463 enhanced status.

    ZegelError
    |- Refused              permanent: the same message would be refused again
    |  |- Malformed         5.6.0  bare CR or LF, no readable structure
    |  |- TooLarge          5.3.4
    |  |- LoopDetected      5.4.6
    |  |- NotAllowed        5.7.1  relaying or sender not allowed
    |  '- Blocked           5.7.1  a policy blocks the message; the text explains
    |- Unavailable          temporary: try again later; fail closed
    |  |- ScanFailed        4.3.0
    |  |- StoreUnavailable  4.3.0
    |  |- OutOfSpace        4.3.1
    |  '- SmsFailed         4.4.0
    |- CannotOpen           a sealed thing does not open: wrong key, tampered, cut or swapped
    |- PickupError          a person at a page can't go on; see `gateway.core.pickup`
    '- Misconfigured        one or more mistakes in files that admins edit

`public` is what an outsider may read; the cause goes to the log through `__cause__`, without secrets or content.
"""

from __future__ import annotations

from dataclasses import dataclass


class ZegelError(Exception):
    """Base of all errors that Zegel raises on purpose."""

    permanent: bool = True
    code: int = 554
    status: str = "5.0.0"
    public: str = "The message could not be processed"

    def __init__(self, public: str | None = None) -> None:
        super().__init__(public or self.public)
        if public is not None:
            self.public = public

    @property
    def reply(self) -> str:
        """The whole SMTP reply line, code and enhanced status included (RFC 2034)."""
        return f"{self.code} {self.status} {self.public}"


class Refused(ZegelError):
    """Permanent: the sender must change something."""

    status = "5.7.1"
    public = "The message is refused"


class Malformed(Refused):
    status = "5.6.0"
    public = "The message is not well-formed"


class TooLarge(Refused):
    code = 552
    status = "5.3.4"
    public = "The message is too large"


class LoopDetected(Refused):
    status = "5.4.6"
    public = "The message is going round in a loop"


class NotAllowed(Refused):
    code = 550
    public = "Relaying is not allowed"


class Blocked(Refused):
    public = "A policy of your organisation does not allow this message"


class Unavailable(ZegelError):
    """Temporary: nothing was accepted, the client keeps the message and tries again."""

    permanent = False
    code = 451
    status = "4.3.0"
    public = "Temporarily unavailable, please try again later"


class ScanFailed(Unavailable):
    """The message could not be scanned in time; it must not go on unscanned."""


class StoreUnavailable(Unavailable):
    """The database or the blob store did not answer."""


class OutOfSpace(Unavailable):
    code = 452
    status = "4.3.1"
    public = "Temporarily out of storage, please try again later"


class SmsFailed(Unavailable):
    """The text message was not accepted by the provider. Retrying is useless when `permanent`; `bad_number` says that the
    number is known to be the reason, so that its owner's sender should mend it, rather than a setting of ours."""

    status = "4.4.0"

    def __init__(self, public: str | None = None, *, permanent: bool = False, bad_number: bool = False) -> None:
        super().__init__(public)
        self.permanent = permanent or bad_number
        self.bad_number = bad_number


class CannotOpen(ZegelError):
    """A sealed thing does not open: wrong key, tampered, cut, swapped, or of an unknown version."""

    public = "This can't be opened"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a file that an admin edits. `line` is 1-based, 0 when it concerns the whole file."""

    file: str
    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(word for word in (place, self.key, self.sentence) if word)


class Misconfigured(ZegelError):
    """All mistakes found in configuration, policy or rule files, reported at once."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
