"""Which news agency does a text name as its source?

Where a name stands decides, not that it stands there: "told Reuters" credits nobody. A credit is

1. a dateline, at the beginning of one of the first paragraphs: "KYIV, Feb. 12 (AP) — ", "【東京共同】";
2. the author's name, or a line "By …" at the top;
3. a closing line: "(c) 2026 dpa-infocom", "Source: AFP", "With inputs from PTI", "… he said. (ANSA)".

The first of these that names an agency wins. Credits of photographs are none, and what could be one is left alone: a
false credit is worse than none.

Time is bounded: only the first HEAD_CHARS and the last TAIL_CHARS characters are looked at, in these MAX_NAMES names,
and of the line of a name NEAR_CHARS characters on either side.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from ingest.copies.agencies import AGENCIES, COMMA_DATELINES, IN_CHARTS, UNNAMED, UNNAMED_SPELLINGS
from ingest.copies.credit_lines import (
    is_closing_bracket,
    is_closing_dash,
    is_contribution,
    is_copyright,
    is_dateline,
    is_legal_notice,
    is_source,
    is_staff_line,
    names_inputs,
    shows_a_photo,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.copies.agencies import Agency

#: Datelines, and lines "By …", are looked for in so many characters and lines from the start (empty lines do not
#: count), and behind no more than MAX_SENTENCES lines that read like sentences: then the story is under way.
HEAD_CHARS = 5000
HEAD_LINES = 60
MAX_SENTENCES = 8
#: A line of so many characters that ends like a sentence is one.
SENTENCE_CHARS = 60
#: Closing lines are looked for in the last characters. What could be the credit of a caption as well counts in the
#: last lines only: (Reuters), — AFP.
TAIL_CHARS = 4000
LAST_LINES = 5
#: No more names are judged, and of a line no more is read on either side of one.
MAX_NAMES = 200
NEAR_CHARS = 400
MAX_AUTHOR = 300
MAX_BYLINE = 120
BYLINE_LINES = 12


class _Found(NamedTuple):
    """A name of an agency in a text, with what stands before and behind it in its line."""

    start: int
    before: str
    spelling: str
    behind: str
    agency: Agency
    is_short: bool


_INVISIBLE = dict.fromkeys([0xAD, *range(0x200B, 0x200E), 0x2060, 0xFEFF])
_invisible = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_spaces = re.compile(r"\s{2,}")
_BYLINE = re.compile(
    r"\W{0,3}(?:(?:Written|Reported|Story) by|By|BY|Von|Par|Por|Di|Da|Door|Av|Af|Autor(?:ka)?:?|Автор:?|Texte?:)"
    r"\s+(\S.*)"
)
_AUTHOR_FIELDS = re.compile(r"[,;|/()\[\]•·]")
_AUTHOR_PARTS = re.compile(
    r"\s*[,;|/()\[\]•·&+\n]\s*|\s+[-–—]\s+|\s(?:and|und|et|y|with|for|via|in|of|from|mit|avec|con)\s", re.IGNORECASE
)
_AUTHOR_FRILLS = re.compile(
    r"\A(?:by|von|par|por|di|da|the|автор:?|nachrichtenagentur|agentur|agence|agencia|agenzia|agência|агентство)\s+|\Al['’]"
    r"|\s+(?:staff|staff writers?|writers?|reporters?|news|newsroom|news agency|redaktion|editors?|team|agency|wire"
    r"|service|gmbh|correspondents?|international)\Z",
    re.IGNORECASE,
)


def find_credit(text: str, author: str | None = None) -> str | None:
    """The agency that an article's *text*, repaired and a paragraph a line, or its *author* names as its source.

    "Agencies" where the credit names none of them. Never raises.

    >>> find_credit("KYIV, March 3 (Reuters) - Grain ships left the port on Tuesday, the ministry told AFP.")
    'Reuters'
    >>> find_credit("Grain ships left the port, the ministry told AFP."), find_credit("Grain.", "By AFP staff")
    (None, 'AFP')
    """
    if not text.isascii() and _invisible.search(text):
        text = text.translate(_INVISIBLE)
    head, tail = text[:HEAD_CHARS], text[-TAIL_CHARS:]
    authors = [author[:MAX_AUTHOR]] if author else []
    authors += _bylines(head)
    named = _in_head(head) or next(filter(None, map(_of_author, authors)), None) or _in_tail(tail)
    if named is None and (any(map(_is_unnamed, authors)) or _is_unnamed_at_end(tail)):
        return UNNAMED
    return named


# --- where names stand ------------------------------------------------------------------------------


class _Index(NamedTuple):
    """All spellings, each with its agency."""

    full: dict[str, Agency]
    short: dict[str, Agency]
    find_full: AhoCorasick
    find_short: AhoCorasick
    full_names: tuple[str, ...]
    short_names: tuple[str, ...]


@cache
def _index() -> _Index:
    full = {spelling: agency for agency in AGENCIES for spelling in agency.full.split("|") if spelling}
    short = {spelling: agency for agency in AGENCIES for spelling in agency.short.split("|") if spelling}
    return _Index(
        full=full,
        short=short,
        find_full=AhoCorasick(full, matchkind=MatchKind.LeftmostLongest),
        find_short=AhoCorasick(short, matchkind=MatchKind.LeftmostLongest),
        full_names=tuple(full),
        short_names=tuple(short),
    )


def _find_names(zone: str) -> list[_Found]:
    """All names in a *zone* of the text, in order."""
    index = _index()
    # "İ" alone becomes longer in lower case, and so would all that is behind it.
    lowered = zone.replace("İ", "i").lower()
    places = [
        (start, end, index.full[index.full_names[number]], False)
        for number, start, end in index.find_full.find_matches_as_indexes(lowered)
    ]
    places += [
        (start, end, index.short[index.short_names[number]], True)
        for number, start, end in index.find_short.find_matches_as_indexes(zone)
    ]
    whole = sorted(
        (place for place in places if _stands_alone(zone, place[0], place[1])), key=lambda place: (place[0], -place[1])
    )[:MAX_NAMES]
    # dpa-AFX is not the dpa that it begins with
    return [
        _found(zone, *place)
        for last, place in zip([None, *whole], whole, strict=False)
        if last is None or last[1] <= place[0]
    ]


def _stands_alone(zone: str, start: int, end: int) -> bool:
    """It is a word, or in a script without spaces."""
    before, behind = zone[start - 1 : start], zone[end : end + 1]
    return not ((_is_letter(before) and _is_letter(zone[start])) or (_is_letter(behind) and _is_letter(zone[end - 1])))


def _is_letter(character: str) -> bool:
    """Part of a word in a script that sets words apart: Han, kana and Thai are none."""
    return character.isalnum() and not "\u0e00" <= character <= "\u0e7f" and not "\u2e80" <= character <= "\ua4cf"


def _found(zone: str, start: int, end: int, agency: Agency, is_short: bool) -> _Found:  # noqa: FBT001  # see above
    return _Found(
        start=start,
        # long runs of spaces would be tried again and again
        before=_spaces.sub(" ", zone[max(0, start - NEAR_CHARS) : start].rpartition("\n")[2]),
        spelling=zone[start:end],
        behind=_spaces.sub(" ", zone[end : end + NEAR_CHARS].partition("\n")[0]),
        agency=agency,
        is_short=is_short,
    )


# --- datelines --------------------------------------------------------------------------------------


def _in_head(head: str) -> str | None:
    found = _find_names(head)
    if not found:
        return None
    limit = _end_of_head(head)
    for each in found:
        if each.start >= limit:
            return None
        begins = head[: head.rfind("\n", 0, each.start) + 1].rstrip()
        if is_dateline(
            each.before,
            each.spelling,
            each.behind,
            is_first=not begins or begins.endswith((".", "!", "?", "…", "”", '"', "»", "。")),
            takes_comma=each.agency.name in COMMA_DATELINES,
            is_initials=each.is_short and each.agency.is_initials,
        ):
            return each.agency.name
        if not begins and is_source(each.before, each.behind) and each.agency.name not in IN_CHARTS:
            return each.agency.name
    return None


def _end_of_head(head: str) -> int:
    """Where the line ends in which a dateline may stand at the latest."""
    lines = sentences = end = 0
    for line in head.split("\n"):
        end += len(line) + 1
        stripped = line.strip()
        lines += bool(stripped)
        sentences += len(stripped) >= SENTENCE_CHARS and stripped.endswith((".", "!", "?", "…", "”", '"', "»", "。"))
        if lines >= HEAD_LINES or sentences > MAX_SENTENCES:
            break
    return end


# --- authors ----------------------------------------------------------------------------------------


def _bylines(head: str) -> Iterator[str]:
    """What stands behind "By" at the top; an agency's name may stand in the next line."""
    lines = [line.strip() for line in head[: BYLINE_LINES * 2 * MAX_BYLINE].split("\n") if line.strip()][:BYLINE_LINES]
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        if len(line) <= MAX_BYLINE and (said := _BYLINE.fullmatch(line)):
            yield said[1]
            if len(following) <= MAX_BYLINE:
                yield following


def _of_author(author: str) -> str | None:
    index = _index()
    for part in _author_parts(author):
        agency = _agency_called(part)
        if agency is None and "-" in part:
            # AFP-Jiji
            first, _, second = part.partition("-")
            agency = _agency_called(first) if _agency_called(second) else None
        if agency is None:
            # JANE DOE Associated Press
            words = part.lower().split()
            agency = next((found for n in (1, 2, 3) if (found := index.full.get(" ".join(words[-n:])))), None)
        if agency is not None:
            return agency.name
    return None


def _author_parts(author: str) -> Iterator[str]:
    # Press Trust of India is one name
    for part in (*_AUTHOR_FIELDS.split(author), *_AUTHOR_PARTS.split(author)):
        bare = part.strip(" \t.*-–—:™®")
        while (barer := _AUTHOR_FRILLS.sub("", bare).strip()) != bare:
            yield bare
            bare = barer
        if bare:
            yield bare


def _agency_called(name: str) -> Agency | None:
    """The agency of exactly this name, when that can be nobody's initials."""
    agency = _index().short.get(name)
    if agency is not None and not agency.is_initials:
        return agency
    return _index().full.get(name.replace("İ", "i").lower())


def _is_unnamed(author: str) -> bool:
    return any(part.lower() in UNNAMED_SPELLINGS for part in _author_parts(author))


# --- closing lines ----------------------------------------------------------------------------------

#: By rank: what belongs to the whole text, then what tells a source among others, then what stands behind the text.
_CLOSINGS: tuple[Callable[[_Found, bool], bool], ...] = (
    lambda each, is_last: (
        is_legal_notice(each.before, each.spelling, each.behind)
        or is_copyright(each.before, each.behind, is_last=is_last, is_short=each.is_short)
    ),
    lambda each, _: is_source(each.before, each.behind) and each.agency.name not in IN_CHARTS,
    lambda each, _: (
        is_contribution(each.before, each.behind)
        or names_inputs(each.before, each.behind)
        or (is_staff_line(each.before, each.behind) and not (each.is_short and each.agency.is_initials))
    ),
    lambda each, is_last: (
        is_last and (is_closing_bracket(each.before, each.behind) or is_closing_dash(each.before, each.behind))
    ),
)


def _in_tail(tail: str) -> str | None:
    found = _find_names(tail)
    if not found:
        return None
    last = _start_of_last_lines(tail)
    for closes in _CLOSINGS:
        for each in found:
            if closes(each, each.start >= last) and not shows_a_photo(f"{each.before} {each.behind}"):
                return each.agency.name
    return None


def _start_of_last_lines(tail: str) -> int:
    end = len(tail.rstrip())
    for _ in range(LAST_LINES):
        while end > 0 and tail[end - 1].isspace():
            end -= 1
        end = tail.rfind("\n", 0, end)
        if end < 0:
            return 0
    return end


def _is_unnamed_at_end(tail: str) -> bool:
    lines = [line for line in tail.split("\n") if line.strip()][-LAST_LINES:]
    said = (line.rpartition(":")[2].strip(" \t.*-–—()[]/").lower() for line in lines if len(line) <= MAX_BYLINE)
    return any(name in UNNAMED_SPELLINGS for name in said)
