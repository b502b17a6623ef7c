"""The stretches that two wordings share, although words between them were changed, cut or added.

Seed and extend: shingles that stand in both texts are seeds, each grows to a block of equal words, and blocks that
follow each other closely in both texts join to a region. Paragraphs may come in another order. The cost grows with
the length of the two texts together, whatever they hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.copies.wording import Wording

#: Blocks join to one region when there are at most this many words between them on either side: an edited sentence
#: may lose its middle, but a dropped paragraph is longer.
MAX_GAP_WORDS = 12.0
#: Regions that a block may continue: a stray phrase must not interrupt the region around it.
OPEN_REGIONS = 3
#: Regions with fewer equal words are phrases that any two texts may share.
MIN_REGION_WORDS = 8.0
#: In a region at least this share of the longer side is equal word by word. 4 % of wrong letters leave about 0.5.
MIN_DENSITY = 0.35


class Block(NamedTuple):
    """Equal words: [start, start + length) in the one text, from other_start on in the other."""

    start: int
    other_start: int
    length: int

    @property
    def end(self) -> int:
        """Behind the last word in the one text."""
        return self.start + self.length

    @property
    def other_end(self) -> int:
        """Behind the last word in the other text."""
        return self.other_start + self.length

    @property
    def span(self) -> range:
        """The words of the one text."""
        return range(self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Blocks in the same order and close together in both texts."""

    blocks: tuple[Block, ...]

    @property
    def span(self) -> range:
        """The words of the one text, from the first to the last block."""
        return range(self.blocks[0].start, self.blocks[-1].end)

    @property
    def other_span(self) -> range:
        """The same for the other text."""
        return range(self.blocks[0].other_start, self.blocks[-1].other_end)


def find_regions(one: Wording, other: Wording) -> tuple[Region, ...]:
    """All regions that are long and dense enough to be more than chance, in the order of *one*."""
    regions = _join(one, other, _find_blocks(one, other))
    return tuple(region for region in regions if _is_evidence(one, other, region))


def split_block(one: Wording, other: Wording, block: Block) -> Iterator[Block]:
    """The parts of a block that nothing interrupts in either stored text, neither furniture nor a dateline."""
    shift = block.other_start - block.start
    breaks = {*one.breaks(block.start, block.end)}
    breaks.update(word - shift for word in other.breaks(block.other_start, block.other_end))
    for start, end in pairwise([block.start, *sorted(breaks), block.end]):
        yield Block(start, start + shift, end - start)


def _find_blocks(one: Wording, other: Wording) -> Iterator[Block]:
    """Blocks in the order of *one*, without overlap there.

    A shingle that stands several times in *other* is taken where the last block would go on, else at its first place.
    Blocks grow forwards only: equal words before a seed would have made an earlier seed.
    """
    places, others = other.first, other.shingles
    words, other_words = one.words, other.words
    start = 0
    shift = 0  # from a word of *one* to its place in *other*, as in the last block
    while start < len(one.shingles):
        shingle = one.shingles[start]
        place = start + shift
        if not (0 <= place < len(others) and others[place] == shingle):
            found = places.get(shingle)
            if found is None:
                start += 1
                continue
            place = found
        shift = place - start
        end = start
        while end < len(words) and end + shift < len(other_words) and words[end] == other_words[end + shift]:
            end += 1
        if end == start:
            # Other words of the same hash: nobody meets them, but somebody could make them.
            start += 1
            continue
        yield Block(start, place, end - start)
        start = end


def _join(one: Wording, other: Wording, blocks: Iterable[Block]) -> list[Region]:
    open_regions: list[list[Block]] = []
    all_regions: list[list[Block]] = []
    for block in blocks:
        for region in reversed(open_regions):
            last = region[-1]
            if (
                one.length(range(last.end, block.start)) <= MAX_GAP_WORDS
                and last.other_end <= block.other_start
                and other.length(range(last.other_end, block.other_start)) <= MAX_GAP_WORDS
            ):
                region.append(block)
                open_regions = [*(each for each in open_regions if each is not region), region]
                break
        else:
            region = [block]
            all_regions.append(region)
            open_regions = [*open_regions[1 - OPEN_REGIONS :], region]
    return [Region(blocks=tuple(region)) for region in all_regions]


def _is_evidence(one: Wording, other: Wording, region: Region) -> bool:
    equal = sum(one.length(block.span) for block in region.blocks)
    return equal >= max(MIN_REGION_WORDS, MIN_DENSITY * max(one.length(region.span), other.length(region.other_span)))
