"""How much work the tree of an HTML text would be, told before it is built.

A parser that follows the HTML standard opens formatting elements anew in each block and looks through all open elements for
many tags: both are quadratic in what a sender leaves open. Rule: the count here may be too high, never too low by much.
"""

from __future__ import annotations

import re
from collections import Counter

_FEW = 2000  # tags that can do no harm, however they are put
_MOST_STEPS = 200_000_000  # looks at open elements, about half a second
_MOST_COPIES = 1_000_000  # elements opened anew, about 100 MiB
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_FORMATTING_TAGS = b"a b big code em font i nobr s small strike strong tt u"
# Elements that never stay open, or that the next of their kind closes.
_CLOSED_TAGS = b"area base br col embed hr img input link meta param source track wbr p li dd dt option td th tr"
_FORMATTING = frozenset(_FORMATTING_TAGS.split())
_CLOSED = frozenset(_CLOSED_TAGS.split())


def is_too_costly(source: bytes) -> bool:
    """Whether building the tree would take too long, or too much memory."""
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
