"""Bytes and the name of their character set -> text, as mail clients read them.

Rule: only names that mail uses are looked up, since Python's registry also holds codecs that are no character sets or are
slow. A name that lies (strict decoding fails, or the name is unknown) still gives a text, and says so.
"""

from __future__ import annotations

import codecs

# Names on the left as clients write them; on the right Python's codecs. WHATWG reads Latin 1 and ASCII as cp1252.
CODECS: dict[str, str] = {
    name: codec
    for codec, names in {
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8",
        "cp1252": "us-ascii ascii ansi_x3.4-1968 iso-8859-1 iso8859-1 latin1 latin-1 windows-1252 cp1252 iso-ir-6",
        "iso8859-2": "iso-8859-2 latin2",
        "iso8859-3": "iso-8859-3",
        "iso8859-4": "iso-8859-4",
        "iso8859-5": "iso-8859-5",
        "iso8859-6": "iso-8859-6",
        "iso8859-7": "iso-8859-7",
        "iso8859-8": "iso-8859-8 iso-8859-8-i",
        "cp1254": "iso-8859-9 windows-1254 latin5",
        "iso8859-10": "iso-8859-10",
        "iso8859-13": "iso-8859-13",
        "iso8859-14": "iso-8859-14",
        "iso8859-15": "iso-8859-15 latin-9 latin9",
        "iso8859-16": "iso-8859-16",
        "cp1250": "windows-1250 cp1250",
        "cp1251": "windows-1251 cp1251",
        "cp1253": "windows-1253",
        "cp1255": "windows-1255",
        "cp1256": "windows-1256",
        "cp1257": "windows-1257",
        "cp1258": "windows-1258",
        "cp874": "windows-874 tis-620 iso-8859-11",
        "cp437": "cp437 ibm437",
        "cp850": "cp850 ibm850",
        "cp866": "cp866 ibm866",
        "mac-roman": "macintosh mac-roman x-mac-roman",
        "koi8-r": "koi8-r",
        "koi8-u": "koi8-u",
        "gb18030": "gb2312 gbk gb18030 cp936 x-gbk",
        "big5hkscs": "big5 big5-hkscs",
        "euc-jp": "euc-jp",
        "cp932": "shift_jis shift-jis sjis windows-31j cp932",
        "iso2022-jp-2": "iso-2022-jp iso-2022-jp-2",
        "cp949": "euc-kr ks_c_5601-1987 cp949 windows-949",
        "iso2022-kr": "iso-2022-kr",
        "hz": "hz-gb-2312",
        "utf-16": "utf-16",
        "utf-16-le": "utf-16le",
        "utf-16-be": "utf-16be",
        "utf-32": "utf-32",
        "utf-7": "utf-7",
    }.items()
    for name in names.split()
}
_LATIN = ("", "cp1252")


def preload() -> None:
    """Loads every codec now, for a process that may open no files later."""
    for codec in set(CODECS.values()):
        codecs.lookup(codec)


def _is_turned(text: str) -> bool:
    """Whether UTF-16 was read in the wrong order of octets: Latin letters become characters with an empty lower half."""
    head = text[:400].strip("\n\r\t \u2000\u0a00\u0d00\u0900")
    return bool(head) and sum(ord(character) & 0xFF == 0 for character in head) * 2 > len(head)


def decode(data: bytes, charset: str) -> tuple[str, bool]:
    """The text, and whether the character set told the truth. An empty `charset` means that none was told.

    Without a character set, or with one of ASCII's family, valid UTF-8 is taken for UTF-8: so do the clients, and the
    ASCII in it reads the same.
    """
    codec = CODECS.get(charset.strip().lower(), "") if charset.strip() else "cp1252"
    if codec in _LATIN or codec == "utf-8":
        try:
            return data.decode("utf-8-sig"), bool(codec)
        except UnicodeDecodeError:
            return data.decode("cp1252", "replace"), codec == "cp1252"
    # Plain ASCII under a name whose text has other octets, and UTF-7: some clients believe the name, some don't.
    other_ascii = codec.startswith(("utf-16", "utf-32")) and data.isascii() and 0 not in data and bool(data)
    try:
        text = data.decode(codec)
        return text, not (other_ascii or codec == "utf-7" or (codec.startswith("utf-16") and _is_turned(text)))
    except UnicodeError:
        return data.decode(codec, "replace"), False
