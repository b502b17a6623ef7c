"""What happened to stories, on its way into an archive and out of one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from storage import stories
from storage.archive.names import among, anchors_of, names_of, rows_by
from storage.archive.rows import ArchivedStay, ArchivedStory, ArchivedStoryChange, StoryRef
from storage.tables import story_alias, story_change, story_stay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Row

# --- into an archive --------------------------------------------------------------------------------


def trails_of(connection: Connection, story_ids: Sequence[int]) -> list[ArchivedStory]:
    """What happened to each of these stories and to those that became part of it; of most there is nothing to tell."""
    families = _Families(connection, story_ids)
    return [trail for story_id in story_ids if (trail := families.trail(story_id)) is not None]


class _Families:
    """Stories with those that became part of them, and what happened to them all."""

    def __init__(self, connection: Connection, stories: Sequence[int]) -> None:
        aliases = among(connection, rows_by(story_alias, "new", "old"), stories)
        everyone = [*stories, *(row.old for row in aliases)]
        of_stories = rows_by(story_change, "story_id", "id")
        self._changes = _by_story(among(connection, of_stories, everyone))
        self._stays = _by_story(among(connection, rows_by(story_stay, "story_id", "id"), everyone))
        self._merged: defaultdict[int, list[int]] = defaultdict(list)
        for row in aliases:
            self._merged[row.new].append(row.old)
        others = {row.other_story_id for rows in self._changes.values() for row in rows if row.other_story_id}
        self._refs = self._find_refs(connection, {*everyone, *others})
        told = [row for rows in (*self._changes.values(), *self._stays.values()) for row in rows]
        self._names = names_of(connection, (row.article_id for row in told if row.article_id is not None))

    @staticmethod
    def _find_refs(connection: Connection, stories: Iterable[int]) -> dict[int, StoryRef]:
        """How an archive names these stories; of one that is gone without a trace there is none."""
        wanted = sorted(set(stories))
        known = {row.old: row.new for row in among(connection, rows_by(story_alias, "old", "old"), wanted)}
        homes = {known.get(story_id, story_id) for story_id in wanted}
        aliases: defaultdict[int, list[int]] = defaultdict(list)
        for row in among(connection, rows_by(story_alias, "new", "old"), homes):
            aliases[row.new].append(row.old)
        anchors = anchors_of(connection, homes)
        names = names_of(connection, anchors.values())
        return {
            story_id: StoryRef(article=names[anchors[home]], merged=[home, *aliases[home]].index(story_id))
            for story_id in wanted
            if (home := known.get(story_id, story_id)) in anchors
        }

    def trail(self, story_id: int) -> ArchivedStory | None:
        """What happened to the story and to those that became part of it; None: nothing."""
        everyone = [story_id, *self._merged[story_id]]
        changes = sorted((row for each in everyone for row in self._changes[each]), key=lambda row: row.id)
        stays = sorted((row for each in everyone for row in self._stays[each]), key=lambda row: row.id)
        if not (changes or stays):
            return None
        return ArchivedStory(
            article=self._refs[story_id].article,
            trail=tuple(
                ArchivedStoryChange(
                    at=row.at,
                    change=row.kind,
                    story=self._refs[row.story_id],
                    article=self._names.get(row.article_id),
                    other=self._refs.get(row.other_story_id),
                )
                for row in changes
            ),
            stays=tuple(
                ArchivedStay(article=self._names[row.article_id], story=self._refs[row.story_id], until=row.until)
                for row in stays
                if row.article_id in self._names
            ),
        )


def _by_story(rows: Iterable[Row[Any]]) -> defaultdict[int, list[Row[Any]]]:
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.story_id].append(row)
    return found


# --- out of an archive ------------------------------------------------------------------------------

_MERGED = select(story_alias.c.old).where(story_alias.c.new == bindparam("own")).order_by(story_alias.c.old)


class TrailIntake:
    """Trails on their way into the database, in one transaction."""

    def __init__(self, connection: Connection, find: Callable[[str], int | None]) -> None:
        """*find* returns the article of an address."""
        self._connection = connection
        self._find = find

    def take(self, record: ArchivedStory) -> str:
        """Store the trail of a story that has none here; where it has one, that stands."""
        own = self._story_of({}, record.article, 0)
        if own is None:
            return "left_out"
        family = [own, *self._connection.execute(_MERGED, {"own": own}).scalars()]
        for table in (story_change, story_stay):
            if self._connection.execute(select(table.c.id).where(table.c.story_id.in_(family)).limit(1)).first():
                return "known"
        found: dict[str, int | None] = {record.article: own}
        for change in record.trail:
            story_id = self._refer(found, change.story)
            if story_id is not None:
                values = {
                    "story_id": story_id,
                    "kind": change.change,
                    "article_id": None if change.article is None else self._find(change.article),
                    "other_story_id": None if change.other is None else self._refer(found, change.other),
                    "at": change.at,
                }
                self._connection.execute(story_change.insert(), values)
        for stay in record.stays:
            story_id, article_id = self._refer(found, stay.story), self._find(stay.article)
            if story_id is not None and article_id is not None:
                values = {"article_id": article_id, "story_id": story_id, "until": stay.until}
                self._connection.execute(story_stay.insert(), values)
        return "added"

    def _refer(self, found: dict[str, int | None], ref: StoryRef) -> int | None:
        return self._story_of(found, ref.article, ref.merged)

    def _story_of(self, found: dict[str, int | None], url: str, merged: int) -> int | None:
        if url not in found:
            article_id = self._find(url)
            found[url] = None if article_id is None else stories.story_of(self._connection, article_id)
        story_id = found[url]
        if story_id is None or merged == 0:
            return story_id
        aliases = self._connection.execute(_MERGED, {"own": story_id}).scalars().all()
        return aliases[merged - 1] if merged <= len(aliases) else None
