"""Web and mail addresses inside a text: where they start and where they end.

RULES.md, "How text is read", point 2. All searches are linear: text is hostile.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from rules.characters import CLASSES, SPACELESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What may follow an address without belonging to it.
_TRAILING = ".,;:!?"

_WWW = re.compile(r"(?<![^\W_])www\.", re.IGNORECASE)
#: The last label has two letters or more, so `U.S./Russia` is no address.
_HOST = re.compile(r"(?:[\w\-]+\.)+(?:[^\W\d_]{2,}|xn--[\w\-]+)")
_SCHEME_CHAR = re.compile(r"[A-Za-z0-9+\-]")
_HOST_CHAR = re.compile(r"[\w.\-:]")
_LOCAL_CHAR = re.compile(r"[\w.+\-]")


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Where in *text* (normalised, without white space but for symbols) addresses stand: half-open, ascending.

    >>> find_addresses("(see:cnn.com/a,")
    [(5, 14)]
    """
    if not ("/" in text or "@" in text or "www." in text.lower()):
        return []
    found = []
    for start, end in _stretches(text):
        begin = _first_start(text, start, end)
        if begin is not None:
            while text[end - 1] in _TRAILING:
                end -= 1  # noqa: PLW2901  # the end of the stretch becomes the end of the address
            found.append((begin, end))
    return found


class _Ends(dict[str, bool]):
    """Does an address end at this character? White space, quotes, brackets, letters of scripts without spaces."""

    def __missing__(self, char: str) -> bool:
        found = self[char] = (
            char.isspace()
            or char in "\"'<>"
            or unicodedata.category(char) in {"Ps", "Pe", "Pi", "Pf"}
            or CLASSES[char] == SPACELESS
        )
        return found


_ENDS = _Ends()


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """The parts of *text* that an address cannot leave. An address always runs to the end of its stretch."""
    start = 0
    for i, char in enumerate(text):
        if _ENDS[char]:
            if start < i:
                yield start, i
            start = i + 1
    if start < len(text):
        yield start, len(text)


def _first_start(text: str, start: int, end: int) -> int | None:
    """Where the address in `text[start:end]` starts, or None where there is none."""
    while end > start and text[end - 1] in _TRAILING:
        end -= 1
    kinds = (_find_www, _find_scheme, _find_bare_host, _find_mail)
    starts = [begin for find in kinds if (begin := find(text, start, end)) is not None]
    return min(starts, default=None)


def _find_www(text: str, start: int, end: int) -> int | None:
    www = _WWW.search(text, start, end)
    return www.start() if www and www.end() < end else None


def _find_scheme(text: str, start: int, end: int) -> int | None:
    at = text.find("://", start, end)
    while at != -1 and at + 3 < end:
        begin = _walk_back(text, at, start, _SCHEME_CHAR, str.isalpha)
        if begin < at:
            return begin
        at = text.find("://", at + 3, end)
    return None


def _find_bare_host(text: str, start: int, end: int) -> int | None:
    """A host without a scheme counts only with a path."""
    at = text.find("/", start, end)
    while at != -1:
        host = text[_walk_back(text, at, start, _HOST_CHAR, str.isalnum) : at]
        name, _, port = host.rpartition(":")
        after = at - len(port) - 1 if name and port.isdecimal() else at
        # What stands before a colon or an ellipsis is no part of it: "see:cnn.com/a", "more...cnn.com/a".
        host = host[: len(host) - (at - after)].rpartition(":")[2].rpartition("..")[2].lstrip(".-")
        if _HOST.fullmatch(host):
            return after - len(host)
        at = text.find("/", at + 1, end)
    return None


def _find_mail(text: str, start: int, end: int) -> int | None:
    at = text.find("@", start, end)
    while at != -1:
        begin = _walk_back(text, at, start, _LOCAL_CHAR, str.isalnum)
        if begin < at and _HOST.match(text, at + 1, end):
            return begin
        at = text.find("@", at + 1, end)
    return None


def _walk_back(text: str, i: int, start: int, member: re.Pattern[str], is_first: Callable[[str], bool]) -> int:
    """Where the run of *member*s before *i* starts, from the first that satisfies *is_first*; *i* when none does.

    No run reaches past the sign that it was looked for from, so all runs together are walked once.
    """
    begin = i
    while begin > start and member.match(text[begin - 1]):
        begin -= 1
    while begin < i and not is_first(text[begin]):
        begin += 1
    return begin
