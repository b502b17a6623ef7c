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
_TOP_LABEL = r"(?:[^\W\d_]{2,}|xn--[\w\-]+)"
#: A bare host counts only with a path, and when its last label has two letters or more: `U.S./Russia` is no address.
_HOST_WITH_PATH = re.compile(rf"(?<![\w.\-])(?:[\w\-]+\.)+{_TOP_LABEL}(?::\d+)?/")
_MAIL_HOST = re.compile(rf"(?:[\w\-]+\.)+{_TOP_LABEL}")
_SCHEME_CHAR = re.compile(r"[A-Za-z0-9+\-]")
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
    bare_end = end
    while bare_end > start and text[bare_end - 1] in _TRAILING:
        bare_end -= 1
    starts = []
    www = _WWW.search(text, start, bare_end)
    if www and www.end() < bare_end:
        starts.append(www.start())
    host = _HOST_WITH_PATH.search(text, start, bare_end)
    if host:
        starts.append(host.start())
    scheme = text.find("://", start, bare_end)
    while scheme != -1:
        begin = _walk_back(text, scheme, start, _SCHEME_CHAR, str.isalpha)
        if begin < scheme and scheme + 3 < bare_end:
            starts.append(begin)
            break
        scheme = text.find("://", scheme + 3, bare_end)
    at = text.find("@", start, bare_end)
    while at != -1:
        begin = _walk_back(text, at, start, _LOCAL_CHAR, str.isalnum)
        if begin < at and _MAIL_HOST.match(text, at + 1, bare_end):
            starts.append(begin)
            break
        at = text.find("@", at + 1, bare_end)
    return min(starts, default=None)


def _walk_back(text: str, i: int, start: int, member: re.Pattern[str], is_first: Callable[[str], bool]) -> int:
    """Where the run of *member*s before *i* starts, from the first that satisfies *is_first*; *i* when none does."""
    begin = i
    while begin > start and member.match(text[begin - 1]):
        begin -= 1
    while begin < i and not is_first(text[begin]):
        begin += 1
    return begin
