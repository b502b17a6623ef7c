"""Wordings without the furniture of their site."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.fingerprint import sample
from ingest.copies.hashes import shorten
from ingest.copies.strip import strip_furniture
from ingest.copies.wording import read_wording
from rules.text import tokenize

SEEDS = st.integers(min_value=0, max_value=10**9)
TEXTS = st.text(alphabet=st.sampled_from("abcdeXYZ .。!,\n\n的東京ひカกข5"), max_size=600)


@given(seed=SEEDS, place=st.integers(0, 4))
def test_an_appeal_goes_and_the_story_stays(write_prose, seed, place):
    story, appeal = write_prose(seed, 4), write_prose(seed + 1, 2)
    page = read_wording("\n".join([*story[:place], *appeal, *story[place:]]))
    furniture = frozenset(sample(read_wording("\n".join(appeal))))
    left = strip_furniture(page, furniture)
    told = tokenize("\n".join(story)).folded
    # A sentence beside the appeal may have no sampled sequence of its own, and goes or stays with its neighbours.
    assert abs(len(left.words) - len(told)) <= 25
    assert len(set(left.words) & set(told)) >= 0.8 * len(set(told))


@given(TEXTS, st.data())
def test_what_is_left_leads_back_to_the_text(text, data):
    wording = read_wording(text)
    known = sorted(sample(wording))
    furniture = data.draw(st.sets(st.sampled_from(known)) if known else st.just(set()))
    left = strip_furniture(wording, frozenset(furniture))
    behind = 0
    for word in range(len(left.words)):
        start, end = left.offsets(word, word + 1)
        assert behind <= start < end
        behind = end
        assert tokenize(text[start:end]).folded == (left.words[word],)
    rest = iter(wording.words)
    assert all(word in rest for word in left.words)


@given(TEXTS)
def test_all_furniture_leaves_nothing_and_none_leaves_all(text):
    wording = read_wording(text)
    assert strip_furniture(wording, frozenset()) is wording
    assert strip_furniture(wording, frozenset({1, 2, 3})) is wording
    everything = frozenset(sample(wording))
    if everything:
        assert strip_furniture(wording, everything).words == ()


def test_the_last_answer_is_kept(write_prose):
    wording = read_wording("\n".join(write_prose(3, 6)))
    some = frozenset(sample(wording)[:20])
    assert strip_furniture(wording, some) is strip_furniture(wording, some | {5})
    assert strip_furniture(wording, frozenset(sample(wording))).words == ()


def test_a_sentence_goes_when_half_of_its_hashes_are_furniture():
    """A short text keeps all hashes; the four of the second sentence begin at its four words."""
    page = read_wording("Ale bre cor dan eli.\nFur gal hem ive.\nJov kip lom nas oru.")
    marks = [shorten(shingle) for shingle in page.shingles[5:9]]
    assert strip_furniture(page, frozenset(marks[:1])).words == page.words
    left = strip_furniture(page, frozenset(marks[:2]))
    assert left.words == page.words[:5] + page.words[9:]
    assert [(each.start, each.word) for each in left.paragraphs] == [(0, 0), (38, 5)]


def test_a_stop_within_an_address_ends_no_sentence(write_prose):
    """The words behind it would all be taken for others, and quotes would stand in the wrong place."""
    text = "\n".join(f"{line} See https://a.example/x？n={n} there." for n, line in enumerate(write_prose(7, 4)))
    wording = read_wording(text)
    for known in sample(wording):
        left = strip_furniture(wording, frozenset({known}))
        for word in range(len(left.words)):
            start, end = left.offsets(word, word + 1)
            assert tokenize(text[start:end]).folded == (left.words[word],)


def test_a_paragraph_of_many_sentences_takes_no_square_of_them():
    """Once it was asked for each sentence where its paragraph begins, from the end to the beginning."""
    steps = {}
    for count in (500, 4000):
        wording = read_wording(" ".join(f"We saw {n} of {n * 7} ships." for n in range(count)))
        furniture = frozenset(sample(wording)[:1])
        made = 0

        def note(_frame, event, _argument):
            nonlocal made
            made += event == "line"
            return note

        before = sys.gettrace()
        sys.settrace(note)
        try:
            left = strip_furniture(wording, furniture)
        finally:
            sys.settrace(before)
        assert len(left.words) < len(wording.words)
        steps[count] = made
    assert steps[4000] <= 12 * steps[500]
