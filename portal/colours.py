"""An organisation's colour made legible: accents that keep WCAG 2.2 AA contrast on light and on dark pages.

An admin gives any colour; the pages never use it for words unchanged. The rule: words and controls have a contrast of at
least 4.5 to 1 with what is behind them (success criterion 1.4.3).
"""

from __future__ import annotations

import re

PAPER, NIGHT = (255, 255, 255), (27, 32, 40)  # the surfaces of static/zegel.css
ENOUGH = 4.6
HEX = re.compile(r"#([0-9a-fA-F]{6})")
DEFAULT = "#1f4b7a"

Rgb = tuple[int, int, int]


def stylesheet(colour: str) -> str:
    """The custom properties that static/zegel.css reads."""
    given = _parse(colour)
    light, dark = _toward(given, (0, 0, 0), PAPER), _toward(given, (255, 255, 255), NIGHT)
    return (
        f":root {{ --brand: {_text(given)}; --accent: {_text(light)}; --on-accent: {_text(_on(light))}; }}\n"
        "@media (prefers-color-scheme: dark) {\n"
        f"  :root {{ --accent: {_text(dark)}; --on-accent: {_text(_on(dark))}; }}\n"
        "}\n"
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _toward(colour: Rgb, end: Rgb, behind: Rgb) -> Rgb:
    """The colour, mixed with `end` in twentieths until it is legible on `behind`."""
    for step in range(21):
        mixed = _mix(colour, end, step / 20)
        if contrast(mixed, behind) >= ENOUGH:
            return mixed
    return end


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _on(colour: Rgb) -> Rgb:
    white, black = (255, 255, 255), (12, 15, 20)
    return white if contrast(colour, white) >= contrast(colour, black) else black


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _parse(colour: str) -> Rgb:
    found = HEX.fullmatch(colour.strip())
    digits = found[1] if found else DEFAULT[1:]
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _text(colour: Rgb) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in colour)
