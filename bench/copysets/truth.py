"""Labels from provenance: which documents are copies of each other, by shared paragraphs, never by their words."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drafts import Draft

#: the README of the benchmark: at least half of the smaller one's paragraphs
PAIR = 0.5
#: up to a quarter missing or added is still a copy
COPY = 0.75
#: Below PAIR and from here on (by count or by characters) a pair is neither demanded nor forbidden. A local paragraph
#: or a quoted sentence of another story, a fifth at most, stays below it.
PARTIAL = 0.25
#: paragraphs differ in length: half of them with less than this share of the characters is left open, too
LEAST_CHARS = 0.35


def relate(later: Draft, earlier: Draft) -> str | None:
    """The kind of the pair as told from `later`, "partial", or None for documents that are no copies."""
    shared, chars = _share(later, earlier)
    size, other = len(later.parts), len(earlier.parts)
    by_count = shared / min(size, other)
    if by_count < PAIR or chars < LEAST_CHARS or (shared and (later.is_teaser or earlier.is_teaser)):
        return "partial" if max(by_count, chars) >= PARTIAL else None
    if later.is_composite or earlier.is_composite:
        return "composite"
    if later.version != earlier.version:
        return "revision"
    if shared >= COPY * max(size, other) or size == other:
        return "copy"
    return "excerpt" if size < other else "extended"


def _share(one: Draft, other: Draft) -> tuple[int, float]:
    """Paragraphs shared through the one source that gives most, and the share of the smaller one's characters."""
    found: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    theirs = {(part.source, part.index): part for part in other.parts if part.source}
    for part in one.parts:
        twin = theirs.get((part.source, part.index)) if part.source else None
        if twin is None:
            continue
        chars[part.source] += min(len(part.text), len(twin.text))
        found[part.source] += not (part.quoted or twin.quoted)
    if not chars:
        return 0, 0.0
    smaller = min(sum(len(part.text) for part in draft.parts) for draft in (one, other))
    return max(found.values()), max(chars.values()) / max(1, smaller)


def label(drafts: Sequence[Draft]) -> list[dict[str, str]]:
    """For each document, in order of arrival, {place of an earlier document: kind} as strings of JSON rows."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place, draft in enumerate(drafts):
        for source in {part.source for part in draft.parts if part.source}:
            holders[source].append(place)
    kinds: list[dict[str, str]] = [{} for _ in drafts]
    for earlier, later in sorted(_pairs(holders.values())):
        kind = relate(drafts[later], drafts[earlier])
        if kind:
            kinds[later][str(earlier)] = kind
    return kinds


def _pairs(groups: Iterable[list[int]]) -> set[tuple[int, int]]:
    return {pair for places in groups for pair in combinations(places, 2)}
