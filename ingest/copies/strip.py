"""A wording without what its site repeats on page after page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ingest.copies.fingerprint import sample
from ingest.copies.hashes import shorten
from ingest.copies.wording import Paragraph, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.copies.wording import SentenceSpan


class _Sentence(NamedTuple):
    span: SentenceSpan
    #: None: none of its shingles is in the sample, so it goes with its neighbours
    is_furniture: bool | None


def strip_furniture(wording: Wording, furniture: frozenset[int]) -> Wording:
    """Leave out the sentences whose sampled shingles are, half of them or more, among *furniture*.

    These are shortened, as in `Fingerprint.hashes`. Returns the wording itself when nothing is left out.
    """
    if not furniture:
        return wording
    sampled = sample(wording)
    known = furniture.intersection(sampled)
    if not known:
        return wording
    stripped = wording.stripped
    if stripped is None or stripped[0] != known:
        sentences = list(_sentences(wording, frozenset(sampled), known))
        kept = [each.span for each, is_dropped in zip(sentences, _dropped(sentences), strict=True) if not is_dropped]
        stripped = wording.stripped = known, Wording(wording.text, _join(wording, kept))
    return stripped[1]


def _sentences(wording: Wording, sampled: frozenset[int], furniture: frozenset[int]) -> Iterator[_Sentence]:
    for span in wording.sentences():
        marks = [each for each in map(shorten, wording.shingles[span.words.start : span.words.stop]) if each in sampled]
        is_furniture = 2 * sum(mark in furniture for mark in marks) >= len(marks) if marks else None
        yield _Sentence(span, is_furniture)


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


def _join(wording: Wording, kept: Sequence[SentenceSpan]) -> Iterator[tuple[Paragraph, Sequence[str]]]:
    """Sentences of one paragraph make one again where they stand together."""
    runs: list[list[SentenceSpan]] = []
    for span in kept:
        if runs and runs[-1][-1].paragraph == span.paragraph and runs[-1][-1].end == span.start:
            runs[-1].append(span)
        else:
            runs.append([span])
    for run in runs:
        first, last = run[0], run[-1]
        yield Paragraph(first.start, last.end, 0), wording.words[first.words.start : last.words.stop]
