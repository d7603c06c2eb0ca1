"""Message codes in print: Crockford's base32, in groups, with one check symbol of the same alphabet.

A code is 128 bits: 26 symbols (the first holds three bits), then the check symbol. The check is a sum over GF(32), so
it notices every single wrong symbol and every swap of two: the mistakes people make. Crockford's own check symbol would
need `*~$=U`, which are hard to find on a phone and have meanings in links.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SIZE = 16
GROUP = 4

_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_VALUE |= {"O": 0, "I": 1, "L": 1}
_FORGIVEN = " -\t\r\n\u00a0\u2010\u2011\u2012\u2013\u2014\u2212"  # spaces and what mail programs make of a dash


def format_code(code: bytes) -> str:
    """Seven groups, as in `1A2B-3C4D-...`. Raises ValueError when it is not 16 bytes."""
    if len(code) != CODE_SIZE:
        raise ValueError("a code has 16 bytes")
    symbols = to_symbols(code)
    return in_groups(symbols + ALPHABET[_check(symbols)])


def parse_code(text: str) -> bytes | None:
    """The 16 bytes, or None. Forgives case, spaces, dashes, O for 0, I and L for 1."""
    symbols = clean(text)
    if symbols is None or len(symbols) != symbol_count(CODE_SIZE) + 1:
        return None
    body, check = symbols[:-1], symbols[-1]
    return from_symbols(body, CODE_SIZE) if ALPHABET[_check(body)] == check else None


def symbol_count(size: int) -> int:
    """Symbols for `size` bytes."""
    return -(-size * 8 // 5)


def to_symbols(raw: bytes) -> str:
    """The bytes as one big-endian number in base 32, with all its leading zeros."""
    number = int.from_bytes(raw, "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(symbol_count(len(raw)))))


def from_symbols(symbols: str, size: int) -> bytes | None:
    """The inverse of `to_symbols`; None when the number does not fit in `size` bytes."""
    number = 0
    for symbol in symbols:
        number = number << 5 | _VALUE[symbol]
    return number.to_bytes(size, "big") if number < 1 << 8 * size else None


def clean(text: str) -> str | None:
    """Only symbols of the alphabet; None when something else stands between them."""
    values = [_VALUE.get(letter.upper()) for letter in text if letter not in _FORGIVEN]
    return None if None in values else "".join(ALPHABET[value] for value in values if value is not None)


def in_groups(symbols: str) -> str:
    return "-".join(symbols[place : place + GROUP] for place in range(0, len(symbols), GROUP))


def _check(symbols: str) -> int:
    """Horner's sum of symbol times a power of x in GF(32) = GF(2)[x]/(x^5 + x^2 + 1)."""
    total = 0
    for symbol in symbols:
        total = (total ^ _VALUE[symbol]) << 1
        if total & 32:
            total ^= 0b100101
    return total
