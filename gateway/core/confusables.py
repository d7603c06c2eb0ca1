"""Letters of other alphabets, and accented ones, as the Latin letters that they pass for.

Source: the confusables of Unicode UTS 39, of which these are the ones with a plain Latin look-alike in Cyrillic, Greek,
Armenian and the phonetic blocks. Rule: this serves to recognise words; text for a person is never changed by it.
"""

from __future__ import annotations

import re
import unicodedata

_LOOK_ALIKES = {
    "a": "а\u0251α", "b": "ЬвВΒβʙ", "c": "сСϲᴄ", "d": "ԁᴅ", "e": "еЕεΕɛᴇ", "f": "ꜰϝ", "g": "ɡԌɢ", "h": "һНнΗʜ",
    "i": "іІιΙıɪ", "j": "јЈᴊ", "k": "кКκΚᴋ", "l": "ӏӀʟ", "m": "мМΜᴍ", "n": "пПηΝɴи", "o": "оОοΟσᴏ",
    "p": "рРρΡᴘ", "q": "ԛ", "r": "гʀᴦ", "s": "ѕЅꜱ", "t": "тТτΤᴛ", "u": "υцᴜ", "v": "ѵνᴠ", "w": "ԝωшᴡ", "x": "хХχΧ",
    "y": "уУγΥʏ", "z": "ΖᴢƵ",
}  # fmt: skip
_SKELETON = str.maketrans({sign: letter for letter, signs in _LOOK_ALIKES.items() for sign in signs})
_SKELETON.update({ord("ø"): "o", ord("Ø"): "o", ord("ł"): "l", ord("đ"): "d", ord("Ł"): "l", ord("Đ"): "d"})
_LEET = str.maketrans("01345789$@", "oleastbgsa")
_MARKS = re.compile(r"[\u0300-\u036f]+")


def skeleton(word: str) -> str:
    """The word as it looks at a glance, in small Latin letters where it can be."""
    folded = word.translate(_SKELETON)
    if not folded.isascii():
        folded = _MARKS.sub("", unicodedata.normalize("NFD", folded))
    return folded.lower()


def from_leet(word: str) -> str:
    """Digits among letters as the letters that they stand for: b5n is bsn."""
    return word.lower().translate(_LEET)
