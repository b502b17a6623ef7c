"""Stretches that two wordings share."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.align import (
    MAX_GAP_WORDS,
    MIN_DENSITY,
    MIN_REGION_WORDS,
    Block,
    find_regions,
    split_block,
)
from ingest.copies.wording import Paragraph, Wording, read_wording
from rules.text import tokenize

SEEDS = st.integers(min_value=0, max_value=10**9)
#: Few words, so that the same runs stand in many places.
LINES = st.lists(st.lists(st.sampled_from("abcdef東京"), min_size=4, max_size=30).map(" ".join), min_size=1, max_size=6)


def wording_of(lines: list[str]):
    return read_wording("\n".join(f"{line}." for line in lines))


@given(LINES, LINES)
def test_regions_are_runs_of_equal_words_in_the_order_of_both(lines, other_lines):
    one, other = wording_of(lines), wording_of(other_lines)
    regions = find_regions(one, other)
    assert list(regions) == sorted(regions, key=lambda region: region.span.start)
    for region in regions:
        equal = sum(one.length(block.span) for block in region.blocks)
        assert equal >= MIN_REGION_WORDS
        assert equal >= MIN_DENSITY * max(one.length(region.span), other.length(region.other_span))
        for block in region.blocks:
            assert one.words[block.start : block.end] == other.words[block.other_start : block.other_end] != ()
        for last, block in pairwise(region.blocks):
            assert 0 <= one.length(range(last.end, block.start)) <= MAX_GAP_WORDS
            assert last.other_end <= block.other_start
            assert other.length(range(last.other_end, block.other_start)) <= MAX_GAP_WORDS


@given(SEEDS)
def test_a_text_is_one_region_with_itself(write_prose, seed):
    wording = wording_of(write_prose(seed, 3))
    (region,) = find_regions(wording, wording)
    assert region.blocks == (Block(0, 0, len(wording.words)),)


def test_paragraphs_in_another_order_are_regions_of_their_own(write_prose):
    first, second = write_prose(1, 1), write_prose(2, 1)
    regions = find_regions(wording_of([*first, *second]), wording_of([*second, *first]))
    assert len(regions) == 2


def test_other_words_of_the_same_hash_are_no_block(write_prose):
    """Nobody has met such words, but the hash is no secret, so somebody could make them; the search must still end."""
    one, text = wording_of(write_prose(1, 2)), write_prose(2, 1)[0]
    other = Wording(text, [(Paragraph(0, len(text), 0), tokenize(text).folded)])
    other.shingles = (one.shingles[5], *other.shingles[1:])
    assert find_regions(one, other) == ()


@given(SEEDS, st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_a_block_is_split_where_something_stands_between(write_prose, seed, here, there):
    story = [line.rstrip(".") + " indeed." for line in write_prose(seed, 6)]
    one, other = (
        read_wording("\n".join(f"{line}\nAdvertisement here" if n in after else line for n, line in enumerate(story)))
        for after in (here, there)
    )
    (region,) = find_regions(one, other)
    (block,) = region.blocks
    runs = list(split_block(one, other, block))
    assert len(runs) == 1 + len((here | there) - {5})
    assert [run.start for run in runs[1:]] == [run.end for run in runs[:-1]]
    for run in runs:
        start, end = one.offsets(run.start, run.end)
        other_start, other_end = other.offsets(run.other_start, run.other_end)
        assert tokenize(one.text[start:end]).folded == one.words[run.start : run.end]
        assert tokenize(other.text[other_start:other_end]).folded == one.words[run.start : run.end]
