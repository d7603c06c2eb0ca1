from __future__ import annotations

import tomllib
from datetime import timedelta
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import Misconfigured
from gateway.core.toml_lines import locate
from gateway.core.toml_source import Mistakes, Source, dotted, duration, read

DOCUMENT = r'''# a comment with = and [brackets]
top = 1
dotted.key = "a # b"
"quoted key".'it''s' = 2
text = """
[not.a.table]
x = 1 \"""
"""
raw = \'\'\'
[[nor.this]]\'\'\'

[table]  # header
list = [
  1, # one
  "]",
  { a = 1, b.c = [
    2 ] },
]
[table.sub]
a = 1979-05-27T07:32:00Z
[[policy]]
id = "one"
when.finds = { rules = ["nl.*"], count = 1 }
[[policy]]
id = "two"
[policy.then]
action = "seal"
[[policy.reason]]
x = 1
[[policy.reason]]
x = 2
'''.replace("\\'", "'").replace("'it''s'", "'its'")


def test_lines_of_every_kind_of_key() -> None:
    tomllib.loads(DOCUMENT)
    lines = locate(DOCUMENT)
    expected = {
        ("top",): 2,
        ("dotted", "key"): 3,
        ("quoted key", "its"): 4,
        ("text",): 5,
        ("raw",): 9,
        ("table",): 12,
        ("table", "list"): 13,
        ("table", "list", 0): 14,
        ("table", "list", 1): 15,
        ("table", "list", 2, "a"): 16,
        ("table", "list", 2, "b", "c"): 16,
        ("table", "list", 2, "b", "c", 0): 17,
        ("table", "sub", "a"): 20,
        ("policy", 0, "id"): 22,
        ("policy", 0, "when", "finds", "rules", 0): 23,
        ("policy", 1): 24,
        ("policy", 1, "then", "action"): 27,
        ("policy", 1, "reason", 0, "x"): 29,
        ("policy", 1, "reason", 1, "x"): 31,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert ("not",) not in lines


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
SCALARS = st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=8))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def quoted(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def written(value: object, newline: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + newline + ("," + newline).join(written(item, newline) for item in value) + " # ] \n ]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(key)} = {written(item, newline)}" for key, item in value.items()) + " }"
    return str(value)


def paths(value: object, at: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {at}
    for key, item in children:
        found |= paths(item, (*at, key))
    return found


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from([" ", "\n", " # x\n\t"]))
def test_every_key_has_a_line(values: dict[str, object], newline: str) -> None:
    rows: list[str] = []
    starts = {}
    for key, value in values.items():
        starts[key] = "\n".join(rows).count("\n") + (2 if rows else 1)
        rows.append(f"{quoted(key)} = {written(value, newline)}")
    text = "\n".join(rows)
    assert tomllib.loads(text) == values
    lines = locate(text)
    assert set(lines) == paths(values, ())
    assert {key: lines[(key,)] for key in values} == starts


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    gathered = Mistakes()
    with gathered.gather():
        read("f", text)
    assert all(mistake.line >= 1 for mistake in gathered.all)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


COLOURS = {colour.value: colour for colour in Colour}


def mistakes(source: Source) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        source.finish()
    return [str(mistake) for mistake in caught.value.mistakes]


def test_values_come_out_typed() -> None:
    source = read("f", 'a = "x"\nn = 3\nb = true\nd = "PT15M"\nl = ["x", "y"]\nc = "blue"\nt.u = 1\n[[v]]\nw = 2\n')
    root = source.root
    assert (root.string("a"), root.integer("n"), root.boolean("b")) == ("x", 3, True)
    assert root.duration("d") == timedelta(minutes=15)
    assert root.strings("l") == ("x", "y")
    assert root.choice("c", COLOURS) is Colour.BLUE
    assert root.table("t").integer("u") == 1
    assert [table.integer("w") for table in root.tables("v")] == [2]
    source.finish()


def test_defaults() -> None:
    source = read("f", "")
    root = source.root
    assert root.string("a", "x") == "x"
    assert root.string("a", "") == ""
    assert root.integer("n", 3, minimum=1) == 3
    assert root.boolean("b", False) is False
    assert root.duration("d", timedelta(1)) == timedelta(1)
    assert root.strings("l", ()) == ()
    assert root.choice("c", COLOURS, Colour.RED) is Colour.RED
    assert root.choices("cs", COLOURS, ()) == ()
    assert root.table("t").strings("x", ("y",)) == ("y",)
    assert root.tables("v") == ()
    source.finish()


def test_all_mistakes_at_once() -> None:
    source = read(
        "zegel.toml",
        'name = 3\nport = 70000\n\n[tls]\non = "yes"\nidle = "5 minutes"\ncolor = "red"\nhue = "bleu"\nlist = ["a", 1]\n'
        'zone = "A B"\n[[rule]]\n[[rule]]\nid = ""\n[other]\n',
    )
    root = source.root
    root.string("name")
    root.integer("port", minimum=1, maximum=65535)
    root.string("portal_url")
    tls = root.table("tls")
    tls.boolean("on", False)
    tls.duration("idle", timedelta(1))
    tls.choice("hue", COLOURS)
    tls.choice("colour", COLOURS, Colour.RED)
    tls.strings("list")
    tls.string("zone", pattern="[a-z]+", shape="a name")
    for rule in root.tables("rule"):
        rule.string("id")
    assert mistakes(source) == [
        "zegel.toml:1: name: must be a text, not a whole number",
        "zegel.toml:1: portal_url: is required",
        "zegel.toml:2: port: must be at most 65535, not 70000",
        "zegel.toml:5: tls.on: must be true or false, not a text",
        'zegel.toml:6: tls.idle: "5 minutes" is not a duration; write one like "P30D" or "PT15M"',
        'zegel.toml:7: tls.color: unknown key; did you mean "colour"?',
        'zegel.toml:8: tls.hue: "bleu" is not one of red, blue; did you mean "blue"?',
        "zegel.toml:9: tls.list[2]: must be a text, not a whole number",
        'zegel.toml:10: tls.zone: "A B" is not a name',
        "zegel.toml:11: rule[1].id: is required",
        "zegel.toml:13: rule[2].id: may not be empty",
        "zegel.toml:14: other: unknown key; known here: name, port, portal_url, tls, rule",
    ]


def test_true_is_no_number() -> None:
    source = read("f", "n = true\nd = 1979-05-27\n")
    source.root.integer("n", 1)
    source.root.string("d", "")
    assert mistakes(source) == [
        "f:1: n: must be a whole number, not true or false",
        "f:2: d: must be a text, not a date or time",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ('x = "', 1), ("\n\n[t\n", 3), ("\r\n\r\n[t\r\n", 3)],
)
def test_broken_toml_names_the_line(text: str, line: int) -> None:
    with pytest.raises(Misconfigured) as caught:
        read("f.toml", text)
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.line) == ("f.toml", line)
    assert mistake.sentence.startswith("not valid TOML: ")
    assert "(at" not in mistake.sentence


def test_mistakes_of_several_files_are_gathered() -> None:
    gathered = Mistakes()
    for file in ("a", "b"):
        with gathered.gather():
            read(file, "x = 1").finish()
    assert [mistake.file for mistake in gathered.all] == ["a", "b"]
    with pytest.raises(Misconfigured):
        gathered.raise_any()
    Mistakes().raise_any()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", timedelta(30)),
        ("P2W", timedelta(14)),
        ("PT1H30M", timedelta(minutes=90)),
        ("P1DT5S", timedelta(1, 5)),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("P1M", None),
        ("30D", None),
        ("P-1D", None),
        ("", None),
    ],
)
def test_durations(text: str, expected: timedelta | None) -> None:
    assert duration(text) == expected


def test_dotted_paths_read_like_toml() -> None:
    assert dotted(("policy", 1, "when", "a b")) == 'policy[2].when."a b"'
