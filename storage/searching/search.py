"""Full-text search in the rule language: what the index finds, judged by the matcher of the rules.

The articles that may answer come from `storage.searching.walk`, the newest first; the matcher has the last word on
each, so a search finds what a rule would. Where the index can say nothing, the newest articles are read one by one, up
to a limit.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.compile import compile_expression
from rules.match import sort_spans
from rules.plans import LangPlan, SourcePlan, find_atoms
from rules.view import View
from storage import texts
from storage.matches import fields_of, spans_with_text
from storage.searching import relevance
from storage.searching.clauses import index_clause
from storage.searching.filters import Filter
from storage.searching.found import FoundRecord, MarkRecord, SnippetRecord
from storage.searching.snippets import cut_passage
from storage.searching.walk import FEW, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.document import Document
    from rules.match import Span
    from storage.searching.walk import Read
    from storage.texts import StoredText
    from storage.window import Window

Order = Literal["newest", "relevance"]

#: So many articles are read without the help of the index.
SCAN_LIMIT = 20_000

#: So many hits, the newest, are sorted by relevance.
MOST_RANKED = 2_000

#: Texts of the first batch; most searches want no more than fit on a screen.
FIRST_BATCH = 25

#: Where a snippet is taken from, the first that has a hit. The others are short, and shown as they are.
_SNIPPET_FIELDS = ("body", "title", "section", "author", "url")


#: Half of what stands for one character: it comes from arguments that are no proper text.
HALF_A_PAIR = re.compile("[\ud800-\udfff]")


class Found:
    """What a search finds, read as far as it is asked for; each batch in a short transaction of its own.

    RuleError is raised when it is made, for a query that is not understood; LookupError when it is read, for a topic
    or feed of the filter that does not exist.
    """

    def __init__(
        self,
        read: Read,
        text: str,
        window: Window,
        asked: Filter | None = None,
        *,
        order: Order = "newest",
        with_snippets: bool = False,
        scan_limit: int = SCAN_LIMIT,
        most_ranked: int = MOST_RANKED,
        few: int = FEW,
    ) -> None:
        if window.after is not None and order != "newest":
            raise ValueError("only what is sorted by time has pages")
        self._read = read
        # No text holds one, and no database takes it.
        self._query = compile_expression(HALF_A_PAIR.sub("\ufffd", text))
        self._atoms = tuple({id(atom): atom for atom in find_atoms(self._query.plan.plan)}.values())
        self._window = window
        self._filter = asked or Filter()
        self._order = order
        self._with_snippets = with_snippets
        self._scan_limit = scan_limit
        self._most_ranked = most_ranked
        self._few = few
        #: False when all was read: there were more articles than are read without the index; the older are left out
        self.is_complete = True
        #: True when all was read: there were more hits than are sorted by relevance; the older are left out
        self.is_ranking_cut = False

    def __iter__(self) -> Iterator[FoundRecord]:
        """Search, and give the rows as they are found. The second time, it searches anew."""
        self.is_complete = True
        self.is_ranking_cut = False
        if self._window.limit == 0:
            return iter(())
        rows = self._newest() if self._order == "newest" else self._ranked()
        return islice(rows, self._window.limit)

    @cached_property
    def rows(self) -> tuple[FoundRecord, ...]:
        """All rows, searched for once."""
        return tuple(self)

    # --- judging ------------------------------------------------------------------------------------

    def _newest(self) -> Iterator[FoundRecord]:
        for text in self._texts():
            view = View(text.document)
            if self._query.plan.plan.holds(view):
                yield self._record(text, view)

    def _texts(self) -> Iterator[StoredText]:
        """The texts that may match, the newest first; without the help of the index, no more than the limit."""
        clause = index_clause(self._query.tree)
        left = self._scan_limit if clause is None else None
        size = FIRST_BATCH
        # By publication, what has got a new date meanwhile may come again; else they are not kept in mind.
        seen: set[int] = set()
        for some in walk(self._read, self._window, clause, self._filter, few=self._few):
            waiting = [each for each in some if each.article not in seen]
            if self._window.by == "published":
                seen.update(each.article for each in waiting)
            if left is not None:
                self.is_complete = len(waiting) <= left
                waiting = waiting[:left]
                left -= len(waiting)
            for start in range(0, len(waiting), size):
                ids = [each.version_id for each in waiting[start : start + size]]
                yield from self._read(partial(texts.read, version_ids=ids))
            if not self.is_complete:
                return
            size = texts.BATCH

    def _record(self, text: StoredText, view: View, score: float | None = None) -> FoundRecord:
        document = text.document
        spans = sort_spans(span for atom in self._atoms for span in atom.spans(view))
        return FoundRecord(
            id=text.article,
            url=document.url or "",
            source=document.source or "",
            title=document.title,
            published=text.published,
            first_seen=text.first_seen,
            lang=document.lang,
            story=text.story,
            spans=spans_with_text(spans, document),
            snippet=make_snippet(document, spans) if self._with_snippets else None,
            score=score,
        )

    # --- by relevance -------------------------------------------------------------------------------

    def _ranked(self) -> Iterator[FoundRecord]:
        hits: list[_Hit] = []
        for text in self._texts():
            view = View(text.document)
            if self._query.plan.plan.holds(view):
                if len(hits) == self._most_ranked:
                    self.is_ranking_cut = True
                    break
                hits.append(_Hit(text.version_id, self._weights(view)))
        scores = relevance.score([hit.weights for hit in hits])
        # A stable sort: of equals the newest comes first.
        best = sorted(zip(scores, hits, strict=True), key=lambda pair: -pair[0])
        # Their texts are read a second time: with all of them in memory, 2,000 hits would take a gigabyte.
        for start in range(0, len(best), FIRST_BATCH):
            some = {hit.version_id: score for score, hit in best[start : start + FIRST_BATCH]}
            for text in self._read(partial(texts.read, version_ids=list(some))):
                yield self._record(text, View(text.document), some[text.version_id])

    def _weights(self, view: View) -> tuple[float, ...]:
        """How strongly the article has each thing that the query looks for in its text."""
        document = view.document
        words = {"title": len(document.title_tokens.folded), "body": len(document.body_tokens.folded)}
        return tuple(
            relevance.weigh(Counter(span.field for span in atom.spans(view)), words)
            for atom in self._atoms
            if not isinstance(atom, SourcePlan | LangPlan)
        )


class _Hit(NamedTuple):
    """An article that is to be ranked."""

    version_id: int
    weights: tuple[float, ...]


def make_snippet(document: Document, spans: Sequence[Span]) -> SnippetRecord:
    """The passage that shows best what was found; the beginning of the text where nothing of it was looked for."""
    found = {span.field for span in spans}
    field = next((field for field in _SNIPPET_FIELDS if field in found), "body")
    passage = cut_passage(fields_of(document)[field], [(each.start, each.end) for each in spans if each.field == field])
    return SnippetRecord(
        field=field,
        start=passage.start,
        text=passage.text,
        marks=tuple(MarkRecord(start=mark.start, end=mark.end) for mark in passage.marks),
    )
