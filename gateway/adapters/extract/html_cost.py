"""How much work the tree of an HTML text would be, told before it is built.

A parser that follows the HTML standard opens formatting elements anew in each block, looks through all open elements for
many tags, and through all attributes of a tag for each one more: all are quadratic in what a sender writes. Rule: the count
here may be too high, never too low by much.
"""

from __future__ import annotations

import re
from collections import Counter

_FEW = 2000  # tags that can do no harm, however they are put
_MOST_STEPS = 200_000_000  # looks at open elements or attributes, about half a second
_MOST_COPIES = 1_000_000  # elements opened anew, about 100 MiB
_SHORT_PAGE, _SHORT_TAG = 64 * 1024, 4096  # octets: so few hold too few attributes to matter
_ATTRIBUTE = rb"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?+)?+"""
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_ATTRIBUTES = re.compile(rb"<!--.*?(?:-->|\Z)|<[a-zA-Z][^\s/>]*+((?:" + _ATTRIBUTE + rb")*+)", re.DOTALL)
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_FORMATTING_TAGS = b"a b big code em font i nobr s small strike strong tt u"
# Elements that never stay open, or that the next of their kind closes.
_CLOSED_TAGS = b"area base br col embed hr img input link meta param source track wbr p li dd dt option td th tr"
_FORMATTING = frozenset(_FORMATTING_TAGS.split())
_CLOSED = frozenset(_CLOSED_TAGS.split())


def is_too_costly(source: bytes) -> bool:
    """Whether building the tree would take too long, or too much memory."""
    if len(source) > _SHORT_PAGE and _attribute_steps(source) > _MOST_STEPS:
        return True
    if source.count(b"<") <= _FEW:
        return False
    opened: Counter[bytes] = Counter()
    depth = formatting = steps = copies = 0
    for closing, written in _TAG.findall(source):
        name = written.lower()
        if not closing:
            if name in _FORMATTING:
                formatting += 1
            else:
                copies += formatting
            if name not in _CLOSED:
                opened[name] += 1
                depth += 1
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
            formatting -= name in _FORMATTING
        steps += depth
        if steps > _MOST_STEPS or copies > _MOST_COPIES:
            return True
    return False


def _attribute_steps(source: bytes) -> int:
    """Looks at attributes: each is compared with all before it in its tag (HTML standard, section 13.2.5.33)."""
    steps = 0
    for tag in _ATTRIBUTES.finditer(source):
        start, end = tag.span(1)
        if end - start > _SHORT_TAG:
            count = sum(1 for _ in _ONE_ATTRIBUTE.finditer(source, start, end))
            steps += count * count // 2
    return steps
