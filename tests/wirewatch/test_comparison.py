"""Rules as written against what is stored: one matcher, whatever the index knows."""

from __future__ import annotations

import pytest

from rules.syntax import parse
from rules.topic import make_topic
from storage.listings import Listings
from wirewatch.comparison import compare


@pytest.fixture
def listings(filled):
    (file,) = filled.glob("**/*.db")
    with Listings(f"sqlite:///{file}") as opened:
        yield opened


def topic(name, *matches, excludes=(), langs=()):
    return make_topic(
        name=name,
        langs=langs,
        matches=[(parse(text), 1) for text in matches],
        excludes=[(parse(text), 1) for text in excludes],
    )


STORED = ("(missile | missiles) AND Ukraine", "=PURL")


def test_what_is_stored_and_matches_is_the_same(listings):
    done = compare([topic("air-defence", *STORED, excludes=["knitting"])], listings)
    (of_topic,) = done.topics
    assert of_topic.same == len(listings.matches("air-defence")) == done.matched
    assert (of_topic.new, of_topic.lost, of_topic.renewed) == (0, 0, 0)
    assert done.is_complete
    assert done.looked_at == len(listings.articles())


@pytest.mark.parametrize(
    "matches",
    [
        ["missile"],
        ["missile", "NOT missile AND the"],
        ["source:127.0.0.1"],
        ["the"],
        ["quagga"],
        ["missile", "lang:en"],
    ],
)
def test_with_the_index_or_without_all_that_match_are_found(listings, matches):
    """Against every article judged by itself."""
    wanted = topic("air-defence", *matches, langs=["en"])
    done = compare([wanted], listings)
    everything = compare([wanted, topic("zz", "NOT quagga AND (lang:en | source:x | url:x)")], listings)
    assert [hit for hit in everything.hits if hit.topic == "air-defence"] == list(done.hits)
    assert everything.topics[0] == done.topics[0]
    stored = {match.article for match in listings.matches("air-defence")}
    by_change = {kind: {hit.article for hit in done.hits if hit.change == kind} for kind in ("new", "same", "lost")}
    assert by_change["same"] | by_change["lost"] == stored
    assert not by_change["new"] & stored
    assert done.topics[0].renewed == len(by_change["same"])


def test_hits_are_newest_first_and_limited_but_all_are_counted(listings):
    done = compare([topic("all", "the")], listings)
    times = [(hit.first_seen, hit.article) for hit in done.hits]
    assert times == sorted(times, reverse=True)
    few = compare([topic("all", "the")], listings, limit=2)
    assert few.hits == done.hits[:2]
    assert few.topics == done.topics
    assert compare([topic("all", "the")], listings, wanted=("lost",)).hits == ()


def test_a_span_limits_both_sides(listings):
    middle = sorted(article.first_seen for article in listings.articles())[5]
    for given in ({"since": middle}, {"until": middle}):
        done = compare([topic("air-defence", "the")], listings, **given)
        shown = {article.id for article in listings.articles(**given)}
        assert {hit.article for hit in done.hits} <= shown
        assert done.looked_at == len(shown)
        assert done.topics[0].same + done.topics[0].lost == len(listings.matches("air-defence", **given))


def test_by_the_date_of_publication(listings):
    done = compare([topic("all", "the")], listings, by="published")
    dated = [hit.published for hit in done.hits if hit.published]
    assert dated == sorted(dated, reverse=True)
    assert {hit.article for hit in done.hits} == {hit.article for hit in compare([topic("all", "the")], listings).hits}


def test_a_scan_that_leaves_articles_out_says_so(listings):
    done = compare([topic("all", "lang:en")], listings, scan_limit=3)
    assert not done.is_complete
    assert len(done.hits) <= 3
    newest = [article.id for article in listings.articles(limit=3)]
    assert {hit.article for hit in done.hits} <= set(newest)


def test_what_has_nothing_stored_is_all_new(listings):
    done = compare([topic("air-defence", *STORED)], listings, is_stored=False)
    assert {hit.change for hit in done.hits} == {"new"}
    assert not any(hit.is_stored for hit in done.hits)


def test_spans_stand_where_they_say(listings):
    for hit in compare([topic("air-defence", *STORED)], listings).hits:
        shown = listings.article(hit.article)
        fields = {"title": shown.title, "body": shown.text}
        assert hit.spans
        assert all(fields[span.field][span.start : span.end] == span.text for span in hit.spans)


def test_progress_is_told(listings):
    told = []
    done = compare([topic("all", "NOT quagga AND lang:en")], listings, tell=lambda *given: told.append(given))
    assert told[-1] == (done.looked_at, done.looked_at)
    assert compare([], listings).topics == ()
