"""What the sender asked for in an ordinary mail client: subject tags, headers, plus-addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum


class VerificationKind(IntEnum):
    """How a recipient proves who they are; a higher value is stricter."""

    NONE = 0  # the message code only
    PASSWORD = 1  # agreed beforehand
    SMS = 2
    ACCOUNT = 3  # reserved: the recipient's own account


@dataclass(frozen=True, slots=True)
class Verification:
    """One recipient's verification. `phone` is E.164; `password` never shows in repr."""

    kind: VerificationKind
    phone: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    hint: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Directives:
    """The sender's wishes. `verification` holds for every recipient without an own entry in `per_recipient`.

    `mistakes` are directives that could not be understood, in words for the sender: they refuse the message (5.7.1)
    rather than being dropped silently.
    """

    seal: bool = False
    plain: bool = False
    verification: Verification | None = None
    per_recipient: Mapping[str, Verification] = field(default_factory=dict)
    least: VerificationKind | None = None
    expires: timedelta | None = None
    receipt: bool = False
    mistakes: tuple[str, ...] = ()
