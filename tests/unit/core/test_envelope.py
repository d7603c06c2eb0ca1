from __future__ import annotations

import pytest

from gateway.core.conditions import Conditions, takes_part
from gateway.core.directives import Directives
from gateway.core.envelope import domain_of, spellings
from gateway.core.facts import Facts
from gateway.core.finding import Findings


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ('"jan"@elders.example', "jan@elders.example"),
        ('"j\\an"@elders.example', "jan@elders.example"),
        ("jan@müller.example", "jan@xn--mller-kva.example"),
        ("jan@xn--mller-kva.example", "jan@müller.example"),
        ("jan@XN--MLLER-KVA.example", "jan@müller.example"),
        ('"jan"@xn--mller-kva.example', "jan@müller.example"),
    ],
)
def test_a_policy_for_an_address_holds_in_every_spelling(given: str, other: str) -> None:
    facts = Facts("anna@example.nl", ("example.nl",), "", 1, (), Findings((), (), ""), Directives(), authenticated=True)
    assert spellings(given)[0] == given
    assert takes_part(Conditions(recipient=(other,)), Conditions(), facts, given)
    assert takes_part(Conditions(recipient_domain=(domain_of(other),)), Conditions(), facts, given)


@pytest.mark.parametrize(
    "address", ["", "@", "jan", "jan@", "jan@" + "a" * 64 + ".nl", "jan@xn--\u00fc.nl", '""@b.nl', "a@..nl"]
)
def test_no_address_breaks_it(address: str) -> None:
    assert spellings(address)[0] == address
