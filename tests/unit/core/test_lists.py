from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import list_file
from gateway.core.exact_list import build, is_listed, squeeze, supporting
from gateway.core.fingerprint import WINDOW, WORDS, fingerprints, shingles
from gateway.core.fingerprint import containment as containment_of
from gateway.core.list_file import BadList, ExactList, FingerprintList

KEY, OTHER = b"k" * 32, b"o" * 32
ROWS = [
    ("P-100.200", ["Jan de Vries", "12-03-1954"]),
    ("P300400", ["Fatima El Idrissi", ""]),
    ("P300400", ["Kees Bakker", "1-1-1990"]),
    ("", ["niemand", ""]),
]
FORM = (
    "Intakeformulier van de polikliniek. Wilt u dit formulier invullen en meenemen naar de eerste afspraak met de arts? "
    "Vul hier uw naam en uw adres in. Welke klachten heeft u, en sinds wanneer? Gebruikt u medicijnen, en zo ja welke? "
    "Bent u allergisch voor iets? Onderteken het formulier en geef het af bij de balie van de polikliniek."
)


def exact(rows: list[tuple[str, list[str]]] = ROWS) -> ExactList:
    found = list_file.read(build(rows, 2, KEY), KEY)
    assert isinstance(found, ExactList)
    return found


def prints(*documents: str) -> FingerprintList:
    found = list_file.read(list_file.write_fingerprints([fingerprints(text, KEY) for text in documents], KEY), KEY)
    assert isinstance(found, FingerprintList)
    return found


def containment(own: FingerprintList, text: str) -> float:
    return containment_of(own, shingles(text, KEY))


def test_a_value_is_found_in_any_spelling() -> None:
    assert [is_listed(exact(), value) for value in ("P100200", "p 100-200", "P100201", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert len(exact()) == 3


@pytest.mark.parametrize(
    ("value", "around", "supports"),
    [
        ("P100200", "Patiënt jan de vries, geb. 12/03/1954, nummer P100200", 2),
        ("P100200", "J. de Vries, P100200", 0),
        ("P100200", "Kees Bakker, P100200", 0),
        ("P300400", "de heer Kees Bakker (P300400)", 1),
        ("P300400", "mevrouw Fatima El-Idrissi (P300400)", 1),
        ("P300400", "Kees Idrissi", 0),
        ("P999999", "Kees Bakker", 0),
    ],
)
def test_only_the_rest_of_the_same_row_supports(value: str, around: str, supports: int) -> None:
    assert supporting(exact(), value, around) == supports


@given(
    st.lists(
        st.tuples(st.text("ABC123 -é", max_size=8), st.lists(st.text(max_size=8), min_size=2, max_size=2)), max_size=20
    )
)
def test_every_row_is_found_again(rows: list[tuple[str, list[str]]]) -> None:
    own = exact(rows)
    assert all(is_listed(own, primary) for primary, _ in rows if squeeze(primary))
    assert not is_listed(own, "Z")
    for primary, values in rows:
        if squeeze(primary) and squeeze(values[0]) and len(values[0].split()) < 2:
            assert supporting(own, primary, values[0]) >= 1


def test_no_value_stands_in_the_file() -> None:
    octets = build(ROWS, 2, KEY)
    assert not any(word in octets.lower() for word in (b"p100200", b"vries", b"1954", b"bakker"))
    same = build([("A1", ["Jansen", ""]), ("A2", ["Jansen", ""])], 2, KEY)
    records = exact([("A1", ["Jansen", ""]), ("A2", ["Jansen", ""])]).records
    assert bytes(records[12:16]) != bytes(records[32:36])  # equal names in two rows do not look equal
    assert build(ROWS, 2, KEY) != build(ROWS, 2, OTHER) != same


@given(st.binary(max_size=300))
def test_other_octets_are_refused(octets: bytes) -> None:
    with pytest.raises(BadList):
        list_file.read(octets, KEY)
    with pytest.raises(BadList):
        list_file.read(b"zegel-list\n" + octets, KEY)


@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_a_changed_octet_is_noticed(at: int, flip: int, of_documents: bool) -> None:
    octets = bytearray(
        list_file.write_fingerprints([fingerprints(FORM, KEY)], KEY) if of_documents else build(ROWS, 2, KEY)
    )
    octets[at % len(octets)] ^= flip
    with pytest.raises(BadList):
        list_file.read(bytes(octets), KEY)
    with pytest.raises(BadList):
        list_file.read(bytes(octets[: at % len(octets)]), KEY)


@given(st.integers(0, 3), st.integers(0, 20), st.integers(0, 8), st.integers(0, 2**32 - 1), st.binary(max_size=64))
def test_lengths_that_do_not_add_up_are_refused_though_sealed(
    kind: int, supports: int, words: int, count: int, body: bytes
) -> None:
    head = list_file._HEAD.pack(b"zegel-list\n", list_file.VERSION, kind, supports, words, count)
    octets = list_file._sealed(head + body, KEY)
    try:
        found = list_file.read(octets, KEY)
    except BadList:
        return
    assert isinstance(found, FingerprintList) or len(found) * found.size == len(body)


def test_a_list_of_another_key_is_refused() -> None:
    with pytest.raises(BadList, match=r"another lists\.key"):
        list_file.read(build(ROWS, 2, OTHER), KEY)


def test_a_filled_in_form_is_known() -> None:
    own = prints(" ".join(f"woord{number}" for number in range(60)), FORM)
    filled = FORM.replace("naam en uw adres in.", "naam en uw adres in. Jan Jansen, Dorpsstraat 1, Utrecht.").upper()
    assert containment(own, filled) > 0.8
    assert containment(own, "Beste Jan, zie bijlage. " + FORM) == 1
    assert containment(own, "Wilt u het formulier invullen en morgen naar de afspraak meenemen?") == 0
    assert containment(own, "") == 0


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=60, max_size=90), st.integers(0, 40))
def test_a_copied_run_of_words_is_noticed(words: list[str], start: int) -> None:
    try:
        own = prints(" ".join(words))
    except ValueError:
        return  # too few different words
    run = words[start : start + WORDS + WINDOW - 1]
    assert containment(own, "vooraf " + " ".join(run) + " achteraf") > 0


def test_a_short_text_has_no_fingerprint() -> None:
    with pytest.raises(ValueError, match="too little text"):
        fingerprints("Met vriendelijke groet, Anna", KEY)
