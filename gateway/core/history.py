"""Whom an organisation writes to: what is kept of it, and what a new message looks like beside it.

Terms: a *subject* is what something is known about: a recipient, a domain, the name of a colleague. A *contact* says how
often somebody (the *writer*; empty: anybody in the organisation) wrote to a subject, and when last. The *companions* of a
recipient are those who got the same messages. Rules: subjects and writers are keyed hashes (`Hash`), so nothing here
names anybody; a message counts once it goes out; rows of the whole organisation are left alone for a day, or all mail would
wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.core.envelope import domain_of, spellings
from gateway.core.look_alike import kept_shapes, looks_shape, neighbour_shapes, one_apart, readable, skeleton
from gateway.core.misdirected import Sign
from gateway.core.personal_name import form_of_name, forms_of_colleague, forms_of_stranger

KNOWN_AFTER = 3  # messages make a domain known, and recipients usual together
MOST_TOGETHER = 20  # recipients of one message; larger circles say nothing about who belongs together
MOST_COMPANIONS = 40
MOST_STRANGE = 100
ANYBODY = b""
_SHORT = 8  # octets of a companion's hash
_DAY = timedelta(days=1)

Hash = Callable[[str, str], bytes]  # (kind, text) -> 16 octets


@dataclass(frozen=True, slots=True)
class Contact:
    """`companions` are (beginning of a recipient's hash, messages together)."""

    organisation: str
    writer: bytes
    subject: bytes
    times: int
    last_at: datetime
    companions: tuple[tuple[bytes, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DomainShape:
    """The hash of a shape of a known domain (`gateway.core.look_alike`), and of the domain."""

    organisation: str
    shape: bytes
    domain: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What needs no history: the organisation's domains, and mail providers for everybody."""

    domains: frozenset[str]
    providers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a message as the history knows it. The tuples are empty where a sign can't be."""

    address: str
    subject: bytes
    outside: bool
    domain: str
    domain_subject: bytes
    names: tuple[bytes, ...] = ()  # of a colleague with a private address
    looks: bytes = b""
    near: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Circle:
    """A message's sender and recipients as subjects; `own_names` are forms of the sender's name."""

    organisation: str
    writer: bytes
    recipients: tuple[Recipient, ...]
    own_names: tuple[bytes, ...]

    @property
    def writers(self) -> tuple[bytes, ...]:
        return (self.writer, ANYBODY)

    @property
    def subjects(self) -> tuple[bytes, ...]:
        """All that must be looked up."""
        found = [subject for r in self.recipients for subject in (r.subject, r.domain_subject, *r.names)]
        return tuple(dict.fromkeys((*found, *self.own_names)))


@dataclass(frozen=True, slots=True)
class Past:
    """What is known about a circle. `signs` are by the recipient's address."""

    circle: Circle
    contacts: Mapping[tuple[bytes, bytes], Contact]
    signs: Mapping[str, Mapping[Sign, str]] = field(default_factory=dict)

    def knows(self, subject: bytes, times: int = 1, writer: bytes = ANYBODY) -> bool:
        contact = self.contacts.get((writer, subject))
        return contact is not None and contact.times >= times


def circle_of(
    organisation: str,
    mail_from: str,
    recipients: Sequence[str],
    names: Mapping[str, str],
    own_name: str,
    known: Known,
    hash_: Hash,
) -> Circle:
    """`names` are the display names of To and Cc by address in lower case; `own_name` is the sender's."""
    found = [_recipient(address, names.get(address.lower(), ""), known, hash_) for address in recipients]
    own = [hash_("local", form) for form in forms_of_colleague(mail_from.rpartition("@")[0])]
    if name := form_of_name(own_name):
        own.append(hash_("name", name))
    return Circle(organisation, hash_("writer", _canonical(mail_from)), tuple(found), tuple(own))


def _recipient(address: str, name: str, known: Known, hash_: Hash) -> Recipient:
    domain = readable(domain_of(address))
    outside = domain_of(address) not in known.domains
    names: list[bytes] = []
    if domain in known.providers:
        names = [hash_("local", form) for form in forms_of_stranger(address.rpartition("@")[0])]
        if form := form_of_name(name):
            names.append(hash_("name", form))
    compared = outside and domain not in known.providers and domain != ""
    return Recipient(
        address=address,
        subject=hash_("recipient", _canonical(address)),
        outside=outside,
        domain=domain,
        domain_subject=hash_("domain", domain),
        names=tuple(names),
        looks=hash_("shape", looks_shape(domain)) if compared else b"",
    )


def _canonical(address: str) -> str:
    """One spelling of a mailbox."""
    return spellings(address)[-1].lower()


def strangers(past: Past) -> tuple[Recipient, ...]:
    """Recipients in domains that are not known yet: those must be compared with the shapes of known ones."""
    return tuple(r for r in past.circle.recipients if r.looks and not past.knows(r.domain_subject, KNOWN_AFTER))


def shapes_to_look_up(recipients: Sequence[Recipient], hash_: Hash) -> dict[bytes, list[tuple[bytes, Sign]]]:
    """Of strangers: each shape's hash, with what it would mean for which domain (by its hash). Of very many strange domains in
    one message the first `MOST_STRANGE` are looked up: each takes some fifty hashes.
    """
    wanted: dict[bytes, list[tuple[bytes, Sign]]] = {}
    domains = {recipient.domain_subject: recipient for recipient in recipients}
    for domain, recipient in list(domains.items())[:MOST_STRANGE]:
        wanted.setdefault(recipient.looks, []).append((domain, Sign.LOOK_ALIKE_DOMAIN))
        for shape in neighbour_shapes(recipient.domain):
            wanted.setdefault(hash_("shape", shape), []).append((domain, Sign.MISTYPED_DOMAIN))
    return wanted


def signs(
    past: Past, known: Known, wanted: Mapping[bytes, Sequence[tuple[bytes, Sign]]], shapes: Sequence[DomainShape]
) -> dict[str, dict[Sign, str]]:
    """The signs of each recipient outside. `wanted` and `shapes` are the question about strangers and its answer."""
    of_domains = {
        recipient.domain_subject: _by_known_domains(recipient.domain, known)
        for recipient in {r.domain_subject: r for r in strangers(past)}.values()
    }
    for shape in shapes:
        for domain, sign in wanted.get(shape.shape, ()):
            if shape.domain != domain:
                of_domains[domain].setdefault(sign, "")
    return {
        recipient.address: dict.fromkeys(_by_contacts(past, recipient), "")
        | of_domains.get(recipient.domain_subject, {})
        for recipient in past.circle.recipients
        if recipient.outside
    }


def _by_contacts(past: Past, recipient: Recipient) -> list[Sign]:
    found = []
    if not past.knows(recipient.subject, writer=past.circle.writer):
        found.append(Sign.FIRST_TIME)
    if not past.knows(recipient.subject):
        found.append(Sign.FIRST_TIME_ORGANISATION)
    if _is_unusual(past, recipient):
        found.append(Sign.UNUSUAL)
    if any(past.knows(name) for name in recipient.names):
        found.append(Sign.PRIVATE_ADDRESS)
    return found


def _is_unusual(past: Past, recipient: Recipient) -> bool:
    """The others belong together: each was written with at least half of the rest, often enough; this one with none."""
    others = [other for other in past.circle.recipients if other is not recipient]
    if not 2 <= len(others) < MOST_TOGETHER:
        return False
    mine = _companions(past, recipient)
    if any(mine.get(other.subject[:_SHORT]) for other in others):
        return False
    for other in others:
        theirs = _companions(past, other)
        usual = sum(theirs.get(o.subject[:_SHORT], 0) >= KNOWN_AFTER for o in others if o is not other)
        if usual * 2 < len(others) - 1 or not usual:
            return False
    return True


def _companions(past: Past, recipient: Recipient) -> dict[bytes, int]:
    contact = past.contacts.get((past.circle.writer, recipient.subject))
    return dict(contact.companions) if contact is not None else {}


def _by_known_domains(domain: str, known: Known) -> dict[Sign, str]:
    """Likeness to what is known without any history; these may be told by name."""
    found: dict[Sign, str] = {}
    looks = skeleton(domain)
    for other in sorted(known.domains | known.providers):
        if domain.endswith("." + other):
            continue
        if looks == skeleton(other):
            found.setdefault(Sign.LOOK_ALIKE_DOMAIN, other)
        if one_apart(domain, other):
            found.setdefault(Sign.MISTYPED_DOMAIN, other)
    return found


def news(past: Past, sent: Collection[str], now: datetime, hash_: Hash) -> tuple[list[Contact], list[DomainShape]]:
    """What is to be remembered once the message goes out to `sent`: contacts, whose `times` are to be added, and shapes of
    domains that become known by it. In the order of their keys, so that two transactions never wait for each other.
    """
    circle = past.circle
    going = [recipient for recipient in circle.recipients if recipient.address in sent]
    if not any(recipient.outside for recipient in going):
        return [], []
    contacts = [Contact(circle.organisation, circle.writer, r.subject, 1, now, _with(past, r, going)) for r in going]
    everybodys = dict.fromkeys(
        [subject for r in going if r.outside for subject in (r.subject, r.domain_subject)] + list(circle.own_names)
    )
    contacts += [
        Contact(circle.organisation, ANYBODY, subject, 1, now)
        for subject in everybodys
        if _worth_writing(past.contacts.get((ANYBODY, subject)), now)
    ]
    shapes = {
        DomainShape(circle.organisation, hash_("shape", shape), r.domain_subject)
        for r in going
        if r.looks and _times(past, r.domain_subject) == KNOWN_AFTER - 1
        for shape in kept_shapes(r.domain)
    }
    return (
        sorted({(c.writer, c.subject): c for c in contacts}.values(), key=lambda c: (c.writer, c.subject)),
        sorted(shapes, key=lambda shape: (shape.shape, shape.domain)),
    )


def _times(past: Past, subject: bytes) -> int:
    contact = past.contacts.get((ANYBODY, subject))
    return contact.times if contact is not None else 0


def _worth_writing(contact: Contact | None, now: datetime) -> bool:
    return contact is None or contact.times < KNOWN_AFTER or contact.last_at < now - _DAY


def _with(past: Past, recipient: Recipient, going: Sequence[Recipient]) -> tuple[tuple[bytes, int], ...]:
    companions = _companions(past, recipient)
    if len(going) <= MOST_TOGETHER:
        for other in going:
            if other is not recipient:
                short = other.subject[:_SHORT]
                companions[short] = companions.get(short, 0) + 1
    return tuple(sorted(companions.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_COMPANIONS])
