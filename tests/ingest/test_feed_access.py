"""What the user gives for a feed goes to its own site and nowhere else."""

from __future__ import annotations

import pytest

from ingest.errors import Reason, Transient, lacks_secret
from ingest.feed_access import with_access
from ingest.polling import FeedAccess
from ingest.web import Request

ACCESS = FeedAccess(headers=(("X-Key", "s3cret"),), credentials=("me", "pa55"))
FEED = "https://news.example/feed"


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        ("https://news.example/story/1", FEED),
        ("https://NEWS.example:443/story/1", FEED),
        ("https://news.example/story/1", "http://news.example/feed"),
        ("http://news.example:8000/a", "http://news.example:8000/feed"),
    ],
)
def test_the_own_site_gets_it(url, feed):
    request = with_access(Request(url=url, headers=(("X", "y"),)), feed, ACCESS)
    assert request.headers == (("X", "y"), ("X-Key", "s3cret"))
    assert request.credentials == ("me", "pa55")


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        ("http://news.example/story/1", FEED),
        ("https://www.news.example/story/1", FEED),
        ("https://news.example:8443/story/1", FEED),
        ("https://news.example:8443/story/1", "http://news.example/feed"),
        ("https://news.example@evil.example/", FEED),
        ("https://[::", FEED),
        ("https://news.example/", "no address"),
    ],
)
def test_nobody_else_gets_anything(url, feed):
    request = Request(url=url)
    assert with_access(request, feed, ACCESS) is request


def test_without_its_secret_the_own_site_is_not_asked_and_others_are():
    missing = FeedAccess(missing="the variable KEY is not set")
    with pytest.raises(Transient) as caught:
        with_access(Request(url="https://news.example/story/1"), FEED, missing)
    error = caught.value
    assert (error.reason, error.detail) == (Reason.AUTH, "the variable KEY is not set")
    assert lacks_secret(error)
    away = Request(url="https://other.example/")
    assert with_access(away, FEED, missing) is away
    assert not lacks_secret(Transient(Reason.AUTH, FEED, status=407))


def test_nothing_is_shown():
    assert "s3cret" not in repr(ACCESS)
    assert "pa55" not in repr(ACCESS)
    shown = repr(with_access(Request(url=FEED), FEED, ACCESS))
    assert "s3cret" not in shown
    assert "pa55" not in shown
