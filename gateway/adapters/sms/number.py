"""The shape of what an SMS is addressed to and comes from, checked before anything leaves.

Terms: an E.164 number is `+`, then 8 to 15 digits (ITU-T E.164); a sender is a number or a name of letters and digits.
"""

from __future__ import annotations

import re

from gateway.core.errors import SmsFailed

_E164 = re.compile(r"\+([1-9][0-9]{7,14})", re.ASCII)
_NUMBER = re.compile(r"\+?[0-9]{3,16}", re.ASCII)

NOT_SENT = "The text message could not be sent"


def digits(to: str) -> str:
    """The digits of an E.164 number. Raises `SmsFailed`, permanent, for anything else."""
    match = _E164.fullmatch(to)
    if match is None:
        raise SmsFailed(NOT_SENT, bad_number=True)
    return match.group(1)


def is_number(sender: str) -> bool:
    """Whether a sender is a telephone number or short code; otherwise it is a name."""
    return _NUMBER.fullmatch(sender) is not None
