"""Why topics match a stored article or do not: as records for programs, and as lines for people.

The lines quote the article, so whoever writes them to a terminal must clean them first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.explain import explain_topic
from rules.misses import cut
from storage.matches import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rules.explain import Explained, ExplainedLine, TopicExplanation
    from rules.plans import Span
    from rules.topic import Topic
    from storage.documents import StoredVersion

#: hits of one word that are shown, and characters shown on either side of a hit
MOST_HITS = 3
CONTEXT = 32

#: the longest expression, hit and line that are shown in one piece
MOST_EXPRESSION = 100
MOST_HIT = 120
MOST_LINE = 110

#: so much of the article's title is shown
MOST_TITLE = 200

#: nodes of which the children say all
_SILENT = {"and", "or", "field"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A topic with its explanation."""

    topic: Topic
    explanation: TopicExplanation
    #: the version of the topic that the stored match is of; None where none is stored
    stored_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The signs that lines for people are drawn with."""

    yes: str = "✓"
    no: str = "✗"
    #: before what decides
    decides: str = "→"
    #: other signs that we write, and what stands for them
    plain: Mapping[int, str] | None = None

    @staticmethod
    def of(encoding: str | None) -> Signs:
        """Those that a terminal of this *encoding* can show."""
        try:
            "✓✗→…“”".encode(encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            plain = str.maketrans({"…": "...", "“": '"', "”": '"'})
            return Signs(yes="yes", no="no ", decides=">", plain=plain)
        return Signs()

    def mark(self, *, holds: bool) -> str:
        """A tick or a cross."""
        return self.yes if holds else self.no


def explain(topics: Iterable[Topic], version: StoredVersion) -> tuple[Told, ...]:
    """Explain how *topics* come out on *version*; those that match come first, each group by name."""
    stored = {match.topic: match.topic_version for match in version.matches}
    told = [
        Told(
            topic=topic,
            explanation=explain_topic(topic, version.document),
            stored_version=stored.get(topic.name),
        )
        for topic in topics
    ]
    return tuple(sorted(told, key=lambda each: (not each.explanation.matches, each.topic.name)))


# --- for programs -----------------------------------------------------------------------------------


def record(told: Told, version: StoredVersion) -> dict[str, object]:
    """The fields of `explain_fields.EXPLANATION`."""
    found = told.explanation
    texts = fields_of(version.document)
    return {
        "article": version.article,
        "article_version": version.n,
        "topic": found.topic,
        "topic_version": found.version,
        "stored_version": told.stored_version,
        "matches": found.matches,
        "is_stopped_by_lang": found.is_stopped_by_lang,
        "why": found.why,
        "rules": found.rules,
        "spans": [_span(span, texts) for span in found.spans],
        "lines": [_line_record(line, texts) for line in found.lines],
    }


def _line_record(line: ExplainedLine, texts: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": line.id,
        "kind": line.kind,
        "line": line.line,
        "expression": line.expression,
        "holds": line.holds,
        "is_deciding": line.is_deciding,
        "why": line.why,
        "tree": _node_record(line.tree, texts),
    }


def _node_record(node: Explained, texts: Mapping[str, str]) -> dict[str, object]:
    nearest = node.nearest and {"gap": node.nearest.gap, **_span(node.nearest.span, texts)}
    return {
        "kind": node.kind,
        "expression": node.expression,
        "holds": node.holds,
        "why": node.why,
        "is_deciding": node.is_deciding,
        "spans": [_span(span, texts) for span in node.spans],
        "nearest": nearest,
        "is_close": node.is_close,
        "weight": node.weight,
        "children": [_node_record(child, texts) for child in node.children],
        "left_out": node.left_out,
    }


def _span(span: Span, texts: Mapping[str, str]) -> dict[str, object]:
    text = texts[span.field][span.start : span.end]
    return {"field": span.field, "start": span.start, "end": span.end, "text": text}


# --- for people -------------------------------------------------------------------------------------


def heading(version: StoredVersion) -> str:
    """Which text it is about."""
    current = "" if version.is_current else ", not the current one"
    title = _cut(version.document.title, MOST_TITLE)
    return f"article {version.article}, version {version.n} of {version.versions}{current}: {title}"


def short_lines(told: Sequence[Told], signs: Signs) -> Iterator[str]:
    """A line or two for each topic."""
    width = max((len(each.topic.name) for each in told), default=0)
    for each in told:
        found = each.explanation
        lines = [_cut(found.why, 2 * MOST_LINE), *_against_stored(each)]
        yield f"{signs.mark(holds=found.matches)} {found.topic:<{width}}  {'; '.join(lines)}"


def full_lines(told: Told, version: StoredVersion, signs: Signs) -> Iterator[str]:
    """All of a topic: each line with its parts, hits and reasons."""
    found = told.explanation
    place = f" ({told.topic.file}:{told.topic.line})" if told.topic.file else ""
    verdict = "matches" if found.matches else "does not match"
    yield f"{signs.mark(holds=found.matches)} {found.topic}{place} {verdict}: {found.why}"
    for line in _against_stored(told):
        yield f"  {line}"
    page = _Page(fields_of(version.document), signs)
    for each in found.lines:
        yield ""
        yield from page.draw(each.tree, f"{each.kind} line {each.line}" if told.topic.file else each.kind, 0)


def _against_stored(told: Told) -> list[str]:
    """What differs from the stored match, which the next back-fill would change."""
    found = told.explanation
    if told.stored_version is None:
        return []
    if not found.matches:
        return [f"a match is stored, of version {told.stored_version}; as written now ({found.version}) it is lost"]
    if told.stored_version != found.version:
        return [f"the stored match is of version {told.stored_version}, not of {found.version} as written now"]
    return []


class _Page:
    """Draws the nodes of an expression."""

    def __init__(self, texts: Mapping[str, str], signs: Signs) -> None:
        self._texts = texts
        self._signs = signs

    def draw(self, node: Explained, label: str, depth: int) -> Iterator[str]:
        gutter = self._signs.decides if node.is_deciding else " "
        indent = "  " * depth
        weight = "" if node.weight is None else f"^{node.weight}"
        named = " ".join([*([f"{label}:"] if label else []), _cut(node.expression, MOST_EXPRESSION) + weight])
        first = f"{gutter} {indent}{self._signs.mark(holds=node.holds)} {named}"
        below = f"  {indent}    "
        why = _without_subject(node)
        if why and len(first) + len(why) <= MOST_LINE:
            first, why = f"{first}  {why}", ""
        yield first
        if why:
            yield f"{below}{why}"
        for line in self._hits(node):
            yield f"{below}{line}"
        for child in node.children:
            yield from self.draw(child, "", depth + 1)
        if node.left_out:
            yield f"{below}and {node.left_out} more, which {'hold' if node.kind == 'and' else 'do not hold'}"

    def _hits(self, node: Explained) -> Iterator[str]:
        if node.kind == "atleast":
            return  # its parts tell
        for span in node.spans[:MOST_HITS]:
            yield f"{span.field} {span.start}: {self._quote(span)}"
        if len(node.spans) > MOST_HITS:
            yield f"and {len(node.spans) - MOST_HITS} more"

    def _quote(self, span: Span) -> str:
        text = self._texts[span.field]
        before, after = text[: span.start][-CONTEXT:], text[span.end :][:CONTEXT]
        if span.start > CONTEXT:
            # from the first whole word on, where words are set apart by spaces
            before = f"…{before.partition(' ')[2] or before}"
        if span.end + CONTEXT < len(text):
            after = f"{after.rpartition(' ')[0] or after}…"
        return f"{before}[{_cut(text[span.start : span.end], MOST_HIT)}]{after}"


def _without_subject(node: Explained) -> str:
    """The reason, to stand behind the expression; nothing where hits or children tell it."""
    if node.kind in _SILENT or (node.holds and node.kind in {"words", "wildcard", "regex"} and node.spans):
        return ""
    if node.kind == "regex":
        return node.why.removeprefix(f"{cut(node.expression)} ")
    subject, _, rest = node.why.partition(" occurs ") if node.kind in {"words", "wildcard"} else ("", "", "")
    return f"occurs {rest}" if rest and subject and subject in node.expression else node.why


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
