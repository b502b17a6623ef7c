"""A page of matches that stands alone: one file, for people who have no wirewatch. Nothing in it is run or fetched.

By topic, the newest story first: who carried it, with the words that matched in their sentence. All text came from
strangers, so all of it is escaped, what is not printed is shown by its number, and only http and https are linked.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo

    from storage.lists.export_lists import ShownText
    from storage.records import MatchRecord, SpanRecord

#: Characters of the text before and after the words that matched.
AROUND = 120
#: Places of one article that are quoted.
MOST_QUOTES = 3

#: Letters that change the direction of what follows, and what no printer shows.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LANG = re.compile("[A-Za-z]{2,8}")

_STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--quiet:#595959;--paper:#fff;--line:#d9d9d9;--link:#0b57d0;--hit:#ffe58a}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--quiet:#a8a8a8;--paper:#151515;--line:#3a3a3a;--link:#8ab4f8;
--hit:#6b5500}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:46rem;padding:1rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:1px solid var(--line)}
h3{font-size:1.0625rem;margin:1.5rem 0 .25rem}
a{color:var(--link)}mark{background:var(--hit);color:inherit;padding:0 .1em}
p{margin:.25rem 0}ul{margin:.25rem 0;padding-left:1.25rem}li{margin:.5rem 0}
blockquote{margin:.25rem 0;padding-left:.75rem;border-left:3px solid var(--line)}
.quiet{color:var(--quiet);font-size:.875rem}
@media print{body{max-width:none}a{color:inherit}}
""".strip()

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What one topic found."""

    topic: str
    title: str | None
    matches: Sequence[MatchRecord]
    #: the texts of their articles, by id
    texts: Mapping[int, ShownText]
    #: there are more than these
    is_cut: bool


def write_page(chapters: Iterable[Chapter], *, now: datetime, zone: tzinfo, span: str) -> Iterator[str]:
    """Yield the page, piece by piece; *span* says in words which matches were asked for."""
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>wirewatch: matches</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>Matches</h1>\n<p class="quiet">{_escape(span)}; made {_time(now, zone)}</p>\n'
    )
    is_empty = True
    for chapter in chapters:
        is_empty = False
        yield from _chapter(chapter, zone)
    if is_empty:
        yield "<p>There is no topic.</p>\n"
    yield "</main>\n</body>\n</html>\n"


def _chapter(chapter: Chapter, zone: tzinfo) -> Iterator[str]:
    heading = _escape(chapter.topic)
    if chapter.title and chapter.title != chapter.topic:
        heading += f": {_escape(chapter.title)}"
    yield f"<section>\n<h2>{heading}</h2>\n"
    if not chapter.matches:
        yield '<p class="quiet">Nothing matched.</p>\n'
    by_story: dict[int, list[MatchRecord]] = {}
    for match in chapter.matches:
        by_story.setdefault(match.story, []).append(match)
    for matches in by_story.values():
        yield from _story(matches, chapter, zone)
    if chapter.is_cut:
        yield f'<p class="quiet">Only the newest {len(chapter.matches)} matches are shown; there are more.</p>\n'
    yield "</section>\n"


def _story(matches: Sequence[MatchRecord], chapter: Chapter, zone: tzinfo) -> Iterator[str]:
    newest = matches[0]
    title = _marked(newest.title, [span for span in newest.spans if span.field == "title"])
    yield f"<article>\n<h3{_lang(_lang_of(chapter, newest))}>{title or 'Without a title'}</h3>\n"
    others = newest.copy_count + 1 - len(matches)
    if others > 0:
        yield f'<p class="quiet">{others} more of the same story</p>\n'
    yield "<ul>\n"
    for match in matches:
        words = ", ".join(_escape(word) for word in match.matched)
        yield f'<li>{_link(match)} <span class="quiet">{_time(match.first_seen, zone)}; {words}</span>\n'
        shown = chapter.texts.get(match.article)
        for quote in _quotes(shown.text if shown else "", [span for span in match.spans if span.field == "body"]):
            yield f"<blockquote{_lang(_lang_of(chapter, match))}>{quote}</blockquote>\n"
        yield "</li>\n"
    yield "</ul>\n</article>\n"


def _link(match: MatchRecord) -> str:
    shown = _escape(match.source or match.url)
    try:
        is_web = urlsplit(match.url).scheme in {"http", "https"}
    except ValueError:
        is_web = False
    if not is_web:
        return f"<span>{shown}</span>"
    return f'<a href="{html.escape(_readable(match.url))}" rel="noopener noreferrer nofollow">{shown}</a>'


def _lang_of(chapter: Chapter, match: MatchRecord) -> str | None:
    shown = chapter.texts.get(match.article)
    return shown.lang if shown else None


def _lang(lang: str | None) -> str:
    return f' lang="{lang}" dir="auto"' if lang and _LANG.fullmatch(lang) else ' dir="auto"'


def _time(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f'<time datetime="{local.isoformat(timespec="seconds")}">{local:%Y-%m-%d %H:%M}</time>'


# --- text of strangers ------------------------------------------------------------------------------


def _readable(text: str) -> str:
    """Return *text* with white space of one kind, and each letter that is not seen by its number."""
    spaced = "".join(" " if letter in "\t\n\r\x0b\x0c\x85\u2028\u2029" else letter for letter in text)
    return "".join(
        f"[U+{ord(letter):04X}]" if _INVISIBLE.match(letter) or unicodedata.category(letter) == "Cc" else letter
        for letter in spaced
    )


def _escape(text: str) -> str:
    return html.escape(_readable(text))


def _marked(text: str, spans: Sequence[SpanRecord], start: int = 0, end: int | None = None) -> str:
    """Return the part of *text* from *start* to *end*, with the words that matched marked."""
    end = len(text) if end is None else end
    pieces = []
    at = start
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        first, last = max(span.start, at), min(span.end, end)
        if first < last:
            pieces += [_escape(text[at:first]), f"<mark>{_escape(text[first:last])}</mark>"]
            at = last
    return "".join([*pieces, _escape(text[at:end])])


def _quotes(text: str, spans: Sequence[SpanRecord]) -> Iterator[str]:
    """Yield the places of *text* where words matched, those that are near each other as one."""
    places: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda each: each.start):
        if not 0 <= span.start < span.end <= len(text):
            continue
        start, end = max(0, span.start - AROUND), min(len(text), span.end + AROUND)
        if places and start <= places[-1][1]:
            places[-1] = (places[-1][0], max(end, places[-1][1]))
        else:
            places.append((start, end))
    for start, end in places[:MOST_QUOTES]:
        first, last = _whole_words(text, start, end)
        before, after = ("… " if first > 0 else ""), (" …" if last < len(text) else "")
        yield f"{before}{_marked(text, spans, first, last)}{after}"


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a little less, so that no word is cut, where there are spaces."""
    if start > 0:
        space = text.find(" ", start, start + AROUND // 3)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", end - AROUND // 3, end)
        end = space if space >= 0 else end
    return start, end
