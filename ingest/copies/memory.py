"""Copies without a database: what a store does to place articles among stories, in memory.

    index = CopyIndex(window=timedelta(days=14))
    placed = index.place(reading, at=arrived)

Candidates are ranked by `copies.ranking`, compared by `copies.story` and freed from furniture by `copies.repeats`, as
with a store; so the relations and stories are the same (a test feeds the same articles to both). Every article
is new here: it has no earlier version and never comes again.

What can no longer be found is forgotten: articles from before the window, and those that newer ones have pushed out
of every hash they have. So memory is bounded by what came in within the window, and copies of one text by a thousand
pages take no more of it than NEWEST_PER_HASH of them.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.copies.model import Candidate, Candidates
from ingest.copies.ranking import MOST_CANDIDATES, NEWEST_PER_HASH, rank
from ingest.copies.repeats import MIN_SITES, PageLines, SiteMemory, hash_page
from ingest.copies.story import place
from ingest.model import so_long_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from ingest.copies.model import Fingerprint, Placement, Relation
    from ingest.model import Reading

#: What lies before the window is looked for when the index has doubled since the last time, and not before it has
#: so many articles.
SWEEP_FROM = 1000

_NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What an article is, as it came in."""

    #: number of the article: 1, 2, 3, … in the order of arrival
    article_id: int
    #: number of its story: that of the story's lead
    story_id: int
    relations: tuple[Relation, ...]


@dataclass(slots=True, kw_only=True)
class _Kept:
    """What is needed of an article to compare others with it."""

    at: datetime
    source: str
    title: str
    text: str
    #: `Fingerprint.hashes`, packed: 8 bytes each
    hashes: array[int]
    #: under how many of them it can be found
    posted: int


class CopyIndex:
    """Articles by what their texts share, and the stories they belong to. Not thread-safe."""

    def __init__(self, *, window: timedelta) -> None:
        """Articles that arrived longer than *window* before another one are not compared with it."""
        self._window = window
        self._kept: dict[int, _Kept] = {}
        #: hash → the newest articles that have it, ascending; a single one, as with most hashes, is no list
        self._owners: dict[int, int | list[int]] = {}
        #: [n - 1]: the story of article n, at the time it came in
        self._stories = array("q")
        self._aliases: dict[int, int] = {}
        self._furniture = _Furniture()
        self._sweep_at = SWEEP_FROM

    def __len__(self) -> int:
        """How many articles are kept."""
        return len(self._kept)

    def place(self, reading: Reading, *, at: datetime) -> Placed:
        """Compare an article that arrived *at* that time with those before it, and add it."""
        since = so_long_before(at, self._window)
        candidates = self.candidates(reading.fingerprint, site=reading.article.source, since=since)
        placement = place(reading, candidates)
        article_id = self.add(reading, placement, at=at)
        if len(self._kept) >= self._sweep_at:
            self._forget_before(since)
        return Placed(article_id=article_id, story_id=self.story(article_id), relations=placement.relations)

    def candidates(self, fingerprint: Fingerprint, *, site: str, since: datetime) -> Candidates:
        """As `ports.Store.candidates`: articles that arrived at or after *since*, the most similar first."""
        kept = self._kept
        # Pages of a site share its furniture, and would take the places of those that share a story.
        own = set(fingerprint.hashes) - self._furniture.among([(site, fingerprint.hashes)])
        found = [
            [owner for owner in self._owners_of(number) if owner in kept and kept[owner].at >= since] for number in own
        ]
        ranked = rank(found, len(own))[:MOST_CANDIDATES]
        if not ranked:
            return Candidates(rows=(), seen=len(self._stories))
        pages = [(site, fingerprint.hashes), *((kept[owner].source, kept[owner].hashes) for owner, _ in ranked)]
        return Candidates(
            rows=tuple(self._candidate(owner, shared) for owner, shared in ranked),
            seen=len(self._stories),
            furniture=self._furniture.among(pages),
        )

    def add(self, reading: Reading, placement: Placement, *, at: datetime) -> int:
        """Keep an article and its place; return its number. Stories that it joins become one, the oldest of them."""
        article, fingerprint = reading.article, reading.fingerprint
        article_id = len(self._stories) + 1
        self._stories.append(article_id if placement.story_id is None else placement.story_id)
        self._merge((self._stories[-1], *placement.merges))
        if fingerprint.hashes:
            self._kept[article_id] = _Kept(
                at=at,
                source=article.source,
                title=article.title,
                text=article.text,
                hashes=array("q", fingerprint.hashes),
                posted=len(fingerprint.hashes),
            )
            for number in fingerprint.hashes:
                self._post(number, article_id)
        if article.source and fingerprint.hashes:
            page = PageLines(hash_page(article.url), fingerprint.title, fingerprint.hashes)
            self._furniture.learn(article.source, page)
        return article_id

    def story(self, article_id: int) -> int:
        """The story of an article as of now: stories that turned out to be one have become one."""
        return self._resolve(self._stories[article_id - 1])

    def _candidate(self, owner: int, shared: int) -> Candidate:
        article = self._kept[owner]
        story_id = self.story(owner)
        return Candidate(
            article_id=owner,
            story_id=story_id,
            is_lead=owner == story_id,
            source=article.source,
            title=article.title,
            text=article.text,
            shared=shared,
        )

    def _merge(self, stories: Iterable[int]) -> None:
        """The oldest of *stories* survives; the others stay as its aliases."""
        first, *others = sorted({self._resolve(story) for story in stories})
        self._aliases.update(dict.fromkeys(others, first))

    def _resolve(self, story: int) -> int:
        while (other := self._aliases.get(story)) is not None:
            story = other
        return story

    def _owners_of(self, number: int) -> Sequence[int]:
        owners = self._owners.get(number, ())
        return (owners,) if isinstance(owners, int) else owners

    def _post(self, number: int, article_id: int) -> None:
        owners = self._owners.get(number)
        if owners is None:
            self._owners[number] = article_id
        elif isinstance(owners, int):
            self._owners[number] = [owners, article_id]
        else:
            owners.append(article_id)
            if len(owners) > NEWEST_PER_HASH:
                self._push_out(owners.pop(0))

    def _push_out(self, article_id: int) -> None:
        """An article is found under one hash less; under none, it is forgotten."""
        article = self._kept.get(article_id)
        if article is not None:
            article.posted -= 1
            if not article.posted:
                del self._kept[article_id]

    def _forget_before(self, since: datetime) -> None:
        """Drop the articles that arrived before *since*, and what has led to those that are gone."""
        self._kept = kept = {number: article for number, article in self._kept.items() if article.at >= since}
        owners: dict[int, int | list[int]] = {}
        for number in self._owners:
            left = [owner for owner in self._owners_of(number) if owner in kept]
            if left:
                owners[number] = left[0] if len(left) == 1 else left
        self._owners = owners
        self._sweep_at = max(SWEEP_FROM, 2 * len(kept))


class _Furniture:
    """Which hashes each site repeats on its pages, and which ones several sites repeat."""

    def __init__(self) -> None:
        self._memories: defaultdict[str, SiteMemory] = defaultdict(SiteMemory)
        self._hashes: defaultdict[str, set[int]] = defaultdict(set)
        self._sites: Counter[int] = Counter()
        self._everywhere: set[int] = set()

    def among(self, pages: Iterable[tuple[str, Sequence[int]]]) -> frozenset[int]:
        """The hashes of *pages*, each given by its site and its hashes, that are furniture there or everywhere."""
        if not self._sites:
            return frozenset()
        found: set[int] = set()
        for site, hashes in pages:
            found |= self._everywhere.intersection(hashes)
            found |= self._hashes.get(site, _NOTHING).intersection(hashes)
        return frozenset(found)

    def learn(self, site: str, page: PageLines) -> None:
        """Remember a page."""
        memory = self._memories[site] = self._memories[site].with_page(page)
        new = memory.furniture(self._hashes[site])
        if new:
            self._hashes[site] |= new
            self._sites.update(new)
            self._everywhere.update(number for number in new if self._sites[number] >= MIN_SITES)
