"""What a page says about itself: title, author, date, sections, and whether it is free to read.

Each fact is taken from the first of these that tells it:

    1. the user's rule for the site (`ingest.site_rules`)
    2. the feed: it is right more often, and what it told is not looked for in the page at all
    3. JSON-LD of the object that is the article (schema.org)
    4. OpenGraph and its `article:` names
    5. other `<meta>`: those of the services that news sites use, Dublin Core, and plain ones
    6. microdata, `<time>` within an article, links to the author, the headline
    7. for the date only: what htmldate finds by a look at the page that is not extensive

A date in the future is kept and believed by nobody (`model.date_of`); one without a zone is read as UTC.

Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS, resolve
from ingest.canonical import choose_canonical
from ingest.listing import language_of, sane_date
from ingest.same_page import choose_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

#: JSON-LD longer than this is a catalogue, and deeper than this hides nothing of ours.
_MAX_JSON = 500_000
_MAX_DEPTH = 6
_MAX_SECTIONS = 10

_TITLE = ("og:title", "twitter:title", "dc.title", "headline")
_AUTHOR = ("author", "article:author", "parsely-author", "byl", "dc.creator", "sailthru.author", "twitter:creator")
_SECTION = ("article:section", "section", "parsely-section")
_LANGUAGE = ("content-language", "og:locale", "dc.language")
_PUBLISHED = (
    *("article:published_time", "og:published_time", "datepublished", "parsely-pub-date", "pubdate", "publishdate"),
    *("publish-date", "publication_date", "dc.date.issued", "dcterms.created", "dc.date", "sailthru.date", "date"),
)
#: What makes a JSON-LD object the article, by the end of its type: NewsArticle, BlogPosting, …
_ARTICLE_TYPES = ("Article", "Posting", "Report", "WebPage")

_BYLINE = re.compile(r"\A\s*(?:by|von|par|por|di|автор:?)\s+", re.IGNORECASE)

#: A day as it is written in Chinese, Japanese and Korean, which htmldate does not read.
_EASTERN_DATE = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
#: Longer texts are no dates.
_MAX_DATE = 200

#: htmldate takes what is later than this for a mistake, and else it would ask the clock.
_LAST_DATE = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the page is asked for; each costs time."""

    title: bool = True
    author: bool = True
    published: bool = True
    sections: bool = True


def read_time(text: str) -> datetime | None:
    """A moment in ISO 8601 or as in mail headers, in UTC; without a zone it is taken for UTC. None when it is neither.


    >>> read_time("2026-01-12T08:30:00+02:00").isoformat()
    '2026-01-12T06:30:00+00:00'
    >>> read_time("yesterday") is None
    True
    """
    text = text.strip()[:100]
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return sane_date(parse(text))
        except (ValueError, OverflowError):
            continue
    return None


def read_date(text: str) -> datetime | None:
    """A moment as `read_time` reads it, or else a day as people write it, in UTC; None when it is neither.

    >>> read_date("Published on 12 January 2026").isoformat(), read_date("2026年1月12日").isoformat()
    ('2026-01-12T00:00:00+00:00', '2026-01-12T00:00:00+00:00')
    """
    moment = read_time(text)
    if moment is not None:
        return moment
    said = _EASTERN_DATE.search(text[:_MAX_DATE])
    day = f"{said[1]}-{int(said[2]):02}-{int(said[3]):02}" if said else _find_day(escape(text[:_MAX_DATE]))
    return read_time(day) if day else None


def _find_day(markup: str) -> str | None:
    from htmldate import find_date

    page = f"<html><body><p class='date'>{markup}</p></body></html>"
    return find_date(page, extensive_search=True, original_date=True, max_date=_LAST_DATE.replace(tzinfo=None))


class PageFacts:
    """Reads the facts from a page's tree when they are asked for. Leaves the tree as it is.

    *url* is its normalised address, *trackers* are the parameters that make no other page of an address.
    """

    def __init__(self, tree: HtmlElement, url: str, trackers: tuple[str, ...] = DEFAULT_TRACKERS) -> None:
        self._tree = tree
        self._url = url
        self._trackers = trackers

    @property
    def language(self) -> str | None:
        """The primary language subtag that the page declares, or None."""
        declared = language_of(self._tree.get("lang") or self._tree.get("xml:lang"))
        return declared or language_of(self._first_meta(*_LANGUAGE))

    @property
    def is_free(self) -> bool:
        """Whether nothing says that the whole text is for subscribers only."""
        says_no = any(str(item.get("isAccessibleForFree")).lower() == "false" for item in self._linked_data)
        return not says_no and self._first_meta("article:content_tier") != "locked"

    @property
    def says_free(self) -> bool:
        """The page says that its text is free to read."""
        said = {str(item.get("isAccessibleForFree")).lower() for item in self._linked_data}
        return "true" in said and "false" not in said

    @cached_property
    def is_article(self) -> bool:
        """The page says that it is an article, and no list of them."""
        if self._first_meta("og:type").lower() == "article":
            return True
        kinds = (kind for item in self._linked_data for kind in _strings(item.get("@type")))
        return any(kind.endswith(_ARTICLE_TYPES[:-1]) for kind in kinds)

    @cached_property
    def address(self) -> str:
        """The normalised address under which the site keeps the article: its own, or what it says evidently so."""
        links, graph, base = self._named_addresses
        return choose_address(links, graph, base=base, own=self._url, trackers=self._trackers)

    @property
    def canonical(self) -> str | None:
        """The normalised address of the original that the page's head names; None when it is this page, or unclear."""
        links, graph, base = self._named_addresses
        return choose_canonical(links, graph, base=base, own=self.address, trackers=self._trackers)

    @cached_property
    def _named_addresses(self) -> tuple[list[str], list[str], str]:
        """What the head says in rel=canonical and og:url, and where relative addresses start."""
        head = self._tree.find("head")
        if head is None:
            return [], [], self._url
        links, graph, bases = [], [], []
        for element in head.iter("link", "meta", "base"):
            if element.tag == "base":
                bases.append(element.get("href") or "")
            elif element.tag == "meta":
                if (element.get("property") or element.get("name") or "").lower() == "og:url":
                    graph.append(element.get("content") or "")
            elif "canonical" in (element.get("rel") or "").lower().split():
                links.append(element.get("href") or "")
        base = resolve(bases[0], self._url) if bases else None
        return links, graph, base or self._url

    def title(self) -> str:
        """The headline, or an empty string."""
        linked = (text for item in self._articles for text in _strings(item.get("headline")))
        return next(linked, "") or self._first_meta(*_TITLE) or self._visible_title()

    def page_title(self) -> str:
        """What the page's window would be called."""
        return self._tree.findtext(".//title") or ""

    def author(self) -> str | None:
        """Names of the authors, separated by commas, or None."""
        names = [name for item in self._articles for name in _names(item.get("author"))]
        if not names:
            names = [name for key in _AUTHOR for name in self._meta.get(key, ())][:1]
        if not names:
            found = self._tree.xpath("//*[@itemprop='author' or @rel='author'][1]")
            names = [" ".join(found[0].itertext())] if found else []
        names = [_BYLINE.sub("", " ".join(name.split())) for name in names]
        # Some give a profile page, and twitter accounts are no names.
        names = [name for name in names if 1 < len(name) <= 200 and "://" not in name and not name.startswith("@")]
        return ", ".join(dict.fromkeys(names)) or None

    def published(self) -> datetime | None:
        """When the page says it was published, in UTC; None when it does not say."""
        texts = [text for item in self._articles for text in _strings(item.get("datePublished"))]
        texts += [text for key in _PUBLISHED for text in self._meta.get(key, ())]
        found = self._tree.xpath(
            "//time[@itemprop='datePublished' or @pubdate]/@datetime | //*[@itemprop='datePublished']/@content"
        )
        # The first time within an article is its own; other times may be those of comments and of related stories.
        texts += [*found, *self._tree.xpath("(//article//time[@datetime])[1]/@datetime")]
        moments = (read_time(text) for text in texts)
        return next((moment for moment in moments if moment is not None), None) or self._searched_date()

    def sections(self) -> tuple[str, ...]:
        """The sections that the page counts itself to."""
        names = [name for item in self._articles for name in _strings(item.get("articleSection"))]
        names += [name for key in _SECTION for name in self._meta.get(key, ())]
        return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))[:_MAX_SECTIONS]

    def _visible_title(self) -> str:
        headings = [" ".join(heading.itertext()).strip() for heading in self._tree.iter("h1")]
        window = " ".join(self.page_title().split())
        # A heading that the window's title repeats is the headline; else a single one is.
        repeated = (text for text in headings if text and " ".join(text.split()) in window)
        return next(repeated, headings[0] if len(headings) == 1 and headings[0] else window)

    def _searched_date(self) -> datetime | None:
        from htmldate import find_date

        day = find_date(
            self._tree,
            extensive_search=False,
            original_date=True,
            url=self._url,
            max_date=_LAST_DATE.replace(tzinfo=None),
        )
        return read_time(day) if day else None

    def _first_meta(self, *keys: str) -> str:
        return next((value for key in keys for value in self._meta.get(key, ())), "")

    @cached_property
    def _meta(self) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for element in self._tree.iter("meta"):
            value = (element.get("content") or "").strip()
            if value:
                for name in ("property", "name", "itemprop", "http-equiv"):
                    values.setdefault((element.get(name) or "").lower(), []).append(value)
        return values

    @cached_property
    def _linked_data(self) -> list[dict[str, object]]:
        """All objects of the page's JSON-LD."""
        found: list[dict[str, object]] = []
        for script in self._tree.xpath("//script[@type='application/ld+json']"):
            text = script.text or ""
            if len(text) <= _MAX_JSON:
                try:
                    found += _objects(json.loads(text, strict=False), 0)
                except (ValueError, RecursionError):
                    continue
        return found

    @cached_property
    def _articles(self) -> list[dict[str, object]]:
        """The object that is the article, as a list of one or none."""
        for suffix in _ARTICLE_TYPES:
            for item in self._linked_data:
                if any(kind.endswith(suffix) for kind in _strings(item.get("@type"))):
                    return [item]
        return []


def _objects(value: object, depth: int) -> Iterator[dict[str, object]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for part in value:
            yield from _objects(part, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "hasPart"):
            yield from _objects(value.get(key), depth + 1)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _names(value: object) -> list[str]:
    """The names in JSON-LD's author: a name, an object with a name, or a list of these."""
    if isinstance(value, dict):
        return _strings(value.get("name"))
    if isinstance(value, list):
        return [name for part in value for name in _names(part)]
    return _strings(value)
