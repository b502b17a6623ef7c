"""What may have been missed between two polls, and where to look for it. Pure.

A feed lists its last few entries only. When none of them was in its last document, more may have come and gone in
between. Many newspapers have a news sitemap, which lists all of the last two days
(https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap), so what is missing can be there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.identity import recognise
from ingest.polling import FoundBy
from ingest.schedule import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingest.polling import KnownEntry, ListedEntry, NewEntry

#: Where news sitemaps are when robots.txt does not say so.
USUAL_NAMES = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml")
#: Requests made for one gap, besides robots.txt: for sitemaps that it names and what these list, and by guesses.
MAX_NAMED = 3
MAX_GUESSES = 3
#: Entries that are taken for one gap, the newest; a site that publishes more has no feed for people.
MAX_FOUND = 500
#: A feed whose links all lie in so few sections of its site is one of these sections.
MAX_SECTIONS = 3
#: An entry can come into a feed so long after the time that it bears.
DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What may be missing: entries of *site* that were published between two polls."""

    #: the origin whose sitemaps can help, or None when the entries lead to several sites, or nowhere
    site: str | None
    #: first parts of the paths in which the feed's own links lie; None: anywhere on the site
    sections: frozenset[str] | None
    since: datetime
    until: datetime

    @property
    def is_open(self) -> bool:
        """Whether there is any time between the two."""
        return self.since < self.until


def find_gap(entries: Sequence[ListedEntry], last_document_at: datetime, now: datetime) -> Gap:
    """Describe the gap before *entries*, the whole document that shares nothing with the one of *last_document_at*."""
    dates = [entry.date for entry in entries if entry.date is not None]
    links = [urlsplit(entry.page_address) for entry in entries if entry.page_address is not None]
    origins = {f"{link.scheme}://{link.netloc}" for link in links}
    return Gap(
        site=origins.pop() if len(origins) == 1 else None,
        sections=_sections([link.path for link in links]),
        since=last_document_at - DELAY,
        until=min([*dates, now]),
    )


def likeliest_first(named: Iterable[str]) -> list[str]:
    """Sitemaps, each once, those that call themselves ones of news first.

    One of everything can hold years, and tells when a page was changed rather than published.

    >>> likeliest_first(["https://a.example/all.xml", "https://a.example/news/1.xml"])
    ['https://a.example/news/1.xml', 'https://a.example/all.xml']
    """
    return sorted(dict.fromkeys(named), key=lambda url: not is_of_news(url))


def guesses(site: str, named: Iterable[str]) -> list[str]:
    """Where the news of *site* may be listed beside the sitemaps that its robots.txt names."""
    known = set(named)
    return [url for name in USUAL_NAMES if (url := f"{site}{name}") not in known]


def is_of_news(url: str) -> bool:
    """Whether a sitemap calls itself one of news."""
    return "news" in urlsplit(url).path.lower()


def missed(
    gap: Gap, candidates: Sequence[ListedEntry], known: Iterable[KnownEntry], listed: Iterable[ListedEntry]
) -> tuple[NewEntry, ...]:
    """Of the entries of a sitemap, those that fell into the gap: neither *known* nor in the document that is *listed*.

    The newest where there are too many.
    """
    pages = {entry.page_address for entry in listed}
    wanted = [entry for entry in within(gap, candidates) if entry.page_address not in pages]
    new = sorted(recognise(wanted, known).new, key=lambda entry: entry.listed.date or gap.since, reverse=True)
    return tuple(replace(entry, found_by=FoundBy.SITEMAP) for entry in new[:MAX_FOUND])


def within(gap: Gap, candidates: Iterable[ListedEntry]) -> tuple[ListedEntry, ...]:
    """Those of *candidates* that lie in the gap by their date and their address."""
    return tuple(entry for entry in candidates if _lies_within(gap, entry))


def in_short(since: datetime, now: datetime, listed: int) -> str:
    """Say that there is a gap, for people."""
    span = in_words((now - since).total_seconds())
    none = "its one entry was not" if listed == 1 else f"none of its {listed} entries was"
    return f"{none} in the last document, of {span} before: entries in between may be missing"


def _lies_within(gap: Gap, entry: ListedEntry) -> bool:
    if entry.page_address is None or entry.date is None or not gap.since <= entry.date <= gap.until:
        return False
    link = urlsplit(entry.page_address)
    if f"{link.scheme}://{link.netloc}" != gap.site:
        return False
    return gap.sections is None or _parts(link.path)[:1] in {(section,) for section in gap.sections}


def _sections(paths: Sequence[str]) -> frozenset[str] | None:
    parts = [_parts(path) for path in paths]
    # Pages at the top of a site lie in no section.
    if not parts or any(len(each) < 2 for each in parts):
        return None
    first = frozenset(each[0] for each in parts)
    return first if len(first) <= MAX_SECTIONS else None


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)
