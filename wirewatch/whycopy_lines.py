"""What `whycopy` found, as lines for people.

They quote both texts, so whoever writes them to a terminal must clean them first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.copies.relate import MAX_CONFLICTS_PER_WORD
from wirewatch.whycopy import CONTEXT, cut, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wirewatch.whycopy_records import Told, ToldSide


def lines_for_people(told: Told) -> Iterator[str]:
    """The verdict first, then what it was made of."""
    yield from _heading("A", told.one)
    yield from _heading("B", told.other)
    yield ""
    yield f"{_verdict(told)}: {told.why}"
    if told.one.article is not None and told.other.article is not None:
        yield f"  {_stored(told)}"
    yield ""
    yield from (f"{name:<17}  {text}" for name, text in _rows(told))
    stretches = [f"“{_line(each.text)}” ({_count(each.words, 'word')})" for each in told.passages]
    yield from _block("shared stretches", [*stretches, *_and_more(told.passage_count - len(told.passages))])
    yield from _block("differing facts", _slots(told))
    for name, side in (("A", told.one), ("B", told.other)):
        lines = [f"{each.why}: {cut(_line(each.text), 2 * CONTEXT)}" for each in side.left_out]
        yield from _block(f"not compared of {name}", [*lines, *_and_more(side.left_out_lines - len(side.left_out))])


def _rows(told: Told) -> Iterator[tuple[str, str]]:
    """What was measured, each against its limit."""
    yield "share of A", f"{percent(told.share)} of {told.one.words:.0f} words stand in B"
    yield "share of B", f"{percent(told.other_share)} of {told.other.words:.0f} words stand in A"
    least = f"at least {percent(told.least_share)}"
    yield "compared", f"{percent(told.compared_share)}, by words, or by words and paragraphs; {least}"
    yield "common words", f"{told.common_words:.0f}; at least {told.least_words:.0f}"
    most = f"at most {told.most_conflicts:g}, which is {MAX_CONFLICTS_PER_WORD:g} for each common word"
    yield "differing facts", f"{_count(told.figures, 'figure')}, {_count(told.names, 'name')}; together {most}"
    shared = f"{_count(told.shared_hashes, 'hash', 'hashes')} shared, of {told.one.hashes} and {told.other.hashes}"
    yield "fingerprints", f"{shared}; at least {told.least_hashes}"
    yield "candidate", f"{'yes' if told.is_candidate else 'no'}: {told.why_candidate}"
    if told.apart_s is not None and told.window_s is not None:
        yield "time between", f"{_days(abs(told.apart_s))}; at most {_days(told.window_s)}"


def _slots(told: Told) -> Iterator[str]:
    """Two lines for each place; a place may hold a figure and a name."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in told.slots:
        kinds.setdefault((each.context, each.other_context), []).append(each.kind)
    for (context, other_context), found in kinds.items():
        yield f"A  {_line(context)}"
        yield f"B  {_line(other_context)}  ({' and '.join(found)})"


def _heading(letter: str, side: ToldSide) -> Iterator[str]:
    if side.article is None:
        yield f"{letter}  {side.name}: {cut(side.title) or 'no title'}"
    else:
        which = f"article {side.article}, version {side.version} of {side.versions}, {side.source}"
        yield f"{letter}  {which}: {cut(side.title)}"
    notes = [f"repaired from {side.repaired}"] if side.repaired else []
    notes += [f"credited to {side.credit}"] if side.credit else []
    if notes:
        yield f"   {', '.join(notes)}"


_ARTICLES = {"copy": "a copy", "excerpt": "an excerpt", "extended": "an extended version", "revision": "a revision"}


def _verdict(told: Told) -> str:
    if told.kind is None:
        return f"not a copy ({told.verdict})"
    if told.kind == "composite":
        # The one that joins two stories has more that is not in the other.
        joining, joined = "AB" if told.share <= told.other_share else "BA"
        return f"composite: {joining} joins two stories, {joined} is one of them"
    return f"A is {_ARTICLES[told.kind]} of B"


def _stored(told: Told) -> str:
    relation = f"stored is: {told.stored}" if told.stored else "no relation is stored"
    if told.one.story is None or told.other.story is None:
        return relation
    if told.one.story == told.other.story:
        return f"{relation}; both belong to story {told.one.story}"
    return f"{relation}; A belongs to story {told.one.story}, B to story {told.other.story}"


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield ""
        yield title
        yield from (f"  {line}" for line in listed)


def _and_more(number: int) -> list[str]:
    return [f"and {number} more"] if number > 0 else []


def _count(number: float, one: str, many: str = "") -> str:
    shown = f"{number:.0f}" if one == "word" else f"{number:g}"
    return f"{shown} {one if shown == '1' else many or f'{one}s'}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _days(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86_400)
    return f"{days} d {rest // 3600} h" if days else f"{rest // 3600} h {rest % 3600 // 60} min"
