"""Reading addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.target import MAX_ADDRESS_CHARS, follow, parse_target, redact


@pytest.mark.parametrize(
    ("address", "url", "host", "port"),
    [
        ("HTTP://EXAMPLE.com:80/A?b=C#d", "http://example.com/A?b=C", "example.com", 80),
        ("https://example.com.", "https://example.com/", "example.com", 443),
        ("https://example.com.:8443/x", "https://example.com:8443/x", "example.com", 8443),
        ("http://bücher.example/ü?q=ü", "http://xn--bcher-kva.example/%C3%BC?q=%C3%BC", "xn--bcher-kva.example", 80),
        ("http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81/", "2001:db8::1", 81),
        ("http://2130706433/", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://0x7f.1", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://me:pw@h/x", "http://h/x", "h", 80),
        ("http:\\\\h\\x", "http://h/x", "h", 80),
        ("  http://h/a\tb\n", "http://h/ab", "h", 80),
    ],
)
def test_parsed(address, url, host, port):
    target = parse_target(address)
    assert (target.url, target.host, target.port) == (url, host, port)
    assert parse_target(target.url) == parse_target(address.replace("me:pw@", ""))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "/x",
        "ftp://h/",
        "javascript:x",
        "http://",
        "http://h:99999/",
        "http://a%00b/",
        "http://.",
        "http://h/" + "x" * 8000,
    ],
)
def test_not_an_address(address):
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_target(address)
    assert len(str(caught.value)) < 200


def test_credentials():
    target = parse_target("http://m%40e:s%3Acret@h/x")
    assert target.credentials == ("m@e", "s:cret")
    assert target.url == "http://h/x"
    assert parse_target("http://me@h/").credentials == ("me", "")
    assert parse_target("http://h/").credentials is None


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("b", "http://h/a/b"),
        ("//h/b", "http://h/b"),
        ("http://you:x@h/b", "http://h/b"),
        ("https://h/b#x", "https://h/b"),
        ("http://you:x@other/b", "http://other/b"),
    ],
)
def test_a_redirect_brings_no_credentials(location, there):
    target = follow(parse_target("http://me:pw@h/a/x"), location)
    assert (target.url, target.credentials) == (there, None)


def test_no_credentials_are_shown():
    assert "cret" not in repr(parse_target("http://me:s3cret@h/x"))


def test_an_address_of_exactly_the_limit_as_it_is_sent():
    room = MAX_ADDRESS_CHARS - len("http://h/")
    assert len(parse_target("http://h/" + "x" * room).url) == MAX_ADDRESS_CHARS
    # Neither fragment nor credentials are sent; letters beyond ASCII are sent as six characters and more.
    assert parse_target(f"http://me:pw@h/{'x' * room}#{'y' * 1000}").url.endswith("x")
    assert parse_target("http://h/" + "ü" * (room // 6)).path.isascii()
    for path in ("x" * (room + 1), "ü" * (room // 6 + 1), "?" + "x" * room):
        with pytest.raises(ValueError, match="longer than 2,048"):
            parse_target("http://h/" + path)
    with pytest.raises(ValueError, match="longer than 2,048"):
        follow(parse_target("http://h/"), "x" * (room + 1))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:pw@h/x@y", "https://h/x@y"),
        ("https://me:p@w@h", "https://h"),
        ("https:me:pw@h", "https:h"),
        ("https:\\\\me@h\\x", "https:\\\\h\\x"),
        ("http://h/?mail=a@b", "http://h/?mail=a@b"),
        ("http://h?mail=a@b", "http://h?mail=a@b"),
        ("not an address", "not an address"),
        ("//me:pw@h/x", "//h/x"),
        ("/a//me@h", "/a//me@h"),
        ("\x00\x1f https://me:pw@h", "https://h"),
        ("ht\ntps:/\t/me:\tpw@h", "https://h"),
    ],
)
def test_redact(address, shown):
    assert redact(address) == shown


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#\\@:"), min_size=1),
    st.text(max_size=20),
)
def test_what_is_redacted_holds_no_password(password, path):
    assert "S3CR" + password not in redact(f"http://user:S3CR{password}@host.example/{path}")


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_a_target_or_a_value_error(text, location):
    try:
        target = follow(parse_target("http://" + text), location)
    except ValueError:
        return
    assert target.scheme in {"http", "https"}
    assert (target.netloc + target.path).isascii()
    assert target.path.startswith("/")
    assert "#" not in target.path
    assert not any(ord(letter) <= 32 for letter in target.url)
