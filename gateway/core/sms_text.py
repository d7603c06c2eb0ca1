"""The text messages with a one-time code: short, in the reader's language, with WebOTP's last line.

WebOTP (https://wicg.github.io/sms-one-time-codes/): the last line `@host #123456` lets a phone fill the code in at that
host only.
"""

from __future__ import annotations

from urllib.parse import urlsplit


def sms_text(language: str, organisation: str, digits: str, portal_url: str) -> str:
    """One text of at most two SMS; the organisation's name is cut so that it stays so."""
    name = _short(organisation)
    if language == "nl":
        words = f"{digits} is uw code voor het veilige bericht van {name}. Deel de code met niemand."
    else:
        words = f"{digits} is your code for the secure message from {name}. Do not share it."
    return _for_host(words, digits, portal_url)


def login_text(language: str, organisation: str, digits: str, portal_url: str) -> str:
    """For somebody who signs in, or says that a number is theirs."""
    name = _short(organisation)
    if language == "nl":
        words = f"{digits} is uw code om in te loggen bij veilig mailen van {name}. Deel de code met niemand."
    else:
        words = f"{digits} is your code to sign in to secure mail of {name}. Do not share it."
    return _for_host(words, digits, portal_url)


def _short(organisation: str) -> str:
    return " ".join(organisation.split())[:60]


def _for_host(words: str, digits: str, portal_url: str) -> str:
    host = urlsplit(portal_url).hostname or ""
    return f"{words}\n\n@{host} #{digits}" if host else words
