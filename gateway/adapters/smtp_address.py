"""The arguments of MAIL FROM and RCPT TO (RFC 5321 section 4.1.2, RFC 6531): one path and its parameters.

The rule: take what the grammar allows and nothing else. No source routes, no address literals, no bare local parts, no
control or invisible characters; addresses go on exactly as they came in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.adapters.smtp_reply import Refusal

ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]"
DOT_STRING = re.compile(rf"{ATEXT}+(?:\.{ATEXT}+)*")
QUOTED = re.compile(r'"(?:[ !#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*"')
LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]{0,61}[A-Za-z0-9\u0080-\U0010ffff])?"
DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
LOCAL_PART, DOMAIN_NAME = 64, 255  # octets, RFC 5321 section 4.5.3.1


@dataclass(frozen=True, slots=True)
class Path:
    """`address` is empty for `<>`; parameter names are upper-case, a parameter without a value has an empty one."""

    address: str
    parameters: dict[str, str]


def parse_path(keyword: str, argument: str) -> Path:
    """Reads `FROM:<path> parameters` or `TO:<path> parameters`; the address is still to be checked. Raises `Refusal`."""
    syntax = Refusal(501, "5.5.4", f"Syntax: {keyword}:<address>")
    if argument[: len(keyword) + 1].upper() != f"{keyword}:":
        raise syntax
    rest = argument[len(keyword) + 1 :].lstrip(" ")  # the blank is wrong, and widely sent
    end = _end_of_path(rest)
    if end < 0:
        raise syntax
    address, tail = rest[1:end], rest[end + 1 :]
    if tail and not tail.startswith(" "):
        raise syntax
    return Path(address, _parameters(tail))


def check_address(address: str, *, smtputf8: bool) -> None:
    """Raises `Refusal` unless the address is `local-part@domain` or empty."""
    if not address:
        return
    if not address.isprintable():
        raise Refusal(501, "5.1.3", "Control characters in an address")
    if not address.isascii() and not smtputf8:
        raise Refusal(553, "5.6.7", "This address needs SMTPUTF8")
    if address.startswith("@"):
        raise Refusal(501, "5.1.3", "Source routes are not accepted")
    local, at, domain = address.rpartition("@")
    if not at:
        raise Refusal(501, "5.1.3", "An address needs a domain")
    if domain.startswith("["):
        raise Refusal(501, "5.1.3", "Address literals are not accepted")
    if not (DOT_STRING.fullmatch(local) or QUOTED.fullmatch(local)) or not DOMAIN.fullmatch(domain):
        raise Refusal(501, "5.1.3", "Bad address syntax")
    if len(local.encode()) > LOCAL_PART or len(domain.encode()) > DOMAIN_NAME:
        raise Refusal(501, "5.1.3", "The address is too long")


def routes_by_local_part(address: str) -> bool:
    """Whether some servers would send `user%elsewhere@here` or `elsewhere!user@here` on to elsewhere."""
    local = address.rpartition("@")[0]
    return any(character in local for character in "%!@")


def _end_of_path(text: str) -> int:
    """The index of the closing bracket; -1 when there is none. A quoted local part may hold one itself."""
    if not text.startswith("<"):
        return -1
    quoted = QUOTED.match(text, 1)
    return text.find(">", quoted.end() if quoted else 1)


def _parameters(tail: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in tail.split():
        match = PARAMETER.fullmatch(word)
        if match is None or match[1].upper() in found:
            raise Refusal(501, "5.5.4", "Bad or repeated parameter")
        found[match[1].upper()] = match[2] or ""
    return found
