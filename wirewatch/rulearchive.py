"""The stored articles, as the lints of the rules ask for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.compile import compile_rules
from rules.families import Reached
from rules.lint_archive import Hits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rules.topic import Rule, Topic
    from storage.listings import Listings
    from storage.vocabulary import Vocabulary

#: Articles, the newest, that every rule is tried on.
SAMPLE = 5_000

#: Articles that a rule is tried on of which the index can say nothing.
SCAN_LIMIT = 20_000

#: A rule that found nothing in that time is worth a look.
RECENT = timedelta(days=90)


class StoredArchive:
    """Answers from the database, with the matcher that is used live; implements `rules.lint_archive.Archive`.

    *tell* is called with the number of articles that are done and their total.
    """

    def __init__(
        self,
        listings: Listings,
        vocabulary: Vocabulary,
        now: datetime,
        *,
        sample: int = SAMPLE,
        scan_limit: int = SCAN_LIMIT,
        tell: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._listings = listings
        self._vocabulary = vocabulary
        self._since = now - RECENT
        self._sample = sample
        self._scan_limit = scan_limit
        self._tell = tell

    def count_hits(self, topics: Sequence[Topic]) -> Hits:
        """How many of the newest `sample` articles each rule matches."""
        rules = compile_rules(topics)
        newest = self._listings.candidates(limit=self._sample) or ()
        found: Counter[str] = Counter()
        recently: set[str] = set()
        for done, stored in enumerate(self._listings.texts(newest), 1):
            fired = [rule for match in rules.match(stored.document) for rule in match.rules]
            found.update(fired)
            if stored.first_seen >= self._since:
                recently.update(fired)
            self._tell(done, len(newest))
        recent = self._listings.article_count(since=self._since)
        return Hits(articles=len(newest), found=found, recent=recent, found_recently=frozenset(recently))

    def has_recent(self, topic: Topic, rule: Rule) -> bool:
        """Does *rule* match an article of the last 90 days? True where there are too many to look at all of them."""
        candidates = self._listings.candidates(rule.tree, since=self._since)
        if candidates is None:
            candidates = self._listings.candidates(since=self._since) or ()
        alone = compile_rules([replace(topic, rules=(rule,))])
        texts = self._listings.texts(candidates[: self._scan_limit])
        return any(alone.match(stored.document) for stored in texts) or len(candidates) > self._scan_limit

    def expand(self, pattern: str) -> Sequence[Reached]:
        """The stored words that match *pattern*; the most frequent first."""
        return tuple(Reached(each.word, each.texts) for each in self._vocabulary.expand(pattern))
