"""What every match of a pattern has for certain."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters.toml_folder import texts
from gateway.core import rules
from gateway.core.pattern_shape import Shape, shape_of
from gateway.resources import resource

PATTERNS = [pattern for rule in rules.load(texts(resource("dlp_rules"))).rules for pattern in rule.patterns]
SHAPES = {
    r"\b\d{8,9}\b": Shape(8, 9),
    r"[0-9]{3}-?[0-9]{3}": Shape(6, 7),
    r"(?:ab|12)\d": Shape(1, 3),
    r"(?:12|345)[A-Z0-9]{4}": Shape(2, 7),
    r"[\d.]{4}": Shape(0, 4),
    r"é\d": Shape(1, 8),  # octets: any character may have four
    r"[^x]\d\d": Shape(2, 12),
    r"(?:\d{2}){3}": Shape(6, 6),
    r"a(": Shape(0, 1 << 20),
}


@pytest.mark.parametrize(("pattern", "shape"), SHAPES.items())
def test_the_shape(pattern: str, shape: Shape) -> None:
    assert shape_of(pattern) == shape


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_match_has_fewer_digits_or_more_octets(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(PATTERNS))
    found = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    shape = shape_of(pattern)
    assert sum(character in "0123456789" for character in found) >= shape.digits
    assert len(found.encode()) <= shape.octets
