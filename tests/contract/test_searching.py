"""Search on every database: the same rows in the same order, for any text, any filter, page by page."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Pool, event, update

from ingest.model import EntryOutcome, EntryState
from rules.compile import compile_expression, compile_rules
from rules.document import Document
from rules.errors import RuleError
from rules.files import parse_topic
from storage.listings import Listings
from storage.searching import search, walk
from storage.searching.clauses import index_clause
from storage.searching.filters import Filter
from storage.tables import match
from storage.window import Cursor, Window

ARTICLES = [
    ("Crimea's bridge", "The Crimean Peninsula was annexed; the U.S. and NATO protested at 2.3bn."),
    ("Рубль падает", "В Крыму зафиксирован рост цен, сообщил Зеленський."),
    ("ราคาทอง", "ราคาทองคำวันนี้ปรับตัวขึ้น ตามตลาดโลก"),
    ("袭击事件", "北京发生袭击事件，NATO关注。"),
    ("東京の株価", "東京の株価が上昇した。カーブは続く。"),
    ("القرم", "قال الرئيس إنّ القرم جزء من أوكرانيا."),
    ("Store", "Jonas Gahr Støre said: see https://example.com/a/b=1&c or write to desk@example.com."),
    ("C++ and O’Neil", 'frozen Russian central-bank assets; “quoted” text with " and * and ^ and (brackets).'),
    ("Sprưngs", "Mangled: โ€œThe Crimea storyโ€ stays."),
    ("Long", "Crimea " * 3 + "filler " * 300 + "NATO grain"),
]
URL = "https://news.example/"

QUERIES = [
    "Crimea",
    "crimea*",
    '"Crimean Peninsula"',
    "=US | NATO",
    "NATO NOT Crimea",
    "NOT NATO AND bridge",
    "2.3bn",
    "Крыму | Зеленский",
    "ราคา",
    "ทองคำ",
    "袭击",
    "北京 AND NATO",
    "東京",
    "カーブ",
    "القرم",
    "Store",
    "=Støre",
    '"https://example.com/a/b=1&c"',
    '"desk@example.com"',
    "C++",
    "O'Neil",
    '"quoted tex*"',
    "asset~",
    "(frozen | thawed) NEAR/5 (asset* | money)",
    "Crimea BEFORE/400 grain",
    "title:Crimea",
    "body:NATO",
    "title:(Crimea NOT NATO)",
    "title:(Crimea | Store) AND NOT body:NATO",
    "ATLEAST/3 (Crimea)",
    "ANY/2 (NATO, Crimea, grain)",
    "SCORE/3 (NATO^2, Crimea^1, grain^1)",
    "cr?mea",
    "*ssets",
    "/2\\.\\dbn/",
    "source:news.example AND Crimea",
    "lang:en",
]


@pytest.fixture
def filled(newsroom, make):
    for number, (title, text) in enumerate(ARTICLES):
        newsroom.save(f"{URL}{number}", title=title, text=text, at=make.T0 + number * make.MINUTE)
    return newsroom


def document(number):
    title, text = ARTICLES[number]
    return Document(title=title, body=text, source="news.example", url=f"{URL}{number}", lang="en", sections=())


def expected(query):
    compiled = compile_expression(query)
    return [number + 1 for number in reversed(range(len(ARTICLES))) if compiled.matches(document(number))]


def ids(rows):
    return [row.id for row in rows]


def found(listings, query, window=None, asked=None, **given):
    return search.Found(listings._read, query, window or Window(), asked, **given)


@pytest.fixture(params=[0, 2, 2_000], ids=["walked", "some-looked-up", "looked-up"])
def few(request):
    """How many articles are looked up at once: with 0 they are all walked through."""
    return request.param


def test_every_script_is_found_as_the_matcher_finds_it(listings, filled, few):
    for query in QUERIES:
        assert ids(found(listings, query, few=few)) == expected(query), query
    assert sum(bool(expected(query)) for query in QUERIES) >= len(QUERIES) - 2


# --- any text ---------------------------------------------------------------------------------------

CHARACTERS = st.one_of(
    st.sampled_from("aéßİΣς.,:/@-_'’\"*^()[]&?=#+$€™ \n\t\x00\u00ad\u200b\u0301\\|~<>!%"),
    st.sampled_from("КрымขกำÐ北京カー한국عربي\ud800\udfff\U0001d54f\ufffe"),
    st.characters(),
)
PARTS = [
    *("NATO", "AND", "OR", "NOT", "NEAR/3", "(", ")", '"', "title:", "body:", "-", "*", "cri*", "|", "'or'1=1", "a&b"),
    *("a:b", "'", "''", "\\", "!x", "<->", "x:*A", "%", "C++", "a@b.de"),
    "a & b",
    "\0",
    "https://a.de/'\\x?y=1",
]
PIECES = st.one_of(
    st.text(CHARACTERS, max_size=30),
    st.lists(
        st.sampled_from(PARTS),
        max_size=8,
    ).map(" ".join),
)


@given(query=PIECES)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_text_is_a_rule_error_or_has_rows(listings, filled, query):
    try:
        compile_expression(search.HALF_A_PAIR.sub("\ufffd", query))
    except RuleError:
        with pytest.raises(RuleError):
            found(listings, query)
        return
    assert (
        ids(found(listings, query, few=0))
        == ids(found(listings, query))
        == expected(search.HALF_A_PAIR.sub("\ufffd", query))
    )


# --- filters ----------------------------------------------------------------------------------------

TOPICS = tuple(
    parse_topic(f"topic {name}\n    match {rule}\n")
    for name, rule in {"two": "title:2", "odd": "title:(1 | 3 | 5 | 7 | 9)", "quiet": "quagga"}.items()
)


@pytest.fixture
def varied(store, newsroom, make):
    """Articles of several feeds, hosts, languages, topics and states; ids from 1 on."""
    store.record_topics(TOPICS, make.T0)
    rules = compile_rules(TOPICS)
    hosts = ["news.example", "www.cnn.com", "cnn.com", "notcnn.com", "edition.cnn.com"]
    langs = ["en", "en-GB", None, "th", "pt-BR"]
    for number in range(10):
        newsroom.feed(f"https://feed.example/{number % 2}")
        newsroom.save(
            f"{URL}{number}",
            title=f"Word {number}",
            text="Some word.",
            matches=rules.match(Document(title=f"Word {number}", body="Some word.")),
            source=hosts[number % 5],
            lang=langs[number % 5],
            at=make.T0 + number * make.MINUTE,
        )
    return newsroom


WANTED = [
    (Filter(feeds=(1,)), [9, 7, 5, 3, 1]),
    (Filter(feeds=(1, 2)), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    (Filter(sources=("cnn.com",)), [10, 8, 7, 5, 3, 2]),
    (Filter(sources=("edition.cnn.com", "NEWS.example")), [10, 6, 5, 1]),
    (Filter(sources=("nowhere.example",)), []),
    (Filter(langs=("en",)), [7, 6, 2, 1]),
    (Filter(langs=("pt-br", "th")), [10, 9, 5, 4]),
    (Filter(langs=("en",), feeds=(2,)), [6, 2]),
    (Filter(states=("done",)), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    (Filter(states=("failed", "new")), []),
    (Filter(states=("failed",), langs=("en",)), []),
    (Filter(topics=("two",)), [3]),
    (Filter(topics=("odd",)), [10, 8, 6, 4, 2]),
    (Filter(topics=("odd", "two")), [10, 8, 6, 4, 3, 2]),
    (Filter(topics=("odd",), sources=("cnn.com",), langs=("en",)), [2]),
    (Filter(topics=("quiet",)), []),
]


def test_filters(listings, varied, few):
    for asked, wanted in WANTED:
        assert ids(found(listings, "word", asked=asked, few=few)) == wanted
        assert ids(found(listings, "source:cnn.com | lang:en | word", asked=asked, few=few)) == wanted
        assert ids(found(listings, "word", Window(limit=2), asked, few=few)) == wanted[:2]


@pytest.mark.parametrize("asked", [Filter(feeds=(9,)), Filter(topics=("nix",)), Filter(feeds=(1, 9))])
def test_what_is_not_known_is_named(listings, varied, asked):
    with pytest.raises(LookupError, match=r"no feed 9|no topic nix"):
        found(listings, "word", asked=asked).rows  # noqa: B018  # reading it searches


def test_the_state_is_that_of_the_entry_that_looks_after_the_article(store, listings, varied, few):
    store.finish_entry(varied.entry(f"{URL}3"), EntryOutcome(state=EntryState.FAILED), article_id=4)
    assert ids(found(listings, "word", asked=Filter(states=("failed",)), few=few)) == [4]
    assert ids(found(listings, "word", asked=Filter(states=("done",)), few=few)) == [10, 9, 8, 7, 6, 5, 3, 2, 1]
    assert len(ids(found(listings, "word", asked=Filter(states=("done", "failed")), few=few))) == 10


def test_a_match_that_is_retired_is_none(store, listings, varied, make, few):
    gone = update(match).where(match.c.article_id == 3).values(retired_at=make.T0)
    store._write(lambda connection: connection.execute(gone))
    assert ids(found(listings, "word", asked=Filter(topics=("odd", "two")), few=few)) == [10, 8, 6, 4, 2]


def test_a_language_is_no_other_that_begins_alike(listings, varied, few):
    varied.save(f"{URL}0", title="Word of old", text="Some word, of Middle English.", source="news.example", lang="enm")
    assert ids(found(listings, "word", asked=Filter(langs=("en",)), few=few)) == [7, 6, 2]
    assert ids(found(listings, "word", asked=Filter(langs=("enm",)), few=few)) == [1]


def test_a_match_of_an_earlier_version_is_none(listings, varied, few):
    varied.save(f"{URL}2", title="Word two", text="Some word, corrected.", source="cnn.com", lang=None)
    assert ids(found(listings, "word", asked=Filter(topics=("two",)), few=few)) == []
    assert ids(found(listings, "corrected", few=few)) == [3]


# --- pages ------------------------------------------------------------------------------------------


@pytest.fixture
def dated(newsroom, make):
    """Articles of which some share a time, some have no date, and the order by id is none of either time."""
    for number in range(17):
        published = None if number % 4 == 3 else make.T0 - (number * 7 % 5) * make.MINUTE
        newsroom.save(
            f"{URL}{number}",
            title="Word",
            text=f"Some word {number}.",
            published=published,
            at=make.T0 + (number * 5 % 6) * make.MINUTE,
        )
    return newsroom


def page_by_page(listings, query, size, by, few, between=lambda: None, **given):
    rows, after = [], None
    while page := found(listings, query, Window(limit=size, by=by, after=after, **given), few=few).rows:
        rows += page
        after = Cursor(time=getattr(page[-1], by), id=page[-1].id)
        after = Cursor.parse(str(after))
        between()
    return rows


@pytest.mark.parametrize("by", ["first_seen", "published"])
def test_pages_together_are_the_whole(listings, dated, few, by):
    whole = found(listings, "word", Window(by=by), few=few).rows
    assert len(whole) == 17
    assert [getattr(row, by) is None for row in whole] == sorted(getattr(row, by) is None for row in whole)
    for size in (1, 2, 3, 5, 16, 17, 18):
        assert page_by_page(listings, "word", size, by, few) == list(whole)
    assert ids(page_by_page(listings, "source:news.example", 4, by, few)) == ids(whole)


@pytest.mark.parametrize("by", ["first_seen", "published"])
def test_pages_of_a_span(listings, dated, make, few, by):
    span = {"since": make.T0 - 3 * make.MINUTE, "until": make.T0 + 3 * make.MINUTE}
    whole = found(listings, "word", Window(by=by, **span), few=few).rows
    assert 0 < len(whole) < 17
    assert page_by_page(listings, "word", 2, by, few, **span) == list(whole)


@pytest.mark.parametrize("by", ["first_seen", "published"])
def test_what_comes_in_between_two_pages_hides_nothing_and_repeats_nothing(listings, dated, make, few, by):
    before = ids(found(listings, "word", Window(by=by)))
    numbers = iter(range(100, 200))

    def save():
        number = next(numbers)
        published = [None, make.T0 - 9 * make.MINUTE, make.T0 + 9 * make.MINUTE][number % 3]
        at = make.T0 + (number % 7) * make.MINUTE
        dated.save(f"{URL}{number}", title="Word", text=f"A new word {number}.", published=published, at=at)
        if number > 130:
            raise AssertionError("pages without end")

    paged = ids(page_by_page(listings, "word", 5, by, few, save))
    assert len(set(paged)) == len(paged)
    assert [each for each in paged if each in set(before)] == before


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_page_continues_where_any_row_ends(listings, dated, data):
    by = data.draw(st.sampled_from(["first_seen", "published"]))
    few = data.draw(st.sampled_from([0, 2_000]))
    whole = found(listings, "word", Window(by=by)).rows
    at = data.draw(st.integers(0, len(whole) - 1))
    cursor = Cursor(time=getattr(whole[at], by), id=whole[at].id)
    assert found(listings, "word", Window(by=by, after=cursor), few=few).rows == whole[at + 1 :]


def test_the_articles_themselves_have_the_same_pages(listings, dated):
    for by in ("first_seen", "published"):
        whole = listings.articles(by=by)
        rows, after = [], None
        while page := listings.articles(by=by, limit=3, after=after):
            rows += page
            after = Cursor(time=getattr(page[-1], by), id=page[-1].id)
        assert rows == list(whole)


# --- how it reads -----------------------------------------------------------------------------------


@pytest.fixture
def in_use():
    """The connections that are in use at this moment, of any database."""
    connections = set()

    def take(connection, *_):
        connections.add(connection)

    def give_back(connection, *_):
        connections.discard(connection)

    event.listen(Pool, "checkout", take)
    event.listen(Pool, "checkin", give_back)
    yield connections
    event.remove(Pool, "checkout", take)
    event.remove(Pool, "checkin", give_back)


def test_no_transaction_is_open_while_rows_are_looked_at(url, dated, few, in_use):
    with Listings(url) as listings:
        for order in ("newest", "relevance"):
            rows = iter(found(listings, "word", few=few, order=order))
            for _ in range(3):
                next(rows)
                assert not in_use
        listings._read(lambda _: in_use.copy()).pop()


def test_rows_are_read_as_far_as_they_are_asked_for(listings, filled, make):
    asked = []

    def read(work):
        asked.append(work)
        return listings._read(work)

    first = next(iter(search.Found(read, "Crimea", Window(), few=0)))
    assert first.id == len(ARTICLES)
    assert len(asked) == 4  # where to begin, a slice, what the index knows of it, and its first texts


def test_the_index_is_asked_about_some_texts_in_any_way(listings, dated):
    for query in ("word", "word*", "title:word", "(word | nothing*) AND some", "nothing", "5 | 6 | 7 | 8"):
        clause = index_clause(compile_expression(query).tree)
        every = set(ids(found(listings, query)))
        for asked in (range(1, 18), range(1, 18, 2), [3, 4, 5], [17], []):
            for gap in (0, 1, 64):
                held = listings._read(partial(walk.held, clause=clause, ids=list(asked), gap=gap))
                assert every & set(asked) <= held <= set(asked)
                assert "*" in query or held <= every


def test_no_rows_are_asked_for(listings, filled):
    assert found(listings, "lang:en", Window(limit=0)).rows == ()


def test_a_scan_that_leaves_articles_out_says_so(listings, filled):
    rows = found(listings, "lang:en", scan_limit=3)
    assert len(rows.rows) == 3
    assert not rows.is_complete
    rows = found(listings, "lang:en", scan_limit=len(ARTICLES))
    assert len(rows.rows) == len(ARTICLES)
    assert rows.is_complete


# --- snippets and order -----------------------------------------------------------------------------


def test_snippets_show_the_hit(listings, filled):
    (row,) = found(listings, "Støre NOT Crimea", with_snippets=True)
    assert (row.snippet.field, row.snippet.start) == ("body", 0)
    assert [row.snippet.text[mark.start : mark.end] for mark in row.snippet.marks] == ["Støre"]
    (row,) = found(listings, "title:bridge", with_snippets=True)
    assert (row.snippet.field, row.snippet.text) == ("title", "Crimea's bridge")
    row = found(listings, "lang:en", with_snippets=True).rows[-1]
    assert (row.snippet.field, row.snippet.marks) == ("body", ())
    assert row.snippet.text == ARTICLES[0][1]
    assert found(listings, "lang:en").rows[0].snippet is None


def test_relevance_is_by_title_length_and_number(listings, newsroom, make, few):
    texts = {
        "once in a long text": ("Other", "grain " + "filler " * 1500),
        "once in a text": ("Other", "grain " + "filler " * 300),
        "in the title": ("Grain", "filler " * 300),
        "often": ("Other", "grain and " * 6 + "filler " * 290),
        "not at all": ("Other", "filler " * 300),
    }
    for number, (name, (title, text)) in enumerate(texts.items()):
        newsroom.save(f"{URL}{name}", title=title, text=text, at=make.T0 + number * make.MINUTE)
    rows = found(listings, "grain", order="relevance", few=few).rows
    assert [row.url.removeprefix(URL) for row in rows] == [
        "in the title",
        "often",
        "once in a text",
        "once in a long text",
    ]
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    assert all(row.score > 0 for row in rows)
    assert ids(found(listings, "grain", Window(limit=2), order="relevance", few=few)) == ids(rows[:2])
    assert found(listings, "grain").rows[0].score is None


def test_of_equals_the_newest_is_the_first(listings, dated, few):
    newest = ids(found(listings, "word", few=few))
    assert ids(found(listings, "word", order="relevance", few=few)) == newest
    assert ids(found(listings, "source:news.example", order="relevance", few=few)) == newest


def test_a_ranking_that_leaves_hits_out_says_so(listings, dated, few):
    rows = found(listings, "word", order="relevance", most_ranked=4, few=few)
    assert sorted(ids(rows)) == sorted(ids(found(listings, "word", Window(limit=4))))
    assert rows.is_ranking_cut
    rows = found(listings, "word", order="relevance", most_ranked=17, few=few)
    assert len(rows.rows) == 17
    assert not rows.is_ranking_cut


def test_relevance_has_no_pages(listings):
    with pytest.raises(ValueError, match="pages"):
        found(listings, "word", Window(after=Cursor(time=None, id=1)), order="relevance")
