"""The character encoding of an XML feed, settled before feedparser sees it.

feedparser follows RFC 3023, by which a feed sent as text/xml is ASCII and the server's word counts more than
the document's. Servers say "iso-8859-1" by habit, and RFC 7303 has replaced that rule. Here: a byte order
mark, then what the bytes prove (hardly anything but UTF-8 is valid UTF-8), then the declarations.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from ingest.decode import guess_charset

#: How documents begin that are two or four bytes a character: with a mark, or with a "<".
#: Longest first, since UTF-32's mark begins with UTF-16's.
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")

#: What servers name when nobody has told them better.
_HABITUAL = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1"})
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})

_ASCII_LIKE = _HABITUAL | {"windows-1252", "windows-1251", "iso-8859-15", "utf_8", "us_ascii"}

#: Encodings that stand for more than their name says, or that Python knows by another name.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-kr": "cp949",
    "tis-620": "cp874",
    "windows-874": "cp874",
}

#: XML allows no control characters, and feedparser has a slow second parser for feeds that hold some.
_CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])

#: A text is UTF-8 with a few broken characters when this many are whole for each that is not.
_WHOLE_PER_BROKEN = 10


#: Encodings that differ from windows-1252 in a few letters, and how many bytes beyond ASCII it takes to believe in one.
_LATIN = frozenset({"cp1250", "cp1254", "cp1257", "cp1258", "iso8859-2"})
_ENOUGH_TO_GUESS = 100
_BEYOND_ASCII = bytes(range(0x80, 0x100))


class Settled(NamedTuple):
    """A document and its encoding."""

    #: UTF-8 where that is certain; then without byte order mark and control characters
    body: bytes
    #: "": as the document says
    encoding: str
    #: what is wrong with the declarations, for people; may be empty
    fault: str = ""


def settle_encoding(body: bytes, content_type: str) -> Settled:
    """Settle how *body* is encoded; *content_type* is the header that came with it."""
    found = _CHARSET.search(content_type)
    charset = found[1].lower() if found else ""
    if body.startswith(codecs.BOM_UTF8):
        text = body[3:].decode("utf-8", "replace")
        return _clean_utf8(text.encode(), "some of its characters are broken UTF-8" if "\ufffd" in text else "")
    for beginning, encoding in _WIDE:
        if body.startswith(beginning):
            return _clean_utf8(body.decode(encoding, "replace").encode("utf-8", "replace"))
    found_in_body = _DECLARED.match(body)
    declared = found_in_body[1].decode("ascii").lower() if found_in_body else ""
    fault = ""
    if not body.isascii():
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return _settle_other(body, charset, declared)
        wrong = dict.fromkeys(name for name in (charset, declared) if name not in _UTF8)
        fault = f"declared as {' and as '.join(wrong)}, but it is UTF-8" if wrong else ""
    elif not {charset, declared} <= _ASCII_LIKE:
        # Japanese and UTF-7 are written in ASCII bytes.
        return Settled(body, declared if charset in _HABITUAL else charset)
    return _clean_utf8(body, fault)


def _settle_other(body: bytes, charset: str, declared: str) -> Settled:
    if charset in _UTF8 and declared in _UTF8:
        # Mostly somebody has cut a text in the midst of a character. One such cut must not spoil all others.
        text = body.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        whole = len(text) - len(text.encode("ascii", "ignore")) - broken
        if whole >= _WHOLE_PER_BROKEN * broken:
            return _clean_utf8(text.encode(), "some of its characters are broken UTF-8")
        said = "declared as UTF-8, but it is not" if charset or declared else "its encoding is not declared"
        # feedparser would guess only where another library happens to be installed.
        text = body.decode(_guess(body), "replace")
        return _clean_utf8(text.encode("utf-8", "replace"), said)
    encoding = declared if charset in _HABITUAL and declared not in _UTF8 else charset
    try:
        text = body.decode(_SUPERSETS.get(encoding, encoding))
    except (LookupError, ValueError):
        return Settled(body, encoding, f"declared as {encoding}, but it is not")
    others = {charset, declared} - {"", encoding}
    fault = f"declared as {' and as '.join(sorted(others))}, but it is {encoding}" if others else ""
    return _clean_utf8(text.encode("utf-8", "replace"), fault)


def _guess(body: bytes) -> str:
    """The likeliest encoding; of the Latin ones windows-1252, unless there is enough to tell them apart by."""
    guess = guess_charset(body)
    if guess in _LATIN and len(body) - len(body.translate(None, _BEYOND_ASCII)) < _ENOUGH_TO_GUESS:
        return "cp1252"
    return guess


def _clean_utf8(body: bytes, fault: str = "") -> Settled:
    return Settled(body.translate(None, _CONTROLS), "utf-8", fault)
