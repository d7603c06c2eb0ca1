"""How each provider's answers are judged, garbage included."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.sms.bird import BirdSms
from gateway.adapters.sms.cm import CmSms
from gateway.adapters.sms.http import Answer, HttpSms, Verdict, number
from gateway.adapters.sms.spryng import SpryngSms
from gateway.adapters.sms.twilio import TwilioSms

ALL: dict[str, HttpSms] = {
    "bird": BirdSms("k"),
    "cm": CmSms("k"),
    "spryng": SpryngSms("k"),
    "twilio": TwilioSms("AC1", "k"),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["errors", "code", "errorCode", "messages", "messageErrorCode", "status"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("provider", "status", "body", "verdict", "reason"),
    [
        ("bird", 201, {"id": "a"}, Verdict.TAKEN, 0),
        ("bird", 201, {"id": "a", "errors": [{"code": 9}]}, Verdict.LATER, 9),
        ("bird", 422, {"errors": [{"code": 10}]}, Verdict.REFUSED, 10),
        ("bird", 422, {"errors": [{"code": 25}]}, Verdict.LATER, 25),
        ("cm", 200, {"errorCode": 0, "messages": []}, Verdict.LATER, 0),
        ("cm", 200, {"errorCode": 201, "messages": [{"messageErrorCode": 302}]}, Verdict.REFUSED, 302),
        ("cm", 400, {"errorCode": 103, "messages": []}, Verdict.REFUSED, 103),
        ("cm", 400, {"errorCode": 102, "messages": []}, Verdict.LATER, 102),
        ("cm", 500, {"errorCode": 500, "messages": []}, Verdict.LATER, 500),
        ("cm", 503, {"errorCode": 999}, Verdict.LATER, 999),
        ("cm", 401, {}, Verdict.REFUSED, 0),
        ("spryng", 200, {"id": "a"}, Verdict.TAKEN, 0),
        ("spryng", 200, {"message": "no"}, Verdict.LATER, 0),
        ("spryng", 403, {}, Verdict.REFUSED, 0),
        ("twilio", 201, {"sid": "SM1", "code": None}, Verdict.TAKEN, 0),
        ("twilio", 400, {"code": 21614}, Verdict.BAD_NUMBER, 21614),
        ("twilio", 400, {"code": 21611}, Verdict.LATER, 21611),
        ("twilio", 503, {"code": 20503}, Verdict.LATER, 20503),
    ],
)
def test_documented_answers(provider: str, status: int, body: object, verdict: Verdict, reason: int) -> None:
    assert ALL[provider].judge(Answer(status, json.dumps(body).encode())) == (verdict, reason)


@pytest.mark.parametrize("provider", ALL)
@given(body=JSON)
def test_no_made_up_answer_counts_as_taken(provider: str, body: object) -> None:
    assert ALL[provider].judge(Answer(200, json.dumps(body).encode()))[0] is not Verdict.TAKEN


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": ""}'])
def test_garbage_with_a_good_status_is_temporary(provider: str, body: bytes) -> None:
    assert ALL[provider].judge(Answer(200, body)) == (Verdict.LATER, 0)


@pytest.mark.parametrize(
    ("value", "found"),
    [(7, 7), ("21211", 21211), ("+31612345678", 0), ("31612345678", 0), (True, 0), (None, 0), ("²", 0)],
)
def test_only_short_numbers_are_reasons(value: object, found: int) -> None:
    assert number(value) == found
