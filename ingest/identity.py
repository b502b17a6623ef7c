"""Is this entry new? Which listed item is which known entry, and has it changed? Pure.

Publishers change guids, decorate links, list an item twice and correct it without a word. The rules:

1. The same guid is the same entry. (`feed.parse_feed` has taken away guids that repeat in their document.)
2. Else the same page is the same entry, so a new guid on a known link makes nothing new.
3. Without guid and link, title and date decide.
4. An entry is listed once per document. Two items of one document with the same page and the same title are
   one item listed twice; with different titles, as in a live blog, they are two entries, and nothing is lost.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.polling import ChangedEntry, NewEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingest.polling import KnownEntry, ListedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a document lists: entries to be stored, known ones that changed, and the ids of all known ones."""

    new: tuple[NewEntry, ...]
    changed: tuple[ChangedEntry, ...]
    #: the changed ones included
    seen: tuple[int, ...]


def identity_of(listed: ListedEntry) -> str:
    """The identity under which a new entry is stored, with its kind: "guid:…", "link:…" or "hash:…"."""
    if listed.guid is not None:
        return f"guid:{listed.guid}"
    if listed.page_address is not None:
        return f"link:{listed.page_address}"
    return listed.hash_identity


def content_hash(listed: ListedEntry) -> str:
    """Hash of what the feed says of the entry: title, text, dates and page. The guid is no part of it."""
    dates = ["" if date is None else date.isoformat() for date in (listed.published, listed.updated)]
    says = [listed.title, listed.text, *dates, listed.page_address or ""]
    # No cleaned text holds a NUL, so nothing can move from one field to the next unseen.
    return hashlib.sha256("\0".join(says).encode()).hexdigest()


def recognise(listed: Sequence[ListedEntry], known: Iterable[KnownEntry]) -> Recognised:
    """Tell new entries from known ones. *known* holds all entries of the feed that any of *listed* could be.

    Every listed item is a new entry, a known one, or a repetition of one of these. New ones are in document order.
    """
    matching = _Matching(listed, known)
    matching.match_guids()
    matching.match_pages()
    matching.match_hashes()
    return matching.result()


def known_share(recognised: Recognised) -> float:
    """The share of known entries among those listed, 0 to 1; 1 for a document that lists none."""
    total = len(recognised.new) + len(recognised.seen)
    return len(recognised.seen) / total if total else 1.0


def shares_nothing(recognised: Recognised, known: Iterable[KnownEntry], since: datetime | None) -> bool:
    """Whether a document shares no entry with the last one, so that what came in between may be missing.

    *known* is what *recognised* was made with, *since* when the last document came (`Feed.last_document_at`); None:
    there was none before, and nothing is missing. A document that lists nothing misses nothing either.
    """
    if since is None or not (recognised.new or recognised.seen):
        return False
    seen = set(recognised.seen)
    return not any(
        entry.last_seen_at is not None and entry.last_seen_at >= since for entry in known if entry.id in seen
    )


class _Matching:
    """Listed items and known entries, being brought together; surer signs go first."""

    def __init__(self, listed: Sequence[ListedEntry], known: Iterable[KnownEntry]) -> None:
        self._listed = listed
        self._known = sorted(known, key=lambda entry: entry.id)
        self._hashes = [content_hash(item) for item in listed]
        #: position in the document → known entry
        self._found: dict[int, KnownEntry] = {}
        #: ids of the known entries that are found
        self._taken: set[int] = set()

    def match_guids(self) -> None:
        by_guid = {entry.guid: entry for entry in reversed(self._known) if entry.guid is not None}
        by_identity = {entry.identity: entry for entry in reversed(self._known)}
        for position, item in enumerate(self._listed):
            if item.guid is not None and (entry := by_guid.get(item.guid)) is not None:
                self._take(position, entry)
        for position, item in enumerate(self._listed):
            # The identity keeps the guid that an entry was first seen with. Some publishers give that guid to another
            # page later on, which is another entry then.
            entry = by_identity.get(f"guid:{item.guid}")
            if entry is not None and entry.page_address in {None, item.page_address}:
                self._take(position, entry)

    def match_pages(self) -> None:
        # Several known entries can share a page: one that is described in the same words goes first.
        by_words: dict[tuple[str, str], list[KnownEntry]] = defaultdict(list)
        by_page: dict[str, list[KnownEntry]] = defaultdict(list)
        for entry in reversed(self._known):
            if entry.page_address is not None:
                by_words[entry.page_address, entry.content_hash].append(entry)
                by_page[entry.page_address].append(entry)
        for position, item in enumerate(self._listed):
            if item.page_address is not None:
                self._take_one(position, by_words[item.page_address, self._hashes[position]])
        for position, item in enumerate(self._listed):
            if item.page_address is not None:
                self._take_one(position, by_page[item.page_address])

    def match_hashes(self) -> None:
        by_identity = {entry.identity: entry for entry in self._known if entry.identity.startswith("hash:")}
        if not by_identity:
            return
        # Items that are nothing but title and date go first; the others may be such entries that got a link.
        bare_first = sorted(range(len(self._listed)), key=lambda position: _is_named(self._listed[position]))
        for position in bare_first:
            item = self._listed[position]
            entry = by_identity.get(item.hash_identity)
            if entry is not None and entry.page_address in {None, item.page_address}:
                self._take(position, entry)

    def result(self) -> Recognised:
        found = [(position, self._found[position]) for position in sorted(self._found)]
        return Recognised(
            new=self._new_entries(),
            changed=tuple(
                ChangedEntry(id=entry.id, content_hash=self._hashes[position], listed=self._listed[position])
                for position, entry in found
                if entry.content_hash != self._hashes[position]
            ),
            seen=tuple(entry.id for _, entry in found),
        )

    def _new_entries(self) -> tuple[NewEntry, ...]:
        taken = {entry.identity for entry in self._known}
        said = {_page_and_title(self._listed[position]) for position in self._found}
        new = []
        for position, item in enumerate(self._listed):
            if position in self._found or (item.page_address is not None and _page_and_title(item) in said):
                continue
            identity = identity_of(item)
            if identity in taken and _is_named(item):
                # Its page (it has no guid) or its guid (on another page) belongs to another entry already: it is told
                # apart by what it says.
                identity = f"{identity}#{self._hashes[position]}"
            if identity in taken:
                continue
            taken.add(identity)
            said.add(_page_and_title(item))
            new.append(NewEntry(identity=identity, content_hash=self._hashes[position], listed=item))
        return tuple(new)

    def _take(self, position: int, entry: KnownEntry) -> None:
        """The item at *position* is this known entry, unless one of the two is matched already."""
        if position not in self._found and entry.id not in self._taken:
            self._found[position] = entry
            self._taken.add(entry.id)

    def _take_one(self, position: int, candidates: list[KnownEntry]) -> None:
        """The item at *position* is the last of *candidates* that is not taken; those that are get dropped."""
        while candidates and position not in self._found:
            self._take(position, candidates.pop())


def _page_and_title(item: ListedEntry) -> tuple[str | None, str]:
    return item.page_address, item.title or item.text


def _is_named(item: ListedEntry) -> bool:
    return item.guid is not None or item.page_address is not None
