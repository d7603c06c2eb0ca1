"""Signing in to an account: the limits on trying, the steps, and the errors.

Terms: an *allowance* is how often something may be tried in each of several windows; a *known device* is a browser from which
this account signed in before (OWASP, Device Cookies): it has an allowance of its own. The rule: strangers can use up their own
allowance, never the owner's.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.core.errors import ZegelError
from gateway.core.login_records import LoginSession
from gateway.core.pickup import DAY, HOUR, NotPossible, PickupError
from gateway.core.records import Account

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)

Allowance = tuple[tuple[timedelta, int], ...]

# Five at once, as people mistype; then the pause grows: a minute, a quarter, an hour, the rest of the day.
PASSWORDS: Allowance = ((MINUTE, 5), (QUARTER, 10), (HOUR, 20), (DAY, 50))  # per account and network, or known device
PASSWORDS_OF_A_NETWORK: Allowance = (
    (MINUTE, 30),
    (HOUR, 200),
    (DAY, 1000),
)  # an office behind one address mistypes more
# Who comes here has the password already. 30 of a million codes, three of which are valid at a time: 1 in 11,000 a day.
SECONDS: Allowance = ((MINUTE, 5), (HOUR, 10), (DAY, 30))  # per account; apart from it, per known device
PASSKEYS_OF_A_NETWORK: Allowance = ((MINUTE, 30), (HOUR, 300))
FORGOTTEN_OF_A_NETWORK: Allowance = ((HOUR, 10), (DAY, 30))
FORGOTTEN: Allowance = ((DAY, 1),)  # per account: admins hear of it once

IDLE = timedelta(hours=1)  # NIST SP 800-63B-4 section 2.2.3
LONGEST = timedelta(hours=12)  # a working day; the key is never kept longer
UNFINISHED = timedelta(minutes=10)  # between the password and the second factor
FRESH = timedelta(minutes=15)  # after that, what gives lasting access asks for the password again
REMEMBER = timedelta(days=30)
KNOWN = timedelta(days=365)  # how long a device cookie counts
CHALLENGE = timedelta(minutes=10)  # a passkey's; longer than people look for their key
MOST_FACTORS = 20
LONGEST_NAME = 100
SENT_A_PAGE = 25


def network_of(peer: str) -> str:
    """What a limit counts by: an IPv4 address; of IPv6 the /64 that one subscriber has at least (RFC 6177)."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:100]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


# -- what passes between the pages and the services


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session's half that stays with the browser: its id, and the private key wrapped under the row's share."""

    session_id: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was checked, with its account and the account's private key."""

    session: LoginSession
    account: Account
    private: bytes = field(repr=False)
    ticket: Ticket = field(repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    """A known device, from its cookie. `secret` is worth something while its row says that it is remembered."""

    id: str
    account_id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """The account is open. `device` is the cookie to leave behind."""

    ticket: Ticket
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class NeedsSecond:
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class NeedsSetup:
    """The organisation asks for a second factor; until there is one, nothing else is shown."""

    ticket: Ticket
    device: Device | None = None


LoginStep = Arrived | NeedsSecond | NeedsSetup


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whose passkeys these are (WebAuthn section 4): the host, its name for people, and the pages' origin."""

    id: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    credential: bytes
    public_key: bytes
    counter: int


@dataclass(frozen=True, slots=True)
class PasskeyQuestion:
    """What a page asks a passkey: `options` is JSON for the browser, `challenge` the sealed text that comes back with it."""

    options: str
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewApp:
    """A secret for an authenticator app: as a link (otpauth:), as text to type, and sealed for the way back."""

    uri: str = field(repr=False)
    secret: str = field(repr=False)
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SmsStanding:
    """`sent`: digits are valid now; `next_at`: when new ones may be asked for."""

    sent: bool
    next_at: datetime


# -- errors


class WrongLogin(PickupError):
    """The same for a wrong address, a wrong password and a passkey that is not known."""

    http = 403
    public = "The address or the password is not right"


class WrongPassword(PickupError):
    """Of somebody who is signed in already."""

    http = 403
    public = "The password is not right"


class BadPassword(NotPossible):
    """A new password that can't be taken; `reason` is 'short', 'long' or 'weak'."""

    http = 422
    public = "This password can't be used"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class NoAnswer(PickupError):
    """What a passkey said does not hold, or it can't do what is asked."""

    http = 403
    public = "The passkey could not be used"


class NeedsPassword(PickupError):
    """The session is too old for something that gives lasting access."""

    http = 403
    public = "Please type your password again"


class LoginEnded(ZegelError):
    """There is no such session any more, or it is not far enough for this."""
