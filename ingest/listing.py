"""From what a feed's format says of an item to a `ListedEntry`: the part that all formats share."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from ingest.address import resolve, strip_decoration
from ingest.clean import clean_line, clean_text
from ingest.feed_dates import names_zone
from ingest.feed_problems import Fault
from ingest.html_text import html_to_text, unescape
from ingest.polling import DateFault, ListedEntry
from ingest.repair import repair_parts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ingest.feed_problems import Problems

#: More items than any newspaper prints in a day; what lies beyond is old.
MAX_ENTRIES = 2000
#: What is said of a document with more.
TOO_MANY = f"it lists more than {MAX_ENTRIES:,} entries; the rest is not read"
BROKEN_OFF = "it breaks off before its end; the last entry is left for the next poll"
#: The longest text that is kept of an item, in characters: a book of 30,000 words.
MAX_TEXT = 200_000
MAX_SECTIONS = 20
#: Longer identifiers are kept as their hash.
MAX_GUID = 1000

#: Dates before this stand for "none": programs write year 1 or 1970 where they have no date.
_FIRST_YEAR = 1971
#: So do those from here on; at the end of the calendar no zone could be reckoned with.
_LAST_YEAR = 8999

#: How far the clocks of a newsroom and of this machine may be apart.
TOLERANCE = timedelta(minutes=5)

#: No zone is further ahead of UTC (Kiribati). A date that names none may be as far ahead and still be right.
_FURTHEST_ZONE = timedelta(hours=14)

_LANGUAGE = re.compile(r"\s*([a-z]{2,3})(?![a-z0-9])", re.IGNORECASE)
_NO_LANGUAGES = frozenset({"und", "mul", "zxx"})


def list_entry(
    *,
    base: str,
    guid: str | None,
    link: str,
    title: str,
    author: str,
    text: str,
    published: datetime | None,
    updated: datetime | None,
    lang: str | None,
    sections: Iterable[str],
    date_text: str,
    trackers: tuple[str, ...],
    problems: Problems,
) -> ListedEntry:
    """Clean, repair and resolve what a feed says of one item. Empty strings stand for what it does not say.

    *guid* is None in formats that have no identifiers. *title*, *author* and *text* are plain text already. *base* is
    the address that relative links start from; *trackers* are the parameters that make no other page of an address.
    *date_text* is what the feed writes for the date, which is *published*, else *updated*. What is wrong is noted in
    *problems*.
    """
    if not (title.isascii() and text.isascii() and author.isascii()):
        # Judged together, and before cleaning: control characters are evidence of a wrong code page.
        (title, text, author), _ = repair_parts((title, text, author))
    address = resolve(link, base) if link else None
    if address is None:
        problems.note(*((Fault.BAD_LINK, link) if link else (Fault.NO_LINK,)))
    identifier = _guid(guid) if guid else None
    if identifier is None and guid is not None:
        problems.note(Fault.NO_GUID)
    return ListedEntry(
        guid=identifier,
        link=address,
        page_address=None if address is None else strip_decoration(address, trackers),
        title=clean_line(title),
        author=clean_line(author) or None,
        published=published,
        updated=updated,
        text=clean_text(text[:MAX_TEXT]) if text else "",
        lang=lang,
        sections=_sections(sections) if sections else (),
        date_fault=_date_fault(published or updated, date_text, problems),
    )


def finish_list(entries: Iterable[ListedEntry], problems: Problems) -> tuple[ListedEntry, ...]:
    """Make a document's entries distinct.

    What is listed twice, with the same guid and the same page, is one entry, as it stands first. A guid that
    then still repeats names nothing: it becomes None, and all of its entries stay.
    """
    distinct: dict[object, ListedEntry] = {}
    total = 0
    for position, entry in enumerate(entries):
        total += 1
        if entry.guid is None:
            distinct[position] = entry
        else:
            said = entry.page_address or (entry.title, entry.text)
            distinct.setdefault((entry.guid, said), entry)
    listed = tuple(distinct.values())
    if len(listed) < total:
        problems.note(Fault.TWICE, count=total - len(listed))
    guids = Counter(entry.guid for entry in listed if entry.guid is not None)
    repeated = {guid: count for guid, count in guids.items() if count > 1}
    if not repeated:
        return listed
    problems.note(Fault.REPEATED_GUID, next(iter(repeated)), count=sum(repeated.values()))
    return tuple(replace(entry, guid=None) if entry.guid in repeated else entry for entry in listed)


def flag_future(
    entries: Iterable[ListedEntry], now: datetime, tolerance: timedelta = TOLERANCE
) -> tuple[ListedEntry, ...]:
    """Return *entries* with `DateFault.FUTURE` on those whose date lies after *now*. The date stays as it is given.

    A date without a zone that some zone could explain, up to 14 hours ahead, keeps `DateFault.ZONE`. A second call
    with the same *now* changes nothing.
    """
    latest = now + tolerance
    return tuple(
        replace(entry, date_fault=DateFault.FUTURE)
        if entry.date is not None
        and entry.date > (latest + _FURTHEST_ZONE if entry.date_fault is DateFault.ZONE else latest)
        else entry
        for entry in entries
    )


def plain_line(text: str) -> str:
    """The text of a title or name that may hold markup or character references, whatever its feed declares.

    >>> plain_line("<b>Fish</b> &amp; chips"), plain_line("5 < 6")
    ('Fish & chips', '5 < 6')
    """
    return html_to_text(text) if "<" in text else unescape(text)


def language_of(tag: object) -> str | None:
    """The primary subtag of a language tag, in lower case; None for what is no tag.

    >>> language_of("en-GB"), language_of("pt_BR"), language_of("English"), language_of("und")
    ('en', 'pt', None, None)
    """
    match = _LANGUAGE.match(tag) if isinstance(tag, str) else None
    if match is None or match[1].lower() in _NO_LANGUAGES:
        return None
    return match[1].lower()


def sane_date(moment: datetime) -> datetime | None:
    """*moment* in UTC; None where it is a placeholder for no date. A date in the future is kept.

    >>> from datetime import datetime
    >>> [sane_date(datetime(year, 1, 1, tzinfo=UTC)) is None for year in (1970, 1971, 2100, 8999, 9000)]
    [True, False, False, False, True]
    """
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _date_fault(date: datetime | None, date_text: str, problems: Problems) -> DateFault | None:
    if date is None:
        problems.note(*((Fault.BAD_DATE, date_text) if date_text else (Fault.NO_DATE,)))
        return DateFault.MISSING
    if names_zone(date_text):
        return None
    problems.note(Fault.NO_ZONE, date_text)
    return DateFault.ZONE


def _guid(guid: str) -> str | None:
    guid = clean_line(guid, len(guid))
    if len(guid) > MAX_GUID:
        return f"sha256:{hashlib.sha256(guid.encode()).hexdigest()}"
    return guid or None


def _sections(names: Iterable[str]) -> tuple[str, ...]:
    lines = (clean_line(plain_line(name), 100) for name in names)
    # Some feeds put the address of a taxonomy where the name belongs.
    named = dict.fromkeys(line for line in lines if line and not line.startswith(("http://", "https://")))
    return tuple(named)[:MAX_SECTIONS]
