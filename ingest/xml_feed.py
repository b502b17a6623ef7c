"""RSS 0.9 to 2.0, RDF and Atom, read by feedparser, which knows what publishers really write.

Sanitising and resolving inside the markup are most of feedparser's time, and only text is wanted here, so
both are off. Links are resolved by `ingest.address`. feedparser always gets a stream: it takes bytes or a
str for the name of a file or the address of a page, and a hostile body could name one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import feedparser

from ingest.clean import clean_line
from ingest.errors import Permanent, Reason
from ingest.html_text import html_to_text
from ingest.listing import MAX_ENTRIES, finish_list, language_of, list_entry, plain_line, sane_date
from ingest.polling import FeedDocument
from ingest.strict_xml import parse_strictly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.polling import ListedEntry
    from ingest.web import Page

_DAY_S = 24 * 3600
_PERIODS_S = {"hourly": 3600, "daily": _DAY_S, "weekly": 7 * _DAY_S, "monthly": 30 * _DAY_S, "yearly": 365 * _DAY_S}

#: What feedparser can raise over a document that is broken on purpose (numbers of characters that do not
#: exist, declarations that never end). Whatever else it raises is a bug that we want to see.
_BROKEN = (ValueError, OverflowError, AssertionError, RecursionError, IndexError, KeyError)

_REFERENCE = re.compile(rb"&#(?:[xX]([0-9A-Fa-f]++)|([0-9]++));?+")

#: Root elements of feeds; "channel" is CDF's.
FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel", "entry"})

_HTML = frozenset({"text/html", "application/xhtml+xml"})


def parse_xml_feed(page: Page, body: bytes, charset: str, root: str, trackers: tuple[str, ...]) -> FeedDocument:
    """Read the XML feed *body*, which is that of *page* but for its beginning and its encoding.

    *charset* says how it is encoded ("": as the document says), *root* what its root element is called.
    Raises Permanent(NOT_FEED).
    """
    # Only then: else feedparser resolves identifiers too, and they would change when the feed moves.
    base = page.url if b"xml:base" in body else ""
    try:
        parsed = _parse(body, charset, base)
    except _BROKEN:
        try:
            parsed = _parse(_REFERENCE.sub(_keep_possible_reference, body), charset, base)
        except _BROKEN as error:
            raise Permanent(
                Reason.NOT_FEED, page.url, f"broken XML: {clean_line(str(error), 200)}", status=page.status
            ) from error
    version: str = parsed.get("version") or ""
    entries: list[Any] = parsed["entries"]
    if (bool(version), bool(entries), root in FEED_ROOTS).count(True) < 2:
        # Two of three: feeds may be empty, unversioned or badly wrapped, but not all of it at once.
        raise Permanent(Reason.NOT_FEED, page.url, _why_no_feed(body, charset, root), status=page.status)
    channel: dict[str, Any] = parsed["feed"]
    lang = language_of(dict.get(channel, "language")) or language_of(page.headers.get("content-language"))
    is_atom = version.startswith("atom")
    is_whole = _has_its_end(body, root)
    if not is_whole:
        # Where a document breaks off, its last item is half an item; it comes whole with the next poll.
        entries = entries[:-1]
    return FeedDocument(
        title=clean_line(plain_line(dict.get(channel, "title") or "")) or None,
        feed_format="atom" if is_atom else "rdf" if version in {"rss10", "rss090"} else "rss",
        ttl_s=_ttl_s(channel),
        entries=finish_list(
            [_list_entry(entry, page.url, lang, trackers, is_atom=is_atom) for entry in entries[:MAX_ENTRIES]]
        ),
        is_whole=is_whole,
    )


def _has_its_end(body: bytes, root: str) -> bool:
    """Whether the root element is closed; taken for granted where that cannot be told (no root, odd encodings)."""
    plain = body.replace(b"\0", b"") if b"\0" in body else body
    if not root or b"</" not in plain:
        return True
    closing = re.compile(rb"</(?:[\w.-]+:)?" + re.escape(root.encode()) + rb"\s*>", re.IGNORECASE)
    return closing.search(plain) is not None


def _parse(body: bytes, charset: str, base: str) -> Any:
    parsed = parse_strictly(body, base, MAX_ENTRIES) if charset == "utf-8" else None
    if parsed is not None:
        return parsed
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    if base:
        headers["content-location"] = base
    return feedparser.parse(BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)


def _keep_possible_reference(match: re.Match[bytes]) -> bytes:
    """Drop references to characters that no XML document may hold; feedparser gives up at some of them."""
    digits, number_base = (match[1], 16) if match[1] else (match[2], 10)
    number = int(digits, number_base) if len(digits) < 10 else 0
    is_possible = number in {0x9, 0xA, 0xD} or 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000
    return match[0] if is_possible else b""


def _list_entry(entry: Any, base: str, lang: str | None, trackers: tuple[str, ...], *, is_atom: bool) -> ListedEntry:
    # dict.get throughout: the entry's own get maps old names to new ones, at many times the cost.
    get = dict.get
    published = get(entry, "published_parsed") or get(entry, "created_parsed")
    updated = get(entry, "updated_parsed")
    if published is None and not is_atom:
        # RSS knows no date of change: dc:date is when an item was published.
        published = updated
    title_detail = get(entry, "title_detail")
    guid = get(entry, "id") or ""
    tags = get(entry, "tags")
    return list_entry(
        base=base,
        trackers=trackers,
        guid=guid,
        link=_link(entry, guid),
        title=plain_line(get(entry, "title") or ""),
        author=_author(entry) if get(entry, "authors") else "",
        text=_text(entry),
        published=_date(published) if published else None,
        updated=_date(updated) if updated else None,
        lang=language_of(get(entry, "language"))
        or (title_detail and language_of(get(title_detail, "language")))
        or lang,
        sections=[tag["label"] or tag["term"] or "" for tag in tags] if tags else (),
    )


def _link(entry: Any, guid: str) -> str:
    """The address of the item's page: its link, else a guid that is an address."""
    original: str | None = dict.get(entry, "feedburner_origlink")
    if original:
        return original
    other = ""
    for link in dict.get(entry, "links") or ():
        href: str = dict.get(link, "href") or ""
        if href and dict.get(link, "rel") == "alternate":
            if dict.get(link, "type") in _HTML:
                return href
            other = other or href
    if other:
        return other
    # Only whole addresses: a bare "4711" is a permalink by the letter of RSS, and never in truth.
    return guid if guid.startswith(("http://", "https://")) and dict.get(entry, "guidislink", True) else ""


def _text(entry: Any) -> str:
    """The text of the content, else of the summary. Media descriptions count as content, but are captions."""
    summary = dict.get(entry, "summary") or ""
    contents = dict.get(entry, "content")
    if not contents:
        return _plain(summary, dict.get(entry, "summary_detail")) if summary else ""
    choices = sorted(contents, key=lambda content: len(content["value"]), reverse=True)
    first = choices[0]
    if first["type"] == "text/plain" and len(first["value"]) < len(summary):
        return _plain(summary, dict.get(entry, "summary_detail"))
    for content in choices:
        text = _plain(content["value"], content)
        if text and not text.isspace():
            return text
    return _plain(summary, dict.get(entry, "summary_detail"))


def _plain(value: str, detail: Mapping[str, Any] | None) -> str:
    return value if detail is not None and detail["type"] == "text/plain" else html_to_text(value)


def _author(entry: Any) -> str:
    names = [dict.get(author, "name") for author in dict.get(entry, "authors") or ()]
    return plain_line(", ".join(name for name in names if name) or dict.get(entry, "author") or "")


def _date(parsed: Any) -> datetime | None:
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return sane_date(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except (ValueError, OverflowError, TypeError):
        return None


def _ttl_s(channel: dict[str, Any]) -> int | None:
    """How long the publisher asks readers to wait between two polls, up to a day; None when not said."""
    minutes = _number(dict.get(channel, "ttl"))
    if minutes:
        return min(minutes * 60, _DAY_S)
    period_s = _PERIODS_S.get(str(dict.get(channel, "sy_updateperiod") or "").strip().lower())
    if period_s is None:
        return None
    times = _number(dict.get(channel, "sy_updatefrequency")) or 1
    return max(60, min(period_s // times, _DAY_S))


def _number(value: object) -> int:
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _why_no_feed(body: bytes, charset: str, root: str) -> str:
    # feedparser puts a line of its own before the document, so its errors are a line off.
    reader = expat.ParserCreate(charset or None)
    try:
        reader.Parse(body, True)  # noqa: FBT003  # "this is all of it"; expat takes it by position only
    except (expat.ExpatError, ValueError) as error:
        reason = expat.errors.messages.get(reader.ErrorCode, str(error))
        return f"not XML: {reason}, line {reader.ErrorLineNumber}"
    return f"XML, but no feed: its root element is <{clean_line(root, 50)}>"
