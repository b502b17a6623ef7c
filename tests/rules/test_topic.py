"""The version of a topic: what changes it and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.files import parse_topic
from rules.text import tokenize
from rules.topic import topic_version
from rules.tree import AtLeast, Field, Or, Quorum, Regex, Score, Wildcard, Words

BASE = 'topic t\n match Crimea NEAR/5 (NATO | =PURL)\n match source:cnn.com Kyiv\n not "Black Sea"\n'


def version(text):
    return parse_topic(text).version


@pytest.mark.parametrize(
    "text",
    [
        "# hello\n" + BASE,
        BASE.replace("topic t", 'topic t "A title"'),
        BASE.replace("topic t", "topic other"),
        BASE.replace(" match Crimea", " tags a, b\n match Crimea"),
        BASE + " priority 4\n",
        BASE + ' test yes "Crimea"\n',
        BASE.replace(" match", "    match").replace(" not", "    not"),
        BASE.replace("Crimea NEAR/5", "crimea\n      # why\n      NEAR/5"),
        BASE.replace("(NATO | =PURL)", "(NATO OR =PURL)"),
        BASE.replace("(NATO | =PURL)", '("nato" | ="PURL")'),
        BASE.replace('"Black Sea"', "«black-sea»"),
        BASE.replace("source:cnn.com Kyiv", "source:CNN.com AND (Kyiv)"),
    ],
)
def test_what_does_not_change_the_meaning_does_not_change_the_version(text):
    assert version(text) == version(BASE)


@pytest.mark.parametrize(
    "text",
    [
        BASE.replace("Crimea", "Crimean"),
        BASE.replace("Crimea", "crimea*"),
        BASE.replace("Crimea", "=Crimea"),
        BASE.replace("=PURL", "=Purl"),
        BASE.replace("NEAR/5", "NEAR/6"),
        BASE.replace("NEAR/5", "BEFORE/5"),
        BASE.replace("(NATO | =PURL)", "NATO"),
        BASE.replace("source:cnn.com Kyiv", "source:cnn.com | Kyiv"),
        BASE.replace("source:cnn.com Kyiv", "url:cnn.com Kyiv"),
        BASE.replace(" not", " match"),
        BASE + " lang en\n",
        BASE + " match more\n",
    ],
)
def test_what_changes_the_meaning_changes_the_version(text):
    assert version(text) != version(BASE)


def test_hosts_that_the_engine_tells_apart_have_two_versions():
    assert version("topic t\n match source:straße.de\n") != version("topic t\n match source:strasse.de\n")
    assert version("topic t\n match source:.STRAßE.de\n") == version("topic t\n match source:straße.de\n")


def test_macros_count_as_what_they_stand_for():
    written = BASE.replace("(NATO | =PURL)", "@m")
    assert version(f"let @m = NATO | =PURL\n{written}") == version(BASE)
    assert version(f"let @m = NATO\n{written}") != version(BASE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("topic t\n match Crimea\n", "18d1d36d44a5688d"),
        (
            'topic t\n match "Crimean Peninsula" | =PURL\n not "persistent URL" | knit*\n lang en, nl\n',
            "1c619c2c8c237b38",
        ),
        ('topic t\n match crimea* NOT ("Crimean-Congo" | CCHF)\n', "bdf094174956fccd"),
        ('topic t\n match =PURL AND (NATO | Ukraine)\n match "frozen asset*"\n', "015b750db02167f5"),
        (
            'topic t\n match "NATO Secretary General" NEAR/2 Rutte\n match (Trump BEFORE/3 Putin) | (a BEFORE/3 b)\n',
            "fc700a54095900be",
        ),
        (
            "topic t\n match title:(peace* AND Ukraine) source:.CNN.com lang:en url:peace_talks\n not section:sports\n",
            "c6faf4b3fc63fb2c",
        ),
        ('topic t\n match AT&T Støre 크림반도 "Зеленський" 北大西洋\n', "9ff33cc5036eea3d"),
        ("topic t\n match NOT b AND a\n match (a NEAR/0 b) NEAR/5 c\n", "93540c3ee4c631f1"),
    ],
)
def test_versions_that_are_stored_somewhere_stay_what_they_are(source, expected):
    """Every stored match names one: another hash for the same topic would make all of them look outdated."""
    assert version(source) == expected


#: Nodes, by what they mean: those of one line mean the same, and no two lines do.
MEANINGS = [
    [Words(text="asset", is_plural=True), Words(text="Assets", is_plural=True, at=3)],
    [Words(text="asset")],
    [Words(text="asset", is_prefix=True)],
    [Words(text="crisis", is_plural=True)],
    [Words(text="bank asset", is_plural=True), Words(text="bank assets", is_plural=True)],
    [Words(text="banks asset", is_plural=True)],
    [Wildcard(text="immobili?ed"), Wildcard(text="Immobili?ed"), Wildcard(text="ímmobili?ed")],
    [Wildcard(text="immobili*ed")],
    [Wildcard(text="immobili?ed", is_exact=True)],
    [Wildcard(text="Immobili?ed", is_exact=True)],
    [Wildcard(text="ímmobili?ed", is_exact=True)],
    [Words(text="immobili ed")],
    [Regex(pattern="a"), Regex(pattern="a", at=7, end=9)],
    [Regex(pattern="A")],
    [Regex(pattern="a", ignores_case=True)],
    [Regex(pattern='a"i')],
    [Words(text="a")],
    [AtLeast(number=2, child=Words(text="a")), AtLeast(number=2, child=Words(text="A"))],
    [AtLeast(number=3, child=Words(text="a"))],
    [Quorum(number=2, children=(Words(text="a"), Words(text="b"), Words(text="c")))],
    [Quorum(number=1, children=(Words(text="a"), Words(text="b"), Words(text="c")))],
    [Quorum(number=2, children=(Words(text="a"), Or(children=(Words(text="b"), Words(text="c")))))],
    [Score(number=2, children=(Words(text="a"), Words(text="b")), weights=(1, 2))],
    [Score(number=2, children=(Words(text="a"), Words(text="b")), weights=(2, 1))],
    [Score(number=2, children=(Words(text="a"), Words(text="b")), weights=(1, -2))],
    [Score(number=1, children=(Words(text="a"), Words(text="b")), weights=(1, 2))],
    [Field(name="title", child=Wildcard(text="immobili?ed"))],
    [Field(name="title", child=Words(text="asset", is_plural=True))],
]


def test_new_nodes_have_one_version_for_each_meaning():
    versions = [{topic_version([node], [], []) for node in nodes} for nodes in MEANINGS]
    assert [len(each) for each in versions] == [1] * len(MEANINGS)
    assert len(set().union(*versions)) == len(MEANINGS)


PLAIN = st.text(st.sampled_from("ab C1 é-’"), min_size=1).filter(lambda text: len(tokenize(text)))


@given(PLAIN, st.booleans(), st.booleans())
def test_the_short_way_to_the_form_of_a_word_is_the_long_way(text, is_exact, is_prefix):
    tokens = tokenize(text)
    form = " ".join(tokens.exact if is_exact else tokens.folded)
    spelt = Words(text=form, is_exact=is_exact, is_prefix=is_prefix)
    assert topic_version([Words(text=text, is_exact=is_exact, is_prefix=is_prefix)], [], []) == topic_version(
        [spelt], [], []
    )


def test_the_order_of_languages_makes_no_difference():
    assert version(BASE + " lang en, nl\n") == version(BASE + " lang nl, en, nl\n")
