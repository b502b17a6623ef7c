"""Texts made comparable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.wording import (
    MAX_CHARS,
    MAX_KEPT_CHARS,
    MAX_TOKENS,
    SHINGLE_WORDS,
    hash_shingles,
    measure_words,
    read_wording,
)
from rules.text import tokenize

TEXTS = st.lists(
    st.sampled_from([*"abcdeXYZ .,。！\n\n的東京ひカกข5", "http://a.example/b", "x@a.example"]), max_size=300
).map("".join)
WORDS = st.lists(st.sampled_from(["nato", "und", "5", "東", "京", "の", "カ", "ก", "ข", "나토"]), max_size=60)


@given(WORDS)
def test_a_shingle_starts_at_every_word_behind_which_there_is_enough(words):
    measure = measure_words(words)
    shingles = hash_shingles(words, measure)
    assert all(measure[-1] - measure[start] >= SHINGLE_WORDS for start in range(len(shingles)))
    assert measure[-1] - measure[len(shingles)] < SHINGLE_WORDS


@given(WORDS, WORDS)
def test_shingles_do_not_depend_on_what_is_around(before, words):
    """So the same sentence has the same shingles in every text, of whatever scripts."""
    alone = hash_shingles(words, measure_words(words))
    together = hash_shingles([*before, *words], measure_words([*before, *words]))
    assert together[len(before) : len(before) + len(alone)] == alone


@given(WORDS)
def test_different_runs_have_different_hashes(words):
    measure = measure_words(words)
    runs = {}
    for start, shingle in enumerate(hash_shingles(words, measure)):
        end = next(end for end in range(start, len(words) + 1) if measure[end] - measure[start] >= SHINGLE_WORDS)
        assert runs.setdefault(shingle, words[start:end]) == words[start:end]


@given(TEXTS)
def test_words_lead_back_to_the_text(text):
    wording = read_wording(text)
    behind = 0
    for word in range(len(wording.words)):
        start, end = wording.offsets(word, word + 1)
        assert behind <= start < end
        behind = end
        assert tokenize(text[start:end]).exact == wording.exact(word, word + 1)
        assert tokenize(text[start:end]).folded == (wording.words[word],)
    assert wording.exact(0, len(wording.words)) == tuple(
        form for word in range(len(wording.words)) for form in wording.exact(word, word + 1)
    )


def test_long_texts_are_read_alike_though_not_kept(write_prose):
    paragraph = write_prose(1, 1)[0]
    text = "\n".join([paragraph] * (1 + MAX_KEPT_CHARS // len(paragraph)))
    assert len(text) > MAX_KEPT_CHARS
    assert read_wording(text).words == read_wording(text).words
    assert read_wording(paragraph) is read_wording(paragraph)


def test_what_comes_after_the_bounds_is_in_no_paragraph():
    sentence = "It was a long day and nobody came home before the rain had stopped at last."
    for text in (" ".join([sentence] * (MAX_TOKENS // 10)), "\n".join([sentence + " x" * 40] * (MAX_CHARS // 100))):
        wording = read_wording(text)
        assert len(wording.words) <= MAX_TOKENS < len(tokenize(text))
        assert wording.paragraphs[-1].end == wording.offsets(len(wording.words) - 1, len(wording.words))[1] + (
            text[wording.paragraphs[-1].end - 1] == "."
        )
        assert [word for each in wording.sentences() for word in each.words] == list(range(len(wording.words)))
    few = "\n".join([" ".join(["Donaudampfschifffahrtsgesellschaft"] * 3) + "."] * (MAX_CHARS // 60))
    assert read_wording(few).paragraphs[-1].end <= MAX_CHARS < len(few)


@given(TEXTS)
def test_sentences_hold_every_word_once(text):
    wording = read_wording(text)
    sentences = list(wording.sentences())
    assert [word for each in sentences for word in each.words] == list(range(len(wording.words)))
    behind = 0
    for each in sentences:
        paragraph = wording.paragraphs[each.paragraph]
        assert max(behind, paragraph.start) <= each.start < each.end <= paragraph.end
        behind = each.end
        assert each.start <= wording.offsets(each.words.start, each.words.stop)[0]
        assert wording.offsets(each.words.start, each.words.stop)[1] <= each.end
