"""Texts made comparable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.wording import MAX_KEPT_CHARS, SHINGLE_WORDS, make_shingles, measure_words, read_wording

TEXTS = st.text(alphabet=st.sampled_from("abcdeXYZ .,\n\n的東京ひカกข5"), max_size=400)
WORDS = st.lists(st.sampled_from(["nato", "und", "5", "東", "京", "の", "カ", "ก", "ข", "나토"]), max_size=60)


@given(WORDS)
def test_a_shingle_is_as_short_as_it_can_be(words):
    measure = measure_words(words)
    shingles = make_shingles(words, measure)
    for start, shingle in enumerate(shingles):
        end = start + len(shingle)
        assert tuple(words[start:end]) == shingle
        assert measure[end] - measure[start] >= SHINGLE_WORDS > measure[end - 1] - measure[start]
    rest = len(shingles)
    assert measure[-1] - measure[rest] < SHINGLE_WORDS


@given(WORDS, WORDS)
def test_shingles_do_not_depend_on_what_is_around(before, words):
    """So the same sentence has the same shingles in every text."""
    alone = make_shingles(words, measure_words(words))
    together = make_shingles([*before, *words], measure_words([*before, *words]))
    assert together[len(before) : len(before) + len(alone)] == alone


@given(TEXTS)
def test_words_lead_back_to_the_text(text):
    wording = read_wording(text)
    assert list(wording.places) == sorted(set(wording.places))
    for word in range(len(wording.words)):
        start, end = wording.offsets(word, word + 1)
        assert wording.exact(word, word + 1)[0] == wording.tokens.exact[wording.places[word]]
        assert text[start:end].strip()


def test_long_texts_are_read_alike_though_not_kept(write_prose):
    paragraph = write_prose(1, 1)[0]
    text = "\n".join([paragraph] * (1 + MAX_KEPT_CHARS // len(paragraph)))
    assert len(text) > MAX_KEPT_CHARS
    assert read_wording(text) == read_wording(text)
    assert read_wording(paragraph) is read_wording(paragraph)
