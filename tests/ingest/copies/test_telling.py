"""The words that tell what a text is about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.telling import find_telling, read_sentences
from ingest.copies.wording import read_wording

TEXTS = st.text(alphabet=st.sampled_from("abcdeXYZ .。!,\n\n的東京ひカกข5"), max_size=600)


def test_small_words_tell_nothing_and_pairs_of_characters_do():
    assert list(find_telling(["the", "mayor", "of", "dresden", "said"])) == ["mayor", "dresden"]
    assert list(find_telling(["東", "京", "nato", "都", "庁"])) == ["東京", "nato", "都庁"]


@given(TEXTS)
def test_sentences_hold_every_word_once(text):
    wording = read_wording(text)
    sentences = read_sentences(wording)
    assert [word for sentence in sentences for word in sentence.words] == list(range(len(wording.words)))
    for words, telling in sentences:
        assert telling == set(find_telling(wording.words[words.start : words.stop]))
    assert read_sentences(wording) is sentences
