"""A kill at any moment changes nothing in the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Program

    from wirewatch.demo.newsroom import Newsroom

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

NEWSROOMS = ("published",)

#: Requests that the newsroom has seen in a run when the program is killed: among feeds, robots.txt and pages.
KILLED_AFTER = (3, 12, 21, 30)


def test_a_kill_at_any_moment_changes_nothing_in_the_end(newsroom: Newsroom, program: Program) -> None:
    for requests in KILLED_AFTER:
        seen = len(newsroom.requests())
        process = program.start("once", "--all")
        deadline = time.monotonic() + 60
        while len(newsroom.requests()) < seen + requests and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        process.wait()
    program.run("once", "--all")

    expected: dict[str, Any] = newsroom.expectations()
    stories = program.rows("stories")
    entries = program.rows("entries")
    assert {
        "feeds": len(program.rows("feeds", "list")),
        "entries": len(entries),
        "articles": len(program.rows("articles")),
        "stories": len(stories),
        "groups_of_copies": sum(story["copy_count"] > 0 for story in stories),
    } == expected["counts"]
    assert {entry["state"] for entry in entries} == {"done"}
    for topic, urls in expected["topics"].items():
        assert sorted(row["url"] for row in program.rows("matches", topic)) == sorted(urls), topic
    program.run("doctor")
