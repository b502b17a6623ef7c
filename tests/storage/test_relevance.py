"""How well articles answer a search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.searching.relevance import USUAL_WORDS, score, weigh

USUAL = dict(USUAL_WORDS)


def test_once_in_a_text_of_the_usual_length_counts_one_and_in_the_title_more():
    assert weigh({"body": 1}, USUAL) == 1.0
    assert weigh({"title": 1}, USUAL) == 3.0
    assert weigh({"title": 1, "body": 2}, USUAL) == 5.0
    assert weigh({}, USUAL) == 0.0
    assert weigh({"author": 1}, USUAL) == 1.0


@given(st.integers(1, 50), st.integers(0, 5000), st.integers(1, 5000))
def test_more_often_counts_more_and_longer_counts_less(often, words, more):
    def of(count, length):
        return weigh({"body": count}, {"title": 10, "body": length})

    assert of(often + 1, words) > of(often, words)
    assert of(often, words + more) < of(often, words)


WEIGHTS = st.floats(0, 1000)
FOUND = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[WEIGHTS] * n), min_size=1, max_size=20))


@given(FOUND)
def test_scores_are_finite_and_never_negative(found):
    scores = score(found)
    assert len(scores) == len(found)
    assert all(0 <= each < 1000 for each in scores)


@given(FOUND)
def test_who_has_more_of_everything_is_never_behind(found):
    scores = score(found)
    for one, mine in zip(found, scores, strict=True):
        for other, theirs in zip(found, scores, strict=True):
            if all(a >= b for a, b in zip(one, other, strict=True)):
                assert mine >= theirs


def test_what_few_have_counts_more():
    found = [(1.0, 0.0)] * 9 + [(0.0, 1.0)]
    assert max(score(found)) == score(found)[-1]


def test_the_tenth_time_counts_less_than_the_first():
    none, one, nine, ten = score([(0.0,), (1.0,), (9.0,), (10.0,)])
    assert ten - nine < one - none


def test_a_query_without_words_scores_nothing():
    assert score([(), ()]) == [0, 0]
    assert score([]) == []
