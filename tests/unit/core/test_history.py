from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.history import (
    ANYBODY,
    KNOWN_AFTER,
    MOST_STRANGE,
    Contact,
    DomainShape,
    Known,
    Past,
    circle_of,
    news,
    shapes_to_look_up,
    signs,
    strangers,
)
from gateway.core.look_alike import neighbour_shapes
from gateway.core.misdirected import Sign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA, BRAM = "anna.devries@example.nl", "bram.jansen@example.nl"
JAN, PIET, KEES, EVA = "jan@klant.nl", "piet@klant.nl", "kees@anders.test", "eva@verzekeraar.nl"
KNOWN = Known(frozenset({"example.nl"}), frozenset({"gmail.com", "ziggo.nl"}))


def hashed(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}|{text}".encode("utf-8", "surrogatepass")).digest()[:16]


class World:
    """A store in two dictionaries."""

    def __init__(self) -> None:
        self.contacts: dict[tuple[bytes, bytes], Contact] = {}
        self.shapes: set[DomainShape] = set()
        self.now = NOW
        self.written = 0

    def look(self, *recipients: str, sender: str = ANNA, names: dict[str, str] | None = None) -> Past:
        circle = circle_of(
            "o", sender, recipients, names or {}, "Anna de Vries" if sender == ANNA else "", KNOWN, hashed
        )
        keys = [(writer, subject) for writer in circle.writers for subject in circle.subjects]
        past = Past(circle, {key: self.contacts[key] for key in keys if key in self.contacts})
        wanted = shapes_to_look_up(strangers(past), hashed)
        shapes = [shape for shape in self.shapes if shape.shape in wanted]
        return Past(circle, past.contacts, signs(past, KNOWN, wanted, shapes))

    def send(self, *recipients: str, sender: str = ANNA, times: int = 1) -> None:
        for _ in range(times):
            contacts, shapes = news(self.look(*recipients, sender=sender), recipients, self.now, hashed)
            self.written += len(contacts)
            for contact in contacts:
                key = (contact.writer, contact.subject)
                before = self.contacts[key].times if key in self.contacts else 0
                self.contacts[key] = Contact("o", *key, before + contact.times, contact.last_at, contact.companions)
            self.shapes.update(shapes)

    def signs(self, recipient: str, *others: str, sender: str = ANNA, names: dict[str, str] | None = None) -> set[Sign]:
        return set(self.look(recipient, *others, sender=sender, names=names).signs.get(recipient, {}))


def test_a_first_time_of_the_sender_and_of_the_organisation() -> None:
    world = World()
    assert world.signs(JAN) == {Sign.FIRST_TIME, Sign.FIRST_TIME_ORGANISATION}
    world.send(JAN)
    assert world.signs(JAN) == set()
    assert world.signs("Jan@Klant.NL") == set()
    assert world.signs(JAN, sender=BRAM) == {Sign.FIRST_TIME}


def test_colleagues_have_no_signs() -> None:
    assert World().look(JAN, BRAM).signs.keys() == {JAN}


def test_an_unusual_recipient_among_usual_ones() -> None:
    world = World()
    world.send(JAN, PIET, BRAM, times=KNOWN_AFTER)
    world.send(KEES)
    assert world.signs(KEES, JAN, PIET) == {Sign.UNUSUAL}
    assert world.signs(KEES, JAN, PIET, BRAM) == {Sign.UNUSUAL}
    assert world.signs(JAN, PIET, KEES) == set()  # two of three who are together are no sign against the third
    assert world.signs(KEES, JAN) == set()  # one other says nothing
    assert world.signs(KEES, JAN, PIET, sender=BRAM) == {Sign.FIRST_TIME}  # not Bram's circle
    world.send(KEES, JAN, PIET)
    assert world.signs(KEES, JAN, PIET) == set()


def test_a_circle_needs_to_be_usual_first() -> None:
    world = World()
    world.send(JAN, PIET, times=KNOWN_AFTER - 1)
    world.send(KEES)
    assert world.signs(KEES, JAN, PIET) == set()


def test_a_mistyped_domain_of_one_that_is_known_by_hashes_only() -> None:
    world = World()
    world.send(EVA, times=KNOWN_AFTER)
    assert not any(b"verzekeraar" in value for c in world.contacts.values() for value in (c.writer, c.subject))
    for mistyped in ("verzekeraa.nl", "verzekereaar.nl", "verzekerarr.nl", "vrezekeraar.nl", "verzekeraar.ml"):
        assert Sign.MISTYPED_DOMAIN in world.signs(f"eva@{mistyped}"), mistyped
    assert Sign.LOOK_ALIKE_DOMAIN in world.signs("eva@verzekeraаr.nl")  # Cyrillic
    assert Sign.LOOK_ALIKE_DOMAIN in world.signs("eva@" + "verzekeraаr.nl".encode("idna").decode())
    assert not {Sign.MISTYPED_DOMAIN, Sign.LOOK_ALIKE_DOMAIN} & world.signs("jan@verzekeringen.nl")
    assert world.signs(EVA) == set()


def test_a_mistake_does_not_become_known_by_one_message() -> None:
    world = World()
    world.send(EVA, times=KNOWN_AFTER)
    world.send("eva@verzekeraa.nl")
    assert Sign.MISTYPED_DOMAIN in world.signs("eva@verzekeraa.nl")
    assert not {Sign.MISTYPED_DOMAIN, Sign.LOOK_ALIKE_DOMAIN} & world.signs(EVA)


@pytest.mark.parametrize(
    ("domain", "sign", "of"),
    [
        ("exmaple.nl", Sign.MISTYPED_DOMAIN, "example.nl"),
        ("examp1e.nl", Sign.LOOK_ALIKE_DOMAIN, "example.nl"),
        ("gmial.com", Sign.MISTYPED_DOMAIN, "gmail.com"),
        ("gmail.co", Sign.MISTYPED_DOMAIN, "gmail.com"),
    ],
)
def test_our_own_domain_and_providers_are_known_from_the_start(domain: str, sign: Sign, of: str) -> None:
    address = f"jan@{domain}"
    assert World().look(address).signs[address][sign] == of


def test_subdomains_of_our_own_are_no_look_alikes() -> None:
    assert World().signs("jan@a.example.nl") == {Sign.FIRST_TIME, Sign.FIRST_TIME_ORGANISATION}


def test_the_private_address_of_a_colleague() -> None:
    world = World()
    assert Sign.PRIVATE_ADDRESS not in world.signs("bram.jansen@gmail.com")
    world.send(JAN, sender=BRAM)
    world.send(JAN)
    assert Sign.PRIVATE_ADDRESS in world.signs("bram.jansen82@gmail.com")
    assert Sign.PRIVATE_ADDRESS in world.signs("b.jansen@ziggo.nl")
    assert Sign.PRIVATE_ADDRESS not in world.signs("bram.jansen@klant.nl")
    named = {"xyz123@gmail.com": "de Vries, Anna"}
    assert Sign.PRIVATE_ADDRESS in world.signs("xyz123@gmail.com", names=named, sender=BRAM)
    assert Sign.PRIVATE_ADDRESS not in world.signs("xyz123@gmail.com")


def test_rows_of_everybody_are_left_alone_for_a_day() -> None:
    world = World()
    world.send(JAN, times=KNOWN_AFTER)
    world.written = 0
    world.send(JAN)
    assert world.written == 1  # the sender's own
    world.now += timedelta(days=1, seconds=1)
    world.send(JAN)
    assert (
        world.written == 1 + 1 + 2 + 5
    )  # the sender's own; recipient and domain; four forms of Anna's address, and her name


def test_rows_come_in_one_order_and_each_once() -> None:
    world = World()
    contacts, shapes = news(world.look(KEES, JAN, PIET, BRAM), [KEES, JAN, PIET, BRAM], NOW, hashed)
    keys = [(contact.writer, contact.subject) for contact in contacts]
    assert keys == sorted(set(keys))
    assert ANYBODY in {writer for writer, _ in keys}
    assert shapes == []


def test_mail_that_stays_inside_is_not_remembered() -> None:
    world = World()
    assert news(world.look(BRAM), [BRAM], NOW, hashed) == ([], [])
    assert news(world.look(BRAM, JAN), [BRAM], NOW, hashed) == ([], [])


ADDRESSES = st.one_of(st.text(max_size=40), st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)))


@given(ADDRESSES, st.lists(ADDRESSES, max_size=6), st.text(max_size=20))
def test_no_address_or_name_breaks_it(sender: str, recipients: list[str], name: str) -> None:
    world = World()
    past = world.look(*recipients, sender=sender, names={address.lower(): name for address in recipients})
    contacts, shapes = news(past, recipients, NOW, hashed)
    assert all(len(contact.subject) == 16 for contact in contacts)
    assert shapes == []


def test_very_many_strange_domains_cost_no_more_than_some() -> None:
    many = [f"jan@{'verydomain' * 6}{n}.nl" for n in range(1000)]
    past = World().look(*many)
    wanted = shapes_to_look_up(strangers(past), hashed)
    assert len({domain for meanings in wanted.values() for domain, _ in meanings}) == MOST_STRANGE
    assert neighbour_shapes(f"{'a' * 60}.{'b' * 60}.nl") == ()
