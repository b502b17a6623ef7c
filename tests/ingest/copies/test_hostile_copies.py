"""Texts made to cost much: what is kept and compared of them is bounded, and spam is one story."""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta

import pytest

from ingest.copies.align import find_regions
from ingest.copies.fingerprint import MAX_HASHES
from ingest.copies.memory import CopyIndex
from ingest.copies.model import MAX_SLOTS
from ingest.copies.ranking import MOST_CANDIDATES, NEWEST_PER_HASH
from ingest.copies.relate import relate
from ingest.copies.slots import count_conflicts
from ingest.copies.wording import MAX_TOKENS, read_wording
from ingest.errors import Permanent, Reason
from ingest.html_text import undo_leftovers
from ingest.reading import MAX_TEXT, read_given_text

T0 = datetime(2026, 1, 5, tzinfo=UTC)
SENTENCE = "The minister told reporters in the capital on Monday that the bridge would be rebuilt in the spring."


def _random(alphabet, count):
    return "".join(random.Random(7).choices(alphabet, k=count))


#: Each is longer than what is compared, or was made against one part of the comparison.
HOSTILE = {
    "one word": "spam " * 60_000,
    "one word in one line": "spam" * 60_000,
    "one-word lines": "word\n" * 50_000,
    "lines in lower case that go on": "this is a line that goes on and on\n" * 8_000,
    "different lines": "".join(f"The line with number {n} is here.\n" for n in range(9_000)),
    "one long line": " ".join(f"word{n}" for n in range(30_000)),
    "all furniture": "Home\nNews\nSport\nLog in\nSubscribe to our newsletter\n" * 400,
    "abcabc": "abc" * 60_000,
    "three words": "alpha beta gamma " * 16_000,
    "as many words as a fingerprint has hashes": " ".join(f"w{n % 130}" for n in range(20_000)),
    "Chinese": _random([chr(number) for number in range(0x4E00, 0x5200)], 50_000),
    "one Chinese character": "东" * 60_000,
    "Thai": _random([chr(number) for number in range(0x0E01, 0x0E2F)], 50_000),
    "figures": " ".join(f"on {n} the shares were sold for {n * 7}" for n in range(4_000)),
    "names": " ".join(f"the man from Alpha{n} went to see Beta{n}" for n in range(4_000)),
    "datelines": "KYIV - a\n" * 8_000,
    "a dateline that never ends": "KYIV " + "(a" * 60_000,
    "white space": "Kyiv" + " " * 200_000 + "and a word here.",
    "no words": '."…' * 40_000,
    "soft hyphens": "so\u00adft " * 20_000,
    "invisible characters": "a\u200b" * 40_000,
    "marks": "a" + "\u0301" * 60_000,
}


def read(text, number=0, site="spam.example"):
    return read_given_text(url=f"https://{site}/{number}", source=site, title=f"Page {number}", text=text)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_kept_of_a_text_is_bounded(name):
    reading = read(HOSTILE[name])
    wording = read_wording(reading.article.text)
    assert len(wording.words) <= MAX_TOKENS
    assert len(wording.shingles) <= len(wording.words)
    assert len(reading.fingerprint.hashes) <= MAX_HASHES


@pytest.mark.parametrize("name", HOSTILE)
def test_a_comparison_looks_at_each_word_a_bounded_number_of_times(name):
    one = read_wording(HOSTILE[name][:100_000])
    other = read_wording("It begins in another way.\n" + HOSTILE[name][:100_000])
    regions = find_regions(one, other)
    blocks = [block for region in regions for block in region.blocks]
    # Blocks do not overlap in the one text, so there are no more of them than words.
    assert sum(block.length for block in blocks) <= len(one.words)
    assert all(
        block.end <= after.start
        for region in regions
        for block, after in zip(region.blocks, region.blocks[1:], strict=False)
    )
    assert len(count_conflicts(one, other, regions).replaced) <= len(blocks) + 2 * len(regions)


def test_a_long_text_is_cut():
    article = read("A sentence that is quite short. " * 100_000).article
    assert len(article.text) <= MAX_TEXT


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x01", "&nbsp;", "<p></p>", "\u202e"])
def test_empty_texts_are_no_articles(text):
    with pytest.raises(Permanent) as caught:
        read(text)
    assert caught.value.reason is Reason.NOT_ARTICLE


def test_facts_that_differ_are_told_up_to_a_bound():
    one, other = (
        "\n".join(f"{SENTENCE} It is paragraph {n} about item {n * factor} of the list." for n in range(200))
        for factor in (3, 3)
    )
    other = other.replace("Monday", "Sunday")
    found = relate(one, other)
    assert found is None or len(found.conflicts.replaced) <= 200
    index = CopyIndex(window=timedelta(days=1))
    index.place(read(one), at=T0)
    assert all(len(each.slots) <= MAX_SLOTS for each in index.place(read(other, 1), at=T0).relations)


def _calls(function, *arguments):
    """How many functions were called: a measure of work that does not depend on the machine."""
    count = 0

    def note(_frame, event, _argument):
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", ["one-word lines", "different lines", "figures", "names", "datelines"])
def test_work_grows_with_the_length_and_not_with_its_square(name):
    text = HOSTILE[name]
    small, large = (
        _calls(lambda size=size: relate(text[:size], "It begins so.\n" + text[:size])) for size in (21_000, 84_000)
    )
    assert large <= 5.5 * small


@pytest.mark.parametrize("piece", ['<a b="', "<b a=1 ", "&", "&amp", "&#", "<br", "</", "<a href='"])
def test_leftovers_of_markup_that_never_end_are_text(piece):
    assert undo_leftovers(piece * 1000).startswith(piece[:1])


# --- many pages ---------------------------------------------------------------------------------------


def test_near_identical_pages_of_one_site_are_one_story(write_prose):
    paragraphs = write_prose(11, 6)
    index = CopyIndex(window=timedelta(days=14))
    for n in range(160):
        text = "\n\n".join((*paragraphs, f"This is offer number {n} of our shop in this week."))
        placed = index.place(read(text, n), at=T0)
        assert placed.story_id == 1
        assert len(placed.relations) == min(n, MOST_CANDIDATES)
    # each has a few hashes of its own at most, so what is kept is bounded by what is shared
    assert len(index) <= 160
    found = index.candidates(read(text, 999).fingerprint, site="spam.example", since=T0)
    assert len(found.rows) == MOST_CANDIDATES


def test_identical_pages_take_the_room_of_the_newest(write_prose):
    text = "\n\n".join(write_prose(12, 6))
    index = CopyIndex(window=timedelta(days=14))
    assert {index.place(read(text, n), at=T0).story_id for n in range(3 * NEWEST_PER_HASH)} == {1}
    assert len(index) == NEWEST_PER_HASH


def test_pages_of_one_template_with_other_facts_are_stories_of_their_own():
    rng = random.Random(5)
    index = CopyIndex(window=timedelta(days=14))
    names = ["".join(rng.choices("bcdfgklmnprst", k=3)).title() + "ovar" + "aeiou"[n % 5] for n in range(500)]
    for n in range(80):
        person, place, firm = rng.sample(names, 3)
        text = (
            f"{firm} Holdings director {person} sold {rng.randrange(10**6):,} shares of the firm on a day in March.\n\n"
            f"The shares were sold at an average price of {rng.randrange(100)} dollars in {place}, for a total of"
            f" {rng.randrange(10**7):,} dollars.\n\n"
            f"Following the sale, {person} owns {rng.randrange(10**6):,} shares.\n\n"
            "The sale was told to the commission in a document that anybody may read on its pages."
        )
        assert index.place(read(text, n), at=T0).story_id == n + 1


def test_a_text_of_repetitions_keeps_all_its_hashes():
    """What comes again counts once, or windows would be so wide that hardly a hash were left to find it by."""
    assert len(read(HOSTILE["three words"]).fingerprint.hashes) == 3
    assert len(read("the same six words come again. " * 3_000).fingerprint.hashes) == 6
