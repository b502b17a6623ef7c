"""Secrets are read where feeds.toml says they are, and nothing of them is shown."""

from __future__ import annotations

import os
import stat
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.polling import FeedAccess
from wirewatch.errors import ConfigError
from wirewatch.feedaccess import is_readable_by_others, keep_password, read_access, secret_files, take_credentials
from wirewatch.feedlist import FeedLine, read_feeds

FEEDS = """# mine
[[feeds]]
url = "https://a.example/rss"
every = "5m"
headers = {X-Key = "env:KEY", X-Plain = "as it is"}
user = "me"
password = "file:secrets/a"
"""


@pytest.fixture
def feed(tmp_path):
    (tmp_path / "feeds.toml").write_text(FEEDS)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a").write_text("open sesame\n")
    return read_feeds(tmp_path / "feeds.toml")[0]


def test_secrets_are_read_from_the_variable_and_from_the_file_beside_the_list(feed):
    access = read_access(feed, {"KEY": "k3y"})
    assert access == FeedAccess(
        headers=(("X-Key", "k3y"), ("X-Plain", "as it is")), credentials=("me", "open sesame"), every_s=300
    )
    assert "k3y" not in repr(access)
    assert "sesame" not in repr(access)


def test_a_feed_without_anything_has_no_access():
    assert read_access(FeedLine(url="https://a.example/")) == FeedAccess()
    assert read_access(FeedLine(url="https://a.example/", user="me")).credentials == ("me", "")


@pytest.mark.parametrize(
    ("variable", "line", "fault"),
    [
        (None, 5, "headers: X-Key: the variable KEY is not set"),
        ("", 5, "headers: X-Key: the variable KEY is not set"),
        ("hush\r\nX-Other: 1", 5, "headers: X-Key: the value must be printable ASCII"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_with_its_line(feed, variable, line, fault):
    with pytest.raises(ConfigError) as caught:
        read_access(feed, {} if variable is None else {"KEY": variable})
    assert f"feeds.toml:{line}: {fault}" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read: No such file or directory; write the secret into it"),
        (b"", "must hold the secret in one line"),
        (b"\n", "must hold the secret in one line"),
        (b"hush\nhush\n", "must hold the secret in one line"),
        (b"hush" * 20_000, "must hold the secret in one line"),
        (b"hush\xff", "is not UTF-8"),
        (b"hush\x07", "user name and password cannot contain control characters"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_line_that_names_it(feed, tmp_path, content, fault):
    path = tmp_path / "secrets" / "a"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_access(feed, {"KEY": "k"})
    assert "feeds.toml:7: password: " in str(caught.value)
    assert fault in str(caught.value)
    assert "hush" not in str(caught.value)


def test_each_file_of_a_secret_is_told_once(feed, tmp_path):
    assert list(secret_files([feed, feed])) == [tmp_path / "secrets" / "a"]


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_who_may_read_a_file(tmp_path, mode, is_open):
    path = tmp_path / "secret"
    path.write_text("x\n")
    path.chmod(mode)
    assert is_readable_by_others(path) is is_open


def test_a_file_that_is_not_there_is_read_by_nobody(tmp_path):
    assert is_readable_by_others(tmp_path / "none") is False


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://a.example/rss", ("https://a.example/rss", None, None)),
        ("https://me@a.example/rss", ("https://a.example/rss", "me", None)),
        ("https://me:@a.example/rss", ("https://a.example/rss", "me", "")),
        ("https://:pw@a.example/rss", ("https://a.example/rss", "", "pw")),
        ("https://a.example/@home", ("https://a.example/@home", None, None)),
        ("https://[me:pw@", ("https://[me:pw@", None, None)),
    ],
)
def test_credentials_are_taken_out_of_an_address(url, taken):
    assert take_credentials(url) == taken


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_whatever_they_are_they_come_out_as_they_were(user, password):
    url = f"https://{quote(user, safe='')}:{quote(password, safe='')}@a.example/x?y=1"
    assert take_credentials(url) == ("https://a.example/x?y=1", user, password)


def test_a_password_is_kept_for_the_owner_alone_and_one_file_a_password(tmp_path):
    feeds = tmp_path / "feeds.toml"
    before = os.umask(0)
    try:
        names = [
            keep_password(feeds, url, pw) for url, pw in (("https://A.example/", "x"), ("https://a.example/y", "z"))
        ]
    finally:
        os.umask(before)
    assert names == ["file:secrets/a.example", "file:secrets/a.example-2"]
    assert keep_password(feeds, "https://a.example/", "z") == names[1]
    assert (tmp_path / "secrets" / "a.example").read_text() == "x\n"
    modes = [stat.S_IMODE((tmp_path / "secrets" / name).stat().st_mode) for name in (".", "a.example", "a.example-2")]
    assert modes == [0o700, 0o600, 0o600]


@given(st.text(min_size=1, max_size=30).filter(str.isprintable))
def test_what_was_kept_is_what_is_read(tmp_path_factory, password):
    feeds = tmp_path_factory.mktemp("kept") / "feeds.toml"
    reference = keep_password(feeds, "https://[::1]:8080/", password)
    line = FeedLine(url="https://x.example/", user="", password=reference)
    assert read_access(line, folder=feeds.parent).credentials == ("", password)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "secrets").write_text("in the way")
    with pytest.raises(ConfigError, match=r"secrets: the password cannot be written"):
        keep_password(tmp_path / "feeds.toml", "https://a.example/", "x")
