"""feeds.toml: read with clear complaints, edited without touching anything else."""

from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirewatch.editlock import alone
from wirewatch.errors import ConfigError, WirewatchError
from wirewatch.feededit import add_feeds, identity, pause_feed, remove_feed
from wirewatch.feedlist import FeedLine, address_fault, every_s, parse_feeds, read_feeds, span_text
from wirewatch.places import packaged_config

LIST = """# my feeds

[[feeds]]
url = "https://a.example/rss"   # the first
title = "A"

# about b
[[feeds]]
url = "https://b.example/rss"

[[feeds]]
title = "C"
url = "https://c.example/rss"  # last
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text(LIST)
    return path


def test_reading(path):
    assert read_feeds(path) == (
        FeedLine(url="https://a.example/rss", title="A"),
        FeedLine(url="https://b.example/rss"),
        FeedLine(url="https://c.example/rss", title="C"),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[feed]]\nurl='https://a/'", "feeds.toml:1: unknown key feed; each feed begins with [[feeds]]"),
        ("feeds = 'x'", "feeds.toml:1: feeds must be tables; write [[feeds]]"),
        ("\n[feeds]\nurl='https://a/'", "feeds.toml:2: feeds must be tables; write [[feeds]]"),
        ("[[feeds]]\ntitle='x'", 'feeds.toml:1: the feed has no address; add url = "https://…"'),
        ("[[feeds]]\nurl=3", "feeds.toml:2: url: expected text in quotes"),
        ("[[feeds]]\nurl='https://a/'\ntitel='x'", "feeds.toml:3: unknown key titel; did you mean title?"),
        ("[[feeds]]\nurl='https://a/'\nxyz='x'", "feeds.toml:3: unknown key xyz; known are: title, url, paused, every"),
        ("[[feeds]]\nurl='ftp://a/'", "feeds.toml:2: ftp://a/: an address begins with https:// or http://"),
        ("[[feeds]]\nurl='https:///x'", "feeds.toml:2: https:///x: the address has no host"),
        ("[[feeds]]\nurl='https://a/ b'", "an address has no spaces"),
        ("[[feeds]]\nurl='https://[a/'", "not an address"),
        ("[[feeds]]\nurl='https://a:x/'", "not an address"),
        (
            "[[feeds]]\nurl='https://a/'\n[[feeds]]\nurl='https://a/'",
            "feeds.toml:4: https://a/ is listed already in line 2; take one of the two out",
        ),
        ("[[feeds]\n", "feeds.toml:1:"),
        (
            "[[feeds]]\nurl='https://me:secret@a.example/rss'",
            "feeds.toml:2: https://a.example/rss: an address has no user name in it",
        ),
        ("[[feeds]]\nurl='https://a/'\npassword='s3cret'\nuser='me'", "feeds.toml:3: password: it is not written here"),
        (
            "[[feeds]]\nurl='https://a/'\npassword='env:X'",
            'feeds.toml:3: a password goes with a user name; add user = "…"',
        ),
        (
            "[[feeds]]\nurl='https://a/'\nuser='me'\npassword='env:'",
            "feeds.toml:4: password: env: the name of a variable",
        ),
        ("[[feeds]]\nurl='https://a/'\nuser='me'\npassword='file: '", 'feeds.toml:4: password: "file:" wants the name'),
        ("[[feeds]]\nurl='https://a/'\nuser='m:e'", "feeds.toml:3: user: a user name cannot contain a colon"),
        ("[[feeds]]\nurl='https://a/'\nuser=3", "feeds.toml:3: user: expected text in quotes"),
        ("[[feeds]]\nurl='https://a/'\npaused='yes'", "feeds.toml:3: paused: expected true or false, without quotes"),
        ("[[feeds]]\nurl='https://a/'\nevery='4m'", "feeds.toml:3: every: expected a span of 5m to 24h"),
        ("[[feeds]]\nurl='https://a/'\nevery=300", "feeds.toml:3: every: expected a span of 5m to 24h"),
        ("[[feeds]]\nurl='https://a/'\nheaders=['a']", "feeds.toml:3: headers: expected names and texts"),
        ("[[feeds]]\nurl='https://a/'\nheaders={A=1}", "feeds.toml:3: headers: expected names and texts"),
        ("[[feeds]]\nurl='https://a/'\nheaders={Cookie='a'}", "feeds.toml:3: headers: Cookie: cookies are never sent"),
        (
            "[[feeds]]\nurl='https://a/'\nheaders={Cookie='env:A'}",
            "feeds.toml:3: headers: Cookie: cookies are never sent",
        ),
        (
            "[[feeds]]\nurl='https://a/'\nheaders={A='env:1'}",
            "feeds.toml:3: headers: A: env: the name of a variable",
        ),
    ],
)
def test_a_fault_names_the_line_and_the_fix(text, fault):
    with pytest.raises(ConfigError) as caught:
        parse_feeds(text, Path("feeds.toml"))
    assert fault in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "me:secret" not in str(caught.value)


def test_all_that_a_feed_can_have():
    text = """[[feeds]]
url = "https://a.example/rss"
paused = true
every = "90m"
headers = {X-Key = "env:KEY", Accept-Language = "de"}
user = "me"
password = "file:secrets/a"
"""
    (feed,) = parse_feeds(text, Path("feeds.toml"))
    assert (feed.is_paused, feed.every_s, feed.user, feed.password) == (True, 5400, "me", "file:secrets/a")
    assert feed.headers == (("X-Key", "env:KEY"), ("Accept-Language", "de"))
    assert "env:KEY" not in repr(feed)


@given(st.integers(5, 1440))
def test_a_span_is_read_as_it_is_written(minutes):
    assert every_s(span_text(60 * minutes)) == 60 * minutes


def test_an_empty_list_is_one(path):
    path.write_text("")
    assert read_feeds(path) == ()


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match=r"feeds\.toml: no such file; create it with: wirewatch init"):
        read_feeds(tmp_path / "feeds.toml")


def test_adding_appends_and_leaves_the_rest_byte_for_byte(path):
    path.chmod(0o640)
    added, known = add_feeds(
        path, [FeedLine(url="https://d.example/", title='D "d"\n'), FeedLine(url="https://a.example/rss")]
    )
    assert [feed.url for feed in added] == ["https://d.example/"]
    assert [feed.url for feed in known] == ["https://a.example/rss"]
    text = path.read_text()
    assert text.startswith(LIST)
    assert read_feeds(path)[3] == FeedLine(url="https://d.example/", title='D "d"\n')
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in path.parent.iterdir()] == ["feeds.toml"]


def test_removing_takes_one_table_and_leaves_the_rest(path):
    assert remove_feed(path, "https://b.example/rss").url == "https://b.example/rss"
    text = path.read_text()
    assert [feed.title for feed in read_feeds(path)] == ["A", "C"]
    assert 'url = "https://a.example/rss"   # the first\ntitle = "A"\n' in text
    assert text.startswith("# my feeds\n\n[[feeds]]\n")
    assert text.endswith('url = "https://c.example/rss"  # last\n')


def test_removing_the_last_feed_leaves_a_valid_file(path):
    for url in ("https://a.example/rss", "https://b.example/rss", "https://c.example/rss"):
        remove_feed(path, url)
    assert read_feeds(path) == ()
    assert add_feeds(path, [FeedLine(url="https://e.example/")])[0]
    assert [feed.url for feed in read_feeds(path)] == ["https://e.example/"]


def test_removing_an_unknown_feed_names_the_nearest(path):
    with pytest.raises(
        WirewatchError, match=r"https://a\.example/rs is not listed; did you mean https://a\.example/rss\?"
    ):
        remove_feed(path, "https://a.example/rs")
    for url in ("q", "https://z.example/rss", "https://[a"):
        with pytest.raises(WirewatchError, match=r"is not listed; see: wirewatch feeds list; or add it with"):
            remove_feed(path, url)


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("HTTPS://A.example/rss", "https://a.example/rss"),
        ("https://a.example:443/rss#news", "https://a.example/rss"),
        ("https://a.example/%72ss", "https://a.example/rss"),
        ("https://a.example/%7e%2fme", "https://a.example/~%2Fme"),
    ],
)
def test_another_way_to_write_an_address_adds_no_feed(path, url, listed):
    path.write_text(f'[[feeds]]\nurl = "{listed}"\n')
    assert add_feeds(path, [FeedLine(url=url)])[0] == ()
    assert [feed.url for feed in read_feeds(path)] == [listed]


@given(st.text(max_size=40))
def test_the_identity_of_an_identity_is_itself(text):
    once = identity(f"https://a.example/{text}")
    assert identity(once) == once


ADDING = """
import sys
from pathlib import Path
from wirewatch.feedaccess import keep_password
from wirewatch.feededit import add_feeds, pause_feed, remove_feed
from wirewatch.feedlist import FeedLine
path, name = Path(sys.argv[1]), sys.argv[2]
for n in range(4):
    keep_password(path, "https://news.example/", "one password")
    add_feeds(path, [FeedLine(url=f"https://{name}.example/{n}")])
pause_feed(path, f"https://{name}.example/1", is_paused=True)
remove_feed(path, f"https://{name}.example/2")
"""


def test_edits_at_the_same_time_undo_none_of_each_other(path):
    path.write_text("")
    at_work = [subprocess.Popen([sys.executable, "-c", ADDING, path, f"p{n}"]) for n in range(8)]
    assert [each.wait(timeout=60) for each in at_work] == [0] * 8
    wanted = {(f"https://p{p}.example/{n}", n == 1) for p in range(8) for n in (0, 1, 3)}
    assert {(feed.url, feed.is_paused) for feed in read_feeds(path)} == wanted
    assert [file.name for file in (path.parent / "secrets").iterdir()] == ["news.example"]


def test_the_lock_goes_with_its_holder_and_the_folder_may_be_missing(path):
    for _ in range(2):
        with suppress(KeyError), alone(path):
            raise KeyError
    with alone(path.parent / "none" / "feeds.toml"):
        pass


def test_a_list_in_one_line_is_kept_in_one_line(path):
    path.write_text('feeds = [{ url = "https://a.example/" }]  # short\n')
    add_feeds(path, [FeedLine(url="https://b.example/", title="B")])
    remove_feed(path, "https://a.example/")
    assert read_feeds(path) == (FeedLine(url="https://b.example/", title="B"),)
    assert path.read_text().startswith("feeds = [")
    assert path.read_text().endswith("]  # short\n")
    path.write_text("feeds = []\n")
    add_feeds(path, [FeedLine(url="https://b.example/")])
    assert len(read_feeds(path)) == 1


def test_nothing_is_written_when_an_address_is_bad(path):
    with pytest.raises(ConfigError, match=r"^gopher://x: an address begins with"):
        add_feeds(path, [FeedLine(url="https://ok.example/"), FeedLine(url="gopher://x")])
    assert path.read_text() == LIST


def test_a_link_to_the_list_stays_a_link(path, tmp_path):
    link = tmp_path / "linked.toml"
    link.symlink_to(path)
    add_feeds(link, [FeedLine(url="https://d.example/")])
    assert link.is_symlink()
    assert len(read_feeds(path)) == 4


PAUSED = LIST.replace('url = "https://b.example/rss"\n', 'url = "https://b.example/rss"\npaused = true\n')


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pausing_writes_one_line_and_resuming_takes_it_away(path, end):
    path.write_bytes(LIST.replace("\n", end).encode())
    assert pause_feed(path, "https://b.example/rss", is_paused=True) is True
    assert path.read_bytes() == PAUSED.replace("\n", end).encode()
    assert pause_feed(path, "https://b.example/rss", is_paused=True) is False
    assert [feed.is_paused for feed in read_feeds(path)] == [False, True, False]
    assert pause_feed(path, "https://b.example/rss", is_paused=False) is True
    assert path.read_bytes() == LIST.replace("\n", end).encode()
    assert pause_feed(path, "https://b.example/rss", is_paused=False) is False


@pytest.mark.parametrize(
    "text",
    [
        'feeds = [{ url = "https://b.example/rss" }]  # short\n',
        'feeds = [\n  { url = "https://a.example/", title = "A" },\n  { url = "https://b.example/rss" },\n]\n',
        '[[feeds]]\nurl = "https://b.example/rss"',
        '[[feeds]]\nurl = """\nhttps://b.example/rss"""\n',
        '[[feeds]]\nurl = "https://b.example/rss"\n# paused = true\n',
        '[[feeds]]\npaused = false\nurl = "https://b.example/rss"\n',
    ],
)
def test_feeds_of_any_layout_can_be_paused(path, text):
    path.write_text(text)
    before = read_feeds(path)
    assert pause_feed(path, "https://b.example/rss", is_paused=True) is True
    assert [feed.is_paused for feed in read_feeds(path)] == [feed.url == "https://b.example/rss" for feed in before]
    assert pause_feed(path, "https://b.example/rss", is_paused=False) is True
    assert read_feeds(path) == before


def test_pausing_a_feed_that_is_not_listed_names_the_nearest(path):
    with pytest.raises(WirewatchError, match=r"https://b\.example/rs is not listed; did you mean"):
        pause_feed(path, "https://b.example/rs", is_paused=True)
    assert path.read_text() == LIST


def test_adding_writes_all_that_a_feed_has(path):
    feed = FeedLine(
        url="https://d.example/",
        is_paused=True,
        every_s=300,
        headers=(("X-Key", "env:KEY"),),
        user="me",
        password="file:secrets/d",
    )
    add_feeds(path, [feed])
    assert read_feeds(path)[3] == feed
    assert path.read_text().endswith(
        '[[feeds]]\nurl = "https://d.example/"\npaused = true\nevery = "5m"\nheaders = {X-Key = "env:KEY"}\n'
        'user = "me"\npassword = "file:secrets/d"\n'
    )


_TITLES = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_HEADS = st.sampled_from(
    ["", "# c", "# c\n", "\ufeff# c\n", "# c\r\n\r\n", '[[feeds]]\nurl = "https://x.example/"', "\n\n"]
)


@given(_HEADS, st.lists(_TITLES, max_size=4))
def test_what_is_added_is_read_back_and_what_was_there_is_kept(tmp_path_factory, head, titles):
    path = tmp_path_factory.mktemp("feeds") / "feeds.toml"
    path.write_bytes(head.encode())
    before = read_feeds(path)
    wanted = [FeedLine(url=f"https://{n}.example/", title=title) for n, title in enumerate(titles)]
    added, known = add_feeds(path, wanted)
    assert (list(added), known) == (wanted, ())
    assert read_feeds(path) == (*before, *wanted)
    assert path.read_bytes().removeprefix(b"\xef\xbb\xbf").startswith(head.removeprefix("\ufeff").encode())
    assert add_feeds(path, wanted) == ((), tuple(wanted))


@given(st.text(max_size=40))
def test_judging_an_address_never_fails(text):
    assert address_fault(text) is None or not text.startswith("https://a.example/a")
    assert address_fault(f"https://a.example/{text}") is None or not text.isalnum()


def test_the_packaged_list_holds_twelve_feeds_marked_as_unverified():
    path = packaged_config() / "feeds.toml"
    feeds = read_feeds(path)
    assert len(feeds) == 12
    assert all(feed.title for feed in feeds)
    assert path.read_text().count("# unverified\n") == 12
