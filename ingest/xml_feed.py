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

import feedparser

from ingest.address import resolve
from ingest.clean import clean_line
from ingest.errors import Permanent, Reason
from ingest.feed_dates import read_date
from ingest.html_text import html_to_text
from ingest.listing import (
    BROKEN_OFF,
    MAX_ENTRIES,
    TOO_MANY,
    finish_list,
    language_of,
    list_entry,
    plain_line,
    sane_date,
)
from ingest.newest_entries import keep_newest
from ingest.polling import FeedDocument
from ingest.strict_xml import parse_strictly
from ingest.xml_faults import xml_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.feed_problems import Problems
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

_RSS_NAMESPACE = re.compile(rb"purl\.org/rss/1\.0|netscape\.com/rdf/simple", re.IGNORECASE)

#: Links of a feed that say something of it (RFC 5005, WebSub).
_RELATIONS = frozenset({"self", "hub", "next", "prev-archive"})
_MAX_LINKS = 100

_HTML = frozenset({"text/html", "application/xhtml+xml"})


def parse_xml_feed(
    page: Page, body: bytes, charset: str, root: str, trackers: tuple[str, ...], problems: Problems
) -> FeedDocument:
    """Read the XML feed *body*, which is that of *page* but for its beginning and its encoding.

    *charset* says how it is encoded ("": as the document says), *root* what its root element is called.
    Of more than 2,000 entries the newest by date are read, in their order, where nearly all have dates; else the first.
    Raises Permanent: NOT_FEED, or PARSE where its root says that it is a feed and nothing can be read of it.
    """
    cut = keep_newest(body, MAX_ENTRIES) if charset == "utf-8" else None
    if cut is not None:
        body = cut.body
        problems.say(f"it lists {cut.listed:,} entries; only the newest {MAX_ENTRIES:,} by date are read")
    parsed = _read(page, body, charset, root, problems)
    channel: dict[str, Any] = parsed["feed"]
    entries: list[Any] = parsed["entries"]
    version: str = parsed.get("version") or ""
    lang = language_of(dict.get(channel, "language")) or language_of(page.headers.get("content-language"))
    is_atom = version.startswith("atom")
    is_whole = _has_its_end(body, root)
    if not is_whole:
        # Where a document breaks off, its last item is half an item; it comes whole with the next poll.
        entries = entries[:-1]
        if not entries:
            detail = "it breaks off before the end of its first entry"
            raise Permanent(Reason.PARSE, page.url, detail, status=page.status)
        problems.say(BROKEN_OFF)
    if len(entries) > MAX_ENTRIES:
        problems.say(TOO_MANY)
    listed = [
        _list_entry(entry, page.url, lang, trackers, problems, is_atom=is_atom) for entry in entries[:MAX_ENTRIES]
    ]
    links = _relations(channel, page.url)
    older = [*links.get("next", ()), *links.get("prev-archive", ())]
    return FeedDocument(
        title=clean_line(plain_line(dict.get(channel, "title") or "")) or None,
        feed_format="atom" if is_atom else "rdf" if version in {"rss10", "rss090"} else "rss",
        ttl_s=_ttl_s(channel),
        entries=finish_list(listed, problems),
        is_whole=is_whole,
        is_cut=cut is not None or len(entries) > MAX_ENTRIES,
        problems=problems.lines(len(listed)),
        # A page that names itself as the next one would be read for ever.
        next_url=next((url for url in older if url != page.url), None),
        self_url=next(iter(links.get("self", ())), None),
        hubs=tuple(links.get("hub", ())),
    )


def _read(page: Page, body: bytes, charset: str, root: str, problems: Problems) -> Any:
    """What feedparser says of the document. Raises Permanent."""
    # Only then: else feedparser resolves identifiers too, and they would change when the feed moves.
    base = page.url if b"xml:base" in body else ""
    parsed = parse_strictly(body, base, MAX_ENTRIES) if charset == "utf-8" else None
    if parsed is None:
        fault = xml_fault(body, charset)
        if fault is not None:
            problems.say(f"not well-formed XML: {fault}")
        try:
            parsed = _parse_leniently(body, charset, base)
        except _BROKEN as error:
            reason = Reason.PARSE if _calls_itself_feed(body, root) else Reason.NOT_FEED
            detail = f"broken XML: {clean_line(str(error), 200)}"
            raise Permanent(reason, page.url, detail, status=page.status) from error
    if (bool(parsed.get("version")), bool(parsed["entries"]), root in FEED_ROOTS).count(True) >= 2:
        # Two of three: feeds may be empty, unversioned or badly wrapped, but not all of it at once.
        return parsed
    fault = xml_fault(body, charset)
    if fault is None:
        raise Permanent(
            Reason.NOT_FEED,
            page.url,
            f"XML, but no feed: its root element is <{clean_line(root, 50)}>",
            status=page.status,
        )
    reason = Reason.PARSE if _calls_itself_feed(body, root) else Reason.NOT_FEED
    raise Permanent(reason, page.url, f"not XML: {fault}", status=page.status)


def _calls_itself_feed(body: bytes, root: str) -> bool:
    """Whether the document wants to be a feed. RDF is used for much else, and so is the name "channel"."""
    return root in {"rss", "feed"} or (root == "rdf" and _RSS_NAMESPACE.search(body, 0, 4096) is not None)


def _has_its_end(body: bytes, root: str) -> bool:
    """Whether the root element is closed; taken for granted where that cannot be told (no root, odd encodings)."""
    plain = body.replace(b"\0", b"") if b"\0" in body else body
    if not root or b"</" not in plain:
        return True
    # Some scripts forget the very last character.
    closing = re.compile(rb"</(?:[\w.-]+:)?" + re.escape(root.encode()) + rb"\s*(?:>|\Z)", re.IGNORECASE)
    return closing.search(plain) is not None


def _parse_leniently(body: bytes, charset: str, base: str) -> Any:
    """The long way. Raises one of `_BROKEN`."""
    try:
        return _ask_feedparser(body, charset, base)
    except _BROKEN:
        return _ask_feedparser(_REFERENCE.sub(_keep_possible_reference, body), charset, base)


def _ask_feedparser(body: bytes, charset: str, base: str) -> Any:
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    if base:
        headers["content-location"] = base
    return feedparser.parse(BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)


def _relations(channel: dict[str, Any], base: str) -> dict[str, list[str]]:
    """The feed's own links: relation → addresses, http and https only, each once."""
    links: dict[str, list[str]] = {}
    for link in (dict.get(channel, "links") or ())[:_MAX_LINKS]:
        relation, href = dict.get(link, "rel") or "", dict.get(link, "href")
        address = resolve(href, base) if relation in _RELATIONS and href else None
        if address is not None and address not in links.setdefault(relation, []):
            links[relation].append(address)
    return links


def _keep_possible_reference(match: re.Match[bytes]) -> bytes:
    """Drop references to characters that no XML document may hold; feedparser gives up at some of them."""
    digits, number_base = (match[1], 16) if match[1] else (match[2], 10)
    number = int(digits, number_base) if len(digits) < 10 else 0
    is_possible = number in {0x9, 0xA, 0xD} or 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000
    return match[0] if is_possible else b""


def _list_entry(
    entry: Any, base: str, lang: str | None, trackers: tuple[str, ...], problems: Problems, *, is_atom: bool
) -> ListedEntry:
    # dict.get throughout: the entry's own get maps old names to new ones, at many times the cost.
    get = dict.get
    published, updated, date_text = _dates(entry, is_atom=is_atom)
    title_detail = get(entry, "title_detail")
    guid = get(entry, "id") or ""
    tags = get(entry, "tags")
    return list_entry(
        base=base,
        trackers=trackers,
        problems=problems,
        guid=guid,
        link=_link(entry, guid),
        title=plain_line(get(entry, "title") or ""),
        author=_author(entry) if get(entry, "authors") else "",
        text=_text(entry),
        published=published,
        updated=updated,
        date_text=date_text,
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
    return guid if guid[:8].lower().startswith(("http://", "https://")) and dict.get(entry, "guidislink", True) else ""


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


def _dates(entry: Any, *, is_atom: bool) -> tuple[datetime | None, datetime | None, str]:
    """When it was published and updated, and how the feed writes the one of the two that counts."""
    get = dict.get
    text = get(entry, "published") or ""
    published = _date(get(entry, "published_parsed"), text)
    if published is None and (created := _date(get(entry, "created_parsed"), get(entry, "created"))) is not None:
        published, text = created, get(entry, "created") or ""
    updated = _date(get(entry, "updated_parsed"), get(entry, "updated"))
    if published is None and (updated is not None or not text):
        text = get(entry, "updated") or ""
    if published is None and not is_atom:
        # RSS knows no date of change: dc:date is when an item was published.
        published = updated
    return published, updated, text


def _date(parsed: Any, text: str | None) -> datetime | None:
    """The date as feedparser has read it, else as we read its *text*: feedparser gives up where no zone is named."""
    if not parsed:
        date = read_date(text) if text else None
        return None if date is None else sane_date(date)
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
