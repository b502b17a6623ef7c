"""The fields of what is told of one story, and of changes between two texts; see `wirewatch.fields`.

People get a page made for reading (`STORY_PAGE`), programs all that is known (`STORY_SHOWN`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wirewatch.columns import Column
from wirewatch.fields import ARTICLE_SHOWN, INTEGER, NUMBER, STORY, TEXT, TIME, YES_NO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from storage.lists.story_records import CanonicalRecord, CarriedRecord, CreditRecord, PlaceInTime, ShownStory

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


def tell_lag(seconds: float) -> str:
    """Return how long after the first something came.

    >>> [tell_lag(seconds) for seconds in (0, 42.7, 300, 7500, 270000, -7500)]
    ['0 s', '+42 s', '+5 min', '+2 h 05 min', '+3 d 03 h', '-2 h 05 min']
    """
    sign = "-" if seconds < 0 else "+"
    whole = int(abs(seconds))
    if whole < MINUTE_S:
        return f"{sign}{whole} s" if whole else "0 s"
    if whole < HOUR_S:
        return f"{sign}{whole // MINUTE_S} min"
    if whole < DAY_S:
        return f"{sign}{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02} min"
    return f"{sign}{whole // DAY_S} d {whole % DAY_S // HOUR_S:02} h"


def tell_share(share: float | None) -> str:
    """Return a share as a percentage, which is 100 only for the whole and 0 only for nothing.

    >>> [tell_share(share) for share in (None, 0.0, 0.002, 0.634, 0.999, 1.0)]
    ['', '0 %', '1 %', '63 %', '99 %', '100 %']
    """
    if share is None:
        return ""
    return f"{round(100 * share) if share in {0.0, 1.0} else min(max(round(100 * share), 1), 99)} %"


def _tell_place(place: PlaceInTime, zone: tzinfo) -> str:
    return f"{place.at.astimezone(zone):%Y-%m-%d %H:%M}  {place.source} (article {place.article})"


def _tell_credits(named: Sequence[CreditRecord], _zone: tzinfo) -> str:
    return ", ".join(f"{each.agency} ({each.articles})" for each in named) or "nobody"


def _tell_canonical(page: CanonicalRecord | None, _zone: tzinfo) -> str:
    if page is None:
        return "none named"
    stored = "" if page.article is None else f", article {page.article}"
    return f"{page.url} (named by {page.articles}{stored})"


def _share(share: float | None, _zone: tzinfo) -> str:
    return tell_share(share)


def _mark(text: str) -> Any:
    """How people read a mark: *text* or nothing."""
    return lambda is_so, _: text if is_so else ""


#: In the order in which people read them.
CARRIED = (
    Column("article", INTEGER, "id of the article", is_shown=True),
    Column("source", TEXT, "host of the article", is_shown=True),
    Column(
        "dated_at",
        TIME,
        "when it counts as published: `published` if that can be believed, else `first_seen`",
        heading="when",
        is_shown=True,
    ),
    Column(
        "lag_s",
        NUMBER,
        "seconds after the first; less than 0 only for a composite of another story",
        heading="after",
        is_shown=True,
        reads=lambda seconds, _: tell_lag(seconds),
    ),
    Column(
        "kind",
        TEXT,
        "copy, excerpt, extended, composite or revision of `relative_to`; null for the lead",
        is_shown=True,
    ),
    Column(
        "other_share",
        NUMBER,
        "share of the text of `relative_to` that it has, 0 to 1",
        heading="of lead",
        is_shown=True,
        reads=_share,
    ),
    Column(
        "share",
        NUMBER,
        "share of its own text that stands in that of `relative_to`, 0 to 1",
        heading="of own",
        is_shown=True,
        reads=_share,
    ),
    Column("score", NUMBER, "share of the shorter text that both have in common, 0 to 1"),
    Column("relative_to", INTEGER, "id of the lead, else of the article of the story that it is most like; or null"),
    Column("credit", TEXT, "agency that the text names as its source, or null", is_shown=True, is_rare=True),
    Column("repaired", TEXT, "code page that was undone, or null", is_shown=True, is_rare=True),
    Column(
        "versions",
        INTEGER,
        "number of versions",
        is_shown=True,
        is_rare=True,
        reads=lambda number, _: str(number) if number > 1 else "",
    ),
    Column(
        "is_lead",
        YES_NO,
        "it is the one that others are compared with",
        heading="lead",
        is_shown=True,
        is_rare=True,
        reads=_mark("lead"),
    ),
    Column("is_first", YES_NO, "it is the first by `dated_at`"),
    Column(
        "home",
        INTEGER,
        "of a composite that belongs to another story: the id of that; else null",
        heading="of story",
        is_shown=True,
        is_rare=True,
    ),
    Column("title", TEXT, "title"),
    Column("url", TEXT, "address of the article", is_spare=True),
    Column("published", TIME, "date that the article bears, or null"),
    Column("first_seen", TIME, "when the article was first seen"),
    Column("canonical", TEXT, "address of another page that the page names as its original, or null"),
    Column("words", INTEGER, "number of words"),
)

STORY_CHANGE = (
    Column("at", TIME, "when it happened", is_shown=True),
    Column(
        "kind",
        TEXT,
        "merged: `other_story` became part of `story`; split: `article` left `story` and founded `other_story`; "
        "moved: `article` went from `story` to `other_story`; first: `article` became the first of `story`",
        is_shown=True,
    ),
    Column("story", INTEGER, "id of the story", is_shown=True),
    Column("article", INTEGER, "id of an article, or null", is_shown=True, is_rare=True),
    Column("other_story", INTEGER, "id of another story, or null", is_shown=True, is_rare=True),
)

_CARRIED_FIELDS = (
    "list of {article, url, source, title, dated_at, lag_s, published, first_seen, kind, score, share, other_share, "
    "relative_to, credit, canonical, repaired, words, versions, is_first, is_lead, home}"
)
_PLACE_FIELDS = "{article, source, url, at}"

_FIRST = Column("first", _PLACE_FIELDS, "the first copy by time of publication (`dated_at`)", reads=_tell_place)
_SEEN_FIRST = Column(
    "seen_first", _PLACE_FIELDS, "the article that came in first", heading="first seen", reads=_tell_place
)
_CREDITED_TO = Column(
    "credited_to",
    "list of {agency, articles}",
    "agencies that its articles name as their source, and how many do",
    reads=_tell_credits,
)
_CANONICAL = Column(
    "canonical",
    "{url, articles, article}",
    "the page that most articles name as the original, how many do, and its article where it is stored; or null",
    reads=_tell_canonical,
)
_ARTICLES = Column(
    "articles", _CARRIED_FIELDS, "who carried it: the first, then the others by `dated_at`", nested=CARRIED
)
_TRAIL = Column(
    "trail",
    "list of {at, kind, story, article, other_story}",
    "what became of it and of the stories that merged into it, the oldest first",
    nested=STORY_CHANGE,
    is_rare=True,
)

STORY_SHOWN = (
    *STORY,
    Column("asked", INTEGER, "the id that was asked for; another one than `id` when that story became part of this"),
    _FIRST,
    _SEEN_FIRST,
    _CREDITED_TO,
    _CANONICAL,
    _ARTICLES,
    _TRAIL,
)

_of_story = {column.name: column for column in STORY}
STORY_PAGE = (
    Column("id", INTEGER, heading="story"),
    _of_story["title"],
    _SEEN_FIRST,
    _FIRST,
    _CREDITED_TO,
    _CANONICAL,
    _of_story["topics"],
    _of_story["outlets"],
    _ARTICLES,
    _TRAIL,
)


def as_page(story: ShownStory, lead: int | None) -> ShownStory:
    """Return *story* as people read it, below headings that speak of the *lead*.

    What is related to another article of the story says so in its kind, and has no shares of the lead.
    """
    return replace(story, articles=tuple(_beside(each, lead) for each in story.articles))


def _beside(article: CarriedRecord, lead: int | None) -> CarriedRecord:
    if article.kind is None or article.relative_to in {None, lead}:
        return article
    return replace(article, kind=f"{article.kind} of {article.relative_to}", share=None, other_share=None)


# --- changes ----------------------------------------------------------------------------------------

CHANGE = (
    Column("op", TEXT, "what became of the sentence: same, cut, added or changed"),
    Column("text", TEXT, "the sentence, or several with the same words; empty for what was added"),
    Column("other_text", TEXT, "what stands for it in the other text; empty for what was cut"),
    Column("start", INTEGER, "where it stands: half-open offsets in code points of the stored text"),
    Column("end", INTEGER, "see `start`"),
    Column("other_start", INTEGER, "the same in the other text"),
    Column("other_end", INTEGER, "see `other_start`"),
    Column(
        "replaced",
        "list of {kind, text, other_text, start, end, other_start, other_end}",
        "in what was changed, the few words that stand for few others; kind is figure, name or words",
    ),
)
_CHANGES = Column(
    "changes",
    "list of {op, text, other_text, start, end, other_start, other_end, replaced}",
    "what became of each sentence",
    nested=CHANGE,
)
#: `story ID --diff`: from the first copy to this one
CARRIED_DIFF = (*CARRIED, _CHANGES)
#: `show ID --diff`
ARTICLE_DIFF = (
    *ARTICLE_SHOWN,
    Column("changed_from", INTEGER, "number of the version before, against which it is compared"),
    _CHANGES,
)
