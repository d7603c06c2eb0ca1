"""HTML as a reader sees it, and as it is."""

from __future__ import annotations

import base64

import pytest

from gateway.adapters.extract.budget import Budget
from gateway.adapters.extract.html import read_html
from gateway.core.limits import Limits
from tests.unit.adapters.extract.test_extractor import SECRET, zipped


def read(source: str, limits: Limits | None = None) -> tuple[list[str], set[str], list[bytes]]:
    """The units, the reasons, and the files in it."""
    budget, files = Budget(limits or Limits()), []

    def inner(_place: str, _name: str, content: bytes) -> None:
        files.append(content)

    read_html("body", source.encode(), budget, inner)
    return [text for _, text in budget.units], {item.reason for item in budget.unscannable}, files


FOUND = {
    "inline tags join": "<p>BSN 111<b>222</b><span>333</span></p>",
    "unknown tags join": "<p>BSN 111<o:p>222</o:p>333",
    "source lines are spaces": "<p>BSN\n 111222333</p>",
    "entities": "<p>&#66;SN&nbsp;111222333</p>".replace("&nbsp;", "&#32;"),
    "hidden text": "<p>x<span style='display:none'>BSN 111222333</span></p>",
    "cut by hidden text": "<p>BSN 111<span style='DISPLAY : NONE'>9</span>222<i hidden>8</i>333</p>",
    "cut by text of no size": "<p>BSN 111<span style='font-size:0px'>9</span>222333</p>",
    "cut by white text": "<p>BSN 111<span style='color:#ffffff'>9</span>222333</p>",
    "cut by a class": "<style>.x, .y{display:none}</style><p>BSN 111<span class=y>9</span>222333</p>",
    "cut by a class for print": "<style>@media print{.x{visibility:hidden}}</style><p>BSN 111<b class=x>9</b>222333</p>",
    "cut by a comment": "<p>BSN 111<!-- 9 -->222333</p>",
    "a comment": "<p>x<!-- BSN 111222333 --></p>",
    "a conditional comment": "<!--[if mso]><p>BSN 111<b>222</b>333</p><![endif]-->",
    "an attribute": "<img alt='BSN 111222333'>",
    "an attribute without an end": "<p>x<img alt='BSN 111222333",
    "an attribute of any name": "<p my-note='BSN 111222333'>x</p>",
    "a class": "<p class='BSN 111222333'>x</p>",
    "a script": "<script>var x = 'BSN 111222333';</script>",
    "a style": "<style>p:after{content:'BSN 111222333'}</style>",
    "escapes in a style": "<style>p:after{content:'\\42 SN 111222333'}</style>",
    "a style attribute": "<p style=\"--x:'BSN 111222333'\">x</p>",
    "a template": "<template><p>BSN 111<b>222333</b></p></template>",
    "noscript": "<noscript><p>BSN 111<b>222333</b></p></noscript>",
    "an iframe": "<iframe srcdoc='&lt;p&gt;BSN 111&lt;b&gt;222333&lt;/b&gt;'></iframe>",
    "a frameset": "<frameset>BSN 111222333</frameset>",
    "a title": "<title>BSN 111222333</title>",
    "a select": "<select><option>BSN 111222333</select>",
    "a textarea": "<textarea>BSN 111222333</textarea>",
    "svg": "<svg><text>BSN 111<tspan>222333</tspan></text></svg>",
    "a doctype": "<!DOCTYPE html PUBLIC 'BSN 111222333'><p>x",
    "a declaration": "<![if !mso]>x<![BSN 111222333]>",
    "cdata": "<svg><![CDATA[BSN 111222333]]></svg>",
    "turned letters": "<bdo dir=rtl>333222111 NSB</bdo>",
    "turned by style": "<b style='unicode-bidi:bidi-override;direction:rtl'>333222111 NSB</b>",
    "an address": "<a href='mailto:a@b?body=BSN%20111222333'>x</a>",
    "kept lines": "<pre>BSN 111222333</pre>",
}


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found(name: str) -> None:
    texts, unscannable, _ = read(FOUND[name])
    assert any(SECRET in text for text in texts), texts
    assert unscannable == set()


PARTED = [
    "<p>111</p><p>222333</p>",
    "<table><td>111</td><td>222333",
    "111<br>222333",
    "<li>111<li>222333",
    "111<hr>222333",
]


@pytest.mark.parametrize("source", PARTED)
def test_blocks_cells_and_line_breaks_part(source: str) -> None:
    assert not any("111222333" in text for text in read(source)[0])


def test_a_digit_in_each_cell_is_one_number_too() -> None:
    cells = "".join(f"<td>{digit}</td>" for digit in "111222333")
    assert any("111222333" in text for text in read(f"<table><tr>{cells}</tr></table>")[0])


def test_files_in_addresses_are_read() -> None:
    packed = base64.b64encode(zipped({"a.txt": SECRET})).decode()
    source = f"<a href='data:application/zip;base64,{packed}'>x</a><b style='background:url(data:text/plain,abc%20d)'>"
    assert sorted(read(source)[2]) == sorted([zipped({"a.txt": SECRET}), b"abc d"])


def test_another_character_set_is_believed_in_an_attachment() -> None:
    budget = Budget(Limits())
    read_html("attachment:a.html", "<meta charset=koi8-r><p>Привет".encode("koi8-r"), budget, lambda *_: None)
    assert "Привет" in budget.units[0][1]


BOMBS = {
    "deep": "<div>" * 200_000 + SECRET,
    "unclosed letters": "".join(f"<b id={n}>" for n in range(2000)) + "<p>" * 2000 + SECRET,
    "wrong order": "<b>" * 50_000 + SECRET + "</i>" * 50_000,
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">" + SECRET,
    "attributes behind a comment": '<!-- <a b=" --><p ' + " ".join(f"a{n}='>'" for n in range(200_000)) + ">" + SECRET,
}


@pytest.mark.parametrize("name", BOMBS)
def test_trees_that_grow_beyond_measure_are_read_roughly_and_told(name: str) -> None:
    texts, unscannable, _ = read(BOMBS[name])
    assert any(SECRET in text for text in texts)
    assert unscannable == {"limit:html"}


WIDE = ["<p>x" * 100_000, "\"<>'[({" * 100_000, "<!--" * 100_000, '<a b="' * 50_000, "&#" * 200_000, "<span>" * 9000]


@pytest.mark.parametrize("source", WIDE, ids=range(len(WIDE)))
def test_broken_pages_end(source: str) -> None:
    texts, unscannable, _ = read(source + SECRET)
    assert any(SECRET in text for text in texts)
    assert unscannable <= {"limit:html"}


def test_names_of_attributes_are_text_when_they_have_no_value() -> None:
    texts = read("<p>Dag<bsn 111222333 </p><img alt='' hidden>")[0]
    assert any("111222333" in text for text in texts)
