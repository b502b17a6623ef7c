"""Cleaning text that came from outside: once, at the door, so that nobody behind it has to.

What is dropped can do harm on a terminal, turn the reading order round, or break an encoder: control
characters, bidirectional marks, lone surrogates, noncharacters, byte order marks. What is left is text.
It is still not markup: every output escapes for its own medium.

Mojibake has to be repaired before, since C1 controls are what it is recognised by (`ingest.repair`).
"""

from __future__ import annotations

import re

#: The longest title, author or section name that is kept, in characters.
MAX_LINE = 1000

_NEWLINES = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\u2028": "\n", "\u2029": "\n"})
_BLANK_LINES = re.compile(r"\n\s*\n")

_UNWANTED = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidirectional marks, embeddings, isolates
    "\ufeff"  # byte order mark
    "\ud800-\udfff"  # lone surrogates
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_UNWANTED_ASCII = dict.fromkeys([*range(0x09), *range(0x0B, 0x20), 0x7F])


def clean_text(text: str) -> str:
    r"""Return *text* without what could do harm; lines stay lines, and more than one blank line becomes one.

    A second call changes nothing.

    >>> clean_text("one\r\n\r\n\r\n\x1b[1mtwo\u202e \ud800")
    'one\n\n[1mtwo'
    """
    if not _is_clean(text):
        text = _drop_unwanted(text.replace("\r\n", "\n").translate(_NEWLINES))
    if "\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip()


def clean_line(text: str, limit: int = MAX_LINE) -> str:
    r"""Return *text* as one clean line of at most *limit* characters, runs of white space as one space.

    A second call changes nothing.

    >>> clean_line(" Fire\n in\u00a0the\x00 port ")
    'Fire in the port'
    """
    text = " ".join(text.split())
    if not text.isprintable():
        text = " ".join(_drop_unwanted(text).split())
    return text if len(text) <= limit else text[:limit].rstrip()


def _is_clean(text: str) -> bool:
    # All that is unwanted is unprintable, and asking so is 10 times faster than to search for it.
    return text.replace("\n", "").replace("\t", "").replace("\xa0", "").isprintable()


def _drop_unwanted(text: str) -> str:
    return text.translate(_UNWANTED_ASCII) if text.isascii() else _UNWANTED.sub("", text)
