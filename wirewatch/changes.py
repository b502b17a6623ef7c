"""What copies cut and added, and what new versions changed: computed from stored texts, and as people read it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TextIO

from ingest.copies.difference import Op, compare
from storage.lists.story_records import CarriedRecord
from storage.records import ShownArticle
from wirewatch.errors import WirewatchError
from wirewatch.output import clean_line
from wirewatch.story_fields import tell_lag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from ingest.copies.difference import Change, Replaced
    from storage.listings import Listings
    from storage.lists.story_records import ShownStory

#: Characters of a sentence that people see; JSON has all of it.
MAX_SHOWN = 2_000
#: Replaced words of a sentence that people see beside it, and characters of each.
MAX_REPLACED = 6
MAX_REPLACED_CHARS = 60

#: A line in pieces, each with its style.
Line = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedDiff(CarriedRecord):
    """An article that carries a story, and what it cut and added against the first copy."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDiff(ShownArticle):
    """An article in one version, and what that changed against the one before."""

    #: number of the version before
    changed_from: int
    changes: tuple[Change, ...]


def diff_story(listings: Listings, story: ShownStory) -> ShownStory:
    """Return *story* with each of its articles compared with the first copy."""
    first = story.first.article
    by_id = {each.article: each for each in story.articles}
    texts = listings.article_texts(dict.fromkeys((first, *by_id)))
    _, first_text = next(texts)
    # A story has many articles and few texts.
    known: dict[str, tuple[Change, ...]] = {first_text: compare(first_text, first_text)}
    found = [_with_changes(by_id[first], known[first_text])]
    for ident, text in texts:
        if text not in known:
            known[text] = compare(first_text, text)
        found.append(_with_changes(by_id[ident], known[text]))
    return replace(story, articles=tuple(found))


def pruned_since(article: ShownArticle) -> datetime | None:
    """When the text of the version that is shown was dropped; None: it was not."""
    return next((each.pruned for each in article.versions if each.n == article.version), None)


def tell_pruned(article: ShownArticle, when: datetime) -> str:
    """Say of the version that is shown that there is no text of it any more."""
    return f"version {article.version} of article {article.id}: its text was forgotten on {when:%Y-%m-%d} (db prune)"


def _with_changes(article: CarriedRecord, changes: tuple[Change, ...]) -> CarriedDiff:
    return CarriedDiff(**_values(article), changes=changes)


def _values(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def diff_version(listings: Listings, article_id: int, n: int | None) -> ArticleDiff:
    """Return the newest version of an article, or version *n*, compared with the one before.

    Raises LookupError for what does not exist, and WirewatchError when there is no version before.
    """
    article = listings.article(article_id, n)
    numbers = [version.n for version in article.versions]
    # The newest need not be the current one: a page can go back to what it said before.
    newest = numbers[-1] if n is None else n
    if newest == numbers[0]:
        only = f"article {article_id} has one version only" if len(numbers) == 1 else f"version {newest} is the first"
        raise WirewatchError(f"{only}: there is none before it to compare with")
    if article.version != newest:
        article = listings.article(article_id, newest)
    before = listings.article(article_id, numbers[numbers.index(newest) - 1])
    for each in (before, article):
        if (gone := pruned_since(each)) is not None:
            raise WirewatchError(f"{tell_pruned(each, gone)}: there is nothing to compare")
    return ArticleDiff(**_values(article), changed_from=before.version, changes=compare(before.text, article.text))


# --- as people read it ------------------------------------------------------------------------------


def tell_story_changes(story: ShownStory, lead: int | None) -> Iterator[Line]:
    """Yield lines that tell what each article of `diff_story` changed, each article after an empty line."""
    first, *others = story.articles
    for each in others:
        if isinstance(each, CarriedDiff):
            yield []
            told = [f"compared with article {first.article}", *_tell_kind(each, lead)]
            yield [(f"article {each.article}, {each.source}, {tell_lag(each.lag_s)}: {', '.join(told)}", "bold")]
            yield from tell_changes(each.changes)


def _tell_kind(article: CarriedRecord, lead: int | None) -> Iterator[str]:
    """What an article is, and of which one: that need not be the one that it is compared with here."""
    if article.article == lead:
        yield "the lead"
    elif article.kind:
        kind = "extended version" if article.kind == "extended" else article.kind
        other = f"the lead {lead}" if article.relative_to == lead else f"article {article.relative_to}"
        yield f"{kind} of {other}"


def tell_version_changes(article: ArticleDiff) -> Iterator[Line]:
    """Yield lines that tell what a version changed against the one before."""
    before, after = (
        next(version for version in article.versions if version.n == n) for n in (article.changed_from, article.version)
    )
    yield [
        (f"article {article.id}, {article.source}: version {before.n} → {after.n} of {len(article.versions)}", "bold")
    ]
    if before.title != after.title:
        yield [("- title: " + before.title, "red")]
        yield [("+ title: " + after.title, "green")]
    yield from tell_changes(article.changes)


def tell_changes(changes: Sequence[Change]) -> Iterator[Line]:
    """Yield lines with `-` for what was cut and `+` for what was added; what stayed is counted."""
    same = 0
    for change in changes:
        if change.op is Op.SAME:
            same += 1
            continue
        yield from _tell_same(same)
        same = 0
        if change.text:
            marks = [(each.start - change.start, each.end - change.start) for each in change.replaced]
            yield [("- ", "red"), *_pieces(change.text, marks, "red")]
        if change.other_text:
            start = change.other_start
            marks = [(each.other_start - start, each.other_end - start) for each in change.replaced]
            yield [("+ ", "green"), *_pieces(change.other_text, marks, "green")]
        if change.replaced:
            yield [("    " + _tell_replaced(change.replaced), "")]
    yield from _tell_same(same)


def _tell_same(sentences: int) -> Iterator[Line]:
    if sentences:
        yield [(f"  … {sentences} {'sentence' if sentences == 1 else 'sentences'} the same", "dim")]


def _pieces(text: str, marks: Iterable[tuple[int, int]], style: str) -> Line:
    """Cut *text* so that what is marked has a style of its own."""
    shown = text[:MAX_SHOWN]
    pieces: Line = []
    last = 0
    for start, end in marks:
        pieces += [(shown[last:start], style), (shown[start:end], f"bold underline {style}")]
        last = end
    pieces.append((shown[last:], style))
    if len(text) > MAX_SHOWN:
        pieces.append((f"… {len(text) - MAX_SHOWN:,} more characters", "dim"))
    return [piece for piece in pieces if piece[0]]


def _tell_replaced(replaced: Sequence[Replaced]) -> str:
    told = [
        f"{_short(each.text)} → {_short(each.other_text)}" + ("" if each.kind == "words" else f" ({each.kind.value})")
        for each in replaced[:MAX_REPLACED]
    ]
    return ", ".join([*told, *(["…"] if len(replaced) > MAX_REPLACED else [])])


def _short(text: str) -> str:
    return text if len(text) <= MAX_REPLACED_CHARS else f"{text[:MAX_REPLACED_CHARS]}…"


def emit_pieces(lines: Iterable[Sequence[tuple[str, str]]], *, out: TextIO | None = None) -> None:
    """Write lines for people, each of pieces with their styles, such as "red"; only a terminal gets the styles."""
    out = out or sys.stdout
    if not out.isatty():
        out.write("".join(f"{''.join(clean_line(text) for text, _ in line)}\n" for line in lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, markup=False, highlight=False, emoji=False)
    # written by ourselves, because rich ends the process when the reader has gone
    with console.capture() as drawn:
        for line in lines:
            console.print(Text.assemble(*((clean_line(text), style) for text, style in line)), soft_wrap=True)
    out.write(drawn.get())
