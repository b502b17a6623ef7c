"""Settings are checked where they are made."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from ingest.fetch_settings import FetchSettings


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
    ],
)
def test_bad_values_are_named(name, value):
    with pytest.raises(ValueError, match=rf"fetch\.{name}"):
        FetchSettings(**{name: value})


def test_settings_do_not_load_the_client():
    """The command line reads them before it knows whether anything is fetched."""
    code = "import sys, ingest.fetch_settings; print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
