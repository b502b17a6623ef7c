"""The tables of copies: fingerprints, stories, relations, what sites repeat. `storage.tables` has them all."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint

from storage.columns import Id, Line, count, id_column, json, metadata, text, time, to


class StoryChange(StrEnum):
    """What `story_change` tells of a story."""

    #: `other_story_id` became part of `story_id`
    MERGED = "merged"
    #: `article_id` left `story_id` and founded `other_story_id`
    SPLIT = "split"
    #: `article_id` went from `story_id` to `other_story_id`
    MOVED = "moved"
    #: `article_id` became the first of `story_id`
    FIRST = "first"


#: The fingerprint of the current version of an article. A new version gets a new row with a higher id, by
#: which `save` sees that something came in between; hence no posting of a superseded text is ever found.
fingerprint = Table(
    "fingerprint",
    metadata,
    id_column(),
    to("article.id", "article_id"),
    to("article_version.id", "version_id"),
    count("alg"),
    #: the hashes, 4 bytes each, big-endian: to find the postings again without an index on them; empty where there are
    #: no postings any more, see `storage.upkeep.reach`
    Column("hashes", LargeBinary, nullable=False),
    #: `Fingerprint.title`
    Column("title", BigInteger, nullable=False),
    time("created_at"),
    UniqueConstraint("article_id"),
    Index(None, "created_at"),
    #: to count those of other algorithms
    Index(None, "alg"),
    sqlite_autoincrement=True,
)

#: Which fingerprint has a hash. Written for many fingerprints at once: a hundred rows at random places an
#: article would touch a hundred pages, which took more time than all the rest of `save`. Until then the
#: hashes are found in `fingerprint.hashes`, see `postings.Tail`.
#: No foreign key: its check for each row buys nothing, they are written and deleted in one place.
posting = Table(
    "posting",
    metadata,
    Column("hash", BigInteger, primary_key=True),
    Column("fingerprint_id", Id, primary_key=True),
    sqlite_with_rowid=False,
)

#: One row: postings are written for the fingerprints up to `upto`. Those up to `floor` have none any more, see
#: `storage.upkeep.reach`.
posting_state = Table(
    "posting_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("upto", Id, nullable=False),
    Column("floor", Id, nullable=False, server_default="0"),
)

story = Table(
    "story",
    metadata,
    id_column(),
    #: the article that others are compared with: of its articles the one first seen
    to("article.id", "lead_article_id"),
    #: the first copy by time: the article with the least (`dated_at`, id)
    to("article.id", "first_article_id"),
    #: when the lead was first seen
    time("first_seen_at"),
    Index(None, "first_seen_at"),
    sqlite_autoincrement=True,
)

#: Stories that turned out to be another one. `new` is never an alias itself.
story_alias = Table(
    "story_alias",
    metadata,
    Column("old", Id, primary_key=True, autoincrement=False),
    to("story.id", "new"),
    Index(None, "new"),
)

#: What became of stories, in the order in which it happened: no row is ever changed. No foreign keys to stories: a
#: story that merged is no row any more.
story_change = Table(
    "story_change",
    metadata,
    id_column(),
    Column("story_id", Id, nullable=False),
    #: see `StoryChange`
    text("kind"),
    Column("article_id", Id, ForeignKey("article.id"), nullable=True),
    Column("other_story_id", Id, nullable=True),
    time("at"),
    Index(None, "story_id"),
    Index(None, "other_story_id"),
    sqlite_autoincrement=True,
)

#: An article belonged to the story until then, when it left it or the story became part of another one; no row is ever
#: changed. So the story of an article at a moment is that of its first row that ends later, else the present one. No
#: foreign keys: a story that merged is no row any more.
story_stay = Table(
    "story_stay",
    metadata,
    id_column(),
    Column("article_id", Id, nullable=False),
    Column("story_id", Id, nullable=False),
    time("until"),
    Index(None, "article_id"),
    Index(None, "story_id"),
    sqlite_autoincrement=True,
)

#: Article `article_id` is a `kind` of `other_id`; the offsets point into the texts of the two versions.
relation = Table(
    "relation",
    metadata,
    id_column(),
    to("article.id", "article_id"),
    to("article_version.id", "version_id"),
    to("article.id", "other_id"),
    to("article_version.id", "other_version_id"),
    text("kind"),
    Column("score", Float, nullable=False),
    #: share of the prose of the one that stands in the other as well
    Column("share", Float, nullable=False),
    Column("other_share", Float, nullable=False),
    count("start"),
    count("end"),
    count("other_start"),
    count("other_end"),
    #: facts that differ: [{"kind", "start", "end", "other_start", "other_end"}, …]
    json("slots"),
    time("created_at"),
    #: when a new version of either article replaced it
    time("retired_at", nullable=True),
    Index(None, "other_id"),
    sqlite_autoincrement=True,
)
Index(None, relation.c.article_id)

# --- what sites repeat ------------------------------------------------------------------------------

#: The newest pages of each site, see `ingest.copies.repeats.SiteMemory`; 19 kB at most.
site_memory = Table(
    "site_memory",
    metadata,
    Column("site", Line, primary_key=True),
    #: `SiteMemory.to_bytes`
    Column("pages", LargeBinary, nullable=False),
)

#: What is known as furniture of a site, as in `Fingerprint.hashes`, also when its newest pages have it no longer.
#: What so many sites have that it is furniture everywhere has no more rows than that takes.
site_line = Table(
    "site_line",
    metadata,
    # It says what is new, see `sites.Sites`.
    id_column(),
    Column("line", BigInteger, nullable=False),
    text("site"),
    UniqueConstraint("line", "site"),
    sqlite_autoincrement=True,
)

# --- comparing once more ----------------------------------------------------------------------------

#: Comparing stored articles once more, after the algorithm has changed: one row a run. Articles are taken in the order
#: of `fingerprint.id`, as a back-fill takes them.
rebuild = Table(
    "rebuild",
    metadata,
    id_column(),
    #: algorithm of the fingerprints that it makes
    count("alg"),
    #: how far back copies are looked for
    count("window_s"),
    #: the span of articles as it was asked for, and the moment that this meant
    text("words"),
    time("since", nullable=True),
    #: the last `fingerprint.id` that was looked at
    Column("cursor", Id, nullable=False),
    count("looked_at"),
    #: relations
    count("added"),
    count("retired"),
    count("same"),
    #: what became of stories, see `StoryChange`
    count("merged"),
    count("split"),
    count("moved"),
    #: articles whose credit is another one now
    count("credited"),
    time("started_at"),
    time("finished_at", nullable=True),
    sqlite_autoincrement=True,
)
