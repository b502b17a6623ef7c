"""What is a token in a stretch of text without white space; RULES.md, "How text is read"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.addresses import find_addresses
from rules.characters import CLASSES, COMMON, DIGIT, MARK, SEPARATOR, SPACELESS, SPACELESS_PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Token(NamedTuple):
    """A token of a normalised stretch: `text` without what is left out of it, such as the dots of `U.S.`."""

    start: int
    end: int
    text: str
    script: str


def find_tokens(text: str) -> Iterator[Token]:
    """Find the tokens of a normalised stretch."""
    i = 0
    spaceless_end = -1
    for start, end in [*find_addresses(text), (len(text), len(text))]:
        while i < start:
            token = _next_token(text, i, start, spaceless_end)
            if token is None:
                break
            yield token
            spaceless_end = token.end if token.script == SPACELESS else -1
            i = _skip_possessive(text, token.end, start) or token.end
        if start < end:
            yield Token(start, end, text[start:end], COMMON)
            i = _skip_possessive(text, end, len(text)) or end


def _next_token(text: str, i: int, limit: int, spaceless_end: int) -> Token | None:
    """The first token that starts in `text[i:limit]`; it ends there too."""
    while i < limit and CLASSES[text[i]] in {SEPARATOR, MARK}:
        i += 1
    if i == limit:
        return None
    kind = CLASSES[text[i]]
    # A letter of no script (the kana ー) goes with what precedes it, so it is a token as that is.
    if kind == SPACELESS or (kind == COMMON and i == spaceless_end and text[i].isalpha()):
        end = _skip_marks(text, i + 2 if text[i : i + 2] in SPACELESS_PAIRS else i + 1, limit)
        return Token(i, end, text[i:end], SPACELESS)
    return _acronym(text, i, limit) or _word(text, i, limit)


def _word(text: str, i: int, limit: int) -> Token:
    """A run of letters, marks and digits of one script; between digits also a `.` or `,`."""
    script = COMMON
    j = i
    while j < limit:
        kind = CLASSES[text[j]]
        if kind == SEPARATOR:
            if not _is_inside_number(text, j, limit, script):
                break
        elif kind not in {MARK, COMMON, DIGIT}:
            if kind == SPACELESS or script not in {COMMON, kind}:
                break
            script = kind
        j += 1
    return Token(i, j, text[i:j], script)


def _is_inside_number(text: str, j: int, limit: int, script: str) -> bool:
    """`text[j]` separates digits of one number: `2.3`, `1,000`, and the Arabic ٫ and ٬."""
    if text[j] not in ".,٫٬" or j + 1 >= limit or not (text[j - 1].isdecimal() and text[j + 1].isdecimal()):
        return False
    kind = CLASSES[text[j + 1]]
    return kind == DIGIT or (kind != SPACELESS and script in {COMMON, kind})


def _acronym(text: str, i: int, limit: int) -> Token | None:
    """`U.S.`, `U.S`, `e.g.`: single letters of one script with dots between; a token without the dots.

    The last dot belongs to it, also where it ends a sentence as well.
    """
    script = CLASSES[text[i]]
    if script in {DIGIT, COMMON} or not text[i].isalpha():
        return None
    letters: list[tuple[int, int]] = []
    j = i
    while True:
        end = _skip_marks(text, j + 1, limit)
        letters.append((j, end))
        if end + 1 >= limit or text[end] != "." or CLASSES[text[end + 1]] != script or not text[end + 1].isalpha():
            break
        j = end + 1
    if end < limit and CLASSES[text[end]] in {script, COMMON, DIGIT}:
        letters.pop()  # the first letter of a word: U.S.Army
    if len(letters) < 2:
        return None
    end = letters[-1][1]
    end += text.startswith(".", end)
    return Token(i, end, "".join(text[a:b] for a, b in letters), script)


def _skip_possessive(text: str, i: int, limit: int) -> int:
    """Where the 's at *i* ends, which is no token; 0 where there is none."""
    if i + 1 >= limit or text[i] != "'" or text[i + 1] not in "sS":
        return 0
    follower = CLASSES[text[i + 2]] if i + 2 < limit else SEPARATOR
    return 0 if follower in {MARK, COMMON, DIGIT, "LATIN"} else i + 2


def _skip_marks(text: str, i: int, limit: int) -> int:
    while i < limit and CLASSES[text[i]] == MARK:
        i += 1
    return i
