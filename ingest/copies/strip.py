"""A wording without what its site repeats on page after page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ingest.copies.fingerprint import sample
from ingest.copies.wording import Paragraph, Wording
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class _Sentence(NamedTuple):
    paragraph: int
    start: int
    end: int
    words: tuple[str, ...]
    #: None: none of its shingles is in the sample, so it goes with its neighbours
    is_furniture: bool | None


def strip_furniture(wording: Wording, furniture: frozenset[int]) -> Wording:
    """Leave out the sentences whose sampled shingles are, half of them or more, among *furniture*.

    These are signed, as in `Fingerprint.hashes`. Returns the wording itself when nothing is left out.
    """
    sampled = sample(wording)
    known = furniture.intersection(sampled)
    if not known:
        return wording
    if wording.stripped is None or wording.stripped[0] != known:
        sentences = list(_sentences(wording, frozenset(sampled), known))
        kept = [each for each, is_dropped in zip(sentences, _dropped(sentences), strict=True) if not is_dropped]
        wording.stripped = known, Wording(wording.text, _join(kept))
    return wording.stripped[1]


def _sentences(wording: Wording, sampled: frozenset[int], furniture: frozenset[int]) -> Iterator[_Sentence]:
    word = n = 0
    for start, end in wording.sentences():
        words = tokenize(wording.text[start:end]).folded[: len(wording.words) - word]
        if not words:
            continue
        while end > wording.paragraphs[n].end:
            n += 1
        marks = [each for each in wording.signed_shingles(word, word + len(words)) if each in sampled]
        word += len(words)
        is_furniture = 2 * sum(mark in furniture for mark in marks) >= len(marks) if marks else None
        yield _Sentence(n, start, end, words, is_furniture)


def _dropped(sentences: Sequence[_Sentence]) -> list[bool]:
    """What says nothing of itself is dropped between furniture on both sides, or an end of the text on one."""
    before: list[bool | None] = []
    last: bool | None = None
    for sentence in sentences:
        last = last if sentence.is_furniture is None else sentence.is_furniture
        before.append(last)
    dropped: list[bool] = []
    last = None
    for sentence, left in zip(reversed(sentences), reversed(before), strict=True):
        last = last if sentence.is_furniture is None else sentence.is_furniture
        dropped.append(left is not False and last is not False)
    return dropped[::-1]


def _join(kept: Sequence[_Sentence]) -> Iterator[tuple[Paragraph, Sequence[str]]]:
    """Sentences of one paragraph make one again where they stand together."""
    numbered = enumerate(kept)
    for _, run in groupby(numbered, key=lambda each: (each[1].paragraph, _start_of_run(kept, each[0]))):
        together = [sentence for _, sentence in run]
        words = [word for sentence in together for word in sentence.words]
        yield Paragraph(together[0].start, together[-1].end, 0), words


def _start_of_run(kept: Sequence[_Sentence], n: int) -> int:
    while n and kept[n - 1].end == kept[n].start:
        n -= 1
    return kept[n].start
