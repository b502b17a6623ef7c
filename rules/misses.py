"""Why something was not found in an article, and what was nearly found: one plain sentence for people.

What was nearly found is looked for by asking the engine the question in another form: without `=`, as the start of
a longer word, in another field, further apart. What the sentences quote from the article is as it stands there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from rules.evidence import TEXT_FIELDS
from rules.plural import singular
from rules.render import render
from rules.text import is_opaque
from rules.tree import Field, Near, Regex, Wildcard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.evidence import Evidence
    from rules.plans import Span
    from rules.tree import Tree, Words

#: Longest expression and longest stretch of the article that a sentence quotes, in characters.
_MOST_NAMED = 60
_MOST_QUOTED = 90

#: Words or operands that a sentence names.
_MOST_LISTED = 5

#: Unordered operands beyond this many are not looked for apart: the work grows with 2 to their power.
_MOST_UNORDERED = 8

#: A word within longer ones is looked for from this many letters on, as wildcards are.
_LEAST_INNER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Where operands, or the words of a phrase, come nearest to each other."""

    #: words between the end of the first and the start of the last
    gap: int
    #: from the first to the last word
    span: Span


class Miss(NamedTuple):
    """Why something does not hold."""

    why: str
    nearest: Nearest | None = None
    #: the sentence tells of something like it that was found
    is_close: bool = False


# --- words ------------------------------------------------------------------------------------------


def why_no_words(words: Words, fields: tuple[str, ...], evidence: Evidence) -> Miss:
    """Why *words* are not found in *fields*."""
    document = evidence.document
    if fields == ("source",):
        return Miss(f"the article is from {document.source}" if document.source else "the article's host is not known")
    if fields == ("lang",):
        known = f"the article's language is {document.lang}"
        return Miss(known if document.lang else "the article's language is not known")
    if not evidence.length(fields):
        return Miss(f"the article has no {_names(fields)}")
    hint = next(_hints(words, fields, evidence), "") if leaves_trace(words, evidence) else ""
    tokens = words.tokens_in(fields)
    if hint or len(tokens) < 2:
        return Miss(f"{name(words)} occurs nowhere in {_names(fields)}{hint}", is_close=bool(hint))
    return _why_no_phrase(words, fields, evidence)


def why_no_wildcard(word: Wildcard, fields: tuple[str, ...], evidence: Evidence) -> Miss:
    """Why no word of *fields* is like *word*."""
    hint = next(_elsewhere(word, fields, evidence), "")
    return Miss(f"{name(word)} occurs nowhere in {_names(fields)}{hint}", is_close=bool(hint))


def why_no_regex(regex: Regex, fields: tuple[str, ...], evidence: Evidence) -> Miss:
    """Why *regex* matches nothing in *fields*."""
    hint = ""
    if not regex.ignores_case:
        found = evidence.spans(replace(regex, ignores_case=True), fields)
        hint = f"; with an i behind it, it would find {_quote(found[0], evidence)}" if found else ""
    return Miss(f"{name(regex)} matches nothing in {_names(fields)}{hint}", is_close=bool(hint))


def leaves_trace(words: Words, evidence: Evidence) -> bool:
    """Do the letters of all of *words* occur, but for a plural ending? Else nothing like them can be found."""
    *first, last = words.tokens.folded or ("",)
    return all(map(evidence.has_trace, [*first, singular(last).removesuffix("y")]))


def _hints(words: Words, fields: tuple[str, ...], evidence: Evidence) -> Iterator[str]:
    """What would be found instead, the nearest first."""
    loose = replace(words, is_exact=False)
    if words.is_exact and (found := evidence.spans(loose, fields)):
        yield f", but {_quote(found[0], evidence)} does; = asks for it just as written"
    is_plain = not (words.is_prefix or words.is_plural)
    others: list[tuple[Tree, str]] = []
    if is_plain and not words.is_exact and " " not in words.text:
        others.append((replace(words, is_plural=True), "in singular and plural"))
    if is_plain:
        others.append((replace(words, is_prefix=True), "with any ending"))
    if len(words.tokens) == 1 and words.text.isalnum() and len(words.text) >= _LEAST_INNER and not words.is_plural:
        others.append((Wildcard(text=f"*{words.text}*", is_exact=words.is_exact), "within longer words"))
    for other, how in others:
        if found := evidence.spans(other, fields):
            yield f", but {_quote(found[0], evidence)} does; {name(other)} finds it {how}"
    yield from _elsewhere(words, fields, evidence)
    yield from _in_addresses(words, fields, evidence)


def _elsewhere(tree: Words | Wildcard, fields: tuple[str, ...], evidence: Evidence) -> Iterator[str]:
    for field in TEXT_FIELDS:
        if field not in fields and (found := evidence.spans(tree, (field,))):
            label = name(Field(name=field, child=tree))
            yield f", but {_quote(found[0], evidence)} does, which is not looked at; {label} finds it"


def _in_addresses(words: Words, fields: tuple[str, ...], evidence: Evidence) -> Iterator[str]:
    wanted = " ".join(words.tokens.folded)
    for token, span in evidence.tokens(fields):
        if is_opaque(token) and wanted in token:
            yield f"; the address {_quote(span, evidence)} holds it, and no word reaches into an address"


def tell_found(
    atom: Words | Wildcard | Regex, fields: tuple[str, ...], spans: Sequence[Span], evidence: Evidence
) -> str:
    """How often and where *atom*, which holds, was found at *spans*."""
    if fields == ("source",):
        return f"the article is from {evidence.document.source}"
    if fields == ("lang",):
        return f"the article's language is {evidence.document.lang}"
    verb = "matches" if isinstance(atom, Regex) else "occurs"
    # A regex can match the empty text.
    return f"{name(atom)} {verb} {places(spans) if spans else 'nothing'}"


# --- phrases ----------------------------------------------------------------------------------------


def _why_no_phrase(words: Words, fields: tuple[str, ...], evidence: Evidence) -> Miss:
    parts = _words_of(words, fields)
    missing = [part for part in dict.fromkeys(parts) if not evidence.holds(part, fields)]
    if missing:
        which = "none of its words" if len(missing) == len(set(parts)) else _none_of(missing)
        return Miss(f"{which} occurs in {_names(fields)}")
    adjacent = len(parts) - 2
    near = Near(children=parts, gap=adjacent, is_ordered=True)
    nearest = find_nearest(near, fields, evidence)
    if nearest is not None:
        between = nearest.gap - adjacent
        return Miss(
            f"its words occur, but not adjacent; at the nearest, {count(between, 'other word')} "
            f"{'stands' if between == 1 else 'stand'} between them: {_quote(nearest.span, evidence)}",
            nearest,
        )
    if len(parts) <= _MOST_UNORDERED:
        nearest = find_nearest(replace(near, is_ordered=False, gap=-1), fields, evidence)
    if nearest is not None:
        return Miss(f"its words occur, but not in this order: {_quote(nearest.span, evidence)}", nearest)
    return Miss(f"its words occur, but never all of them in order in {_one_of(fields)}")


def _words_of(words: Words, fields: tuple[str, ...]) -> tuple[Words, ...]:
    """Each word of a phrase by itself."""
    tokens = words.tokens_in(fields)
    parts = [
        replace(words, text=words.text[start:end], is_prefix=False, is_plural=False)
        for start, end in zip(tokens.starts, tokens.ends, strict=True)
    ]
    parts[-1] = replace(parts[-1], is_prefix=words.is_prefix, is_plural=words.is_plural)
    return tuple(parts)


# --- NEAR and BEFORE --------------------------------------------------------------------------------


def why_not_near(near: Near, fields: tuple[str, ...], evidence: Evidence) -> Miss:
    """Why the operands of *near* are not near each other, or not in order."""
    missing = [child for child in near.children if not evidence.holds(child, fields)]
    if missing:
        return Miss(f"{_list(missing, 'and')} {'does' if len(missing) == 1 else 'do'} not occur in {_names(fields)}")
    nearest = find_nearest(near, fields, evidence)
    told = f"the nearest have {count(nearest.gap, 'word')} between them, {near.gap} allowed" if nearest else ""
    if near.is_ordered:
        turned = _closest_unordered(near, fields, evidence)
        if turned is not None and (nearest is None or turned.gap <= near.gap):
            order = f"in another order, {count(turned.gap, 'word')} between: {_quote(turned.span, evidence)}"
            rest = f"; in this order {told}" if told else ""
            return Miss(f"they occur {order}{rest}", nearest or turned)
    if nearest is not None:
        return Miss(f"{told}: {_quote(nearest.span, evidence)}", nearest)
    return Miss(_why_at_no_distance(near, fields, evidence))


def _why_at_no_distance(near: Near, fields: tuple[str, ...], evidence: Evidence) -> str:
    """Why the operands, which all occur, would not do even if they were allowed to be further apart."""
    if not evidence.shares_stream(near.children, fields):
        where = _places(near.children, fields, evidence)
        return f"all of them occur, but never in {_one_of(fields)}: {where}"
    if len(near.children) > _MOST_UNORDERED:
        return f"they do not occur in this order in {_one_of(fields)}"
    if len(set(near.children)) < len(near.children):
        return f"the same is asked for several times, and occurs too rarely in {_one_of(fields)}"
    return "they occur only where one is part of another, and operands must not overlap"


def tell_nearest(near: Near, fields: tuple[str, ...], evidence: Evidence) -> str:
    """Where the operands of *near*, which holds, come nearest to each other."""
    nearest = _nearest_within(near, -1, near.gap, fields, evidence)
    return f"{count(nearest.gap, 'word')} between, {near.gap} allowed: {_quote(nearest.span, evidence)}"


def find_nearest(near: Near, fields: tuple[str, ...], evidence: Evidence) -> Nearest | None:
    """Where the operands of *near*, which does not hold, come nearest to each other; None where nothing is allowed.

    By bisection: what holds within n words also holds within more.
    """
    widest = evidence.length(fields)
    fails = near.gap
    while fails < widest:
        wider = min(max(2 * fails, fails + 1), widest)
        if evidence.holds(replace(near, gap=wider), fields):
            return _nearest_within(near, fails, wider, fields, evidence)
        fails = wider
    return None


def _nearest_within(near: Near, fails: int, holds: int, fields: tuple[str, ...], evidence: Evidence) -> Nearest:
    while holds - fails > 1:
        middle = (fails + holds) // 2
        if evidence.holds(replace(near, gap=middle), fields):
            holds = middle
        else:
            fails = middle
    span = evidence.stretches(replace(near, gap=holds), fields)[0]
    return Nearest(gap=holds, span=span)


def _closest_unordered(near: Near, fields: tuple[str, ...], evidence: Evidence) -> Nearest | None:
    if len(near.children) > _MOST_UNORDERED:
        return None
    return find_nearest(replace(near, is_ordered=False, gap=-1), fields, evidence)


def _places(children: Sequence[Tree], fields: tuple[str, ...], evidence: Evidence) -> str:
    told = []
    for child in children:
        found = dict.fromkeys(span.field for span in evidence.stretches(child, fields))
        told.append(f"{name(child)} in {' and '.join(found)}")
    return ", ".join(told)


# --- words of the sentences -------------------------------------------------------------------------


def name(tree: Tree) -> str:
    """Return *tree* as written, cut where it is long."""
    return cut(render(tree))


def cut(text: str, most: int = _MOST_NAMED) -> str:
    """Return *text* without its middle where it is long."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def places(spans: Sequence[Span]) -> str:
    """How often something occurs, and where first: once (title 12), 3 times (first: body 88)."""
    first = f"{spans[0].field} {spans[0].start}"
    return f"once ({first})" if len(spans) == 1 else f"{len(spans)} times (first: {first})"


def _quote(span: Span, evidence: Evidence) -> str:
    text = " ".join(evidence.text(span).split())
    return f"“{cut(text, _MOST_QUOTED)}” ({span.field} {span.start})"


def _names(fields: tuple[str, ...]) -> str:
    return " or ".join(fields)


def _one_of(fields: tuple[str, ...]) -> str:
    return "one section name" if fields == ("section",) else "the same field" if len(fields) > 1 else f"the {fields[0]}"


def _list(trees: Sequence[Tree], joint: str) -> str:
    named = [name(tree) for tree in trees[:_MOST_LISTED]]
    if len(trees) > _MOST_LISTED:
        named.append(f"{len(trees) - _MOST_LISTED} others")
    return f" {joint} ".join(named)


def _none_of(trees: Sequence[Tree]) -> str:
    """What comes before "occurs" where none of some words of a phrase does."""
    if len(trees) == 1:
        return f"its {name(trees[0])} never"
    if len(trees) == 2:
        return f"neither {name(trees[0])} nor {name(trees[1])}"
    named = [name(tree) for tree in trees[:_MOST_LISTED]]
    last = f"{len(trees) - _MOST_LISTED} more" if len(trees) > _MOST_LISTED else named.pop()
    return f"none of {', '.join(named)} and {last}"


def count(number: int, what: str) -> str:
    """Say how many."""
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"
