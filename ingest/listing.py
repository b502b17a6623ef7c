"""From what a feed's format says of an item to a `ListedEntry`: the part that all formats share."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from ingest.address import resolve, strip_decoration
from ingest.clean import clean_line, clean_text
from ingest.html_text import html_to_text, unescape
from ingest.polling import ListedEntry
from ingest.repair import repair_parts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

#: More items than any newspaper prints in a day; what lies beyond is old.
MAX_ENTRIES = 2000
#: The longest text that is kept of an item, in characters: a book of 30,000 words.
MAX_TEXT = 200_000
MAX_SECTIONS = 20
#: Longer identifiers are kept as their hash.
MAX_GUID = 1000

#: Dates before this stand for "none": programs write year 1 or 1970 where they have no date.
_FIRST_YEAR = 1971

_LANGUAGE = re.compile(r"\s*([a-z]{2,3})(?![a-z0-9])", re.IGNORECASE)
_NO_LANGUAGES = frozenset({"und", "mul", "zxx"})


def list_entry(
    *,
    base: str,
    guid: str,
    link: str,
    title: str,
    author: str,
    text: str,
    published: datetime | None,
    updated: datetime | None,
    lang: str | None,
    sections: Iterable[str],
    trackers: tuple[str, ...],
) -> ListedEntry:
    """Clean, repair and resolve what a feed says of one item. Empty strings stand for what it does not say.

    *title*, *author* and *text* are plain text already. *base* is the address that relative links start
    from; *trackers* are the parameters that make no other page of an address.
    """
    if not (title.isascii() and text.isascii() and author.isascii()):
        # Judged together, and before cleaning: control characters are evidence of a wrong code page.
        (title, text, author), _ = repair_parts((title, text, author))
    address = resolve(link, base) if link else None
    return ListedEntry(
        guid=_guid(guid),
        link=address,
        page_address=None if address is None else strip_decoration(address, trackers),
        title=clean_line(title),
        author=clean_line(author) or None,
        published=published,
        updated=updated,
        text=clean_text(text[:MAX_TEXT]) if text else "",
        lang=lang,
        sections=_sections(sections) if sections else (),
    )


def finish_list(entries: Iterable[ListedEntry]) -> tuple[ListedEntry, ...]:
    """Make a document's entries distinct.

    What is listed twice, with the same guid and the same page, is one entry, as it stands first. A guid that
    then still repeats names nothing: it becomes None, and all of its entries stay.
    """
    distinct: dict[object, ListedEntry] = {}
    for position, entry in enumerate(entries):
        if entry.guid is None:
            distinct[position] = entry
        else:
            said = entry.page_address or (entry.title, entry.text)
            distinct.setdefault((entry.guid, said), entry)
    listed = tuple(distinct.values())
    guids = Counter(entry.guid for entry in listed)
    if all(count == 1 for guid, count in guids.items() if guid is not None):
        return listed
    return tuple(replace(entry, guid=None) if guids[entry.guid] > 1 else entry for entry in listed)


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
    """*moment* in UTC; None where it is a placeholder for no date. A date in the future is kept."""
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment.year >= _FIRST_YEAR else None


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
