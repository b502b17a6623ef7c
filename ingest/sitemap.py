"""Sitemaps (https://www.sitemaps.org/protocol.html) as sources beside feeds, and the lists of them.

A news sitemap lists what a site has published in the last two days, with titles and dates; a plain one lists
addresses and when they changed. Elements are known by their local names and their place, so wrong prefixes and
undeclared namespaces do no harm, and the titles and dates of images and videos are not mistaken for the page's.

Read by expat as a stream. Declarations of entities are refused: no sitemap needs them, and bombs do. A document
that breaks off keeps what came before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING
from xml.parsers import expat

from ingest.address import resolve
from ingest.clean import clean_line
from ingest.errors import Permanent, Reason
from ingest.feed_dates import read_date
from ingest.listing import BROKEN_OFF, MAX_ENTRIES, finish_list, language_of, list_entry, plain_line, sane_date
from ingest.polling import FeedDocument, SitemapLink
from ingest.xml_faults import check_memory

if TYPE_CHECKING:
    from ingest.feed_problems import Problems
    from ingest.polling import ListedEntry
    from ingest.web import Page

    #: an item, when it was published, and when it changed
    _Dated = tuple[dict[str, str], datetime | None, datetime | None]

SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})

#: Of a list of sitemaps, so many are kept, the newest.
MAX_CHILDREN = 1000

#: The protocol allows 50,000; more are not looked at.
_MAX_LISTED = 100_000
#: Longer than any address or title; the rest of a longer text is not kept.
_MAX_FIELD = 8192

#: Where the text of an item stands, below the item's element, and what it is.
_FIELDS = {
    ("loc",): "loc",
    ("lastmod",): "lastmod",
    ("news", "title"): "title",
    ("news", "publication_date"): "date",
    ("news", "keywords"): "keywords",
    ("news", "publication", "name"): "name",
    ("news", "publication", "language"): "language",
}
#: The root, the item, and the deepest field below it.
_DEEPEST = 5

_NEVER = datetime.min.replace(tzinfo=UTC)


def parse_sitemap(
    page: Page, body: bytes, charset: str, root: str, trackers: tuple[str, ...], problems: Problems
) -> FeedDocument:
    """Read a sitemap, or a list of sitemaps, which becomes the `children` of a document without entries.

    Of more than 2,000 pages, or 1,000 sitemaps, the newest are kept. *body*, *charset* and *root* are as for
    `xml_feed.parse_xml_feed`. Raises Permanent(PARSE) where nothing can be read.
    """
    items, fault = _read_items(body, charset, "url" if root == "urlset" else "sitemap")
    if fault and not items:
        raise Permanent(Reason.PARSE, page.url, f"a broken sitemap: {fault}", status=page.status)
    if fault:
        problems.say(f"not well-formed XML: {fault}")
        problems.say(BROKEN_OFF)
        # What was being read when it broke off is not in the list.
    if root == "sitemapindex":
        return _index(page, items, problems, is_whole=not fault)
    dated = [(item, *_dates(item)) for item in items]
    is_cut = len(dated) > MAX_ENTRIES
    if is_cut:
        problems.say(f"it lists {len(dated):,} pages; only the newest {MAX_ENTRIES:,} by date are read")
        dated = _newest(dated, MAX_ENTRIES)
    lang = language_of(page.headers.get("content-language"))
    listed = [
        _list_page(item, published, updated, page.url, lang, trackers, problems) for item, published, updated in dated
    ]
    names = (clean_line(plain_line(item.get("name", ""))) for item in items)
    return FeedDocument(
        title=next(filter(None, names), None),
        feed_format="sitemap",
        ttl_s=None,
        entries=finish_list(listed, problems),
        is_whole=not fault,
        is_cut=is_cut,
        problems=problems.lines(len(listed)),
    )


def _index(page: Page, items: list[dict[str, str]], problems: Problems, *, is_whole: bool) -> FeedDocument:
    found: dict[str, datetime | None] = {}
    for item in items:
        url = resolve(item.get("loc", "").strip(), page.url) if item.get("loc", "").strip() else None
        if url is not None and url != page.url:
            found.setdefault(url, _date(item.get("lastmod", "")))
    is_cut = len(found) > MAX_CHILDREN
    if is_cut:
        problems.say(f"it lists {len(found):,} sitemaps; only the newest {MAX_CHILDREN:,} are kept")
    # Stable: those without a date stay in their order, behind the others.
    newest = sorted(found.items(), key=lambda one: one[1] or _NEVER, reverse=True)[:MAX_CHILDREN]
    return FeedDocument(
        title=None,
        feed_format="sitemap index",
        ttl_s=None,
        entries=(),
        is_whole=is_whole,
        is_cut=is_cut,
        problems=problems.lines(0),
        children=tuple(SitemapLink(url=url, changed=changed) for url, changed in newest),
    )


def _list_page(
    item: dict[str, str],
    published: datetime | None,
    updated: datetime | None,
    base: str,
    lang: str | None,
    trackers: tuple[str, ...],
    problems: Problems,
) -> ListedEntry:
    written = item.get("date", ""), item.get("lastmod", "")
    date_text = written[0] if published is not None or (written[0] and updated is None) else written[1]
    return list_entry(
        base=base,
        guid=None,
        link=item.get("loc", "").strip(),
        title=plain_line(item.get("title", "")),
        author="",
        text="",
        published=published,
        updated=updated,
        lang=language_of(item.get("language", "")) or lang,
        sections=item["keywords"].split(",") if "keywords" in item else (),
        date_text=date_text.strip(),
        trackers=trackers,
        problems=problems,
    )


def _dates(item: dict[str, str]) -> tuple[datetime | None, datetime | None]:
    """When the page was published, which only a news sitemap says, and when it changed."""
    return _date(item.get("date", "")), _date(item.get("lastmod", ""))


def _date(text: str) -> datetime | None:
    date = read_date(text)
    return None if date is None else sane_date(date)


def _newest(dated: list[_Dated], limit: int) -> list[_Dated]:
    """The *limit* newest, in the order of the document."""
    numbered = sorted(enumerate(dated), key=lambda one: one[1][1] or one[1][2] or _NEVER, reverse=True)[:limit]
    return [one for _, one in sorted(numbered, key=itemgetter(0))]


def _read_items(body: bytes, charset: str, element: str) -> tuple[list[dict[str, str]], str]:
    """The items, each a dictionary of its fields, and what is wrong with the document; empty: nothing."""
    reader = _Items(element)
    parser = expat.ParserCreate(charset or None)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(body, True)  # noqa: FBT003  # "this is all of it"; expat takes it by position only
    except _Enough:
        pass
    except _Refused:
        return [], "it declares entities"
    except (expat.ExpatError, ValueError, LookupError) as error:
        check_memory(error)
        reason = expat.errors.messages.get(parser.ErrorCode, str(error))
        return reader.items, f"{reason}, line {parser.ErrorLineNumber}"
    return reader.items, ""


class _Refused(Exception):
    """The document declares entities."""


class _Enough(Exception):
    """There are more items than any sitemap may have."""


def _refuse_entity(*_: object) -> None:
    raise _Refused


class _Items:
    """Collects the fields of the items that stand below the root."""

    def __init__(self, element: str) -> None:
        self.items: list[dict[str, str]] = []
        self._element = element
        #: local names from the root to where reading is, the first few
        self._path: list[str] = []
        self._depth = 0
        self._item: dict[str, str] = {}
        #: the field that is being read
        self._field: str | None = None

    def start(self, name: str, _: object) -> None:
        self._depth += 1
        self._field = None
        if self._depth > _DEEPEST:
            return
        self._path.append(name.rpartition(":")[2].lower())
        if self._depth == 2:
            self._item = {}
        elif self._depth > 2 and self._path[1] == self._element:
            field = _FIELDS.get(tuple(self._path[2:]))
            # The first of several counts.
            self._field = None if field in self._item else field

    def text(self, text: str) -> None:
        if self._field is not None:
            said = self._item.get(self._field, "")
            if len(said) < _MAX_FIELD:
                self._item[self._field] = said + text[:_MAX_FIELD]

    def end(self, _: str) -> None:
        self._field = None
        if self._depth == 2 and self._path[1] == self._element and self._item:
            self.items.append(self._item)
            if len(self.items) >= _MAX_LISTED:
                raise _Enough
        self._depth -= 1
        del self._path[self._depth :]
