"""Each law that `db check` names is told of a database that is damaged in just that way, and of no sound one."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ingest.copies.model import Placement
from rules.match import TopicMatch
from rules.plans import Span
from storage import account, engine
from storage.address import SqliteFile, read_address
from storage.checking.examination import examine
from storage.checking.findings import IMPORT, REPORT, RESTORE
from storage.checking.laws import LAWS
from storage.checking.spans import Depth
from storage.listings import Listings
from storage.store import Store
from storage.upkeep.erasing import Eraser

A, B, C = "https://a.example/1", "https://b.example/2", "https://c.example/3"
OTHER_FEED, EMPTY_FEED = "https://other.example/feed", "https://empty.example/feed"


class Topic:
    """What `record_topics` needs of a topic."""

    title, tags, langs, file = "T", (), (), "x.rules"

    def __init__(self, name: str, version: str = "v1") -> None:
        self.name, self.version, self.source = name, version, f"topic {name}"


def found(name, version="v1"):
    return TopicMatch(topic=name, version=version, rules=(f"{name}.1",), spans=(Span("title", 0, 1),))


@pytest.fixture
def change(url):
    """Change the database behind the back of the program, where SQLite sees to no references."""
    address = read_address(url)
    is_file = isinstance(address, SqliteFile)
    writing = engine.migrating_engine(address) if is_file else engine.writing_engine(address)

    def run(*statements):
        with writing.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    yield run
    writing.dispose()


@pytest.fixture
def filled(store, make, newsroom):
    """Three articles in two stories, with versions, matches of two topics, a retired one, and what feeds bring."""
    t0, later = make.T0, make.T0 + make.MINUTE
    store.record_topics((Topic("harbour"), Topic("quay")), t0)
    newsroom.feed(OTHER_FEED)
    newsroom.poll(make.new_entry("https://d.example/4"), make.new_entry("https://d.example/5"))
    newsroom.feed(EMPTY_FEED)
    newsroom.feed()
    first = newsroom.save(A, text="The quick brown fox.", fingerprint=make.hashes(*range(1, 31)))
    newsroom.save(
        B,
        text="The quick brown fox jumps.",
        fingerprint=make.hashes(*range(11, 41)),
        placement=Placement(story_id=first.story_id),
        matches=(found("harbour"),),
    )
    both = (found("harbour"), found("quay"))
    newsroom.save(C, text="Thai: ข่าว. Kyiv: Київ.", fingerprint=make.hashes(*range(100, 120)), matches=both)
    newsroom.save(A, text="The quick red fox.", fingerprint=make.hashes(*range(1, 31)), at=later)
    newsroom.save("https://e.example/6", text="To be forgotten.")
    return store


def findings(url, depth=Depth.USUAL):
    return [(each.check, each.message, each.count, each.fix) for each in examine(url, depth)]


@pytest.mark.parametrize("depth", Depth)
def test_of_a_sound_database_nothing_is_told(url, filled, change, depth):
    """Also where matches were retired and found again, a text was forgotten, and another pruned."""
    columns = "article_id, version_id, topic_id, topic_version_id, first_seen_at, rules, spans, created_at, origin"
    again = f"INSERT INTO match ({columns}, retired_at) SELECT {columns}, created_at FROM match WHERE topic_id = 1"
    change(again, again)
    with Eraser(url) as eraser:
        eraser.forget(filled.article_at(("https://e.example/6",)).id, filled._read(newest))
    assert filled.prune_texts(filled._read(newest), filled._read(newest))[0] == 0
    assert findings(url, depth) == []


def newest(connection):
    from storage.tables import article

    return connection.execute(article.select().order_by(article.c.id.desc())).first().first_seen_at


# --- rows -------------------------------------------------------------------------------------------

#: how the words of a law begin → ways to break it, each with the row that is named then
BROKEN = {
    "articles show no version": [
        ("UPDATE article SET version_id = NULL WHERE id = 3", 3),
        ("UPDATE article SET version_id = 2 WHERE id = 3", 3),
    ],
    "articles belong to no story": [("UPDATE article SET story_id = NULL WHERE id = 2", 2)],
    "articles are not found by their own address": [("DELETE FROM article_address WHERE article_id = 3", 3)],
    "articles show a text that was dropped": [("UPDATE article_version SET pruned_at = 1 WHERE article_id = 3", 3)],
    "changes tell of a version of another article": [("UPDATE version_change SET article_id = 2", 1)],
    "articles have no fingerprint": [("DELETE FROM fingerprint WHERE article_id = 3", 3)],
    "fingerprints are not of the text": [
        ("UPDATE fingerprint SET version_id = 1 WHERE article_id = 1", 4),
        ("UPDATE fingerprint SET version_id = 2 WHERE article_id = 3", 3),
    ],
    "stories have no article": [("UPDATE article SET story_id = 1 WHERE id = 3", 2)],
    "stories are led by an article": [
        ("UPDATE story SET lead_article_id = 3 WHERE id = 1", 1),
        ("UPDATE story SET first_article_id = 3 WHERE id = 1", 1),
    ],
    "stories that merged": [
        ("INSERT INTO story_alias (old, new) VALUES (2, 1)", 2),
        ("INSERT INTO story_alias (old, new) VALUES (77, 1), (88, 77)", 88),
    ],
    "matches are of another article": [
        ("UPDATE match SET article_id = 2 WHERE topic_id = 2", 3),
        ("UPDATE match SET version_id = 1 WHERE topic_id = 2", 3),
        ("UPDATE match SET topic_version_id = 1 WHERE topic_id = 2", 3),
    ],
    "topics have no version": [
        ("INSERT INTO topic (name) VALUES ('nothing')", 3),
        ("UPDATE topic SET version_id = 2 WHERE id = 1", 1),
    ],
    "lines are known to repeat": [("INSERT INTO site_line (line, site) VALUES (5, 'nowhere.example')", 1)],
}
WAYS = [(words, *way) for words, ways in BROKEN.items() for way in ways]


@pytest.mark.parametrize(("words", "statement", "named"), WAYS)
def test_each_way_to_break_a_law_is_found(url, filled, change, words, statement, named):
    if "(88, 77)" in statement and "postgresql" in url:
        pytest.skip("PostgreSQL itself refuses it: an alias leads to a story that is there")
    change(statement)
    (law,) = [law for law in LAWS if law.words.startswith(words)]
    for depth in Depth:
        told = [each for each in findings(url, depth) if each[1].startswith(law.words)]
        assert told == [(law.check, f"{law.words}: {named}", 1, law.fix)], depth


def test_no_law_is_left_out():
    assert {law.words for law in LAWS} == {law.words for law in LAWS for words in BROKEN if law.words.startswith(words)}


def test_a_topic_that_matches_a_text_twice_is_found(url, filled, change):
    columns = "article_id, version_id, topic_id, topic_version_id, first_seen_at, rules, spans, created_at, origin"
    change(
        "DROP INDEX uq_match_version_id_topic_id",
        f"INSERT INTO match ({columns}) SELECT {columns} FROM match WHERE version_id = 2",
    )
    try:
        for depth in Depth:
            told = [each for each in findings(url, depth) if each[0] == "matches"]
            assert told == [("matches", "topics match a text twice, versions 2", 1, RESTORE)]
    finally:
        where = "WHERE retired_at IS NULL"
        change(
            "DELETE FROM match",
            f"CREATE UNIQUE INDEX uq_match_version_id_topic_id ON match (version_id, topic_id) {where}",
        )


def test_references_that_lead_nowhere_are_found(url, filled, change):
    if "postgresql" in url:
        pytest.skip("PostgreSQL itself refuses them")
    change("UPDATE relation SET article_id = 1", "INSERT INTO raw_page VALUES (99, '', '{}', x'', 0)")
    message = "rows of raw_page refer to rows of article_version that are not there"
    assert ("references", message, 1, RESTORE) in findings(url)
    assert ("references", message, 1, RESTORE) in findings(url, Depth.FULL)


# --- entries ----------------------------------------------------------------------------------------

_SET = "UPDATE entry SET {} WHERE id = 4"
#: one that is forgotten, and sound
_FORGOTTEN = (
    "state = 'done', reason = 'forgotten', text_from = NULL, article_id = NULL, next_try_at = NULL, "
    "title = '', text = ''"
)
_NEW, _AGAIN = "an entry is new, retrying, done or failed", "one that is tried again has a reason and a time"
_FAILED = "one that failed has a reason and no text, and is not tried again"
_IS_NEW, _IS_FORGOTTEN = (
    "one that is new has no text, and is tried at once",
    "one that is forgotten is done and says nothing",
)
_DONE, _TRIES = "one that is done has a text, or is forgotten", "no number of tries or looks is less than 0"

#: what an entry is set to → the law that it breaks; it keeps all others but for those of its state
ENTRIES = [
    ("state = 'lost'", _NEW),
    ("state = 'new'", _IS_NEW),
    ("state = 'new', text_from = NULL, next_try_at = 5", _IS_NEW),
    ("state = 'retrying', reason = NULL, next_try_at = 5", _AGAIN),
    ("state = 'retrying', reason = 'timeout', next_try_at = NULL", _AGAIN),
    ("state = 'failed', reason = NULL, text_from = NULL", _FAILED),
    ("state = 'failed', reason = 'gone'", _FAILED),
    ("state = 'failed', reason = 'gone', text_from = NULL, next_try_at = 5", _FAILED),
    (_FORGOTTEN.replace("'done'", "'failed'"), _IS_FORGOTTEN),
    (_FORGOTTEN.replace("text_from = NULL", "text_from = 'feed'"), _IS_FORGOTTEN),
    (_FORGOTTEN.replace("article_id = NULL", "article_id = 1"), _IS_FORGOTTEN),
    (_FORGOTTEN.replace("next_try_at = NULL", "next_try_at = 5"), _IS_FORGOTTEN),
    (_FORGOTTEN.replace("title = ''", "title = 'x'"), _IS_FORGOTTEN),
    (_FORGOTTEN.replace(" text = ''", " text = 'x'"), _IS_FORGOTTEN),
    ("text_from = NULL", _DONE),
    ("text_from = NULL, reason = 'gone'", _DONE),
    ("article_id = NULL", account.HAS_ARTICLE),
    ("attempts = -1", _TRIES),
    ("checks = -1", _TRIES),
]
#: found at once, through an index
QUICK = {_NEW, _IS_NEW, _AGAIN, _FAILED, _IS_FORGOTTEN}


@pytest.mark.parametrize(("values", "law"), ENTRIES)
def test_each_way_an_entry_breaks_a_law_is_found(url, filled, change, values, law):
    change(_SET.format(values))
    fix = IMPORT if law == account.HAS_ARTICLE else REPORT
    told = ("entries", f"entries break the law that {law}: 4", 1, fix)
    assert told in findings(url, Depth.USUAL)
    assert (told in findings(url, Depth.SOON)) == (law in QUICK)


def test_an_article_that_is_not_there_is_found(url, filled, change):
    if "postgresql" in url:
        pytest.skip("PostgreSQL itself refuses it")
    change(_SET.format("article_id = 999"))
    assert ("entries", f"entries break the law that {account.HAS_ARTICLE}: 4", 1, IMPORT) in findings(url)


def test_an_entry_that_is_forgotten_and_sound_breaks_none(url, filled, change):
    change(_SET.format(_FORGOTTEN))
    assert not [each for each in findings(url) if "break the law" in each[1]]


def test_every_law_of_entries_is_tried():
    assert {law.words for law in account._LAWS} == {law for _, law in ENTRIES}


# --- the sum ----------------------------------------------------------------------------------------


def named_feeds(store):
    return [(each.feed, each.seen, each.stored) for each in store._read(account.account).differences]


@pytest.mark.parametrize("more", [1, -1, 7])
def test_a_feed_whose_sum_is_wrong_either_way_is_named(url, filled, store, change, listings, more):
    """Of a feed with entries, and of one that has none."""
    change(f"UPDATE feed SET entries_seen = entries_seen + {more} WHERE id = 1")
    counted = store._read(account.account)
    assert (counted.seen, counted.stored, counted.missing) == (6 + more, 6, more)
    # The states are those of what is stored, whatever was seen.
    assert sum(counted.by_state.values()) == counted.stored
    assert named_feeds(store) == [(1, 2 + more, 2)]
    stats = listings.stats()
    assert (stats.entries_seen, stats.entries_missing) == (6 + more, more)
    change("UPDATE feed SET entries_seen = 2 WHERE id = 1", "UPDATE feed SET entries_seen = 3 WHERE id = 2")
    assert named_feeds(store) == [(2, 3, 0)]
    for depth in Depth:
        message = f"feed 2 has brought 3 entries, and 0 are stored: {EMPTY_FEED}"
        assert findings(url, depth) == [("entries", message, 3, RESTORE)]


def test_sums_that_even_out_are_found_when_all_is_looked_at(url, filled, store, change):
    change(
        "UPDATE feed SET entries_seen = entries_seen + 1 WHERE id = 1",
        "UPDATE feed SET entries_seen = entries_seen - 1 WHERE id = 3",
    )
    assert store._read(account.account).missing == 0
    assert findings(url, Depth.SOON) == []
    assert [each[2] for each in findings(url)] == [1, 1]
    assert [each.feed for each in store._read(account.differences)] == [1, 3]


def test_states_reasons_and_retries_are_counted_apart(store, filled, change, listings):
    change(
        "UPDATE entry SET state = 'retrying', reason = 'timeout', attempts = 1, next_try_at = 7000000 WHERE id = 1",
        "UPDATE entry SET state = 'retrying', reason = 'busy', attempts = 1, next_try_at = 5000000 WHERE id = 2",
        "UPDATE entry SET state = 'retrying', reason = 'busy', attempts = 2, next_try_at = 6000000, text_from = NULL "
        "WHERE id = 3",
        "UPDATE entry SET reason = 'gone' WHERE id = 4",
        "UPDATE entry SET state = 'failed', reason = 'gone', text_from = NULL WHERE id = 5",
    )
    counted = store._read(account.account)
    assert counted.by_state == {"done": 2, "failed": 1, "retrying": 3}
    assert counted.by_reason == {
        "done": {"gone": 1},
        "failed": {"gone": 1},
        "retrying": {"busy": 2, "timeout": 1},
    }
    assert counted.retrying == {1: 2, 2: 1}
    assert counted.next_retry_at.timestamp() == 5
    assert counted.differences == ()


def test_what_is_forgotten_stays_counted_as_seen(url, filled, store):
    before = store._read(account.account)
    with Eraser(url) as eraser:
        eraser.forget(store.article_at((C,)).id, filled._read(newest))
    after = store._read(account.account)
    assert (after.seen, after.stored, after.by_state) == (before.seen, before.stored, before.by_state)
    assert after.by_reason == {"done": {"forgotten": 1}}
    assert store._read(account.differences) == ()


def test_a_list_that_is_read_by_two_at_once_counts_each_entry_once(url, filled, store, make, newsroom):
    with Store(url) as other:
        for each in (store, other, store):
            each.record_poll(make.poll(newsroom.feed_id, make.new_entry("https://f.example/7"), at=make.T0))
    with Listings(url) as listings:
        stats = listings.stats()
    assert (stats.entries_seen, stats.entries_missing) == (7, 0)
