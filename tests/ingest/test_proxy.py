"""Reading the address of a proxy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.proxy import parse_proxy


@pytest.mark.parametrize(
    ("text", "host", "port", "credentials"),
    [
        ("http://proxy.example:3128", "proxy.example", 3128, None),
        (" http://Proxy:80/ ", "proxy", 80, None),
        ("http://10.0.0.1:3128", "10.0.0.1", 3128, None),
        ("http://[::1]:3128", "::1", 3128, None),
        ("http://me:s%40cret@proxy:3128", "proxy", 3128, ("me", "s@cret")),
        ("http://me:s3cr@et@proxy:3128", "proxy", 3128, ("me", "s3cr@et")),
        ("http://me@proxy:3128", "proxy", 3128, ("me", "")),
    ],
)
def test_parsed(text, host, port, credentials):
    proxy = parse_proxy(text)
    assert (proxy.host, proxy.port, proxy.credentials) == (host, port, credentials)
    assert "cr" not in repr(proxy)


@pytest.mark.parametrize(
    "text",
    ["", "proxy", "proxy:3128", "http://proxy", "http://proxy:0", "http://proxy:99999", "https://proxy:1", "socks5://p:1",
     "http://me:s3cret@proxy", "http://me:s3cret@proxy:1/path", "http://m%3Ae:s3cret@proxy:1", "http://me:s3cret%0a@p:1"],
)  # fmt: skip
def test_not_a_proxy(text):
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_proxy(text)
    assert "s3cret" not in str(caught.value)


@given(st.text(max_size=60))
def test_what_is_not_understood_is_not_quoted(text):
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_proxy(f"http://{text}@proxy:8\x00")
    assert len(text) < 12 or text not in str(caught.value)
