"""`try copies`: one line of JSON with a document → one line with its story and its relations to those before it.

A document is read and compared by what also works live; only the index is in memory (`ingest.copies.memory`), and
nothing is learned from earlier runs.

`docs/reference/try-copies.md` describes both lines for other programs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from ingest.address import host_of
from ingest.copies.memory import CopyIndex
from ingest.copies.wording import keep_texts
from ingest.errors import Permanent
from ingest.reading import read_given_text
from wirewatch.jsonlines import BadQuestionError, Identified, answer_line

if TYPE_CHECKING:
    from datetime import timedelta

    from wirewatch.jsonlines import Line

#: So many texts are kept ready to be compared, where one of the daemon's processes keeps fewer: about 40 MB of news,
#: and at most some 480 MB of texts that were made as long as such texts may be.
KEPT_TEXTS = 1024
#: Before any date was told, documents arrive at this time, and so they are never too old.
UNKNOWN = datetime.max.replace(tzinfo=UTC)
#: An earlier date is none: there were no newspapers.
FIRST_YEAR = 1500


class Question(Identified, kw_only=True):
    """What a line tells of a document; null is as good as missing."""

    site: str | None = None
    url: str | None = None
    #: looked at only where it is a date: it decides nothing but what is too old to be compared
    published: str | None = None
    title: str | None = None
    text: str | None = None


_read_question = msgspec.json.Decoder(Question).decode
_read_id = msgspec.json.Decoder(str | int).decode


class Arrivals:
    """The clock of a stream of documents that tells only when each was published.

    It shows the second latest date told so far, so that one document from the future does not make all others old.
    """

    def __init__(self) -> None:
        self._latest: tuple[datetime, ...] = ()

    def time_of(self, published: datetime | None) -> datetime:
        """When the next document arrives; UNKNOWN until a date was told."""
        if published is not None:
            self._latest = tuple(sorted((*self._latest, published))[-2:])
        return self._latest[0] if self._latest else UNKNOWN


class CopyTrial:
    """A stream of documents in the order of their arrival."""

    def __init__(self, window: timedelta) -> None:
        """Documents that arrived longer than *window* before another one are not compared with it; 10 years at most."""
        self._index = CopyIndex(window=window)
        keep_texts(KEPT_TEXTS)
        self._arrivals = Arrivals()
        self._ids: list[str | int] = []
        self._seen: set[str | int] = set()

    def answer(self, line: Line) -> str:
        """Answer one line of input; the answer is one line without its end. Never raises for what *line* holds."""
        return answer_line(line, _read_question, self._judge)

    def _judge(self, question: Question) -> dict[str, object]:
        """Place the document; return the answer without the id. Raises BadQuestionError."""
        ident = self._check_id(question)
        published = _read_date(question.published)
        url = question.url or f"urn:wirewatch:try:{len(self._seen) + 1}"
        site = host_of(url) if question.site is None else question.site
        try:
            reading = read_given_text(
                url=url,
                source=site.strip().lower(),
                title=question.title or "",
                text=question.text or "",
                published=published,
            )
        except Permanent:
            # There is no text, so it is in no index.
            self._seen.add(ident)
            return {"story": ident, "relations": ()}
        placed = self._index.place(reading, at=self._arrivals.time_of(published))
        self._seen.add(ident)
        self._ids.append(ident)
        return {
            "story": self._id_of(placed.story_id),
            "relations": [
                {"to": self._id_of(relation.to), "kind": relation.kind, "score": relation.score}
                for relation in placed.relations
            ],
        }

    def _check_id(self, question: Question) -> str | int:
        try:
            ident: str | int = _read_id(question.id)
        except msgspec.DecodeError as e:
            raise BadQuestionError("a document needs an id of its own, a text or an integer") from e
        if ident in self._seen:
            raise BadQuestionError("another document has this id; relations name documents by it")
        return ident

    def _id_of(self, article_id: int) -> str | int:
        return self._ids[article_id - 1]


def _read_date(told: str | None) -> datetime | None:
    """The date in UTC, a date without a zone being so; None for what is none.

    >>> _read_date("2025-03-03T05:10:15+01:00").isoformat(), _read_date("yesterday")
    ('2025-03-03T04:10:15+00:00', None)
    """
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(told.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= FIRST_YEAR else None
