"""CRLF and nothing else."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.line_ends import crlf

TEXTS = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b" "])).map(b"".join)


@given(TEXTS)
def test_it_does_what_the_plain_regular_expression_does(raw: bytes) -> None:
    assert crlf(raw) == re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


def test_what_is_right_already_is_not_copied() -> None:
    raw = b"a\r\n\r\nb\r\n"
    assert crlf(raw) is raw
