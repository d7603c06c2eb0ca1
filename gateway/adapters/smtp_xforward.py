"""XFORWARD: whose mail a trusted proxy brings (Postfix, XFORWARD_README).

The rule: it only tells; what a peer may do still depends on the peer itself. It holds for one message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gateway.adapters.smtp_reply import Refusal
from gateway.adapters.smtp_settings import address_of

ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
NOT_KNOWN = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")
ENCODED = re.compile(r"\+([0-9A-F]{2})")
XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")  # RFC 3461 section 4
HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
IDENT = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What the proxy told; empty where it told nothing or did not know. `ident` is the proxy's queue id."""

    addr: str = ""
    helo: str = ""
    ident: str = ""


def parse_xforward(argument: str, before: Forwarded | None) -> Forwarded:
    """Adds the attributes of one command to those of the commands before. Raises `Refusal`."""
    told = before or Forwarded()
    words = argument.split()
    if not words:
        raise Refusal(501, "5.5.4", "Syntax: XFORWARD attribute=value...")
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name.upper() not in ATTRIBUTES:
            raise Refusal(501, "5.5.4", "Unknown XFORWARD attribute")
        told = _tell(told, name.upper(), _decode(value))
    return told


def _tell(told: Forwarded, name: str, value: str) -> Forwarded:
    if name == "ADDR":
        address = address_of(value[5:] if value.upper().startswith("IPV6:") else value) if value else None
        if value and address is None:
            raise Refusal(501, "5.5.4", "Bad XFORWARD address")
        return replace(told, addr="" if address is None else str(address))
    # these end in a Received field and in logs: what has no such shape counts as not known
    if name == "HELO":
        return replace(told, helo=value if HOST.fullmatch(value) else "")
    if name == "IDENT":
        return replace(told, ident=value if IDENT.fullmatch(value) else "")
    return told


def _decode(value: str) -> str:
    if value.upper() in NOT_KNOWN:
        return ""
    if not XTEXT.fullmatch(value):
        raise Refusal(501, "5.5.4", "Bad XFORWARD value")
    octets = bytes(ENCODED.sub(lambda match: chr(int(match[1], 16)), value), "latin-1")
    return octets.decode("utf-8", "replace")
