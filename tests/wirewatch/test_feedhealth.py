"""What doctor says of feeds and their secrets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage.records import FeedRecord
from wirewatch.errors import ExitCode
from wirewatch.feedhealth import MOST_TOLD, check_feeds, check_secrets
from wirewatch.feedlist import FeedLine, read_feeds

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
FEED = FeedRecord(
    id=1,
    url="https://a.example/rss",
    fetch_url="https://a.example/rss",
    title=None,
    state="active",
    last_status=200,
    last_error=None,
    failures=0,
    next_poll_at=NOW + timedelta(hours=2),
    entries=1,
    last_error_detail=None,
    last_polled_at=NOW,
    added_at=NOW,
    plan_why=None,
    interval_s=1800,
    last_document_at=NOW,
    last_new_at=NOW - timedelta(days=9),
    longest_quiet_s=2 * 86_400,
    broken_since=None,
    silent_since=None,
    gaps=0,
    feed_format="rss",
    hub=None,
    subscription=None,
    last_push_at=None,
    moved_from=None,
    moved_at=None,
)
BROKEN = replace(
    FEED, failures=3, last_error="timeout", last_error_detail="too late", broken_since=NOW - timedelta(hours=5)
)


def told(*feeds):
    return [check.say("") for check in check_feeds(feeds, NOW)]


def test_feeds_that_are_well():
    paused = replace(BROKEN, state="paused", gaps=3)
    assert told(FEED, paused, replace(paused, state="removed")) == [
        "1 feed is polled, none fails, is silent or leaves gaps"
    ]


def test_what_feeds_toml_says_now_is_counted():
    failing = replace(BROKEN, url="https://b.example/", fetch_url="https://b.example/", state="backing-off")
    resumed = replace(FEED, url="https://c.example/", fetch_url="https://c.example/", state="paused")
    listed = [
        FeedLine(url=FEED.url),
        FeedLine(url=failing.url, is_paused=True),
        FeedLine(url=resumed.url),
        FeedLine(url="https://new.example/"),
    ]
    stored = [FEED, failing, resumed]
    assert [check.message for check in check_feeds(stored, NOW, listed)] == [
        "2 feeds are polled, none fails, is silent or leaves gaps",
        "1 feed was added since the last poll; the next one takes it up",
    ]
    assert [check.message for check in check_feeds(stored, NOW, listed[1:2])] == ["none is to be polled"]


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        (
            replace(BROKEN, state="backing-off"),
            (
                "backing off: https://a.example/rss: 3 polls in a row failed, broken for 5 h, looked at again in 2 h: "
                "too late; see: wirewatch feeds check https://a.example/rss"
            ),
        ),
        (
            replace(BROKEN, state="dormant", failures=1, broken_since=None, next_poll_at=NOW),
            (
                "dormant: https://a.example/rss: the last poll failed: too late; see: "
                "wirewatch feeds check https://a.example/rss"
            ),
        ),
        (
            replace(BROKEN, state="gone"),
            (
                "gone: https://a.example/rss: its server says that it was taken away for good; it is looked at every "
                "30 days. Take it out, or see: wirewatch feeds check https://a.example/rss"
            ),
        ),
        (
            replace(FEED, silent_since=NOW),
            (
                "silent: https://a.example/rss: it answers, and brings nothing new for 9 d; expected within 6 d. "
                "Has it moved? See: wirewatch feeds check https://a.example/rss"
            ),
        ),
        (
            replace(FEED, gaps=2),
            (
                "gaps: https://a.example/rss: 2 times in 30 days nothing of the poll before was left, so entries may "
                'be missing; it can be polled more often with every = "5m" in feeds.toml. See: '
                "wirewatch feeds check https://a.example/rss"
            ),
        ),
    ],
)
def test_feeds_that_are_not_are_told_in_words(feed, message):
    assert told(feed) == [message]


def test_two_feeds_that_lead_to_one_address():
    twin = replace(FEED, id=2, url="https://b.example/rss")
    assert told(FEED, twin) == [
        (
            "https://a.example/rss and https://b.example/rss lead to one address, https://a.example/rss; one is "
            "enough: wirewatch feeds remove https://b.example/rss"
        )
    ]
    assert len(told(FEED, replace(twin, state="paused"))) == 1


def test_of_many_some_are_told():
    feeds = [replace(FEED, url=f"https://a.example/{n}", fetch_url=f"{n}", gaps=1) for n in range(MOST_TOLD + 5)]
    lines = told(*feeds)
    assert len(lines) == MOST_TOLD + 1
    assert lines[-1] == "gaps: … and 5 more; see: wirewatch feeds list"


# --- secrets ----------------------------------------------------------------------------------------

FEEDS = '[[feeds]]\nurl = "https://a.example/"\nuser = "me"\npassword = "file:pw"\n'


def test_a_file_that_others_can_read_is_warned_of(tmp_path):
    (tmp_path / "feeds.toml").write_text(FEEDS)
    secret = tmp_path / "pw"
    secret.write_text("sesame\n")
    secret.chmod(0o644)
    feeds = read_feeds(tmp_path / "feeds.toml")
    (check,) = check_secrets(feeds)
    assert (check.status, check.message) == (
        "warn",
        f"{secret} can be read by others; keep it to yourself: chmod 600 {secret}",
    )
    secret.chmod(0o600)
    (check,) = check_secrets(feeds)
    assert check.status == "ok"


def test_a_secret_that_is_missing_is_invalid_unless_the_feed_is_paused(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text(FEEDS)
    check, *_ = check_secrets(read_feeds(path))
    assert (check.status, check.exit_code) == ("fail", ExitCode.INVALID)
    assert f"{path}:4: password: {tmp_path}/pw cannot be read" in check.message
    path.write_text(f"{FEEDS}paused = true\n")
    assert [check.status for check in check_secrets(read_feeds(path))] == ["ok"]


def test_a_secret_that_cannot_be_read_is_not_called_well_and_no_folder_is_to_be_changed(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text(FEEDS.replace("file:pw", "file:."))
    tmp_path.chmod(0o755)
    assert [check.status for check in check_secrets(read_feeds(path))] == ["fail"]


def test_a_file_name_is_quoted_for_the_shell(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text(FEEDS.replace("file:pw", "file:my pw; ls"))
    (tmp_path / "my pw; ls").write_text("sesame\n")
    (tmp_path / "my pw; ls").chmod(0o644)
    (check,) = check_secrets(read_feeds(path))
    assert check.message.endswith(f"chmod 600 '{tmp_path}/my pw; ls'")


def test_feeds_without_secrets_have_none_to_tell_of(tmp_path):
    assert list(check_secrets([])) == []
