"""Explanations: they agree with the matcher, and say in a sentence what was missing and what was nearly there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compile import compile_expression, compile_rules
from rules.document import DEFAULT_FIELDS, Document
from rules.evidence import Evidence
from rules.explain import explain_topic, find_deciding
from rules.explained import MOST_EXAMPLES, Explainer
from rules.match import Span
from rules.render import render
from rules.syntax import parse
from rules.topic import make_topic
from rules.tree import AtLeast, Field, Macro, Near, Not, Quorum, Regex, Score, Wildcard, Words, join_and, join_or

ARTICLES = Path(__file__).parents[3] / "shared" / "newsroom" / "articles"


def topic(*matches, excludes=(), langs=()):
    trees = [parse(m) if isinstance(m, str) else m for m in matches]
    nots = [parse(n) if isinstance(n, str) else n for n in excludes]
    return make_topic(
        name="t", matches=[(m, i) for i, m in enumerate(trees, 1)], excludes=[(n, 9) for n in nots], langs=langs
    )


def doc(body="", title="", **fields):
    return Document(title=title, body=body, **fields)


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def decided(explanation):
    """What decides, as expressions."""
    return [node.expression for line in explanation.lines for node in find_deciding(line.tree)]


# --- the law: it agrees with the matcher ------------------------------------------------------------


def check(one, document):
    """Compare the explanation of a topic with its match, at every node."""
    found = compile_rules([one]).match(document)
    explanation = explain_topic(one, document)
    assert explanation.matches is bool(found)
    assert explanation.rules == (found[0].rules if found else ())
    assert explanation.spans == (found[0].spans if found else ())
    assert (explanation.topic, explanation.version) == (one.name, one.version)
    for rule, line in zip([*one.rules, *one.excludes], explanation.lines, strict=True):
        alone = compile_rules([make_topic(name="t", matches=[(rule.tree, 1)])])
        assert line.holds is bool(alone.match(document)), render(rule.tree)
        assert line.tree.holds is line.holds
        assert bool(list(find_deciding(line.tree))) is line.is_deciding
        for node in nodes(line.tree):
            assert node.why
            assert node.holds or not node.spans or node.kind == "atleast"
    assert explanation.why
    assert explanation.is_stopped_by_lang or any(line.is_deciding for line in explanation.lines)
    return explanation


WORDS = st.builds(
    lambda text, form: Words(text=text, is_exact="=" in form, is_prefix="*" in form, is_plural="~" in form),
    st.sampled_from(["Crimea", "crimea", "NATO", "us", "Store", "asset", "crimea NATO", "us asset us", "cri", "北京"]),
    st.sampled_from(["", "", "=", "*", "~", "=*"]),
)
ATOMS = WORDS | st.sampled_from([Wildcard(text="*rim?a*"), Wildcard(text="=?ATO", is_exact=False)])
LOOSE = st.sampled_from(
    [
        Field(name="source", child=Words(text="cnn.com")),
        Field(name="lang", child=Words(text="en")),
        Regex(pattern="cri|NA"),
        Regex(pattern="nato", ignores_case=True),
    ]
)


def several(children, most=3):
    return st.lists(children, min_size=2, max_size=most)


PLACED = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(
            lambda c, gap, *, o: Near(children=tuple(c), gap=gap, is_ordered=o),
            several(inner),
            st.integers(0, 3),
            o=st.booleans(),
        ),
        several(inner).map(join_or),
    ),
    max_leaves=4,
)
TREES = st.recursive(
    PLACED | LOOSE | st.builds(lambda n, c: AtLeast(number=n, child=c), st.integers(1, 3), PLACED),
    lambda inner: st.one_of(
        several(inner).map(join_and),
        several(inner).map(join_or),
        st.builds(lambda a, b: join_and([a, Not(child=b)]), inner, inner),
        st.builds(lambda a, b: Not(child=join_and([Not(child=a), Not(child=b)])), inner, inner),
        st.builds(lambda c, n: Quorum(number=min(n, len(c)), children=tuple(c)), several(inner), st.integers(1, 3)),
        st.builds(
            lambda c, w, n: Score(number=n, children=tuple(c), weights=tuple(w[: len(c)])),
            several(inner),
            st.lists(st.sampled_from([1, 2, 5, -1]), min_size=3, max_size=3).filter(lambda w: max(w[:2]) > 0),
            st.integers(1, 6),
        ),
    ),
    max_leaves=6,
).filter(lambda tree: not any(isinstance(t, Field) for t in _inside_fields(tree)))
TREES = TREES | st.builds(
    lambda n, c: Field(name=n, child=c), st.sampled_from(["title", "body", "author", "url", "section"]), PLACED
)


def _inside_fields(tree):
    from rules.tree import walk

    return [inner for node in walk(tree) if isinstance(node, Field) for inner in walk(node.child)]


TOPICS = st.builds(
    lambda m, n, langs: topic(*m, excludes=n, langs=langs),
    st.lists(TREES, min_size=1, max_size=3),
    st.lists(TREES, max_size=1),
    st.sampled_from([(), (), ("en",)]),
)
TEXTS = st.lists(
    st.sampled_from(
        ["Crimea", "crimean", "NATO", "Nato", "U.S.", "us", "Støre", "asset", "assets", "x.com/crimea", "北京"]
    ),
    max_size=8,
).map(" ".join)
DOCUMENTS = st.builds(
    lambda title, body, author, url, sections, source, lang: Document(
        title=title, body=body, author=author, url=url, sections=tuple(sections), source=source, lang=lang
    ),
    TEXTS,
    TEXTS,
    st.none() | TEXTS,
    st.none() | st.sampled_from(["https://x.com/crimea-nato", "http://a.b/us/asset_1"]),
    st.lists(TEXTS, max_size=2),
    st.sampled_from([None, "cnn.com", "edition.cnn.com"]),
    st.sampled_from([None, "en-GB", "nl"]),
)


@given(TOPICS, DOCUMENTS)
@settings(max_examples=200)
def test_an_explanation_agrees_with_the_matcher(one, document):
    check(one, document)


EXAMPLES = [
    "Crimea",
    '"Crimean Peninsula"',
    'crimea* NOT ("Crimean-Congo" | CCHF)',
    "=PURL AND (NATO | Ukraine)",
    '"NATO Secretary General" NEAR/2 Rutte',
    "Zelensky | Zelenskyy | Зеленський",
    "frozen NEAR/4 asset~",
    '(frozen | immobili?ed) BEFORE/4 (asset~ | reserve~) AND (Russia* | "central bank")',
    "ATLEAST/3 (Crimea | Crimean)",
    "ANY/2 (Rutte, Hegseth, Zelensky | Zelenskyy)",
    'SCORE/10 (crimea*^6, "Black Sea"^4, annex*^4, holiday^-5)',
    '=US NOT ("US Open" | =USA)',
    "(Trump BEFORE/3 Putin) | (Putin BEFORE/3 Trump)",
    r"/€\s?\d+ (billion|bn)/ AND frozen",
    "*militari?* AND Ukraine",
    '"Ukraine\'s Defense Minister Rustem Umerov"',
]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_examples_of_the_specification_are_explained_as_they_match(rule):
    if not ARTICLES.is_dir():
        pytest.skip("the sample articles (../shared/newsroom) are not here")
    for path in sorted(ARTICLES.glob("00*.txt")):
        document = doc(path.read_text("utf-8"))
        assert check(topic(rule), document).matches is compile_expression(rule).matches(document)


# --- why a word is not there ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "document", "why"),
    [
        ("harbour", doc("x"), "harbour occurs nowhere in title or body"),
        (
            "=PURL",
            doc("a Purl b"),
            "=PURL occurs nowhere in title or body, but “Purl” (body 2) does; = asks for it just as written",
        ),
        (
            "harbour",
            doc("two harbours"),
            "harbour occurs nowhere in title or body, but “harbours” (body 4) does; harbour~ finds it in singular and",
        ),
        ("countries", doc("a Country"), "countries occurs nowhere in title or body, but “Country” (body 2) does;"),
        (
            "Crimea",
            doc("x", title="Crimean ports"),
            "Crimea occurs nowhere in title or body, but “Crimean” (title 0) does; Crimea* finds it with any ending",
        ),
        ("militari*", doc("demilitarised"), "but “demilitarised” (body 0) does; *militari* finds it within longer"),
        (
            "harbour",
            doc("x", url="https://a.b/harbour"),
            "but “harbour” (url 12) does, which is not looked at; url:harbour finds it",
        ),
        ("author:(ann miller)", doc("Ann", author="Miller"), "which is not looked at; body:ann finds it"),
        (
            "crimea",
            doc("see https://x.com/crimea."),
            "nowhere in title or body; the address “https://x.com/crimea” (body 4) holds it, and no word reaches into",
        ),
        ("author:ann", doc("x"), "the article has no author"),
        ("source:cnn.com", doc("x", source="bbc.co.uk"), "the article is from bbc.co.uk"),
        ("source:cnn.com", doc("x"), "the article's host is not known"),
        ("lang:nl", doc("x", lang="en"), "the article's language is en"),
        ("lang:nl", doc("x"), "the article's language is not known"),
        ("immobili?ed", doc("x", author="immobilised"), "immobili?ed occurs nowhere in title or body, but “immo"),
        ("/€ [0-9]+/", doc("5"), "/€ [0-9]+/ matches nothing in title or body"),
        ("/purl/", doc("PURL"), "/purl/ matches nothing in title or body; with an i behind it, it would find “PURL”"),
        # phrases
        ('"black sea"', doc("x"), '"black sea": none of its words occurs in title or body'),
        ('"black sea fleet"', doc("black"), '"black sea fleet": neither sea nor fleet occurs in title or body'),
        ('"frozen asset"', doc("frozen assets"), '"frozen asset*" finds it with any ending'),
        (
            '"frozen assets"',
            doc("frozen Russian central assets"),
            "not adjacent; at the nearest, 2 other words stand between them: “frozen Russian central assets” (body 0)",
        ),
        ('"a b c"', doc("a b x c"), "1 other word stands between them: “a b x c” (body 0)"),
        ('"b a"', doc("a b"), '"b a": its words occur, but not in this order: “a b” (body 0)'),
        ('"a b"', doc("a", title="b"), '"a b": its words occur, but never all of them in order in the same field'),
    ],
)
def test_why_words_are_not_found(rule, document, why):
    explanation = check(topic(rule), document)
    assert not explanation.matches
    assert why in explanation.why


# --- the nearest miss -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "body", "gap", "where", "why"),
    [
        ("a NEAR/1 b", "a x x x b x x a", 2, "b x x a", "the nearest have 2 words between them, 1 allowed"),
        ("a NEAR/0 b", "a x b", 1, "a x b", "the nearest have 1 word between them"),
        ("a BEFORE/3 b", "b a", 0, "b a", "they occur in another order, no words between: “b a” (body 0)"),
        (
            "a BEFORE/1 b",
            "b a x x x b",
            3,
            "a x x x b",
            "in another order, no words between: “b a” (body 0); in this order the nearest have 3 words between them",
        ),
        ("a NEAR/1 b NEAR/1 c", "a x b c", 2, "a x b c", "the nearest have 2 words between them"),
        ('"a b" NEAR/5 b', "a b", None, "", "one is part of another"),
        ("a NEAR/5 a", "a", None, "", "the same is asked for several times"),
        ("a NEAR/5 b", "a x", None, "", "b occurs nowhere in title or body"),
        ("a NEAR/5 (b | c)", "a x", None, "", "b occurs nowhere in title or body; and 1 more reason"),
    ],
)
def test_the_nearest_miss(rule, body, gap, where, why):
    explanation = check(topic(rule), doc(body))
    assert why in explanation.why
    (line,) = explanation.lines
    nearest = line.tree.nearest
    if gap is None:
        assert nearest is None
    else:
        assert nearest.gap == gap
        assert body[nearest.span.start : nearest.span.end] == where


def test_operands_in_different_fields_are_told_apart():
    explanation = check(topic("a NEAR/5 b"), doc("b", title="a"))
    assert explanation.why == "a NEAR/5 b: all of them occur, but never in the same field: a in title, b in body"


@given(
    st.lists(st.sampled_from(["a", "b", "c", "x"]), min_size=1, max_size=30).map(" ".join),
    st.integers(0, 3),
    st.booleans(),
)
def test_the_nearest_miss_holds_with_its_gap_and_with_no_less(body, gap, is_ordered):
    near = Near(children=(Words(text="a"), Words(text="b"), Words(text="c")), gap=gap, is_ordered=is_ordered)
    (line,) = check(topic(near), doc(body)).lines
    nearest = line.tree.nearest
    if nearest is None:
        return

    def holds(gap, *, is_ordered):
        operator = "BEFORE" if is_ordered else "NEAR"
        return compile_expression(f"a {operator}/{gap} b {operator}/{gap} c").matches(doc(body))

    # where it occurs in no distance in this order, the nearest in any order is told
    in_order = is_ordered and holds(99, is_ordered=True)
    assert holds(nearest.gap, is_ordered=in_order)
    assert nearest.gap == 0 or not holds(nearest.gap - 1, is_ordered=in_order)
    words = body[nearest.span.start : nearest.span.end].split()
    assert {"a", "b", "c"} <= set(words)


# --- what decides -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matches", "excludes", "langs", "body", "deciding"),
    [
        (["a b"], [], (), "a", ["b"]),
        (["a b c"], [], (), "a", ["b", "c"]),
        (["a b"], [], (), "a b", ["a", "b"]),
        (["a | b"], [], (), "b", ["b"]),
        (["a | b"], [], (), "x", ["a", "b"]),
        (["a (b | c)"], [], (), "a", ["b", "c"]),
        (["a NOT (b | c)"], [], (), "a c", ["NOT (b | c)"]),
        (["a NOT b"], [], (), "a", ["a", "NOT b"]),
        (["title:(a | b)"], [], (), "a", ["a", "b"]),
        (["a NEAR/1 b"], [], (), "a x x b", ["a NEAR/1 b"]),
        (["a NEAR/1 b"], [], (), "a", ["b"]),
        (["ATLEAST/2 (a | b)"], [], (), "a", ["ATLEAST/2 (a | b)"]),
        (["ATLEAST/2 (a | b)"], [], (), "x", ["a", "b"]),
        (["ANY/2 (a, b, c)"], [], (), "a", ["ANY/2 (a, b, c)"]),
        (["ANY/2 (a, b, c)"], [], (), "a c", ["a", "c"]),
        (["SCORE/3 (a^2, b^2)"], [], (), "a", ["SCORE/3 (a^2, b^2)"]),
        (["SCORE/3 (a^2, b^2)"], [], (), "a b", ["SCORE/3 (a^2, b^2)"]),
        (["a", "b c"], [], (), "b", ["a", "c"]),
        (["a", "b"], [], (), "a", ["a"]),
        (["a", "b"], ["x y", "z"], (), "a x y", ["x", "y"]),
        (["a"], ["x"], (), "x", ["a"]),
        (["a"], [], ("nl",), "a", []),
    ],
)
def test_the_smallest_parts_that_explain_how_it_came_out_are_marked(matches, excludes, langs, body, deciding):
    assert decided(check(topic(*matches, excludes=excludes, langs=langs), doc(body, lang="en"))) == deciding


def test_a_not_line_that_stops_a_topic_is_named():
    explanation = check(topic("a", excludes=["q", "x"]), doc("a x"))
    assert explanation.why == "t.not.2 excludes it: x occurs once (body 2)"
    assert [line.is_deciding for line in explanation.lines] == [False, False, True]
    assert [line.kind for line in explanation.lines] == ["match", "not", "not"]
    assert (explanation.rules, explanation.spans) == ((), ())


def test_a_guard_that_stops_a_topic_is_told():
    explanation = check(topic("a", langs=("nl", "de")), doc("a", lang="en-GB"))
    assert explanation.is_stopped_by_lang
    assert explanation.why == "the article's language is en-GB, and the topic is limited to nl, de"
    assert check(topic("b", langs=("nl",)), doc("a", lang="en")).why.endswith("; nor does a match line hold")
    assert check(topic("a", langs=("nl",)), doc("a")).matches


def test_of_many_lines_the_closest_is_told():
    explanation = check(topic("u v", "a b", "w"), doc("a"))
    assert explanation.why == "none of its 3 match lines holds; the closest is t.2: b occurs nowhere in title or body"
    why = check(topic("u", "harbour", "w"), doc("harbours")).why
    assert why.startswith(
        "none of its 3 match lines holds; the closest is t.2: harbour occurs nowhere in title or body, but"
    )
    assert check(topic("u", "v"), doc("a")).why == "nothing that its 2 match lines look for is there"
    assert check(topic("a", "b", "c"), doc("a b")).why == "t.1 holds: a occurs once (body 0); so does t.2"
    assert check(topic(*["a"] * 9), doc("a")).why == "t.1 holds: a occurs once (body 0); so do t.2, t.3, t.4 and 5 more"


# --- what each operator says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "body", "why"),
    [
        ("ATLEAST/3 (a | b)", "a b", "it occurs 2 times (first: body 0): 2 of 3 that are asked for"),
        ("ATLEAST/2 (a)", "x", "it does not occur: 0 of 2 that are asked for"),
        ("ANY/2 (a, b, c)", "b", "1 of 3 hold, 2 are asked for: b"),
        ("ANY/2 (a, b, c)", "x", "0 of 3 hold, 2 are asked for"),
        ("SCORE/5 (a^3, b^4, c^-5)", "a b c", "the sum is 2 of the 5 that are asked for: a +3, b +4, c -5"),
        ("SCORE/5 (a^3, b^4)", "x", "the sum is 0 of the 5 that are asked for: none of them holds"),
        ("a b", "a", "1 of 2 hold; missing: b"),
        ("a | b", "b", "1 of 2 hold: b"),
        ("a | b", "x", "none of the alternatives holds"),
        ("a NEAR/3 b", "a x b", "1 word between, 3 allowed: “a x b” (body 0)"),
        ("title:(a | b)", "a", "it is looked for in title alone"),
        ("a a", "a", "all hold"),
    ],
)
def test_what_an_operator_says(rule, body, why):
    (line,) = check(topic(rule), doc(body)).lines
    assert line.tree.why == why


def test_a_not_tells_what_it_found():
    (line,) = check(topic("a NOT (b | c)"), doc("a c")).lines
    assert line.tree.children[1].why == "it must not be there, but c occurs once (body 2)"
    (line,) = check(topic("a NOT b"), doc("a")).lines
    assert line.tree.children[1].why == "it must not be there, and is not"


def test_spans_point_into_the_text_and_near_has_its_stretch():
    (line,) = check(topic("a NEAR/2 b"), doc("x a y b", title="b")).lines
    near = line.tree
    assert near.spans == (Span("body", 2, 7),)
    assert [child.spans for child in near.children] == [
        (Span("body", 2, 3),),
        (Span("title", 0, 1), Span("body", 6, 7)),
    ]


def test_members_of_a_score_have_their_weights():
    (line,) = check(topic("SCORE/1 (a^2, b^-3)"), doc("a")).lines
    assert [(child.expression, child.weight) for child in line.tree.children] == [("a", 2), ("b", -3)]


# --- large and deep ---------------------------------------------------------------------------------


def test_of_many_alternatives_those_that_hold_are_shown_and_the_rest_is_counted():
    many = join_or(Words(text=f"w{i}") for i in range(5000))
    (line,) = check(topic(many), doc("w7 x w4999")).lines
    assert [child.expression for child in line.tree.children] == ["w7", "w4999"]
    assert line.tree.left_out == 4998
    (line,) = check(topic(many), doc("a W4321s bw43 b")).lines
    assert len(line.tree.children) == MOST_EXAMPLES
    assert line.tree.left_out == 5000 - MOST_EXAMPLES
    assert line.why.endswith("; and 4999 more reasons")
    assert "w4321~" in {child.expression: child.why for child in line.tree.children}["w4321"]
    (line,) = check(topic(join_and(many.children)), doc(" ".join(f"w{i}" for i in range(4999)))).lines
    assert [child.expression for child in line.tree.children] == ["w4999"]
    assert line.why == "w4999 occurs nowhere in title or body"


def test_a_sentence_names_no_more_than_a_few_words():
    (line,) = check(topic('"a b c d e f g h"'), doc("a")).lines
    assert line.tree.why == "none of b, c, d, e, f and 2 more occurs in title or body"
    (line,) = check(topic('"a b c d"'), doc("a")).lines
    assert line.tree.why == "none of b, c and d occurs in title or body"
    (line,) = check(topic('"a b c d"'), doc("a b c")).lines
    assert line.tree.why == "its d never occurs in title or body"
    operands = tuple(Words(text=f"w{i}") for i in range(9))
    backwards = doc(" ".join(f"w{i}" for i in reversed(range(9))))
    (line,) = check(topic(Near(children=operands, gap=20, is_ordered=True)), backwards).lines
    assert line.tree.why == "they do not occur in this order in the same field"


def test_macros_must_be_written_out():
    with pytest.raises(TypeError, match="@kit is not written out"):
        Explainer(Evidence(doc("x"))).explain(Macro(name="kit"), DEFAULT_FIELDS)


def test_deep_trees_are_explained():
    tree = Words(text="w0")
    for i in range(1, 79):
        inner = join_or([Words(text=f"w{i}"), tree]) if i % 2 else join_and([Words(text=f"w{i}"), tree])
        tree = Field(name="body", child=inner) if i % 10 == 0 else inner
    body = " ".join(f"w{i}" for i in range(0, 80, 2))
    assert check(topic(tree), doc(body)).matches
    assert not check(topic(tree), doc("x")).matches


def test_a_text_full_of_hits_is_explained():
    body = "a b " * 5000
    explanation = check(topic("a NEAR/500 b", "a BEFORE/0 b BEFORE/0 b", '"b b"', "ATLEAST/9999 (a)"), doc(body))
    assert explanation.rules == ("t.1",)
    assert explanation.lines[1].tree.nearest.gap == 2
    assert explanation.lines[2].tree.nearest.gap == 1
