"""From the bytes of a page to its text: which charset, and is it a page at all?

Charsets are looked for in this order: byte order mark; UTF-8 where the bytes prove it, whatever is declared
(text in another charset is hardly ever valid UTF-8 by accident, and wrong declarations are common); the HTTP
header; the first 4 KB of the page; a guess by the statistics of charset-normalizer. Labels mean what the
Encoding Standard says (https://encoding.spec.whatwg.org/#names-and-labels), so "iso-8859-1" is windows-1252.

Pure.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import Permanent, Reason

if TYPE_CHECKING:
    from ingest.web import Page

#: The standard looks for a declaration in the first 1,024 bytes; pages put long comments before it.
_DECLARATION_BYTES = 4096

#: So much of a page is enough to guess by, and guessing takes time with the length.
_GUESS_BYTES = 65_536

#: So many characters of several bytes prove UTF-8 even against a declared charset that has such characters as well.
_PROOF = 4

#: Labels that Python does not know, or knows as something else.
_LABELS = {
    "windows-874": "cp874",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-x-big5": "big5hkscs",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
    "dos-874": "cp874",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-8-i": "iso8859-8",
    "koi": "koi8-r",
}
#: Python's codecs to use for the codecs that a label names. What is not here is no charset of the web: Python
#: would accept "zip", "rot13", and UTF-7, which can hide markup.
_CODECS = {
    **{name: name for name in ("utf-8", "cp866", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp874")},
    **{f"cp{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"iso8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5hkscs", "cp950"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "cp932"), "cp932"),
    **dict.fromkeys(("euc_kr", "cp949"), "cp949"),
    **{name: name for name in ("euc_jp", "iso2022_jp")},
    # A page that could be read so far as to find its declaration is not in UTF-16.
    **dict.fromkeys(("utf-16", "utf-16-le", "utf-16-be"), "utf-8"),
}
_MULTI_BYTE = frozenset({"gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "iso2022_jp"})

#: What an undeclared page may be in, the likelier one first; the names are charset-normalizer's.
_GUESSES = (
    *("cp1252", "cp1251", "cp1250", "cp932", "gb18030", "cp949", "big5hkscs", "euc_jp", "cp1254", "cp1253", "cp1256"),
    *("cp1255", "cp874", "tis_620", "koi8_r", "cp1257", "cp1258", "iso8859_2", "iso8859_5", "iso8859_7", "cp866"),
)

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta\s[^>]{0,1000}?charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"\A\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_MARKUP = re.compile(rb"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_SEQUENCES = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")

#: Bytes that a single-byte charset leaves undefined come through Python's decoders as surrogates. Those below 0xA0
#: are C1 controls in the standard, and `ingest.repair` needs them.
_UNDEFINED = {0xDC00 + byte: chr(byte) if byte < 0xA0 else "\ufffd" for byte in range(0x80, 0x100)}

#: Decimal and hexadecimal references to C0 and C1 controls and to the two noncharacters.
_ODD_REFERENCE = re.compile(
    r"""&\#(?:
        0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|12[89]|1[345][0-9]|6553[45])(?![0-9])
        | [xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[89][0-9a-fA-F]|[fF]{3}[efEF])(?![0-9a-fA-F])
    );?""",
    re.VERBOSE,
)

#: The beginnings of what is served under addresses of pages.
_MAGIC = {
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "an image",
    b"GIF8": "an image",
    b"\xff\xd8\xff": "an image",
    b"RIFF": "an image, sound or video",
    b"OggS": "sound or video",
    b"ID3": "sound",
    b"\x1a\x45\xdf\xa3": "a video",
    b"\x1f\x8b": "compressed data",
    b"7z\xbc\xaf": "a 7-Zip archive",
}
#: Bytes that no text has (https://mimesniff.spec.whatwg.org/#binary-data-byte), and how many others there are at least
#: for each of them in a text that somebody has damaged.
_NO_TEXT = bytes({*range(0x20)} - {*b"\t\n\f\r\x1b"})
_TEXT_PER_CONTROL = 25
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|title|article|div|p|table|h1|br|script)\b", re.IGNORECASE)
_FEED = re.compile(rb"\A\s*(?:<\?xml\b[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:rss|feed|rdf:rdf)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The text of a page, and the Python codec by which it was read."""

    text: str
    charset: str


def decode_page(page: Page) -> Decoded:
    """Return the page's HTML as text, without references that break parsers (see `read_odd_references`).

    Raises Permanent(NOT_HTML) when what came is something else.
    """
    content_type = page.headers.get("content-type", "")
    check_is_html(page.body, content_type, page.url)
    decoded = decode(page.body, content_type)
    return Decoded(text=read_odd_references(decoded.text), charset=decoded.charset)


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Read *body* by the charset that fits it best, see above; *content_type* is the HTTP header.

    Never raises; what cannot be read becomes U+FFFD.
    """
    for mark, charset in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return Decoded(text=body[len(mark) :].decode(charset, "replace"), charset=charset)
    declared = [codec for codec in (_from_header(content_type), _from_document(body)) if codec]
    utf8 = _as_utf8(body, declared)
    if utf8 is not None:
        return utf8
    for charset in declared:
        if charset != "utf-8":
            return _read(body, charset)
    return _read(body, guess_charset(body))


def read_odd_references(text: str) -> str:
    """Replace numeric references to control characters as the HTML standard says.

    128 to 159 mean windows-1252, as old programs wrote them; the others mean nothing. A parser that takes them
    literally gives characters that XML forbids: a single one makes trafilatura lose the whole page.

    >>> read_odd_references("It&#146;s&#x1b; &#150; &#8212; &amp;")
    'It’s – &#8212; &amp;'
    """
    return _ODD_REFERENCE.sub(lambda match: html.unescape(match[0]), text) if "&#" in text else text


def find_codec(label: str) -> str | None:
    """The Python codec for a charset's label, or None when the web has no such charset.

    >>> find_codec(" ISO-8859-1 "), find_codec("shift_jis"), find_codec("utf-7"), find_codec("rot13")
    ('cp1252', 'cp932', None, None)
    """
    label = label.strip().lower()
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
    except (LookupError, ValueError):
        return None
    return _CODECS.get(name)


def check_is_html(body: bytes, content_type: str, url: str) -> None:
    """Raise Permanent(NOT_HTML), saying what came instead, when *body* is not HTML."""
    beginning = body[:_DECLARATION_BYTES]
    for magic, kind in _MAGIC.items():
        if beginning.startswith(magic):
            raise Permanent(Reason.NOT_HTML, url, f"this is {kind}, not a web page")
    if not beginning.strip() and not body.strip():
        raise Permanent(Reason.NOT_HTML, url, "the answer is empty")
    media_type = content_type.partition(";")[0].strip().lower()
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        beginning = decode(beginning).text.encode()
    if _FEED.match(beginning):
        raise Permanent(Reason.NOT_HTML, url, "this is a feed, not a web page")
    if _HTML.search(beginning):
        return
    controls = len(beginning) - len(beginning.translate(None, _NO_TEXT))
    if controls * _TEXT_PER_CONTROL > len(beginning):
        raise Permanent(Reason.NOT_HTML, url, "this is binary data, not a web page")
    if media_type not in {"", "text/html", "application/xhtml+xml"}:
        raise Permanent(Reason.NOT_HTML, url, f"this is {media_type[:80]}, not a web page")


def _as_utf8(body: bytes, declared: list[str]) -> Decoded | None:
    """The text, if it is UTF-8 (and be it with a few faults)."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        faults = text.count("\ufffd")
        # A page cut off within a character, or with a paragraph pasted in from elsewhere.
        is_utf8 = faults * (2 if "utf-8" in declared else 10) < _count_sequences(body)
    else:
        is_utf8 = True
        if declared and declared[0] in _MULTI_BYTE:
            # ISO-2022-JP looks like ASCII, and a few characters of the others may look like UTF-8.
            is_utf8 = "\x1b" not in text and (text.isascii() or _count_sequences(body) >= _PROOF)
    return Decoded(text=text, charset="utf-8") if is_utf8 else None


def _count_sequences(body: bytes) -> int:
    """How many characters of several bytes there are, if this is UTF-8."""
    return len(_SEQUENCES.findall(body))


def _read(body: bytes, charset: str) -> Decoded:
    if charset in _MULTI_BYTE or charset == "utf-8":
        return Decoded(text=body.decode(charset, "replace"), charset=charset)
    text = body.decode(charset, "surrogateescape")
    return Decoded(text=text if text.isascii() else text.translate(_UNDEFINED), charset=charset)


def _from_header(content_type: str) -> str | None:
    match = _HTTP_CHARSET.search(content_type)
    return find_codec(match[1]) if match else None


def _from_document(body: bytes) -> str | None:
    beginning = body[:_DECLARATION_BYTES]
    match = _XML_ENCODING.match(beginning) or _META_CHARSET.search(_COMMENT.sub(b"", beginning))
    return find_codec(match[1].decode("ascii", "replace")) if match else None


def guess_charset(body: bytes) -> str:
    """The charset that the statistics of the text speak for; windows-1252 when they are silent."""
    # It takes memory, and almost no page needs it.
    from charset_normalizer import from_bytes

    # Markup is ASCII and hides what little there is to guess by.
    sample = _MARKUP.sub(b" ", body[: 4 * _GUESS_BYTES])[:_GUESS_BYTES]
    best = from_bytes(sample, cp_isolation=list(_GUESSES)).best()
    if best is None:
        return "cp1252"
    # Several can give the very same text.
    possible = {best.encoding, *best.could_be_from_charset}
    guess = next((charset for charset in _GUESSES if charset in possible), "cp1252")
    return find_codec(guess) or "cp1252"
