"""The words that tell what a text is about, sentence by sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.copies.wording import FIRST_SPACELESS, Sentence
from rules.common_words import COMMON_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.copies.wording import Wording

#: Words shorter than this are mostly small words, in any language with spaces.
TELLING_LETTERS = 4


def find_telling(words: Iterable[str]) -> Iterator[str]:
    """Those of *words*, folded, that tell what a text is about; in scripts without spaces, pairs of characters.

    >>> list(find_telling(["the", "mayor", "of", "東", "京", "都"]))
    ['mayor', '東京', '京都']
    """
    last = ""
    for word in words:
        if len(word) >= TELLING_LETTERS:
            if word not in COMMON_WORDS:
                yield word
        elif len(word) == 1 and word >= FIRST_SPACELESS:
            if last:
                yield last + word
            last = word
            continue
        last = ""


def read_sentences(wording: Wording) -> tuple[Sentence, ...]:
    """All sentences of a wording with what they tell; they are kept with it."""
    if wording.told is None:
        wording.told = tuple(_read(wording))
    return wording.told


def _read(wording: Wording) -> Iterator[Sentence]:
    for sentence in wording.sentences():
        words = sentence.words
        yield Sentence(words, frozenset(find_telling(wording.words[words.start : words.stop])))
