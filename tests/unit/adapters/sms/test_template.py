"""Requests from a template: escapes, placeholders, the pattern of success."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.sms.http import Answer, Verdict
from gateway.adapters.sms.template import TemplateSms

TO, URL = "+31612345678", "https://sms.example/send"
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_json_keeps_every_text(text: str, sender: str) -> None:
    body = '{"to": ["{to}", "{digits}"], "text": "Zegel: {text}", "from": "{sender}"}'
    request = TemplateSms(URL, body).request(TO, text, sender)
    expected = {"to": [TO, TO[1:]], "text": f"Zegel: {text}", "from": sender}
    assert json.loads(request.content) == expected
    assert request.headers == {"Content-Type": "application/json"}


@given(TEXT, TEXT)
def test_a_form_keeps_every_text(text: str, sender: str) -> None:
    form = TemplateSms(URL, "to={to}&text={text}&from={sender}", content_type="application/x-www-form-urlencoded")
    content = form.request(TO, text, sender).content.decode("ascii")
    assert parse_qs(content, keep_blank_values=True) == {"to": [TO], "text": [text], "from": [sender]}


def test_xml_is_escaped() -> None:
    xml = TemplateSms(URL, '<sms to="{to}" by="{sender}">{text}</sms>', content_type="text/xml; charset=utf-8")
    root = ET.fromstring(xml.request(TO, '</sms> & "x"', "\"'<b>").content)
    assert (root.attrib, root.text) == ({"to": TO, "by": "\"'<b>"}, '</sms> & "x"')


def test_an_address_is_escaped_and_get_has_no_body() -> None:
    sms = TemplateSms(f"{URL}?to={{to}}&text={{text}}", "{}", method="get", authorization="Key 1")
    request = sms.request(TO, "a&b=c #1 é", "Zegel")
    assert parse_qs(urlsplit(request.url).query) == {"to": [TO], "text": ["a&b=c #1 é"]}
    assert (request.method, request.content, request.headers) == ("GET", b"", {"Authorization": "Key 1"})


@pytest.mark.parametrize(
    ("success", "status", "body", "verdict"),
    [
        ("", 200, b"", Verdict.TAKEN),
        ("", 204, b"", Verdict.TAKEN),
        ("^OK", 200, b"OK 123", Verdict.TAKEN),
        ("^OK", 200, b"ERR", Verdict.LATER),
        ("a.c", 200, b"a\nc", Verdict.TAKEN),
        ("^OK", 500, b"OK", Verdict.LATER),
        ("", 302, b"", Verdict.LATER),
        ("", 402, b"", Verdict.LATER),
        ("", 429, b"", Verdict.LATER),
        ("", 401, b"", Verdict.REFUSED),
        ("^OK", 422, b"OK", Verdict.REFUSED),
        ("OK", 200, b"\xff\xfe OK", Verdict.TAKEN),
        ("(a+)+b", 200, b"a" * 60000, Verdict.LATER),  # a backtracking engine would not come back
    ],
)
def test_success(success: str, status: int, body: bytes, verdict: Verdict) -> None:
    assert TemplateSms(URL, "{}", success=success).judge(Answer(status, body)) == (verdict, 0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"body": '{"to": {to}}'}, "body is not JSON"),
        ({"body": "to", "content_type": "application/x-www-form-urlencoded"}, "body is no form"),
        ({"body": "{}", "content_type": "text/plain"}, "content_type"),
        ({"body": "{}", "method": "DELETE"}, "method"),
        ({"body": "{}", "success": "("}, "success"),
        ({"body": "{}", "success": "(?=x)"}, "success"),
    ],
)
def test_a_template_that_cannot_work_is_refused(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        TemplateSms(URL, **options)
