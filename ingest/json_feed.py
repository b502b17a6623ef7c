"""JSON Feed 1.0 and 1.1, as https://www.jsonfeed.org/version/1.1/ describes it.

Lenient where the format says so: what has the wrong type is as if it were not there.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ingest.address import resolve
from ingest.clean import clean_line
from ingest.errors import Permanent, Reason
from ingest.feed_dates import read_date
from ingest.html_text import html_to_text
from ingest.listing import MAX_ENTRIES, TOO_MANY, finish_list, language_of, list_entry, plain_line, sane_date
from ingest.polling import FeedDocument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ingest.feed_problems import Problems
    from ingest.polling import ListedEntry
    from ingest.web import Page

_VERSION = re.compile(r"https?://(www\.)?jsonfeed\.org/version/1", re.IGNORECASE)
#: The same in a document that cannot be read.
_VERSION_SAID = re.compile(rb"\bjsonfeed\.org(?:\\?/)version(?:\\?/)1", re.IGNORECASE)
_MEDIA_TYPE = "application/feed+json"
_MAX_HUBS = 20


def parse_json_feed(page: Page, trackers: tuple[str, ...], problems: Problems) -> FeedDocument:
    """Read a JSON Feed. Raises Permanent: NOT_FEED, or PARSE where it says that it is one."""
    try:
        document = json.loads(page.body)
    except (ValueError, RecursionError) as error:
        is_sent_as_one = page.headers.get("content-type", "").strip().lower().startswith(_MEDIA_TYPE)
        says_so = is_sent_as_one or _VERSION_SAID.search(page.body) is not None
        reason = Reason.PARSE if says_so else Reason.NOT_FEED
        raise Permanent(reason, page.url, f"not JSON: {clean_line(str(error), 200)}", status=page.status) from error
    version = _text(document, "version") if isinstance(document, dict) else ""
    if not _VERSION.match(version):
        raise Permanent(
            Reason.NOT_FEED, page.url, "JSON, but no JSON Feed: it has no version of jsonfeed.org", status=page.status
        )
    items = document.get("items")
    if not isinstance(items, list):
        raise Permanent(Reason.PARSE, page.url, "a JSON Feed without a list of items", status=page.status)
    is_cut = len(items) > MAX_ENTRIES
    if is_cut:
        problems.say(TOO_MANY)
    objects = [item for item in items[:MAX_ENTRIES] if isinstance(item, dict)]
    if len(objects) < len(items[:MAX_ENTRIES]):
        problems.say("some of its items are no objects")
    lang = language_of(document.get("language")) or language_of(page.headers.get("content-language"))
    entries = finish_list([_list_item(item, page.url, lang, trackers, problems) for item in objects], problems)
    next_url = _address(document, "next_url", page.url)
    return FeedDocument(
        title=clean_line(plain_line(_text(document, "title"))) or None,
        feed_format="json",
        ttl_s=None,
        entries=entries,
        is_cut=is_cut,
        problems=problems.lines(len(objects)),
        # A page that names itself as the next one would be read for ever.
        next_url=None if next_url == page.url else next_url,
        self_url=_address(document, "feed_url", page.url),
        hubs=_hubs(document, page.url),
    )


def _hubs(document: Mapping[str, Any], base: str) -> tuple[str, ...]:
    hubs = [hub for hub in _list(document, "hubs")[:_MAX_HUBS] if isinstance(hub, dict)]
    urls = [_address(hub, "url", base) for hub in hubs if _text(hub, "type").lower() == "websub"]
    return tuple(dict.fromkeys(url for url in urls if url is not None))


def _address(mapping: Mapping[str, Any], key: str, base: str) -> str | None:
    return resolve(_text(mapping, key), base) if _text(mapping, key) else None


def _list_item(
    item: Mapping[str, Any], base: str, lang: str | None, trackers: tuple[str, ...], problems: Problems
) -> ListedEntry:
    markup = _text(item, "content_html")
    published, updated = _date(item, "date_published"), _date(item, "date_modified")
    date_text = _text(item, "date_published")
    if published is None and (updated is not None or not date_text):
        date_text = _text(item, "date_modified")
    guid = item.get("id")
    return list_entry(
        base=base,
        trackers=trackers,
        problems=problems,
        # Identifiers are strings, but feeds of version 1.0 may carry numbers.
        guid=str(guid) if isinstance(guid, str | int | float) and not isinstance(guid, bool) else "",
        link=_text(item, "url") or _text(item, "external_url"),
        title=plain_line(_text(item, "title")),
        author=_authors(item),
        text=(html_to_text(markup) if markup else "") or _text(item, "content_text") or _text(item, "summary"),
        published=published,
        updated=updated,
        date_text=date_text,
        lang=language_of(item.get("language")) or lang,
        sections=[tag for tag in _list(item, "tags") if isinstance(tag, str)],
    )


def _authors(item: Mapping[str, Any]) -> str:
    authors = _list(item, "authors") or [item.get("author")]
    names = [_text(author, "name") for author in authors if isinstance(author, dict)]
    return ", ".join(name for name in names if name)


def _date(item: Mapping[str, Any], key: str) -> datetime | None:
    date = read_date(_text(item, key))
    return None if date is None else sane_date(date)


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _list(mapping: Mapping[str, Any], key: str) -> list[Any]:
    value = mapping.get(key)
    return value if isinstance(value, list) else []
