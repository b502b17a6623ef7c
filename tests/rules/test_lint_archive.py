"""Lints that ask what is stored, against an honest small archive behind the port."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from rules.assemble import assemble_rules
from rules.compile import compile_rules
from rules.document import Document
from rules.families import Reached
from rules.glob import matches_glob
from rules.layout import RuleFile
from rules.lint_archive import Hits, Limits, lint_archive


class ListedArchive:
    """Articles in a list; the last *old* of them are older than 90 days."""

    def __init__(self, *texts, old=0):
        self.documents = [Document(title="", body=text) for text in texts]
        self.recent = self.documents[: len(texts) - old]
        self.asked = []

    def count_hits(self, topics):
        rules = compile_rules(topics)

        def count(documents):
            return Counter(rule for each in documents for match in rules.match(each) for rule in match.rules)

        found_recently = frozenset(count(self.recent[:3]))
        return Hits(len(self.documents), count(self.documents), len(self.recent), found_recently)

    def has_recent(self, topic, rule):
        rules = compile_rules([replace(topic, rules=(rule,))])
        return any(rules.match(each) for each in self.recent)

    def expand(self, pattern):
        self.asked.append(pattern)
        words = Counter(word for each in self.documents for word in set(each.body_tokens.folded))
        found = [Reached(word, count) for word, count in words.items() if matches_glob(pattern, word)]
        return sorted(found, key=lambda each: (-each.articles, each.word))


def lints(text, archive, limits=None):
    loaded = assemble_rules([RuleFile("a.rules", text)])
    assert not loaded.errors, [error.render() for error in loaded.errors]
    return [(each.code, each.line, each.column, each.message) for each in lint_archive(loaded, archive, limits)]


NEWS = ["news of kerch", *["news of the day"] * 18, "news of odesa"]


def test_a_rule_that_matches_too_much():
    archive = ListedArchive(*NEWS)
    assert lints("topic t\n match kerch\n match news\n", archive) == [
        ("W106", 3, 8, "t.2 matches 20 of the newest 20 articles (100%)")
    ]
    assert lints("topic t\n match news\n", archive, Limits(share=1)) == []
    assert lints("topic t\n match news\n not day\n", archive, Limits(share=0.1)) == []
    assert [code for code, *_ in lints("topic t\n match kerch | odesa\n", archive)] == ["W106"]
    assert lints("topic t\n match kerch | odesa\n", archive, Limits(share=0.1)) == []


def test_a_share_of_a_few_articles_says_nothing():
    assert lints("topic t\n match news\n", ListedArchive(*NEWS[:19])) == []


def test_a_rule_that_matches_nothing_recent():
    message = "matches none of the 20 articles of the last 90 days"
    assert lints("topic t\n match lviv\n match kerch\n", ListedArchive(*NEWS)) == [("W107", 2, 8, f"t.1 {message}")]
    # What a not line takes out is no match.
    assert lints("topic t\n match kerch\n not news\n", ListedArchive(*NEWS)) == [("W107", 2, 8, f"t.1 {message}")]
    # Found, but long ago; found lately, but not among the newest.
    assert [code for code, *_ in lints("topic t\n match odesa\n", ListedArchive(*NEWS, old=1))] == ["W107"]
    assert lints("topic t\n match odesa\n", ListedArchive(*NEWS)) == []


def test_an_empty_archive_says_nothing_of_hits():
    assert lints("topic t\n match kerch\n", ListedArchive()) == []
    assert lints("topic t\n match kerch\n", ListedArchive("kerch", old=1)) == []


def test_a_wildcard_that_stands_for_too_many_words():
    archive = ListedArchive("seal seam season seat second", "seat seal", "seat")
    found = lints("topic t\n match sea* | *eas* | se?t | seat\n", archive, Limits(words=2))
    assert found == [("W108", 2, 8, "sea* stands for 4 stored words: seat (3), seal (2), seam (1), season (1)")]
    assert lints("topic t\n match seat\n not  *eas*\n", archive, Limits(words=0))[0][:3] == ("W108", 3, 7)


def test_a_prefix_that_reaches_other_words():
    archive = ListedArchive("Крим", "у Криму", "кримінальний кодекс", "кримінал")
    (found,) = lints("topic t\n match Крим*\n", archive)
    assert found[:3] == ("W111", 2, 8)
    assert "also reaches кримінал…" in found[3]
    assert "кримінал (1)" in found[3]


@pytest.mark.parametrize(
    "rule",
    ["crimea*", "Крим* | author:Крим* | url:кримі* | кодекс", '"в Крим*" | кодекс', "кодекс | кримінал | title:x"],
)
def test_other_wildcards_are_left_alone(rule):
    archive = ListedArchive("crimea crimean crimeans", *["в Криму, Крим"] * 9, "кримінальний кодекс")
    assert [code for code, *_ in lints(f"topic t\n match {rule}\n", archive)] == []


def test_wildcards_of_macros_are_told_where_they_are_defined():
    archive = ListedArchive("кримінал у Криму")
    found = lints("let @a = Крим*\ntopic t\n match @a\n match @a NEAR/3 у\n", archive)
    assert [each[:3] for each in found] == [("W111", 1, 10)]


def test_wildcards_are_asked_for_folded():
    archive = ListedArchive("x")
    lints("topic t\n match =Støre* | ?TÉ* | крё* | a*\n".replace("?TÉ*", "?TÉé*").replace("| a*", "| ab*"), archive)
    assert archive.asked == ["store*", "?tee*", "кре*", "ab*"]


def test_lints_of_the_archive_are_silenced_too():
    archive = ListedArchive("кримінал у Криму")
    assert lints("topic t\n match Крим* # ok: W111\n match lviv # ok: W107\n", archive) == []
