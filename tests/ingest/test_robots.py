"""Reading robots.txt, and remembering it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.hosts import RobotsFile
from ingest.remembered import Clocks
from ingest.robots import MAX_ROBOTS_BYTES, RobotsAnswer, RobotsMemory, parse_robots
from ingest.target import parse_target

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def allows(body, path, product="wirewatch"):
    return parse_robots(body, product).allows(parse_target(f"https://news.example{path}"))


@pytest.mark.parametrize(
    ("body", "path", "allowed"),
    [
        (b"", "/", True),
        (b"<html>not found", "/", True),
        (b"User-agent: *\nDisallow:", "/", True),
        (b"User-agent: *\nDisallow: /", "/", False),
        (b"user-AGENT: *\r\ndisallow: /a # all of it\r\n", "/a/b", False),
        (b"\xef\xbb\xbfUser-agent: *\nDisallow: /a", "/a", False),
        (b"User-agent: *\nDisallow: /\nAllow: /a", "/a", True),
        (b"User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        (b"User-agent: *\nDisallow: /*.pdf$", "/x.pdf?y", True),
        (b"User-agent: *\nDisallow: /s?q=", "/s?q=1", False),
        ("User-agent: *\nDisallow: /ü".encode(), "/%C3%BC", False),
        (b"User-agent: *\nDisallow: /\xff\xfe", "/", True),
        (b"User-agent: wirewatch\nUser-agent: b\nDisallow: /a", "/a", False),
        (b"User-agent: WireWatch\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/b", True),
        (b"User-agent: *\nDisallow: /\n\nUser-agent: wirewatch\nAllow: /", "/", True),
        (b"User-agent: *\nDisallow: /", "/robots.txt", True),
        (b"User-agent: wirewatch/1.0 # us\nDisallow: /a", "/a", False),
        (b"User agent wirewatch\nDisallow: /a", "/a", False),
        (b"User-agent: other\nUser-agent: *\nDisallow: /a", "/a", False),
        (b"User-agent: *\nDisallow: /a\n\nUser-agent: other\nDisallow: /b", "/b", True),
        (b"User-agent: wire\nDisallow: /", "/a", True),
        (b"User-agent: wirewatcher\nDisallow: /", "/a", True),
        (b"User-agent: *\nDisallow: /a\nUser-agent:\nDisallow: /b", "/b", True),
    ],
)
def test_rules(body, path, allowed):
    assert allows(body, path) is allowed


@pytest.mark.parametrize(
    ("line", "delay_s"),
    [
        (b"", 0),
        (b"Crawl-delay: 2.5", 2.5),
        (b"Crawl-delay: 900", 30),
        (b"Crawl-delay: soon", 0),
        (b"Crawl-delay: -1", 0),
        (b"Crawl-delay: inf", 0),
    ],
)
def test_crawl_delay(line, delay_s):
    assert parse_robots(b"User-agent: *\n" + line, "wirewatch").crawl_delay_s == delay_s


@given(
    st.one_of(st.binary(max_size=300), st.text(alphabet="uU*:/ \n\r#$%\x00é", max_size=200).map(str.encode)),
    st.binary(max_size=50),
)
def test_any_bytes_give_rules(body, rule):
    rules = parse_robots(b"User-agent: *\nDisallow: " + rule + b"\n" + body, "wirewatch")
    assert 0 <= rules.crawl_delay_s <= 30
    rules.allows(parse_target("https://[2001:db8::1]//a?b%"))


def test_half_a_line_is_no_rule():
    head = b"User-agent: *\n#"
    body = head.ljust(MAX_ROBOTS_BYTES - 15, b"x") + b"\nDisallow: /pri" + b"vate-and-long\n"
    assert allows(body, "/pricing")


class Site:
    """Answers as told, and counts who asked; held back until `go` where there is one."""

    def __init__(self, answer=None, go=None):
        self.answer = answer or RobotsAnswer()
        self.asked = []
        self.go = go
        self.now = 0.0

    def clock(self):
        return self.now

    def date(self):
        return NOON + timedelta(seconds=self.now)

    async def __call__(self, target):
        self.asked.append(target.origin)
        if self.go is not None:
            await self.go.wait()
        return self.answer

    def memory(self, **more):
        return RobotsMemory(self, product="wirewatch", clocks=Clocks(seconds=self.clock, now=self.date), **more)


async def test_one_file_per_origin():
    site = Site(RobotsAnswer(body=b"User-agent: *\nCrawl-delay: 3"))
    memory = site.memory()
    for url in ("http://a/x", "http://a:80/y", "https://a/", "http://a:8080/", "http://a/z"):
        await memory.robots_for(parse_target(url))
    assert site.asked == ["http://a", "https://a", "http://a:8080"]
    assert memory.known_delay_s("http://a") == 3
    assert memory.known_delay_s("http://b") == 0


def test_names_and_rules_are_not_multiplied():
    names = b"".join(b"User-agent: bot%d\n" % number for number in range(12_000))
    rules = b"".join(b"Allow: /%d\n" % number for number in range(12_000))
    parsed = parse_robots(names + b"User-agent: wirewatch\n" + rules + b"Disallow: /no", "wirewatch")
    assert not parsed.allows(parse_target("http://a/no"))
    assert len(parsed._parsed._user_agents) == 2


async def test_large_files_are_read_aside():
    site = Site(RobotsAnswer(body=b"User-agent: *\nDisallow: /a\n" + b"# talk\n" * 10_000))
    robots = await site.memory().robots_for(parse_target("http://a/a"))
    assert not robots.rules.allows(parse_target("http://a/a"))
    assert [await robots.rules.ask(parse_target(f"http://a/{path}")) for path in "ab"] == [False, True]


async def test_many_ask_at_once_and_one_gives_up():
    site = Site(go=asyncio.Event())
    memory = site.memory()
    target = parse_target("http://a/")
    tasks = [asyncio.create_task(memory.robots_for(target)) for _ in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    site.go.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert len(site.asked) == 1
    assert isinstance(ended[0], asyncio.CancelledError)
    assert len({id(robots) for robots in ended[1:]}) == 1


async def test_closing_stops_the_asking():
    site = Site(go=asyncio.Event())
    memory = site.memory()
    task = asyncio.create_task(memory.robots_for(parse_target("http://a/")))
    await asyncio.sleep(0)
    await memory.aclose()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_oldest_are_forgotten_by_number_and_by_size():
    site = Site(RobotsAnswer(body=b"#" * 1000))
    for bounds, most in (({"max_remembered": 3}, 3), ({"max_bytes": 2500}, 2), ({"max_bytes": 10}, 1)):
        memory = site.memory(**bounds)
        for number in range(6):
            await memory.robots_for(parse_target(f"http://host-{number}/"))
            assert len(memory) <= most
        asked = len(site.asked)
        await memory.robots_for(parse_target("http://host-5/"))
        assert len(site.asked) == asked
        await memory.robots_for(parse_target("http://host-0/"))
        assert len(site.asked) == asked + 1


async def test_each_answer_holds_for_its_own_time():
    site = Site(RobotsAnswer(problem="down", ttl_s=600.0))
    memory = site.memory()
    target = parse_target("http://a/")
    assert (await memory.robots_for(target)).until == 600.0
    site.now = 599.0
    await memory.robots_for(target)
    assert len(site.asked) == 1
    site.now = 601.0
    await memory.robots_for(target)
    assert len(site.asked) == 2


def stored(number, body=b"User-agent: *\nDisallow: /a", until_s=100.0):
    return RobotsFile(
        origin=f"http://host-{number}",
        body=body,
        problem="",
        is_refused=False,
        until=NOON + timedelta(seconds=until_s),
    )


async def test_a_remembered_file_is_used_until_its_time_and_stored_again_only_when_fetched():
    site = Site(RobotsAnswer(ttl_s=50.0))
    memory = site.memory(remembered=[stored(0), stored(1, body=None)])
    for number in (0, 1):
        target = parse_target(f"http://host-{number}/a")
        assert (await memory.robots_for(target)).until == 100.0
    assert site.asked == []
    assert memory.take_changes() == ()
    site.now = 100.0
    await memory.robots_for(parse_target("http://host-0/a"))
    assert site.asked == ["http://host-0"]
    assert memory.take_changes() == (stored(0, body=None, until_s=150.0),)
    assert memory.take_changes() == ()


async def test_a_remembered_file_that_is_too_old_is_fetched_at_once():
    site = Site(RobotsAnswer(ttl_s=50.0))
    memory = site.memory(remembered=[stored(0, until_s=0.0)])
    robots = await memory.robots_for(parse_target("http://host-0/a"))
    assert site.asked == ["http://host-0"]
    assert robots.rules is None


async def test_what_our_own_guard_refuses_is_not_stored():
    site = Site(RobotsAnswer(problem="not a public address", is_refused=True))
    memory = site.memory()
    assert (await memory.robots_for(parse_target("http://host-0/a"))).is_refused
    assert memory.take_changes() == ()


async def test_what_is_remembered_and_what_is_to_be_stored_is_bounded():
    site = Site(RobotsAnswer(body=b"#" * 1000))
    memory = site.memory(remembered=[stored(number, b"#" * 1000) for number in range(9)], max_bytes=2500)
    await memory.robots_for(parse_target("http://host-8/"))
    assert site.asked == []
    await memory.robots_for(parse_target("http://host-0/"))
    assert site.asked == ["http://host-0"]
    for number in range(20, 30):
        await memory.robots_for(parse_target(f"http://host-{number}/"))
    assert [file.origin for file in memory.take_changes()] == ["http://host-28", "http://host-29"]


async def test_large_remembered_files_are_read_aside():
    site = Site()
    memory = site.memory(remembered=[stored(0, b"User-agent: *\nCrawl-delay: 3\n" + b"# talk\n" * 10_000)])
    assert memory.known_delay_s("http://host-0") == 0
    await memory.robots_for(parse_target("http://host-0/"))
    assert memory.known_delay_s("http://host-0") == 3
    assert site.asked == []
