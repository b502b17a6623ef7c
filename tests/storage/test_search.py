"""Search finds what the matcher of the rules finds, by way of an index of our own tokens."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import tree
from rules.compile import compile_expression, compile_tree
from rules.document import Document
from rules.errors import RuleError
from rules.text import tokenize
from rules.view import View
from storage import dialect
from storage.listings import Listings
from storage.searching import clauses, search
from storage.window import Window

URL = "https://news.example/"

ARTICLES = [
    ("Crimea's bridge", "The Crimean Peninsula was annexed; the U.S. and NATO protested at 2.3bn."),
    ("Рубль падает", "В Крыму зафиксирован рост цен, сообщил Зеленський."),
    ("ราคาทอง", "ราคาทองคำวันนี้ปรับตัวขึ้น ตามตลาดโลก"),
    ("袭击事件", "北京发生袭击事件，NATO关注。"),
    ("Store", "Jonas Gahr Støre said: see https://example.com/a/b=1&c or write to desk@example.com."),
    ("C++ and O’Neil", 'frozen Russian central-bank assets; “quoted” text with " and * and ^ and (brackets).'),
    ("Sprưngs", "Mangled: โ€œThe Crimea storyโ€ stays."),
]

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
    "Store",
    "=Støre",
    '"https://example.com/a/b=1&c"',
    '"desk@example.com"',
    "C++",
    "O'Neil",
    "frozen BEFORE/3 assets",
    "(frozen | thawed) NEAR/5 (asset* | money)",
    "title:Crimea",
    "body:NATO",
    "title:(Crimea NOT NATO)",
    "title:(Crimea | Store) AND NOT body:NATO",
    "source:news.example AND Crimea",
    "source:news.example",
    "lang:en",
    "central-bank",
    '"quoted text"',
    "section:World",
]


@pytest.fixture
def filled(store, make, newsroom):
    for number, (title, text) in enumerate(ARTICLES):
        newsroom.save(f"{URL}{number}", title=title, text=text, at=make.T0 + number * make.MINUTE)
    return store


@pytest.fixture
def listings(url, filled):
    with Listings(url) as opened:
        yield opened


def expected(query):
    compiled = compile_expression(query)
    return [
        title
        for number, (title, text) in reversed(list(enumerate(ARTICLES)))
        if compiled.matches(
            Document(title=title, body=text, source="news.example", url=f"{URL}{number}", lang="en", sections=())
        )
    ]


@pytest.mark.parametrize("query", QUERIES)
def test_search_finds_what_the_matcher_finds_newest_first(listings, query):
    found = listings.search(query)
    assert [row.title for row in found.rows] == expected(query)
    assert found.is_complete
    walked = search.Found(listings._read, query, Window(), few=0)
    assert [row.title for row in walked] == expected(query)


def test_most_queries_find_something():
    assert sum(bool(expected(query)) for query in QUERIES) >= len(QUERIES) - 3


def test_what_was_found_is_shown_where_it_stands(listings):
    (row,) = listings.search("Crimean AND NATO").rows
    assert (row.url, row.source, row.story, row.lang) == (f"{URL}0", "news.example", 1, "en")
    assert {(span.field, span.text) for span in row.spans} == {("body", "Crimean"), ("body", "NATO")}


@pytest.mark.parametrize("query", ['"', "NATO AND", "(", "", "a-b OR", "title:", "NOT x"])
def test_a_query_that_is_not_understood_is_a_rule_error(listings, query):
    with pytest.raises(RuleError):
        listings.search(query)


def test_spans_and_limits(listings, make):
    two, four = make.T0 + 2 * make.MINUTE, make.T0 + 4 * make.MINUTE
    everything = "source:news.example"
    titles = [title for title, _ in reversed(ARTICLES)]
    assert [row.title for row in listings.search(everything, limit=2).rows] == titles[:2]
    assert [row.title for row in listings.search(everything, since=two, until=four).rows] == ["袭击事件", "ราคาทอง"]
    assert [row.title for row in listings.search("NATO", until=two).rows] == ["Crimea's bridge"]
    assert listings.search("NATO", limit=0).rows == ()


def test_a_search_can_go_by_the_date_of_publication(listings, make, newsroom):
    for number, days in enumerate((2, 3, 1)):
        published = make.T0 - days * 1440 * make.MINUTE
        newsroom.save(f"{URL}dated/{number}", title=f"Dated {days}", text="dated", published=published)
    newsroom.save(f"{URL}undated", title="Undated", text="dated")
    found = listings.search("dated", by="published").rows
    assert [row.title for row in found] == ["Dated 1", "Dated 2", "Dated 3", "Undated"]
    found = listings.search("dated", by="published", since=make.T0 - 2 * 1440 * make.MINUTE).rows
    assert [row.title for row in found] == ["Dated 1", "Dated 2"]


def test_only_current_versions_are_found(listings, newsroom):
    newsroom.save(f"{URL}0", title="Crimea's bridge", text="Corrected.")
    assert listings.search("annexed").rows == ()
    assert [row.title for row in listings.search("corrected").rows] == ["Crimea's bridge"]
    newsroom.save(f"{URL}0", title=ARTICLES[0][0], text=ARTICLES[0][1])
    assert [row.title for row in listings.search("annexed").rows] == ["Crimea's bridge"]
    assert listings.search("corrected").rows == ()


def test_a_scan_that_leaves_articles_out_says_so(filled):
    found = search.Found(filled._read, "lang:en", Window(), scan_limit=3)
    assert [row.title for row in found.rows] == [title for title, _ in reversed(ARTICLES)][:3]
    assert not found.is_complete
    found = search.Found(filled._read, "Crimea", Window(), scan_limit=3)
    assert found.is_complete


def test_a_thousand_alternatives_are_no_trouble(listings):
    query = " | ".join([f"word{number}" for number in range(1000)] + ["Crimea"])
    assert [row.title for row in listings.search(query).rows] == expected("Crimea")


def test_deep_brackets_are_no_trouble(listings):
    query = "Crimea"
    for _ in range(30):
        query = f"(({query} | x) AND (Crimea | y))"
    try:
        compile_expression(query)
    except RuleError:
        query = "((((((((Crimea | x) AND (Crimea | y)) | z) AND Crimea) | w) AND Crimea) | v) AND Crimea)"
    assert [row.title for row in listings.search(query).rows] == expected("Crimea")


# --- laws -------------------------------------------------------------------------------------------

#: letters of many scripts, marks, digits, separators, and what forms addresses, acronyms and numbers
CHARACTERS = st.one_of(
    st.sampled_from("aéßİıſΣς.,:/@-_'’\"*^()[]&?=#+$€™ \n\t\x00\u00ad\u200b\u0301"),
    st.sampled_from("ЁёїґКрымกขำ้์北京カー한국عربيהַ\U0001d54f\U00020000\ue000\U0010fffd½Ⅷ"),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=40),
    st.lists(
        st.sampled_from(
            ["2.3", "10.5.2025", "U.S.", "www.a.de/x?y=1", "http://ü.de/ก", "a@b.de", "กำ", "l’Ukraine", "ß"]
        ),
    ).map(" ".join),
)

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def index(empty_file):
    """The index as the migrations make it, in memory."""
    with closing(sqlite3.connect(empty_file)) as made, closing(sqlite3.connect(":memory:")) as connection:
        (sql,) = made.execute("SELECT sql FROM sqlite_master WHERE name = ?", [dialect.SEARCH_TABLE]).fetchone()
        connection.execute(sql)
        connection.execute(f"CREATE VIRTUAL TABLE terms USING fts5vocab({dialect.SEARCH_TABLE}, instance)")
        yield connection


@given(text=TEXTS)
@RELAXED
def test_each_of_our_tokens_is_exactly_one_of_the_index(index, text):
    tokens = tokenize(text).folded
    index.execute("SAVEPOINT example")
    index.execute("INSERT INTO search_index (rowid, title, body) VALUES (1, '', ?)", [dialect.index_line(tokens)])
    stored = [row[0] for row in index.execute("SELECT term FROM terms WHERE doc = 1 ORDER BY offset")]
    index.execute("ROLLBACK TO example")
    index.execute("RELEASE example")
    assert len(stored) == len(tokens)


@given(text=TEXTS, data=st.data())
@RELAXED
def test_every_run_of_tokens_is_found_as_a_phrase_and_by_its_start(index, text, data):
    tokens = tokenize(text).folded
    if not tokens:
        return
    start = data.draw(st.integers(0, len(tokens) - 1))
    end = data.draw(st.integers(start + 1, len(tokens)))
    run = tokens[start:end]
    cut = data.draw(st.integers(1, len(run[-1])))
    clauses = [
        dialect.Phrase(tokens=run),
        dialect.Phrase(tokens=(*run[:-1], run[-1][:cut]), is_prefix=True),
        dialect.InColumn(column="body", clause=dialect.AnyOf(clauses=(dialect.Phrase(tokens=run),))),
    ]
    index.execute("SAVEPOINT example")
    index.execute("INSERT INTO search_index (rowid, title, body) VALUES (1, '', ?)", [dialect.index_line(tokens)])
    found = [
        index.execute(
            "SELECT rowid FROM search_index WHERE search_index MATCH ?", [dialect.index_expression(clause, "sqlite")]
        ).fetchall()
        for clause in clauses
    ]
    index.execute("ROLLBACK TO example")
    index.execute("RELEASE example")
    assert found == [[(1,)]] * len(clauses)


WORDS = st.sampled_from(["Crimea", "crim*", "NATO", "=US", '"Crimean Peninsula"', "bridge", "ราคา", "nothing", "2.3bn"])
EXPRESSIONS = st.recursive(
    st.one_of(WORDS, st.builds("title:{}".format, WORDS), st.builds("body:{}".format, WORDS)),
    lambda inner: st.one_of(
        st.builds("({} {})".format, inner, inner),
        st.builds("({} | {})".format, inner, inner),
        st.builds("({} NOT {})".format, inner, inner),
        st.builds("({} NEAR/5 {})".format, WORDS, WORDS),
        st.builds("title:({})".format, WORDS),
    ),
    max_leaves=8,
)


@given(query=EXPRESSIONS)
@RELAXED
def test_the_index_never_hides_what_the_matcher_finds(listings, query):
    try:
        wanted = expected(query)
    except RuleError:
        return
    assert [row.title for row in listings.search(query).rows] == wanted


# --- a superset, whatever the tree ------------------------------------------------------------------

LAW_WORDS = ["Crimea", "Crimean", "crimes", "assets", "asset", "reserves", "countries", "country", "crashes", "gas"]
LAW_TEXTS = st.lists(
    st.sampled_from(
        [*LAW_WORDS, "Store", "Støre", "STRASSE", "Straße", "NATO", "U.S.", "2.3bn", "北京袭击", "Крыму", "й"]
    ),
    max_size=8,
).map(" ".join)


def words(text, **given):
    return tree.Words(text=text, **given)


LAW_ATOMS = st.one_of(
    st.builds(words, st.sampled_from([*LAW_WORDS, "Crimea gas", "Store", "北京", "U.S"]), is_exact=st.booleans()),
    st.builds(words, st.sampled_from(["crim", "gas ass", "Stø", "Кры", "U.S", "stras"]), is_prefix=st.just(True)),
    st.builds(words, st.sampled_from([*LAW_WORDS, "gas assets"]), is_plural=st.just(True)),
    st.builds(
        lambda text, *, is_exact: tree.Wildcard(text=text, is_exact=is_exact),
        st.sampled_from(["crim?a", "cri*n", "St?re", "Stra?e", "stra*e", "*sets", "Stø*e", "cou*r?", "2.3*n", "U.S*x"]),
        is_exact=st.booleans(),
    ),
    st.builds(tree.Regex, pattern=st.sampled_from(["Crimea", "[a-z]+s", "."]), ignores_case=st.booleans()),
)


def with_children(kind, inner):
    return st.builds(lambda children: kind(children=tuple(children)), st.lists(inner, min_size=2, max_size=3))


@st.composite
def quorums(draw, inner):
    children = tuple(draw(st.lists(inner, min_size=1, max_size=3)))
    return tree.Quorum(number=draw(st.integers(1, len(children))), children=children)


@st.composite
def scores(draw, inner):
    weighted = draw(st.lists(st.tuples(inner, st.integers(-3, 4)), min_size=1, max_size=3))
    children, weights = zip(*weighted, strict=True)
    return tree.Score(number=draw(st.integers(1, 6)), children=children, weights=weights)


PLACED = LAW_ATOMS.filter(lambda atom: not isinstance(atom, tree.Regex))
TREES = st.recursive(
    st.one_of(
        LAW_ATOMS,
        st.builds(lambda n, child: tree.AtLeast(number=n, child=child), st.integers(1, 3), PLACED),
        st.builds(lambda one, two, gap: tree.Near(children=(one, two), gap=gap), PLACED, PLACED, st.integers(0, 3)),
    ),
    lambda inner: st.one_of(
        with_children(tree.And, inner),
        with_children(tree.Or, inner),
        st.builds(lambda child: tree.Not(child=child), inner),
        st.builds(
            lambda name, child: tree.Field(name=name, child=child), st.sampled_from(["title", "body"]), LAW_ATOMS
        ),
        quorums(inner),
        scores(inner),
    ),
    max_leaves=8,
)


@given(node=TREES, title=LAW_TEXTS, body=LAW_TEXTS)
@settings(RELAXED, max_examples=200)
def test_what_the_matcher_finds_the_index_finds_too(index, node, title, body):
    clause = clauses.index_clause(node)
    if clause is None or not compile_tree(node).holds(View(Document(title=title, body=body))):
        return
    lines = [dialect.index_line(tokenize(text).folded) for text in (title, body)]
    index.execute("SAVEPOINT example")
    index.execute("INSERT INTO search_index (rowid, title, body) VALUES (1, ?, ?)", lines)
    expression = dialect.index_expression(clause, "sqlite")
    found = index.execute("SELECT rowid FROM search_index WHERE search_index MATCH ?", [expression]).fetchall()
    index.execute("ROLLBACK TO example")
    index.execute("RELEASE example")
    assert found == [(1,)]


def plain(clause):
    """A clause as a text that can be compared at a glance."""
    match clause:
        case dialect.Phrase():
            return " ".join(clause.tokens) + "*" * clause.is_prefix
        case dialect.AllOf():
            return [*map(plain, clause.clauses)]
        case dialect.AnyOf():
            return {plain(each) if isinstance(each, dialect.Phrase) else str(plain(each)) for each in clause.clauses}
        case dialect.InColumn():
            return (clause.column, plain(clause.clause))
    return clause


CRIMEA, GAS, REGEX = words("Crimea"), words("gas"), tree.Regex(pattern="x")


@pytest.mark.parametrize(
    ("node", "clause"),
    [
        (words("frozen assets", is_plural=True), {"frozen assets", "frozen asset"}),
        (tree.Wildcard(text="Immobili?ed"), "immobili*"),
        (tree.Wildcard(text="Stø*e", is_exact=True), "sto*"),
        (tree.Wildcard(text="*militari?*"), None),
        (tree.Wildcard(text="U.S*x"), None),
        (REGEX, None),
        (tree.And(children=(CRIMEA, REGEX)), ["crimea"]),
        (tree.Or(children=(CRIMEA, REGEX)), None),
        (tree.AtLeast(number=3, child=CRIMEA), "crimea"),
        (tree.Quorum(number=1, children=(CRIMEA, GAS, REGEX)), None),
        (tree.Quorum(number=2, children=(CRIMEA, GAS, REGEX)), {"crimea", "gas"}),
        (tree.Score(number=3, children=(CRIMEA, GAS, REGEX), weights=(3, -2, 2)), {"crimea"}),
        (tree.Score(number=2, children=(CRIMEA, REGEX), weights=(3, 2)), None),
        (tree.Not(child=CRIMEA), None),
        (tree.Field(name="author", child=CRIMEA), None),
        (tree.Field(name="title", child=CRIMEA), ("title", "crimea")),
    ],
)
def test_what_the_index_is_asked(node, clause):
    assert plain(clauses.index_clause(node)) == clause


def test_what_is_nested_too_deeply_is_not_asked(index):
    node = CRIMEA
    for _ in range(1000):
        node = tree.And(children=(tree.Or(children=(node, GAS)), GAS))
    expression = dialect.index_expression(clauses.index_clause(node), "sqlite")
    index.execute("SELECT rowid FROM search_index WHERE search_index MATCH ?", [expression])
