"""Every text falls into sentences, in every script, and none of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.sentences import split_paragraphs, split_sentences

WORDS = ("Five", "people", "died", "in", "Odesa", "7", "Mr", "U.S.", "officials", "said", "五人", "死亡", "ข่าว", "***")
ENDS = (". ", "! ", ".\n", "\n", "\n\n", " ", "。", "…” ", ".) ", "\u2028")
sentences = st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=6), st.sampled_from(ENDS)), max_size=8).map(
    lambda parts: "".join(" ".join(words) + end for words, end in parts)
)
texts = sentences | st.text(max_size=60)


def without_space(text):
    return "".join(text.split())


@pytest.mark.parametrize("split", [split_sentences, split_paragraphs])
@given(text=texts)
def test_every_character_but_white_space_belongs_to_one_piece(split, text):
    spans = split(text)
    assert "".join(without_space(text[start:end]) for start, end in spans) == without_space(text)
    assert all(start < end and text[start:end].strip() == text[start:end] for start, end in spans)
    assert list(spans) == sorted(spans)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("五人死亡。两人受伤！他说：“好。”完", 4),
        ("पाँच लोग मारे गए। दो घायल हुए।", 2),
        ("รัฐมนตรีกล่าว ว่าจะมีการประชุม\nในวันจันทร์", 3),
        ("He met Gen. A. B. Smith at 5 p.m. in the U.S. capital. Then he left.", 2),
        ("“Is it so?” she asked. It cost 2.3 billion.", 2),
        ("It ended in 2014. 12 people came.", 2),
        ("", 0),
        (" \n\t\n ", 0),
        ("***\n***", 2),
    ],
)
def test_sentences_of_many_scripts(text, count):
    assert len(split_sentences(text)) == count
