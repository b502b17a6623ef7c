"""The version of a topic: what changes it and what does not."""

from __future__ import annotations

import pytest

from rules.files import parse_topic

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


def test_macros_count_as_what_they_stand_for():
    written = BASE.replace("(NATO | =PURL)", "@m")
    assert version(f"let @m = NATO | =PURL\n{written}") == version(BASE)
    assert version(f"let @m = NATO\n{written}") != version(BASE)


def test_the_order_of_languages_makes_no_difference():
    assert version(BASE + " lang en, nl\n") == version(BASE + " lang nl, en, nl\n")
