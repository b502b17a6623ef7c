"""JSON Feed 1.0 and 1.1, as https://www.jsonfeed.org/version/1.1/ describes it.

Lenient where the format says so: what has the wrong type is as if it were not there.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ingest.clean import clean_line
from ingest.errors import Permanent, Reason
from ingest.html_text import html_to_text
from ingest.listing import MAX_ENTRIES, finish_list, language_of, list_entry, plain_line, sane_date
from ingest.polling import FeedDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.polling import ListedEntry
    from ingest.web import Page

_VERSION = re.compile(r"https?://(www\.)?jsonfeed\.org/version/1", re.IGNORECASE)


def parse_json_feed(page: Page, trackers: tuple[str, ...]) -> FeedDocument:
    """Read a JSON Feed. Raises Permanent(NOT_FEED)."""
    try:
        document = json.loads(page.body)
    except (ValueError, RecursionError) as error:
        raise Permanent(
            Reason.NOT_FEED, page.url, f"not JSON: {clean_line(str(error), 200)}", status=page.status
        ) from error
    version = _text(document, "version") if isinstance(document, dict) else ""
    if not _VERSION.match(version):
        raise Permanent(
            Reason.NOT_FEED, page.url, "JSON, but no JSON Feed: it has no version of jsonfeed.org", status=page.status
        )
    items = document.get("items")
    if not isinstance(items, list):
        raise Permanent(Reason.NOT_FEED, page.url, "a JSON Feed without a list of items", status=page.status)
    lang = language_of(document.get("language")) or language_of(page.headers.get("content-language"))
    return FeedDocument(
        title=clean_line(plain_line(_text(document, "title"))) or None,
        feed_format="json",
        ttl_s=None,
        entries=finish_list(
            _list_item(item, page.url, lang, trackers) for item in items[:MAX_ENTRIES] if isinstance(item, dict)
        ),
    )


def _list_item(item: Mapping[str, Any], base: str, lang: str | None, trackers: tuple[str, ...]) -> ListedEntry:
    guid = item.get("id")
    markup = _text(item, "content_html")
    return list_entry(
        base=base,
        trackers=trackers,
        # Identifiers are strings, but feeds of version 1.0 may carry numbers.
        guid=str(guid) if isinstance(guid, str | int | float) and not isinstance(guid, bool) else "",
        link=_text(item, "url") or _text(item, "external_url"),
        title=plain_line(_text(item, "title")),
        author=_authors(item),
        text=(html_to_text(markup) if markup else "") or _text(item, "content_text") or _text(item, "summary"),
        published=_date(item, "date_published"),
        updated=_date(item, "date_modified"),
        lang=language_of(item.get("language")) or lang,
        sections=[tag for tag in _list(item, "tags") if isinstance(tag, str)],
    )


def _authors(item: Mapping[str, Any]) -> str:
    authors = _list(item, "authors") or [item.get("author")]
    names = [_text(author, "name") for author in authors if isinstance(author, dict)]
    return ", ".join(name for name in names if name)


def _date(item: Mapping[str, Any], key: str) -> datetime | None:
    text = _text(item, key).strip()
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return sane_date(parse(text))
        except (ValueError, OverflowError):
            continue
    return None


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _list(mapping: Mapping[str, Any], key: str) -> list[Any]:
    value = mapping.get(key)
    return value if isinstance(value, list) else []
