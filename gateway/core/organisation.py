"""An organisation: whose mail this is. Read from configuration, never from the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from gateway.core.envelope import domain_of


class Answers(Enum):
    """How a recipient's answer goes to the sender's ordinary mailbox."""

    PLAIN = "plain"  # as an ordinary mail, inside the organisation only
    SEALED = "sealed"  # sealed again; the sender gets a notification


class SecondFactor(Enum):
    """Whether the organisation's accounts must have a second factor before they see anything."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """The signing key of one domain (RFC 6376): selector and path of a PEM private key (RSA or Ed25519)."""

    domain: str
    selector: str
    key_file: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """`texts` replaces single sentences of notifications by language and key; `logo` is a PNG or SVG file's path."""

    id: str
    name: str
    domains: tuple[str, ...]
    language: str  # 'nl' or 'en'
    portal_url: str  # scheme and host that recipients see, without a trailing slash
    recovery_public: bytes = field(repr=False)  # serialised HPKE public key
    logo: str = ""
    colour: str = "#1f4b7a"
    support: str = ""  # an address or phone number shown on pages and in mails
    answers: Answers = Answers.PLAIN
    sms_sender: str = "Zegel"
    dkim: tuple[DkimKey, ...] = ()
    texts: tuple[tuple[str, str, str], ...] = ()  # (language, key, text)
    second_factor: SecondFactor = SecondFactor.REQUIRED
    admins: tuple[str, ...] = ()  # addresses that are told when somebody forgot their password

    @property
    def helpers(self) -> tuple[str, ...]:
        """Who is told when somebody forgot their password: the admins, else the support address, when it is one."""
        return self.admins or ((self.support,) if "@" in self.support else ())

    def owns(self, address: str) -> bool:
        """Whether the address is in one of the organisation's domains ("internal")."""
        return domain_of(address) in self.domains


@dataclass(frozen=True, slots=True)
class Organisations:
    """All organisations of this installation."""

    all: tuple[Organisation, ...]

    def get(self, organisation_id: str) -> Organisation:
        """Raises KeyError when there is no such organisation."""
        return (
            next(o for o in self.all if o.id == organisation_id)
            if self.has(organisation_id)
            else _missing(organisation_id)
        )

    def has(self, organisation_id: str) -> bool:
        return any(o.id == organisation_id for o in self.all)

    def owning(self, address: str) -> Organisation | None:
        """The organisation in whose domain the address is."""
        return next((o for o in self.all if o.owns(address)), None)


def _missing(organisation_id: str) -> Organisation:
    raise KeyError(organisation_id)
