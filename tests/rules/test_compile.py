"""Compiled sets: topics, guards, exclusions; and the index changes nothing but the time it takes."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from rules.assemble import assemble_rules
from rules.compile import compile_expression, compile_rules
from rules.document import Document
from rules.layout import RuleFile
from rules.match import RuleSet, Span, TopicMatch
from rules.plans import find_atoms
from rules.triggers import find_trigger


def read(text):
    loaded = assemble_rules([RuleFile("a", text)])
    assert not loaded.errors, [e.render() for e in loaded.errors]
    return loaded.topics


def compiled(text):
    return compile_rules(read(text))


def doc(body="", title="", **fields):
    return Document(title=title, body=body, **fields)


TOPICS = read(
    "topic purl\n match =PURL\n match NATO Ukraine\n not knitting | title:advert\n"
    "topic crimea\n lang en, nl\n match crimea*\n"
    "topic cnn\n match source:cnn.com lang:en\n"
)
RULES = compile_rules(TOPICS)


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
    backwards = compile_rules(reversed(TOPICS))
    assert backwards == RULES
    assert backwards.version == RULES.version
    assert [topic.name for topic in RULES.topics] == ["cnn", "crimea", "purl"]


def test_the_version_of_a_set_tells_its_topics_and_their_versions():
    changed = replace(TOPICS[0], version="0")
    renamed = replace(TOPICS[0], name="other")
    sets = [TOPICS, TOPICS[:2], (changed, *TOPICS[1:]), (renamed, *TOPICS[1:]), ()]
    assert len({compile_rules(topics).version for topics in sets}) == len(sets)
    retitled = replace(TOPICS[0], title="New")
    assert compile_rules((retitled, *TOPICS[1:])).version == RULES.version


def test_two_topics_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two topics are named"):
        compile_rules([TOPICS[0], TOPICS[0]])


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
    first, second = (set(map(id, find_atoms(topic.rules[0].plan))) for topic in rules.topics)
    assert first == second


def test_rules_that_differ_in_one_sign_share_nothing():
    atoms = ["crimean", "crimean*", "crimean~", '"black crimean"', '"black crimean*"', "crim?an", "crim?an*"]
    lines = [*atoms, *(f"={atom}" for atom in atoms if "~" not in atom)]
    lines += [f"{field}:{line}" for field in ("title", "author") for line in lines]
    rules = compiled("topic t\n" + "".join(f" match {line}\n" for line in lines))
    for text in ("Crimean", "crimean", "black crimeans", "Black Crimean"):
        for document in (doc(text), doc(title=text), doc(author=text)):
            expected = [f"t.{i}" for i, line in enumerate(lines, 1) if compile_expression(line).matches(document)]
            assert [list(match.rules) for match in rules.match(document)] == [expected] * bool(expected)


def test_a_host_and_a_language_of_one_name_are_two_things():
    rules = compiled("topic a\n match source:de\n match lang:de\n")
    for fields, expected in (({"source": "taz.de"}, ("a.1",)), ({"lang": "de"}, ("a.2",))):
        assert [match.rules for match in rules.match(doc(**fields))] == [expected]
    both = rules.match(doc(source="de", lang="de"))
    assert [(span.field, span.start, span.end) for span in both[0].spans] == [("source", 0, 2), ("lang", 0, 2)]


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("Crimea", {"crimea"}),
        ("=PURL", {"=PURL"}),
        ("title:=PURL", {"purl"}),
        ("crimea*", {" crimea"}),
        ('"the asset*"', {" the asset"}),
        ('=" The Asset"', {" the asset "}),
        ("the NEAR/3 peninsula", {"peninsula"}),
        ("Crimea | Donbas", {"crimea", "donbas"}),
        ("the Crimea", {"crimea"}),
        ("the (Crimea | Donbas)", {"crimea", "donbas"}),
        ("Kyiv (Crimea | Donbas)", {"kyiv"}),
        ("Crimea NOT Donbas", {"crimea"}),
        ("US NEAR/5 Crimea", {"crimea"}),
        ("NOT (NOT Crimea NOT Donbas)", {"crimea", "donbas"}),
        ("NOT NOT Crimea", {"crimea"}),
        ("source:.CNN.com", {":source:cnn.com"}),
        ("source:cnn.com Crimea", {"crimea"}),
        ("lang:EN", {":lang:en"}),
        ("immobili?ed", {" immobili"}),
        ("=*Milita?i*", {"*milita"}),
        ("asset~", {"asset", "assets"}),
        ("ATLEAST/3 (Crimea | Crimean)", {"crimea", "crimean"}),
        ("ANY/2 (Rutte, Hegseth, Zelensky)", {"hegseth", "rutte"}),
        ("ANY/3 (Rutte, Hegseth, Zelensky)", {"hegseth"}),
        ("ANY/2 (Rutte, NOT Hegseth, Zelensky)", {"rutte", "zelensky"}),
        ("SCORE/10 (crimea^6, sea^4, holiday^-5)", {"crimea"}),
        ("SCORE/4 (crimea^6, sea^4, holiday^-5)", {"crimea", "sea"}),
        ("/[0-9]+ bn/ frozen", {"frozen"}),
    ],
)
def test_triggers(rule, keys):
    (topic,) = compiled(f"topic t\n match {rule}\n").topics
    trigger = find_trigger(topic.rules[0].plan, {})
    assert trigger is not None
    assert trigger.keys == keys


def test_a_regex_alone_has_no_trigger_and_is_always_judged():
    rules = compiled("topic t\n match /[0-9]+ bn/\n")
    assert find_trigger(rules.topics[0].rules[0].plan, {}) is None
    assert rules.match(doc("costs 3 bn"))
    assert not rules.match(doc("costs"))


def test_what_fired_can_be_asked_without_the_places():
    document = doc("PURL for Ukraine", title="NATO")
    found = RULES.find(document)
    assert [(f.topic.name, tuple(rule.id for rule in f.rules)) for f in found] == [
        (match.topic, match.rules) for match in RULES.match(document)
    ]


def test_a_prefix_does_not_reach_into_an_address_and_an_address_is_found_whole():
    rules = compiled('topic a\n match exampl*\ntopic b\n match "see example.org/x"\ntopic c\n match *ampl?*\n')
    assert [m.topic for m in rules.match(doc("please see example.org/x, thank you"))] == ["b"]
    assert [m.topic for m in rules.match(doc("examples"))] == ["a", "c"]
