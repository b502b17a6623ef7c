"""The main job on whole newsrooms: feeds in, stories with their copies and tagged matches out.

The same assertions hold for the bundled newsroom and for the real pages of ../shared. They are read from
what the newsroom says must come out, which is made from the stories as written.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from storage.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Program

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

ON_POSTGRESQL = ("bundled",)


@pytest.fixture(scope="module")
def polled(newsroom: Any, program: Program) -> Program:
    """The program after every batch, polled after each by `once --all`."""
    expected = newsroom.expectations()
    for batch, counts in enumerate(expected["after_batch"]):
        if batch:
            newsroom.publish()
        program.run("once", "--all")
        assert len(program.rows("entries")) == counts["entries"], f"entries after batch {batch}"
        assert len(program.rows("articles")) == counts["articles"], f"articles after batch {batch}"
    return program


@pytest.fixture(scope="module")
def expected(newsroom: Any) -> dict[str, Any]:
    return newsroom.expectations()


def members(story: dict[str, Any]) -> frozenset[str]:
    return frozenset([story["url"], *(copy["url"] for copy in story["copies"])])


def test_counts(polled: Program, expected: dict[str, Any]) -> None:
    stories = polled.rows("stories")
    assert {
        "feeds": len(polled.rows("feeds", "list")),
        "entries": len(polled.rows("entries")),
        "articles": len(polled.rows("articles")),
        "stories": len(stories),
        "groups_of_copies": sum(story["copy_count"] > 0 for story in stories),
    } == expected["counts"]


def test_entries_per_feed(polled: Program, expected: dict[str, Any]) -> None:
    assert {feed["url"]: feed["entries"] for feed in polled.rows("feeds", "list")} == expected["entries_per_feed"]


def test_every_entry_is_done_and_says_where_its_text_came_from(polled: Program, expected: dict[str, Any]) -> None:
    entries = polled.rows("entries")
    assert {entry["state"] for entry in entries} == {"done"}
    without = {
        entry["link"]: (entry["reason"], entry["text_from"]) for entry in entries if entry["text_from"] != "page"
    }
    assert without == {entry["link"]: (entry["reason"], "feed") for entry in expected.get("entries_without_page", [])}


def test_groups_of_copies_and_no_others(polled: Program, expected: dict[str, Any]) -> None:
    groups = [*expected["seed_groups"], *expected["page_groups"]]
    wanted = {frozenset(member["url"] for member in group["members"]) for group in groups}
    assert {members(story) for story in polled.rows("stories") if story["copy_count"]} == wanted


def test_kinds_of_relations(polled: Program, expected: dict[str, Any]) -> None:
    kinds = {copy["url"]: copy["kind"] for story in polled.rows("stories") for copy in story["copies"]}
    for url, kind in expected.get("relations", {}).items():
        assert kinds[url] == kind, url


@pytest.mark.parametrize("topic", ["crimea", "purl", "frozen-assets", "rutte"])
def test_topics(polled: Program, expected: dict[str, Any], topic: str) -> None:
    rows = polled.rows("matches", topic)
    assert sorted(row["url"] for row in rows) == sorted(expected["topics"][topic])
    for row in rows:
        shown = polled.run("show", str(row["article"]), "--json")
        assert all(span["text"].replace("\n", "\\n")[:20] in shown for span in row["spans"])


def test_texts(polled: Program, expected: dict[str, Any]) -> None:
    articles = {article["url"]: article["id"] for article in polled.rows("articles")}
    for wish in expected["texts"]:
        text = article_text(polled, articles[wish["url"]])
        assert [phrase for phrase in wish["contains"] if phrase not in text] == [], wish["url"]
        assert [phrase for phrase in wish["lacks"] if phrase in text] == [], wish["url"]


def article_text(program: Program, ident: int) -> str:
    import json

    return json.loads(program.run("show", str(ident), "--json"))["text"]


def test_the_correction_is_a_new_version_of_the_same_article(polled: Program, expected: dict[str, Any]) -> None:
    articles = {article["url"]: article for article in polled.rows("articles")}
    for correction in expected["corrected"]:
        article = articles[correction["url"]]
        assert len(article["versions"]) if isinstance(article["versions"], list) else article["versions"] == 2
        text = article_text(polled, article["id"])
        assert all(phrase in text for phrase in correction["last_version_contains"])
        assert correction["first_version_contains"] not in text


def test_pages_are_fetched_once_and_politely(newsroom: Any, polled: Program, expected: dict[str, Any]) -> None:
    stats = newsroom.stats()
    corrected = {correction["url"].removeprefix("http://").partition("/") for correction in expected["corrected"]}
    hosts = {host.partition(":")[0] + slash + path for host, slash, path in corrected}
    assert set(stats["article_pages_sent_again"]) <= hosts
    assert stats["private_requests"] == []


def test_polling_again_changes_nothing(polled: Program) -> None:
    listings = (("entries",), ("articles",), ("stories",), ("matches",))
    before = [polled.rows(*listing) for listing in listings]
    polled.run("once", "--all")
    assert [polled.rows(*listing) for listing in listings] == before


def test_the_daemon_does_the_same(
    newsroom: Any, polled: Program, expected: dict[str, Any], new_database: Callable[[], str]
) -> None:
    """A second database, filled by `run` with a short tick, holds the same; SIGTERM ends it with 0."""
    database = new_database()
    environment = polled.environment | {"WIREWATCH_DATABASE__URL": database, "WIREWATCH_RUN__TICK_S": "0.2"}
    program = type(polled)(polled.config, environment)
    upgrade(database)
    daemon = program.start("run")
    try:
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and daemon.poll() is None:
            entries = program.rows("entries")
            if len(entries) == expected["counts"]["entries"] and {entry["state"] for entry in entries} == {"done"}:
                break
            time.sleep(0.5)
        program.run("once", exit_code=5)
    finally:
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(40)
    assert code == 0
    assert {members(story) for story in program.rows("stories") if story["copy_count"]} == {
        members(story) for story in polled.rows("stories") if story["copy_count"]
    }
    for topic in expected["topics"]:
        assert sorted(row["url"] for row in program.rows("matches", topic)) == sorted(expected["topics"][topic])
