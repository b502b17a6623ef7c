"""Settings are checked where they are made."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from ingest.fetch_settings import FetchSettings, HostSettings, proxy_fault


@pytest.mark.parametrize(
    ("settings", "agent"),
    [
        ({}, "wirewatch/0"),
        ({"version": "1.2"}, "wirewatch/1.2"),
        ({"version": "1.2", "contact": "mailto:desk@news.example"}, "wirewatch/1.2 (+mailto:desk@news.example)"),
        ({"user_agent": "Desk/1 (x)", "contact": "ignored"}, "Desk/1 (x)"),
    ],
)
def test_user_agent(settings, agent):
    made = FetchSettings(**settings)
    assert made.full_user_agent == agent
    assert made.product == agent.partition("/")[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allow", ("nonsense",)),
        ("user_agent", "a\r\nX: y"),
        ("user_agent", "1/2"),
        ("contact", "büro"),
        ("version", "\n"),
        ("pause_s", -1.0),
        ("pause_s", math.nan),
        ("timeout_s", 0.0),
        ("timeout_s", math.inf),
        ("max_feed_bytes", 0),
        ("max_page_bytes", -1),
        ("max_redirects", -1),
        ("max_connections", 0),
        ("max_connections", 101),
        ("connect_timeout_s", 0.0),
        ("connect_timeout_s", math.nan),
        ("proxy", "proxy:3128"),
        ("proxy", "http://me:s3cret@proxy"),
        ("hosts", (HostSettings(host="a.example"), HostSettings(host="A.example."))),
    ],
)
def test_bad_values_are_named(name, value):
    with pytest.raises(ValueError, match=rf"fetch\.{name}") as caught:
        FetchSettings(**{name: value})
    assert "s3cret" not in str(caught.value)


def test_secrets_are_not_shown():
    hosts = (HostSettings(host="a.example", headers=(("X-Key", "s3cret"),)),)
    settings = FetchSettings(proxy="http://me:s3cret@proxy:3128", hosts=hosts)
    assert "s3cret" not in repr(settings)
    assert proxy_fault(settings.proxy) is None
    assert "s3cret" not in (proxy_fault("http://me:s3cret@proxy") or "s3cret")


@pytest.mark.parametrize(
    ("given", "host"),
    [
        (" News.Example. ", "news.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("localhost", "localhost"),
    ],
)
def test_host_names(given, host):
    assert HostSettings(host=given).host == host


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"host": "https://news.example"}, "is no host"),
        ({"host": ""}, "is no host"),
        ({"host": "a b"}, "is no host"),
        ({"host": "*.example"}, "is no host"),
        ({"host": "news.example:80"}, "is no host"),
        ({"host": "abc:80"}, "is no host"),
        ({"host": "bü cher.example"}, "is no host"),
        ({"pause_s": -1.0}, "pause_s"),
        ({"pause_s": math.nan}, "pause_s"),
        ({"pause_s": 3601.0}, "pause_s"),
        ({"headers": (("Cookie", "s3cret"),)}, "cookies are never sent"),
        ({"headers": (("X-Key", "s3cret\n"),)}, "X-Key"),
    ],
)
def test_bad_settings_of_a_host_are_named(more, says):
    with pytest.raises(ValueError, match=r"\w") as caught:
        HostSettings(**{"host": "news.example"} | more)
    assert says in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_longest_name_counts():
    settings = FetchSettings(
        pause_s=2.0,
        hosts=(
            HostSettings(host="example", pause_s=9.0),
            HostSettings(host="news.example", pause_s=5.0),
            HostSettings(host="www.news.example"),
            HostSettings(host="fast.example", pause_s=0.0),
        ),
    )
    pauses = {
        "news.example": 5.0,
        "a.news.example": 5.0,
        "fakenews.example": 9.0,
        "example": 9.0,
        # The nearest counts alone; what it does not say is as everywhere.
        "www.news.example": 2.0,
        "fast.example": 0.0,
        "news.example.org": 2.0,
    }
    assert {host: settings.pause_for(host) for host in pauses} == pauses


def test_settings_do_not_load_the_client():
    """The command line reads them before it knows whether anything is fetched."""
    code = "import sys, ingest.fetch_settings; print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
