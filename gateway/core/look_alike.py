"""Domains that look like others: how alike two are, and how hashed ones can still be compared.

Terms: a *skeleton* is what a domain looks like: signs that the eye takes for one another are one sign (after Unicode TR 39).
A *shape* is a text made of a domain; two domains that are one keystroke apart have one in common. So when only keyed hashes
of the shapes of known domains are kept, a new domain can be compared with them: the idea of SymSpell's deletion
neighbourhoods, with the place of the deletion, so that nothing further apart is taken for a neighbour.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 80  # signs of a whole domain; nobody types longer ones
SHORTEST = 4  # letters of the longest label before the last dot; shorter names are one apart by chance

# What NFKD does not bring together. Cyrillic and Greek letters by their look, not their sound.
_ALIKE = str.maketrans(
    {
        **dict(zip("0135", "olls", strict=True)),
        **dict(zip("авеԁһіјӏкмоорԛѕтхуѡ", "abedhijlkmoopqstxyw", strict=True)),
        **dict(zip("αβεικνορτυχω", "abeiknoptuxw", strict=True)),
        **dict(zip("ɑɡıłøđħ", "agilodh", strict=True)),
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
    }
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("l", "i"))


@lru_cache(maxsize=4096)
def skeleton(domain: str) -> str:
    """What the domain looks like; the same for `example.nl`, `examp1e.nl` and `exаmple.nl` (with a Cyrillic а)."""
    flat = unicodedata.normalize("NFKD", readable(domain).casefold())
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign)).translate(_ALIKE)
    for pair, single in _PAIRS:
        flat = flat.replace(pair, single)
    return flat


def readable(domain: str) -> str:
    """In the letters that a person sees, lower-case: IDNA is decoded where it can be."""
    try:
        return domain.lower().encode("ascii").decode("idna")
    except UnicodeError:
        return domain.lower()


def one_apart(one: str, other: str) -> bool:
    """Whether one keystroke lies between them: a letter more, less or other, or two swapped. Not for short names."""
    if one == other or abs(len(one) - len(other)) > 1 or not (_is_long(one) and _is_long(other)):
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        swapped = one[:start] + one[start : start + 2][::-1] + one[start + 2 :]
        return one[start + 1 :] == other[start + 1 :] or swapped == other
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[:start] + longer[start + 1 :] == shorter


def kept_shapes(domain: str) -> tuple[str, ...]:
    """What is kept of a known domain, as hashes."""
    found = [f"looks:{skeleton(domain)}"]
    if _is_long(domain):
        found.append(f"whole:{domain}")
        found += [f"cut{place}:{cut}" for place, cut in enumerate(_cuts(domain))]
    return tuple(dict.fromkeys(found))


def looks_shape(domain: str) -> str:
    """What a domain has in common with those that look like it."""
    return f"looks:{skeleton(domain)}"


def neighbour_shapes(domain: str) -> tuple[str, ...]:
    """What a domain has in common with those that are one keystroke apart, and with no others."""
    if not _is_long(domain):
        return ()
    cuts = _cuts(domain)
    found = [f"whole:{cut}" for cut in cuts]  # the known one has a letter less
    found += [f"cut{place}:{domain}" for place in range(len(domain) + 1)]  # a letter more
    found += [f"cut{place}:{cut}" for place, cut in enumerate(cuts)]  # another letter
    found += [
        f"whole:{domain[:i]}{domain[i + 1]}{domain[i]}{domain[i + 2 :]}"
        for i in range(len(domain) - 1)
        if domain[i] != domain[i + 1]
    ]
    return tuple(dict.fromkeys(found))


def _cuts(domain: str) -> list[str]:
    return [domain[:place] + domain[place + 1 :] for place in range(len(domain))]


def _is_long(domain: str) -> bool:
    longest = max((len(label) for label in domain.split(".")[:-1]), default=0)
    return longest >= SHORTEST and len(domain) <= LONGEST and not re.fullmatch(r"[\d.]+|\[.*", domain)
