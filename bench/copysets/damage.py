"""What happens to a finished page on its way: wrong code pages, entities, scanning errors, wrapping, hidden signs."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

CODE_PAGES = (
    "cp1252", "cp1252", "cp874", "cp1251", "cp1250", "koi8-r", "mac-roman", "cp1253", "cp1254", "cp437", "cp850",
    "cp866", "iso8859-1", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-15",
)  # fmt: skip
_ENTITIES = {
    "’": "&rsquo;", "“": "&ldquo;", "”": "&rdquo;", "—": "&mdash;", "–": "&#8211;", "&": "&amp;", "'": "&#39;",
    '"': "&quot;", "\u00a0": "&nbsp;", "é": "&eacute;", "ü": "&uuml;", "ö": "&ouml;", "ä": "&auml;", "ñ": "&ntilde;",
    "ç": "&ccedil;", "«": "&laquo;", "»": "&raquo;", "„": "&bdquo;", "á": "&aacute;", "ó": "&oacute;",
}  # fmt: skip
#: letters that scanners take for each other
_PAIRS = "l1 1l Il O0 0O ec ce hb bh nu un tf il s5 S5 B8 gq ao о0 ин ни шщ ес се"
_CONFUSED = {pair[0]: pair[1:] for pair in _PAIRS.split()} | {"m": "rn"}
_INVISIBLE = ("\u200b", "\u200c", "\u2060", "\ufeff")


def misread(text: str, page: str, *, drop_controls: bool = False) -> str:
    """The UTF-8 bytes of `text` read through a single-byte page; what it lacks goes through 1252, else C1 controls."""
    table = []
    for byte in range(256):
        for codec in (page, "cp1252", "iso8859-1"):
            try:
                table.append(bytes([byte]).decode(codec))
                break
            except UnicodeDecodeError:
                continue
    mangled = "".join(table[byte] if byte > 127 else chr(byte) for byte in text.encode())
    return re.sub(r"[\x80-\x9f]", "", mangled) if drop_controls else mangled


def entities(text: str, rng: Random) -> str:
    """Entities that were never resolved; in some pages escaped twice."""
    escaped = "".join(_ENTITIES.get(char, char) for char in text)
    return escaped.replace("&", "&amp;") if rng.random() < 0.25 else escaped


def scan(text: str, rng: Random, rate: float) -> str:
    """Scanning errors: at `rate` of the characters one is taken for another, lost, doubled or torn apart."""
    out = []
    for char in text:
        if char == "\n" or rng.random() >= rate:
            out.append(char)
            continue
        way = rng.random()
        if way < 0.55 and char in _CONFUSED:
            out.append(_CONFUSED[char])
        elif way < 0.75:
            continue
        elif way < 0.87:
            out.append(char + rng.choice((" ", ".", "'", ",")))
        else:
            out.append(char + char if char.isalpha() else char)
    return "".join(out)


def wrap(paragraphs: list[str], width: int, rng: Random, *, blank: bool, hyphens: bool, unspaced: bool) -> str:
    """Plain text of fixed width; `blank` keeps an empty line between paragraphs, else each is indented or flush."""
    indent = "" if blank else rng.choice(("", "   ", "\t"))
    blocks = []
    for text in paragraphs:
        if unspaced:
            step = width // 2
            lines = [text[start : start + step] for start in range(0, len(text), step)]
        else:
            lines = textwrap.wrap(_torn(text, rng) if hyphens else text, width, break_on_hyphens=False)
            lines = [line.removesuffix("\u0001") + ("-" if line.endswith("\u0001") else "") for line in lines]
        blocks.append("\n".join([indent + lines[0], *lines[1:]]) if lines else "")
    return ("\n\n" if blank else "\n").join(blocks).replace("\u0001 ", "").replace("\u0001", "-")


def _torn(text: str, rng: Random) -> str:
    """Offer some long words in two halves, so that a line may end inside them."""

    def tear(match: re.Match[str]) -> str:
        word = match[0]
        cut = rng.randint(3, len(word) - 3)
        return f"{word[:cut]}\u0001 {word[cut:]}" if rng.random() < 0.5 else word

    return re.sub(r"[^\W\d_]{8,}", tear, text)


def soften(text: str, rng: Random) -> str:
    """Soft hyphens inside long words, as some publishing systems put them."""
    step = rng.choice((3, 4))

    def hyphenate(match: re.Match[str]) -> str:
        word = match[0]
        return "\u00ad".join(word[start : start + step] for start in range(0, len(word), step))

    return re.sub(r"[^\W\d_]{7,}", hyphenate, text)


def haunt(text: str, rng: Random) -> str:
    """Zero-width characters at some places inside words."""
    mark = rng.choice(_INVISIBLE)
    return re.sub(r"(?<=\w)(?=\w)", lambda _: mark if rng.random() < 0.06 else "", text)


def widen(text: str) -> str:
    """Full-width digits, letters and signs of ASCII, as in East Asian typesetting.

    >>> widen("12%")
    '１２％'
    """
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" and not char.isspace() else char for char in text)
