"""What the index of PostgreSQL is asked it finds, also where a text goes beyond what it can hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from storage import dialect, tsvector
from storage.dialect import AllOf, AnyOf, InColumn, Phrase

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ASK = text("SELECT CAST(:vector AS tsvector) @@ CAST(:asked AS tsquery)")


@pytest.fixture(scope="module")
def ask(on_postgresql):
    """Whether the server finds a clause in a text, which is given as the tokens of title and body."""
    with on_postgresql.connect() as connection:

        def is_found(clause, title, body):
            lines = [dialect.index_line(tokens) for tokens in (title, body)]
            vector = tsvector.vector(*map(tsvector.words_of, lines))
            asked = dialect.index_expression(clause, "postgresql")
            return connection.execute(ASK, {"vector": vector, "asked": asked}).scalar_one()

        yield is_found


def holds(clause, title, body):
    """What the clause says, by the tokens themselves."""
    match clause:
        case Phrase():
            return any(is_in(clause, tokens) for tokens in (title, body))
        case AllOf():
            return all(holds(each, title, body) for each in clause.clauses)
        case AnyOf():
            return any(holds(each, title, body) for each in clause.clauses)
        case InColumn(column="title"):
            return holds(clause.clause, title, [])
        case InColumn():
            return holds(clause.clause, [], body)


def is_in(phrase, tokens):
    *before, last = phrase.tokens
    size = len(phrase.tokens)
    for start in range(len(tokens) - size + 1):
        found = tokens[start : start + size]
        is_last = found[-1].startswith(last) if phrase.is_prefix else found[-1] == last
        if found[:-1] == before and is_last:
            return True
    return False


WORDS = ["a", "ab", "b", "it's", "c\\d", "\\", "'", "''", "北", "й", "&", "|", "!", "<->", ":a", "*", "(", "ab:*", "."]
TOKENS = st.lists(st.sampled_from(WORDS), max_size=12)
PHRASES = st.builds(
    lambda tokens, is_prefix: Phrase(tokens=tuple(tokens), is_prefix=is_prefix),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    st.booleans(),
)
CLAUSES = st.recursive(
    PHRASES,
    lambda inner: st.one_of(
        st.builds(lambda each: AllOf(clauses=tuple(each)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: AnyOf(clauses=tuple(each)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda name, each: InColumn(column=name, clause=each), st.sampled_from(["title", "body"]), PHRASES),
    ),
    max_leaves=6,
)


@given(clause=CLAUSES, title=TOKENS, body=TOKENS)
@RELAXED
def test_of_a_text_within_the_limits_it_finds_what_is_there_and_nothing_else(ask, clause, title, body):
    assert ask(clause, title, body) == holds(clause, title, body)


#: pieces that come together to texts with too many places, too many of one word, and words that are too long
LONG = "x" * 2046
PIECES = st.lists(
    st.one_of(
        TOKENS,
        st.builds(lambda word, times: [word] * times, st.sampled_from(WORDS), st.sampled_from([127, 128, 129, 256])),
        st.builds(lambda times: [f"filler{n % 100}" for n in range(times)], st.sampled_from([16_370, 16_383])),
        st.builds(lambda end: [LONG + end], st.sampled_from(["", "y", "z", "ü"])),
    ),
    max_size=3,
).map(lambda pieces: [token for piece in pieces for token in piece])
LONG_PHRASES = st.one_of(
    CLAUSES,
    st.builds(
        lambda before, end, is_prefix: Phrase(tokens=(*before, LONG + end), is_prefix=is_prefix),
        TOKENS.map(lambda tokens: tokens[:1]),
        st.sampled_from(["", "y", "z", "ü"]),
        st.booleans(),
    ),
)


@given(clause=LONG_PHRASES, title=PIECES, body=PIECES)
@settings(RELAXED, max_examples=40)
def test_beyond_the_limits_it_finds_too_much_and_never_too_little(ask, clause, title, body):
    if holds(clause, title, body):
        assert ask(clause, title, body)


@pytest.mark.parametrize(
    ("title", "body", "phrase"),
    [
        pytest.param([], [*"ab" * 10_000, "c", "d"], ("c", "d"), id="behind the last place"),
        pytest.param([], [*["a"] * 300, "b"], ("a", "b"), id="the 257th of a word"),
        pytest.param(["a"] * 300, ["x", "a", "b"], ("a", "b"), id="a word of the body that fills the title"),
        pytest.param(["t"] * 17_000, ["t", "a", "b"], ("t", "a"), id="a title without end"),
        pytest.param([], ["a" * 3000, "b"], ("a" * 3000, "b"), id="a word of 3,000 letters"),
        pytest.param([], ["ü" * 1500], ("ü" * 1500,), id="a word of 3,000 bytes"),
        pytest.param([], [f"word{n}" for n in range(150_000)], ("word1", "word2"), id="a text of a megabyte"),
        pytest.param([], ["a\0b"], ("a\0b",), id="NUL"),
        pytest.param([], ["a\ud800b"], ("a\ud800b",), id="half a character"),
    ],
)
def test_what_is_too_much_for_it_is_found(ask, title, body, phrase):
    place = "body" if is_in(Phrase(tokens=phrase), body) else "title"
    assert ask(InColumn(column=place, clause=Phrase(tokens=phrase)), title, body)
    assert ask(Phrase(tokens=(phrase[0],), is_prefix=True), title, body)


def test_no_phrase_spans_title_and_text(ask):
    assert not ask(Phrase(tokens=("a", "b")), ["a"], ["b"])


def test_the_size_of_a_vector_is_never_counted_too_small(on_postgresql):
    words = [f"{n:x}" * (1 + n % 9) for n in range(3000)]
    places = {word: ["1A"] * (1 + n % 5) for n, word in enumerate(words)}
    made = " ".join(
        f"{tsvector.quoted(word)}:{','.join(f'{n + 1}A' for n in range(len(at)))}" for word, at in places.items()
    )
    with on_postgresql.connect() as connection:
        size = connection.execute(text("SELECT pg_column_size(CAST(:vector AS tsvector))"), {"vector": made})
        # Beside the words and places, four bytes for each word that do not count, and a head.
        assert size.scalar_one() - 8 - 4 * len(places) <= tsvector._size(places)


@pytest.mark.parametrize(
    ("title", "body", "is_precise"),
    [
        # PostgreSQL keeps 256 places of a word, and none beyond 16,383; of more it says nothing
        ([], ["a"] * 256, True),
        ([], ["a"] * 257, False),
        ([], [f"w{number}" for number in range(16_382)], True),
        ([], [f"w{number}" for number in range(16_383)], False),
        (["t"], [f"w{number}" for number in range(16_381)], True),
        (["t"], [f"w{number}" for number in range(16_382)], False),
    ],
)
def test_a_vector_says_from_where_on_places_are_missing(title, body, is_precise):
    assert (tsvector.quoted(tsvector.IMPRECISE) in tsvector.vector(title, body)) is not is_precise
