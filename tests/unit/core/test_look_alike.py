from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.look_alike import kept_shapes, looks_shape, neighbour_shapes, one_apart, skeleton

LETTERS = st.text(alphabet="abcde-", min_size=4, max_size=7)
DOMAINS = st.builds(lambda name, end: f"{name}.{end}", LETTERS, st.sampled_from(["nl", "ml", "com"]))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("example.nl", "exmaple.nl", True),  # swapped
        ("example.nl", "exampl.nl", True),
        ("example.nl", "exxample.nl", True),
        ("example.nl", "exanple.nl", True),
        ("example.nl", "example.ml", True),
        ("example.nl", "example.n", True),
        ("example.nl", "eaxmplee.nl", False),
        ("example.nl", "xeample.ln", False),
        ("example.nl", "elpmaxe.nl", False),
        ("example.nl", "example.nl", False),
        ("abcde.nl", "bcdea.nl", False),  # a letter that moved further is no keystroke
        ("abcde.nl", "bxcde.nl", False),
        ("ing.nl", "inh.nl", False),  # too short to say anything
    ],
)
def test_one_keystroke(one: str, other: str, apart: bool) -> None:
    assert one_apart(one, other) is apart
    assert one_apart(other, one) is apart
    assert one == other or bool(set(kept_shapes(one)) & set(neighbour_shapes(other))) is apart


@given(DOMAINS, DOMAINS)
def test_shapes_find_exactly_what_is_one_apart(one: str, other: str) -> None:
    shared = set(kept_shapes(one)) & set(neighbour_shapes(other))
    assert one == other or bool(shared) is one_apart(one, other)


@given(DOMAINS, st.data())
def test_every_single_mistake_is_found(domain: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, domain.index(".") - 2))
    mistakes = [
        domain[:place] + domain[place + 1 :],
        domain[:place] + "x" + domain[place:],
        domain[:place] + "x" + domain[place + 1 :],
        domain[:place] + domain[place + 1] + domain[place] + domain[place + 2 :],
    ]
    for mistaken in mistakes:
        if mistaken != domain and min(len(d.split(".")[0]) for d in (mistaken, domain)) >= 4:
            assert set(kept_shapes(domain)) & set(neighbour_shapes(mistaken))


@pytest.mark.parametrize(
    "alike",
    [
        "EXAMPLE.nl",
        "examp1e.nl",
        "exаmple.nl",
        "exampIe.nl",
        "exámple.nl",
        "ｅxample.nl",
        "xn--exmple-4nf.nl",
        "exαmple.nl",
    ],
)
def test_what_looks_alike(alike: str) -> None:
    assert skeleton(alike) == skeleton("example.nl")
    assert looks_shape(alike) in kept_shapes("example.nl")


@pytest.mark.parametrize(
    ("one", "other"), [("modern.nl", "modem.nl"), ("vvonen.nl", "wonen.nl"), ("g00gle.com", "google.com")]
)
def test_pairs_that_look_like_one_sign(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    "odd", ["", "nl", ".", "..", "192.0.2.1", "[192.0.2.1]", "a" * 300, "xn--\x00.nl", "\ud800.nl"]
)
def test_no_domain_breaks_it(odd: str) -> None:
    assert kept_shapes(odd)
    neighbour_shapes(odd)
    one_apart(odd, "example.nl")
