"""Compiled sets: topics, guards, exclusions; and the index changes nothing but the time it takes."""

from __future__ import annotations

import pickle
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.assemble import assemble_rules
from rules.compile import compile_rules
from rules.document import Document
from rules.layout import RuleFile
from rules.match import RuleSet, Span, TopicMatch
from rules.render import render
from rules.topic import make_topic
from rules.tree import Field, Near, Not, Words, join_and, join_or
from rules.triggers import find_trigger


def compiled(text):
    loaded = assemble_rules([RuleFile("a", text)])
    assert not loaded.errors, [e.render() for e in loaded.errors]
    return compile_rules(loaded.topics)


def doc(body="", title="", **fields):
    return Document(title=title, body=body, **fields)


RULES = compiled(
    "topic purl\n match =PURL\n match NATO Ukraine\n not knitting | title:advert\n"
    "topic crimea\n lang en, nl\n match crimea*\n"
    "topic cnn\n match source:cnn.com lang:en\n"
)


def test_a_topic_matches_with_the_rules_that_fired_and_all_their_spans():
    assert RULES.match(doc("PURL for Ukraine", title="NATO")) == (
        TopicMatch(
            topic="purl",
            version=RULES.topics[2].version,
            rules=("purl.1", "purl.2"),
            spans=(Span("title", 0, 4), Span("body", 0, 4), Span("body", 9, 16)),
        ),
    )
    assert RULES.match(doc("purl for Ukraine", title="NATO"))[0].rules == ("purl.2",)
    assert RULES.match(doc("NATO")) == ()


def test_not_lines_exclude():
    assert RULES.match(doc("PURL and knitting")) == ()
    assert RULES.match(doc("PURL", title="Advert")) == ()
    assert RULES.match(doc("PURL advert")) != ()


@pytest.mark.parametrize(("lang", "passes"), [("en", True), ("NL-be", True), (None, True), ("", True), ("de", False)])
def test_the_lang_guard_lets_unknown_languages_pass(lang, passes):
    assert bool(RULES.match(doc("Crimean", lang=lang))) is passes


def test_rules_without_words_are_triggered_by_host_and_language():
    assert [m.topic for m in RULES.match(doc("x", source="www.cnn.com", lang="en"))] == ["cnn"]
    assert RULES.match(doc("x", source="www.cnn.com")) == ()


def test_topics_are_sorted_by_name_and_their_order_makes_no_difference():
    backwards = compile_rules(reversed(RULES.topics))
    assert backwards == RULES
    assert backwards.version == RULES.version
    assert [topic.name for topic in RULES.topics] == ["cnn", "crimea", "purl"]


def test_the_version_of_a_set_tells_its_topics_and_their_versions():
    changed = replace(RULES.topics[0], version="0")
    renamed = replace(RULES.topics[0], name="other")
    sets = [RULES.topics, RULES.topics[:2], (changed, *RULES.topics[1:]), (renamed, *RULES.topics[1:]), ()]
    assert len({compile_rules(topics).version for topics in sets}) == len(sets)
    retitled = replace(RULES.topics[0], title="New")
    assert compile_rules((retitled, *RULES.topics[1:])).version == RULES.version


def test_two_topics_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two topics are named"):
        compile_rules([RULES.topics[0], RULES.topics[0]])


def test_an_empty_set_matches_nothing():
    assert compile_rules([]).match(doc("PURL")) == ()


def test_a_compiled_set_survives_pickling_and_stays_the_same():
    again = pickle.loads(pickle.dumps(RULES))
    assert isinstance(again, RuleSet)
    assert again == RULES
    document = doc("PURL, Crimea, NATO, Ukraine", source="cnn.com", lang="en")
    assert again.match(document) == RULES.match(document)
    with pytest.raises(AttributeError):
        RULES.version = "x"  # type: ignore[misc]  # it must refuse


def test_the_same_words_become_one_plan():
    rules = compiled('topic a\n match Crimea "Black Sea"\ntopic b\n match crimea | "black-sea"\n')
    first, second = (set(map(id, topic.rules[0].atoms)) for topic in rules.plans)
    assert first == second


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("Crimea", {"crimea"}),
        ("=PURL", {"purl"}),
        ("crimea*", {"crimea*"}),
        ('"the asset*"', {"the"}),
        ('"a Peninsula"', {"peninsula"}),
        ("Crimea | Donbas", {"crimea", "donbas"}),
        ("the Crimea", {"crimea"}),
        ("the (Crimea | Donbas)", {"crimea", "donbas"}),
        ("Kyiv (Crimea | Donbas)", {"kyiv"}),
        ("Crimea NOT Donbas", {"crimea"}),
        ("US NEAR/5 Crimea", {"crimea"}),
        ("NOT (NOT Crimea NOT Donbas)", {"crimea", "donbas"}),
        ("NOT NOT Crimea", {"crimea"}),
        ("source:.CNN.com", {"source:cnn.com"}),
        ("lang:EN", {"lang:en"}),
    ],
)
def test_triggers(rule, keys):
    (topic,) = compiled(f"topic t\n match {rule}\n").plans
    trigger = find_trigger(topic.rules[0].plan, {})
    assert trigger is not None
    assert trigger.keys == keys


# The index against its absence

_VOCABULARY = [
    "Crimea",
    "crimean",
    "NATO",
    "Nato",
    "U.S.",
    "us",
    "Støre",
    "asset",
    "assets",
    "x.com/crimea",
    "北京",
    "Ж",
]
_WORDS = st.builds(
    lambda text, *, e, p: Words(text=text, is_exact=e, is_prefix=p),
    st.sampled_from(
        ["Crimea", "crimea", "NATO", "Nato", "US", "us", "Store", "asset", "crimea NATO", "us asset", "ass", "cri"]
    ),
    e=st.booleans(),
    p=st.booleans(),
) | st.sampled_from([Words(text="北京"), Words(text="京"), Words(text="x.com/crimea"), Words(text="Ж")])
_LABELS = st.sampled_from(
    [
        Field(name=n, child=Words(text=t))
        for n, t in [("source", "cnn.com"), ("source", "bbc.uk"), ("lang", "en"), ("lang", "nl")]
    ]
)


def _list(children, size=3):
    return st.lists(children, min_size=2, max_size=size)


_NEAR = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.builds(
            lambda c, g, *, o: Near(children=tuple(c), gap=g, is_ordered=o),
            _list(inner),
            st.integers(0, 3),
            o=st.booleans(),
        ),
        _list(inner).map(join_or),
    ),
    max_leaves=3,
)
_POSITIVE = st.recursive(
    _NEAR | _LABELS,
    lambda inner: st.one_of(
        _list(inner).map(join_and),
        _list(inner).map(join_or),
        st.builds(lambda a, b: join_and([a, Not(child=b)]), inner, inner),
        st.builds(lambda a, b: Not(child=join_and([Not(child=a), Not(child=b)])), inner, inner),
        st.builds(
            lambda n, c: Field(name=n, child=c), st.sampled_from(["title", "body", "author", "url", "section"]), inner
        ),
    ),
    max_leaves=5,
)
_TOPICS = st.lists(
    st.tuples(
        st.lists(_POSITIVE, min_size=1, max_size=3), st.lists(_POSITIVE, max_size=1), st.sampled_from([(), ("en",)])
    ),
    max_size=5,
).map(
    lambda topics: [
        make_topic(name=f"t{i}", matches=[(m, 1) for m in matches], excludes=[(n, 1) for n in nots], langs=langs)
        for i, (matches, nots, langs) in enumerate(topics)
    ]
)
_TEXTS = st.lists(st.sampled_from(_VOCABULARY), max_size=8).map(" ".join)
_DOCUMENTS = st.builds(
    lambda title, body, author, url, sections, source, lang: Document(
        title=title, body=body, author=author, url=url, sections=tuple(sections), source=source, lang=lang
    ),
    _TEXTS,
    _TEXTS,
    st.none() | _TEXTS,
    st.none() | st.sampled_from(["https://x.com/crimea-nato", "http://a.b/us/asset_1"]),
    st.lists(_TEXTS, max_size=2),
    st.sampled_from([None, "cnn.com", "edition.cnn.com", "bbc.uk"]),
    st.sampled_from([None, "en", "en-GB", "nl"]),
)


@given(_TOPICS, st.lists(_DOCUMENTS, min_size=1, max_size=4))
@settings(max_examples=100)
def test_the_index_finds_just_what_judging_every_rule_finds(topics, documents):
    rules = compile_rules(topics)
    for document in documents:
        assert rules.match(document) == rules.match_brute(document)


@given(_TOPICS, _DOCUMENTS)
@settings(max_examples=50)
def test_each_topic_matches_as_if_it_were_alone(topics, document):
    alone = [match for topic in topics for match in compile_rules([topic]).match(document)]
    assert list(compile_rules(topics).match(document)) == alone


@given(_TOPICS, _DOCUMENTS)
@settings(max_examples=50)
def test_decomposed_text_matches_the_same(topics, document):
    decomposed = replace(
        document,
        title=unicodedata.normalize("NFD", document.title),
        body=unicodedata.normalize("NFD", document.body),
    )
    rules = compile_rules(topics)
    for before, after in zip(rules.match(document), rules.match(decomposed), strict=True):
        assert (before.topic, before.rules, len(before.spans)) == (after.topic, after.rules, len(after.spans))


@given(_POSITIVE, _DOCUMENTS)
@settings(max_examples=200)
def test_rules_hold_as_the_definition_says(tree, document):
    rules = compile_rules([make_topic(name="t", matches=[(tree, 1)])])
    assert bool(rules.match(document)) is _holds(tree, document), render(tree)


# A plain reading of the specification, without index, positions or sharing.


def _holds(tree, document, fields=("title", "body")):
    match tree:
        case Field(name=name, child=child):
            return _holds(child, document, (name,))
        case Not(child=child):
            return not _holds(child, document, fields)
        case Words() if fields == ("source",):
            labels = (document.source or "").split(".")
            return tree.text.split(".") in [labels[i:] for i in range(len(labels))]
        case Words() if fields == ("lang",):
            return (document.lang or "").split("-")[0] == tree.text
        case Words() | Near():
            return any(_places(tree, tokens, fields) for field in fields for tokens in _streams(document, field))
        case _:
            results = [_holds(child, document, fields) for child in tree.children]
            return any(results) if type(tree).__name__ == "Or" else all(results)


def _streams(document, field):
    if field == "section":
        return document.section_tokens
    return (getattr(document, f"{field}_tokens"),)


def _places(tree, tokens, fields):
    from itertools import combinations, product

    from rules.text import is_opaque, tokenize, tokenize_url

    if isinstance(tree, Words):
        words = (tokenize_url if fields == ("url",) else tokenize)(tree.text)
        wanted, given_ = (words.exact, tokens.exact) if tree.is_exact else (words.folded, tokens.folded)
        found = set()
        for i in range(len(given_) - len(wanted) + 1):
            stretch = given_[i : i + len(wanted)]
            last = stretch[-1]
            is_last = (last.startswith(wanted[-1]) and not is_opaque(last)) if tree.is_prefix else last == wanted[-1]
            if stretch[:-1] == wanted[:-1] and is_last:
                found.add((i, i + len(wanted)))
        return found
    if not isinstance(tree, Near):
        return set().union(*(_places(child, tokens, fields) for child in tree.children))
    found = set()
    for choice in product(*(_places(child, tokens, fields) for child in tree.children)):
        if any(a[0] < b[1] and b[0] < a[1] for a, b in combinations(choice, 2)):
            continue
        last = max(choice)
        is_near = all(last[0] - span[1] <= tree.gap for span in choice if span != last)
        if is_near and (not tree.is_ordered or list(choice) == sorted(choice)):
            found.add((min(choice)[0], last[1]))
    return found
