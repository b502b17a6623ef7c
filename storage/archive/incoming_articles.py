"""Stores the articles of an archive: with texts, fingerprints, search index and stories, as live ones are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import bindparam, func, select, update

from ingest.copies.model import Fingerprint
from ingest.model import date_of
from rules.text import TOKENIZER_VERSION
from storage import dialect, direct, entries, fingerprints, stories
from storage.archive.stored import own_url
from storage.columns import UtcTime
from storage.tables import article, article_address, article_version, entry, match, raw_page, version_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from storage.archive.rows import ArchivedArticle, ArchivedVersion
    from storage.archive.stored import Stored
    from storage.sites import Sites


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedText:
    """What is made of a text before it is stored: made outside of the transaction, so that this stays short."""

    #: made by `dialect.index_line`
    index_title: str
    index_text: str
    #: of the text that the article shows; None: it is another one
    fingerprint: Fingerprint | None


class Texts(Protocol):
    """What is made of the texts of an article."""

    def __call__(self, text_hash: str, /) -> PreparedText | None:
        """Of the version with this hash; None where its text was dropped because it was old."""


_ARTICLE = select(
    article.c.id,
    article.c.story_id,
    article.c.version_id,
    article.c.published,
    article.c.first_seen_at,
    article.c.dated_at,
    article.c.url,
    article.c.source,
).where(article.c.id == bindparam("own"))
_VERSIONS = select(
    article_version.c.id, article_version.c.n, article_version.c.text_hash, article_version.c.created_at
).where(article_version.c.article_id == bindparam("article_id"))
_LAST_CHANGE = select(func.max(version_change.c.at)).where(version_change.c.article_id == bindparam("article_id"))
_PLACE = (
    update(article)
    .where(article.c.id == bindparam("own"))
    .values(version_id=bindparam("current"), story_id=bindparam("home"))
)
_SEEN_EARLIER = (
    update(article_version)
    .where(article_version.c.id == bindparam("own"))
    .values(created_at=bindparam("at", type_=UtcTime))
)
_MATCHES_SEEN_EARLIER = (
    update(match).where(match.c.article_id == bindparam("own")).values(first_seen_at=bindparam("at", type_=UtcTime))
)
_LINK = (
    update(entry)
    .where(entry.c.id == bindparam("own"), entry.c.article_id.is_(None))
    .values(article_id=bindparam("target"))
)


class ArticleIntake:
    """Some articles on their way into the database, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        memories: Sites,
        orphans: dict[str, int],
        stored: Stored,
    ) -> None:
        self._connection = connection
        self._now = now
        self._memories = memories
        self._orphans = orphans
        self._stored = stored
        #: stories whose articles have changed
        self._touched: set[int] = set()
        self.has_new_texts = False

    def take(self, record: ArchivedArticle, prepared: Texts) -> str:
        """Store an article, or what is missing of it; return what became of it."""
        entry_id = self._stored.entry_id(record.entry)
        entry_ids = [found for key in record.entries if (found := self._stored.entry_id(key)) is not None]
        if self._stored.was_forgotten(record, entry_id):
            entries.wipe(self._connection, sorted({*entry_ids, *([] if entry_id is None else [entry_id])}))
            return "forgotten"
        if entry_id is None:
            return "left_out"
        known = self._stored.article_of(record, entry_id)
        if known is None:
            article_id, became = self._add(record, entry_id, prepared), "added"
        else:
            article_id, became = known, self._meet(record, known, prepared)
        name = self._connection.dialect.name
        add_address = dialect.insert(article_address, name).on_conflict_do_nothing(index_elements=["address"])
        # Of an article without an address: the name that archives give it, and its own here.
        names = {*record.addresses, record.url, own_url(record, entry_id)}
        rows = [{"address": each, "article_id": article_id} for each in names]
        self._connection.execute(add_address, sorted(rows, key=lambda row: str(row["address"])))
        for each in entry_ids:
            self._connection.execute(_LINK, {"own": each, "target": article_id})
        return became

    def finish(self) -> None:
        """Find out who leads the stories that have changed, and who is the first of them."""
        for story_id in sorted(self._touched):
            stories.settle(self._connection, story_id)

    # --- an article that is new -----------------------------------------------------------------------

    def _add(self, record: ArchivedArticle, entry_id: int, prepared: Texts) -> int:
        values = {
            "url": own_url(record, entry_id),
            "source": record.source,
            "entry_id": entry_id,
            "etag": record.etag,
            "last_modified": record.last_modified,
            "published": record.published,
            "first_seen_at": record.first_seen,
            "dated_at": record.dated_at,
        }
        article_id = direct.insert_row(self._connection, article, values)
        versions = {
            version.text_hash: self._add_version(article_id, n, version, prepared)
            for n, version in enumerate(record.versions, 1)
        }
        for change in record.changes:
            row = {"article_id": article_id, "version_id": versions[change.version], "at": change.at}
            self._connection.execute(version_change.insert(), row)
        anchor = None if record.story is None else self._anchor(record.story, article_id)
        home = None if anchor is None else stories.story_of(self._connection, anchor)
        if home is None:
            home = stories.found(self._connection, stories.Member(article_id, record.first_seen, record.dated_at))
            stories.add_aliases(self._connection, home, record.merged)
        current = versions[record.version]
        self._connection.execute(_PLACE, {"own": article_id, "current": current, "home": home})
        self._touched.add(home)
        taken = self._take_fingerprint(record, prepared)
        fingerprints.add(self._connection, article_id, current, taken, self._now)
        self.has_new_texts = True
        return article_id

    def _anchor(self, url: str, article_id: int) -> int | None:
        """The article beside which it belongs; None: that was left out, and this is the first of its story here."""
        found = self._stored.article_id(url)
        if found is None:
            found = self._orphans.setdefault(url, article_id)
        return None if found == article_id else found

    def _take_fingerprint(self, record: ArchivedArticle, prepared: Texts) -> Fingerprint:
        made = prepared(record.version)
        if made is None or made.fingerprint is None:
            return Fingerprint(alg=0, hashes=())
        self._memories.remember(self._connection, record.source, record.url, made.fingerprint)
        return made.fingerprint

    def _add_version(self, article_id: int, n: int, version: ArchivedVersion, prepared: Texts) -> int:
        made = prepared(version.text_hash)
        same = ("title", "text", "text_hash", "text_from", "author", "published", "lang", "repaired", "raw_hash")
        values = {
            **{name: getattr(version, name) for name in same},
            "article_id": article_id,
            "n": n,
            "sections": list(version.sections),
            "words": version.words,
            "extractor_version": version.extractor_version,
            "tokenizer_version": TOKENIZER_VERSION,
            "fingerprint_alg": 0 if made is None or made.fingerprint is None else made.fingerprint.alg,
            "created_at": version.first_seen,
            "credit": version.credit,
            "canonical": version.canonical,
            "pruned_at": version.pruned_at,
        }
        version_id = direct.insert_row(self._connection, article_version, values)
        if made is not None:
            dialect.add_to_index(self._connection, version_id, made.index_title, made.index_text)
        if version.raw_page is not None:
            self._keep_page(version_id, version)
        return version_id

    def _keep_page(self, version_id: int, version: ArchivedVersion) -> None:
        page = version.raw_page
        assert page is not None
        values = {
            "version_id": version_id,
            "url": page.url,
            "headers": page.headers,
            "body": page.body_zstd,
            "created_at": page.stored_at,
        }
        add = dialect.insert(raw_page, self._connection.dialect.name)
        self._connection.execute(add.on_conflict_do_nothing(index_elements=["version_id"]), values)

    # --- an article that is stored --------------------------------------------------------------------

    def _meet(self, record: ArchivedArticle, article_id: int, prepared: Texts) -> str:
        """Add what is missing; the text that was shown last, here or there, is shown."""
        row: Any = self._connection.execute(_ARTICLE, {"own": article_id}).one()
        stored: Any = self._connection.execute(_VERSIONS, {"article_id": article_id}).all()
        known = {each.text_hash: each.id for each in stored}
        is_changed = self._merge_versions(record, article_id, stored, known, prepared)
        values = self._news_of(record, row, known, stored)
        if values:
            self._connection.execute(update(article).where(article.c.id == article_id).values(values))
            if "first_seen_at" in values:
                self._connection.execute(_MATCHES_SEEN_EARLIER, {"own": article_id, "at": record.first_seen})
            if "version_id" in values:
                self._show(record, article_id, values["version_id"], prepared)
            self._touched.add(row.story_id)
        is_united = self._unite(record, article_id, row.story_id, values.get("version_id", row.version_id), known)
        return "changed" if is_changed or values or is_united else "known"

    def _merge_versions(
        self,
        record: ArchivedArticle,
        article_id: int,
        stored: Sequence[Row[Any]],
        known: dict[str, int],
        prepared: Texts,
    ) -> bool:
        """Add the versions that are missing to those that are *known*, by the hashes of their texts."""
        since = {each.text_hash: each.created_at for each in stored}
        is_changed = False
        n = max(each.n for each in stored)
        for version in record.versions:
            if version.text_hash not in known:
                n += 1
                known[version.text_hash] = self._add_version(article_id, n, version, prepared)
                is_changed = True
                continue
            if version.first_seen < since[version.text_hash]:
                own = known[version.text_hash]
                self._connection.execute(_SEEN_EARLIER, {"own": own, "at": version.first_seen})
                is_changed = True
        return is_changed

    def _news_of(
        self, record: ArchivedArticle, row: Row[Any], known: Mapping[str, int], stored: Sequence[Row[Any]]
    ) -> dict[str, Any]:
        """What changes in the row of an article."""
        values: dict[str, Any] = {}
        current = known[record.version]
        if current != row.version_id and _shown_since(record) > self._shown_here_since(row.id, stored):
            values |= {"version_id": current, "published": record.published}
        if record.first_seen < row.first_seen_at:
            values["first_seen_at"] = record.first_seen
        if values:
            published = values.get("published", row.published)
            values["dated_at"] = date_of(published, values.get("first_seen_at", row.first_seen_at))
        return values

    def _shown_here_since(self, article_id: int, stored: Sequence[Row[Any]]) -> datetime:
        changed = self._connection.execute(_LAST_CHANGE, {"article_id": article_id}).scalar()
        found: datetime = min(stored, key=lambda each: int(each.n)).created_at if changed is None else changed
        return found

    def _show(self, record: ArchivedArticle, article_id: int, version_id: int, prepared: Texts) -> None:
        # From now on: what was shown here before stays what it was.
        row = {"article_id": article_id, "version_id": version_id, "at": self._now}
        self._connection.execute(version_change.insert(), row)
        taken = self._take_fingerprint(record, prepared)
        fingerprints.replace(self._connection, article_id, version_id, taken, self._now)
        self.has_new_texts = True

    def _unite(
        self, record: ArchivedArticle, article_id: int, story_id: int, version_id: int, known: Mapping[str, int]
    ) -> bool:
        """Stories of which the archive says that they are one become one, if the text is the one that it speaks of."""
        if record.story is None or known[record.version] != version_id:
            return False
        anchor = self._anchor(record.story, article_id)
        if anchor is None:
            return False
        other = stories.story_of(self._connection, anchor)
        if other == story_id:
            return False
        for each in (story_id, other):
            # The one that goes on is led by the right one only then.
            stories.settle(self._connection, each)
            self._touched.discard(each)
        self._touched.add(stories.unite(self._connection, {story_id, other}, self._now))
        return True


def _shown_since(record: ArchivedArticle) -> datetime:
    return record.changes[-1].at if record.changes else record.versions[0].first_seen
