"""Which headers and credentials may be sent, and that no fault quotes a secret."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.header_rules import credentials_fault, header_fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Api-Key", "k3y"),
        ("Authorization", "Bearer abc.def=="),
        ("User-Agent", "Desk/1 (desk@news.example)"),
        ("accept", "application/atom+xml"),
        ("Accept-Language", "uk, en;q=0.5"),
    ],
)
def test_sent(name, value):
    assert header_fault(name, value) is None


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Content-Type", "COOKIE", "Referer", "Transfer-Encoding", "Connection", "TE", "Upgrade",
     "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Proxy-Authorization", "Expect", "Keep-Alive",
     "", "a b", "X:", "X\r\nY", "ü", "x" * 101],
)  # fmt: skip
def test_never_sent(name):
    assert header_fault(name, "s3cret")


@pytest.mark.parametrize(
    "value", ["", " s3cret", "s3cret\n", "s3cret\r\nHost: evil", "s3cret\x00", "s3crét", "s3cret" * 999]
)
def test_values_that_cannot_be_sent(value):
    fault = header_fault("X-Key", value)
    assert fault
    assert "s3cr" not in fault


@given(st.text(max_size=20), st.text(max_size=40))
def test_what_passes_can_be_written_and_adds_no_line(name, value):
    if header_fault(name, value) is None:
        sent = h11.Request(method="GET", target="/", headers=[("Host", "h"), (name, value)])
        wire = h11.Connection(h11.CLIENT).send(sent)
        assert wire.count(b"\r\n") == 4


@pytest.mark.parametrize(("user", "password"), [("me", "s3cret"), ("me@desk", "päss:wörd"), ("", ""), ("me", "")])
def test_credentials_that_can_be_sent(user, password):
    assert credentials_fault(user, password) is None


@pytest.mark.parametrize(
    ("user", "password"), [("m:e", "s3cret"), ("me", "s3cret\n"), ("me\x00", "s3cret"), ("me", "s3cret" * 999)]
)
def test_credentials_that_cannot(user, password):
    fault = credentials_fault(user, password)
    assert fault
    assert "s3cret" not in fault
