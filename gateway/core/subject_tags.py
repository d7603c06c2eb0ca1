"""Tags in a subject, such as [veilig] or [sms:+31612345678]: found at its start or end, and taken away.

Terms: a *prefix* is what a client puts before the subject of an answer (Re:, Fwd:, Antw:); tags may stand before, between
and after prefixes. Rule: a subject without tags comes out as it went in, octet for octet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SEAL = ("veilig", "secure", "encrypt", "confidential", "vertrouwelijk")
PLAIN = ("plain", "gewoon")
VALUED = {
    "sms": "sms",
    "wachtwoord": "password",
    "password": "password",
    "verloopt": "expires",
    "expires": "expires",
}

MOST = 50  # prefixes and tags that are looked at; nobody writes more
_OPENING = {"]": "[", ")": "(", "}": "{"}
_BARE = "|".join((*SEAL, *PLAIN))
_NAMES = "|".join(VALUED)
_LATER = "sms|wachtwoord|password"  # without a value: the sender adds the number or password afterwards
_TAG = rf"\[\s{{0,8}}(?:{_BARE}|{_LATER})\s{{0,8}}\]|\(secure\)|\{{secure\}}|\[\s{{0,8}}(?:{_NAMES})\s{{0,8}}:[^\]]*\]"
_PREFIX = r"(?:re|fw|fwd|antw|aw|wg|betr|doorst|tr|sv|vs)\s{0,4}(?:\[\d{1,3}\]|\(\d{1,3}\))?\s{0,4}:"
_HEAD = re.compile(rf"\s*(?:(?P<tag>{_TAG})|(?P<prefix>{_PREFIX}))", re.IGNORECASE)
_TAIL = re.compile(rf"(?:{_TAG})\Z", re.IGNORECASE)
_LEFT_OVER = re.compile(r"[\[({]\s{0,8}(?:sms|wachtwoord|password)\s{0,8}:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tag:
    """`wish` is seal, plain, sms, password or expires; `value` stands behind the colon and may be a secret."""

    wish: str
    value: str = field(default="", repr=False)


def split_tags(subject: str) -> tuple[str, tuple[Tag, ...]]:
    """The subject without its tags, and the tags in their order."""
    tags: list[Tag] = []
    prefixes: list[str] = []
    rest = subject
    while len(tags) + len(prefixes) < MOST and (found := _HEAD.match(rest)):
        if found["tag"]:
            tags.append(_tag(found["tag"]))
        else:
            prefixes.append(found["prefix"])
        rest = rest[found.end() :]
    tail: list[Tag] = []
    while len(tail) < MOST and (found := _at_end(rest)):
        tail.insert(0, _tag(found[0]))
        rest = rest[: found.start()]
    if not tags and not tail:
        return subject, ()
    return " ".join([*prefixes, rest.strip()]).strip(), (*tags, *tail)


def _at_end(text: str) -> re.Match[str] | None:
    text = text.rstrip()
    start = text.rfind(_OPENING.get(text[-1:], "\0"))
    return _TAIL.match(text, start) if start >= 0 else None


def holds_secret(cleaned: str) -> bool:
    """Whether something like a tag with a number or a password still stands in a cleaned subject, unclosed or amid it."""
    return _LEFT_OVER.search(cleaned) is not None


def _tag(text: str) -> Tag:
    name, _, value = text[1:-1].partition(":")
    name = name.strip().lower()
    if name in VALUED:
        return Tag(VALUED[name], value.strip())
    return Tag("plain" if name in PLAIN else "seal")
