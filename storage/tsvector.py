"""PostgreSQL's full text in its own words: vectors of our tokens, and what they are asked. Pure.

https://www.postgresql.org/docs/current/textsearch-limitations.html: a lexeme has fewer than 2,047 bytes, a vector less
than 1 MB, a position is at most 16,383, and a lexeme has at most 256 of them. Where a text goes beyond one of these
its vector says so by a lexeme of ours, and every query finds what it asks for there too: the index may find too much,
which the matcher of the rules puts right, and never too little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: bytes of a lexeme; longer tokens are cut, in texts and in questions alike
MOST_LEXEME_BYTES = 2046
#: bytes of a vector as we count them, which is never less than as PostgreSQL does; it takes 1,048,575
MOST_VECTOR_BYTES = 1_000_000
LAST_POSITION = 16_383
#: Of two weights at one position PostgreSQL keeps one, so words of titles and of texts beyond the last never share it.
LAST_TITLE_POSITION = LAST_POSITION - 1
MOST_POSITIONS = 256
#: of those, titles get no more, so that there is room for one of the text in any case
MOST_TITLE_POSITIONS = MOST_POSITIONS // 2
#: between the last word of the title and the first of the text, so that no phrase spans both
GAP = 2

TITLE, BODY = "A", "B"

#: Lexemes of ours; no token has a space in it. Some places of words are left out: who asks for a phrase finds all
#: texts with its words.
IMPRECISE = " imprecise"
#: All words are left out: whoever asks finds the text.
UNREADABLE = " unreadable"


def words_of(line: str) -> list[str]:
    """The tokens of a line made by `dialect.index_line`, as PostgreSQL can hold them: it knows no NUL."""
    return [_cut(word) for word in line.replace("\0", " ").split(" ") if word]


def _cut(word: str) -> str:
    if word.isascii() and len(word) <= MOST_LEXEME_BYTES:
        return word
    # Half a character, which no text of the stages has, becomes a question mark.
    raw = word.encode("utf-8", "replace")
    return raw[:MOST_LEXEME_BYTES].decode("utf-8", "ignore")


def vector(title: Sequence[str], body: Sequence[str]) -> str:
    """Return the vector of a text, to be cast to tsvector; *title* and *body* are made by `words_of`."""
    places: dict[str, list[str]] = {}
    is_precise = _place(places, title, 1, TITLE, MOST_TITLE_POSITIONS, LAST_TITLE_POSITION)
    is_precise &= _place(places, body, len(title) + GAP, BODY, MOST_POSITIONS, LAST_POSITION)
    if not is_precise:
        places[IMPRECISE] = [f"1{TITLE}", f"2{BODY}"]
    if _size(places) > MOST_VECTOR_BYTES:
        places = {UNREADABLE: ["1"]}
    return " ".join(f"{quoted(word)}:{','.join(at)}" for word, at in places.items())


def _place(places: dict[str, list[str]], words: Sequence[str], first: int, weight: str, most: int, last: int) -> bool:
    """Add the places of *words*, which have *weight*; say whether all of them are told. Each word gets one at least."""
    is_precise = first + len(words) - 1 <= last
    seen: set[str] = set()
    for number, word in enumerate(words, first):
        at = places.setdefault(word, [])
        is_first = word not in seen
        if is_first:
            seen.add(word)
        if len(at) < most and (number <= last or is_first):
            at.append(f"{min(number, last)}{weight}")
        elif len(at) >= most:
            is_precise = False
    return is_precise


def _size(places: Mapping[str, Sequence[str]]) -> int:
    # A lexeme is rounded up to two bytes; the number of its positions takes two, and each of them two.
    return sum(len(word.encode()) + 3 + 2 * len(at) for word, at in places.items())


def quoted(word: str) -> str:
    """Return *word* as a lexeme that is taken as it stands."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def phrase(words: Iterable[str], weights: str, *, is_prefix: bool) -> str:
    """Return what is asked for adjacent words, made by `words_of`, of the fields with these *weights* ("": any).

    The last word may be the start of one. Where places are left out, a text with all of the words is found.
    """
    asked = [f"{quoted(word)}{':' + weights if weights else ''}" for word in words]
    if is_prefix and asked:
        asked[-1] += "*" if weights else ":*"
    if not asked:
        return quoted(UNREADABLE)
    if len(asked) == 1:
        return asked[0]
    return f"({' <-> '.join(asked)} | {quoted(IMPRECISE)} & {' & '.join(asked)})"


def expression(asked: str) -> str:
    """Return the whole of a question, to be cast to tsquery; texts whose words are left out are found by any."""
    return f"{quoted(UNREADABLE)} | ({asked})"
