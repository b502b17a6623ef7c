"""Laws of the engine: the index changes nothing, nor does what else is in the set; rules hold as RULES.md says."""

from __future__ import annotations

import fnmatch
import pickle
import random
import re
import unicodedata
from dataclasses import replace
from itertools import combinations, product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.compile import compile_rules
from rules.document import Document
from rules.errors import RuleError
from rules.plural import singular
from rules.render import render
from rules.syntax import parse
from rules.text import is_opaque, tokenize, tokenize_url
from rules.topic import make_topic
from rules.tree import AtLeast, Field, Near, Not, Quorum, Regex, Score, Wildcard, Words, join_and, join_or

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
) | st.sampled_from(
    [
        *(Words(text=text) for text in ("北京", "京", "x.com/crimea", "Ж", "see x.com/crimea")),
        *(Words(text=text, is_plural=True) for text in ("asset", "Assets", "us asset")),
        *(Wildcard(text=text, is_exact=e) for text in ("*rime*", "n?to", "*ss?t", "Cr*n") for e in (True, False)),
    ]
)
_REGEXES = st.sampled_from(
    [Regex(pattern="[Cc]rimea NATO"), Regex(pattern="x.com"), Regex(pattern="nato", ignores_case=True)]
)
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
    _NEAR | _LABELS | _REGEXES | st.builds(lambda n, c: AtLeast(number=n, child=c), st.integers(1, 3), _NEAR),
    lambda inner: st.one_of(
        _list(inner).map(join_and),
        _list(inner).map(join_or),
        st.builds(lambda a, b: join_and([a, Not(child=b)]), inner, inner),
        st.builds(lambda a, b: Not(child=join_and([Not(child=a), Not(child=b)])), inner, inner),
        _list(inner).map(lambda c: Quorum(number=len(c) - 1, children=tuple(c))),
        st.builds(
            lambda pairs, n: Score(number=n, children=tuple(c for c, _ in pairs), weights=tuple(w for _, w in pairs)),
            _list(st.tuples(inner, st.integers(-3, 5))),
            st.integers(1, 6),
        ),
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


#: What folding, scripts, marks and addresses make difficult.
_DIFFICULT = st.lists(
    st.sampled_from(
        [
            *"aeÉßøıİийЁΣς20.,/@' ー北ア가½ﬁǆŉＫا",
            *("\u0301", "\u0308", "\u0653", "\u00ad", "Www.", "wWW.", "x.com/"),
        ]
    ),
    min_size=1,
    max_size=10,
).map("".join)


@given(st.lists(_DIFFICULT, min_size=2, max_size=2), st.data())
@settings(max_examples=300)
def test_the_index_finds_what_is_cut_out_of_the_text_itself(texts, data):
    """Whole words, prefixes, phrases and wildcards that stand in the article, in the form written or folded."""
    title, url = texts
    document = Document(title=title, body="", url=url)
    tokens, field = data.draw(
        st.sampled_from([(tokenize(title), "title"), (tokenize(title), ""), (tokenize_url(url), "url")])
    )
    written = [(word, "=") for word in tokens.exact] + [(word, "") for word in tokens.folded]
    assume(written)
    word, sign = data.draw(st.sampled_from(written))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(word))] * 2)))
    whole = " ".join(tokens.exact if sign else tokens.folded)
    text = data.draw(
        st.sampled_from(
            [
                word,
                f"{word[:end]}*",
                f"{word[:start]}*{word[end:]}",
                f"{word[:start]}?{word[start + 1 :]}",
                f'"{whole}"',
            ]
        )
    )
    try:
        tree = parse(f"{field}{':' * bool(field)}{sign}{text}")
    except RuleError:
        return
    rules = compile_rules([make_topic(name="t", matches=[(tree, 1)])])
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


@given(_TOPICS, _DOCUMENTS)
@settings(max_examples=50)
def test_a_set_that_was_pickled_or_given_in_another_order_matches_the_same(topics, document):
    rules = compile_rules(topics)
    expected = rules.match(document)
    assert pickle.loads(pickle.dumps(rules)).match(document) == expected
    assert compile_rules(random.Random(1).sample(topics, len(topics))).match(document) == expected


# A plain reading of the specification, without index, positions or sharing.


def _holds(tree, document, fields=("title", "body")):
    match tree:
        case Field() | Not():
            return (
                _holds(tree.child, document, (tree.name,))
                if isinstance(tree, Field)
                else not _holds(tree.child, document, fields)
            )
        case Words() if fields in {("source",), ("lang",)}:
            return tree.text in _labels(document, *fields)
        case Words() | Wildcard() | Near():
            return any(_places(tree, tokens, fields) for field in fields for tokens in _streams(document, field))
        case AtLeast() | Quorum() | Score():
            return _reach(tree, document, fields) >= tree.number
        case Regex():
            flags = re.IGNORECASE if tree.ignores_case else 0
            return any(re.search(tree.pattern, text, flags) for field in fields for text in _texts(document, field))
        case _:
            results = [_holds(child, document, fields) for child in tree.children]
            return any(results) if type(tree).__name__ == "Or" else all(results)


def _labels(document, field):
    if field == "lang":
        return [(document.lang or "").split("-")[0]]
    labels = (document.source or "").split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]


def _reach(tree, document, fields):
    match tree:
        case AtLeast(child=child):
            found = [_places(child, tokens, fields) for field in fields for tokens in _streams(document, field)]
            return sum(len({start for start, _ in places}) for places in found)
        case Quorum(children=children):
            return sum(_holds(child, document, fields) for child in children)
        case Score(children=children, weights=weights):
            holding = [_holds(child, document, fields) for child in children]
            return sum(w for w, holds in zip(weights, holding, strict=True) if holds)


def _texts(document, field):
    if field == "section":
        return document.sections
    return () if field in {"source", "lang"} else (getattr(document, field) or "",)


def _streams(document, field):
    if field == "section":
        return document.section_tokens
    return (getattr(document, f"{field}_tokens"),)


def _places(tree, tokens, fields):
    if isinstance(tree, Words):
        words = (tokenize_url if fields == ("url",) else tokenize)(tree.text)
        wanted, given_ = (words.exact, tokens.exact) if tree.is_exact else (words.folded, tokens.folded)
        found = set()
        for i in range(len(given_) - len(wanted) + 1):
            stretch = given_[i : i + len(wanted)]
            last = stretch[-1]
            if stretch[:-1] == wanted[:-1] and _is_last(tree, wanted[-1], last):
                found.add((i, i + len(wanted)))
        return found
    if isinstance(tree, Wildcard):
        given_ = tokens.exact if tree.is_exact else tokens.folded
        pattern = tree.text if tree.is_exact else tree.text.casefold()
        return {(i, i + 1) for i, w in enumerate(given_) if fnmatch.fnmatchcase(w, pattern) and not is_opaque(w)}
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


def _is_last(words, wanted, given_):
    if words.is_prefix:
        return given_.startswith(wanted) and not is_opaque(given_)
    return singular(given_) == singular(wanted) if words.is_plural else given_ == wanted
