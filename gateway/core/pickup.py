"""What a person at a page meets: the steps to a message, the errors, and the limits on trying.

Terms: a *landing* is what the link shows before anything is proved; a *step* is what is asked for next; an *unlock* is
the proof, kept in the encrypted session cookie. The rule: every limit stands here, with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.core.directives import VerificationKind
from gateway.core.errors import ZegelError
from gateway.core.organisation import Organisation

# -- limits

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WRONG_CODES_PER_HOUR = (
    30  # per address and organisation. 128 bits can't be guessed; this keeps the noise and the work down
)
PASSWORD_TRIES = 5  # in a row, then a pause: people mistype, machines guess
FIRST_LOCK = timedelta(minutes=15)  # doubles with every further `PASSWORD_TRIES` wrong ones
LONGEST_LOCK = timedelta(days=1)
LONGEST_PASSWORD = 1000  # characters; a longer one only costs work
REVIEW_LOGINS_PER_HOUR = 15  # per reviewer's address and case: each costs Argon2id, and passwords can be guessed
SMS_TRIES = 5  # of a million
SMS_LIFE = timedelta(minutes=10)  # late text messages happen; a code that lies about is a risk
SMS_PAUSE = timedelta(seconds=60)  # between codes
SMS_PER_NUMBER = 10  # a day: nobody is pestered
SMS_PER_COUNTRY = 500  # a day, per organisation: expensive destinations attract fraud
SMS_PER_ORGANISATION = 5000  # a day: the bill has an end


def lock_after(wrong: int, now: datetime) -> datetime | None:
    """Until when a grant is locked after that many wrong passwords in a row; None when it is not."""
    if wrong == 0 or wrong % PASSWORD_TRIES:
        return None
    doublings = min(wrong // PASSWORD_TRIES - 1, 10)
    return now + min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def window_end(now: datetime, window: timedelta) -> datetime:
    """When the counters of that fixed window begin anew."""
    seconds = int(window.total_seconds())
    return now + timedelta(seconds=seconds - now.timestamp() % seconds)


# -- steps


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the page: IP address, user agent, and the language they chose there (empty: none was chosen)."""

    peer: str
    agent: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Message code (16 bytes) and factor (empty for verification none); opens nothing without the share in the database."""

    code: bytes = field(repr=False)
    factor: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Landing:
    """What may be shown to whoever has the link. `sender_name` may be empty."""

    grant_id: str
    organisation: Organisation
    sender_name: str
    sender_address: str
    verification: VerificationKind
    language: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    unlock: Unlock


@dataclass(frozen=True, slots=True)
class NeedsSms:
    """`sent`: a valid code is on its way; `next_at`: when a new one may be asked for."""

    masked: str = field(repr=False)
    sent: bool = False
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NeedsPassword:
    hint: str = field(repr=False)


Step = Opened | NeedsSms | NeedsPassword


# -- errors


class PickupError(ZegelError):
    """A person at a page can't go on. `http` is the status of the page that says so."""

    http = 400
    public = "This is not possible"


class Unknown(PickupError):
    http = 404
    public = "There is no such message"


class Revoked(PickupError):
    http = 410
    public = "The sender has taken this message back"


class Expired(PickupError):
    http = 410
    public = "This message has expired"


class WrongCode(PickupError):
    http = 403
    public = "The code is not right"


class WrongNumber(PickupError):
    http = 409
    public = "The sender has to give another number first"


class Locked(PickupError):
    http = 423
    public = "Too many wrong passwords"

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class WrongFactor(PickupError):
    """`left` is how many tries are left before a pause, or before a new SMS code is needed."""

    http = 403
    public = "This is not right"

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left


class TooMany(PickupError):
    http = 429
    public = "Too many attempts, please try again later"

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


class TooSoon(PickupError):
    http = 429
    public = "Please wait a moment before asking for a new code"

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


class NotPossible(PickupError):
    """What was asked does not fit the state, or a value can't be used (no phone number, an empty password)."""

    http = 409


class Settled(PickupError):
    """The case is decided already: by somebody, or because its time was over."""

    http = 410
    public = "This has been decided already"
