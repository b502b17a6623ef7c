from __future__ import annotations

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.address import DEFAULT_TRACKERS, MAX_ADDRESS, host_of, normalise_address, resolve, strip_decoration
from ingest.errors import Permanent, Reason

HOSTS = st.sampled_from(["news.example", "NEWS.example:443", "exämple.test", "127.0.0.1:8800", "[::1]:80", "a.b.c."])
PATHS = st.text(st.sampled_from("abé/.%20;:@+~'\"\\ ~"), max_size=20)
NAMES = st.sampled_from(["id", "p", "Q", "page", "utm", "xutm_source", "ref", "a%20b", "é", ""])
VALUES = st.text(st.sampled_from("aé=%2B+/?:@ '"), max_size=8)
PARAMETERS = st.lists(st.tuples(NAMES, VALUES).map("=".join) | st.just("flag") | st.just(""), max_size=5)
DECORATIONS = st.sampled_from(
    [
        "utm_source=rss",
        "UTM_Medium=feed",
        "utm%5Fcampaign=x&fbclid=1",
        "gclid=",
        "fbclid",
        "at_medium=RSS&at_campaign=KARANGA",
        "mc_cid=1&mc_eid=2",
    ]
)


@st.composite
def addresses(draw) -> str:
    query = "&".join(draw(PARAMETERS))
    return f"{draw(st.sampled_from(['http', 'HTTPS']))}://{draw(HOSTS)}/{draw(PATHS)}" + (f"?{query}" if query else "")


@given(addresses())
def test_a_second_call_changes_nothing(url):
    address = normalise_address(url)
    assert normalise_address(address) == address
    assert resolve(address, "http://other.example/") == address
    assert address.isascii()


@given(addresses(), st.lists(DECORATIONS, min_size=1, max_size=3), st.sampled_from(["", "#top", "#?utm_source=x"]))
def test_decoration_makes_no_other_address(url, decorations, fragment):
    # White space around an address is no part of it, within it is.
    assume("#" not in url and url == url.strip())
    decorated = url + ("&" if "?" in url else "?") + "&".join(decorations) + fragment
    assert normalise_address(decorated) == normalise_address(url)
    page, _, query = url.partition("?")
    first = f"{page}?{'&'.join(decorations)}" + (f"&{query}" if query else "") + fragment
    assert normalise_address(first) == normalise_address(url)


@given(addresses())
def test_without_trackers_to_strip_the_query_keeps_every_byte(url):
    resolved = resolve(url, url)
    assert resolved is not None
    if any(resolved.partition("?")[2].split("&")):
        assert normalise_address(url, trackers=()) == resolved


@given(st.text() | st.text(st.characters(exclude_categories=())))
def test_any_text_is_an_address_or_a_bad_address(text):
    refusal = None
    try:
        assert normalise_address(text).startswith(("http://", "https://"))
    except Permanent as error:
        refusal = error
    assert refusal is None or (refusal.reason is Reason.BLOCKED and len(refusal.subject) <= 200)
    resolved = resolve(text, "https://news.example/a/b")
    assert resolved is None or resolved.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("HTTP://News.Example:80", "http://news.example/"),
        ("https://news.example/a/./b/../c", "https://news.example/a/c"),
        ("https://news.example//a//b/", "https://news.example//a//b/"),
        ("https://news.example/a?", "https://news.example/a"),
        ("https://news.example/a?b=1&&c", "https://news.example/a?b=1&&c"),
        ("https://news.example/a?z=1&a=2&utm_id=3&m=%C3%A9+x", "https://news.example/a?z=1&a=2&m=%C3%A9+x"),
        ("https://news.example/a?source=rss&ref=x&share=y", "https://news.example/a?source=rss&ref=x&share=y"),
        ("https://user:pa%40ss@news.example/@x", "https://news.example/@x"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        (" ht\ntps://news.example/a\tb ", "https://news.example/ab"),
        ("https://пример.test/путь", "https://xn--e1afmkfd.test/%D0%BF%D1%83%D1%82%D1%8C"),
    ],
)
def test_how_addresses_are_written(url, address):
    assert normalise_address(url) == address


@pytest.mark.parametrize(
    ("url", "part_of_detail"),
    [
        ("", "not an absolute address"),
        ("/a/b", "not an absolute address"),
        ("news.example/a", "not an absolute address"),
        ("javascript:alert(1)", "not javascript"),
        ("file:///etc/passwd", "not file"),
        ("mailto:desk@news.example", "not mailto"),
        ("http://", "not a valid address"),
        ("http://news.example:99999/", "not a valid address"),
        ("http://a b/", "not a valid address"),
        ("http://news.example/\ud800", "not a valid address"),
        ("http://news.example/" + "a" * MAX_ADDRESS, "longer than 2048"),
        ("http://news.example/?" + "a" * 1_000_000, "longer than 2048"),
    ],
)
def test_what_is_refused_and_why(url, part_of_detail):
    with pytest.raises(Permanent) as caught:
        normalise_address(url)
    assert caught.value.reason is Reason.BLOCKED
    assert part_of_detail in caught.value.detail
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://reader:secret@news.example:99999/",
        "https:reader:secret@news.example:99999/",
        "https:/\t/reader:secret@news.example:99999/",
        f"https://reader:secret{'x' * 300}@news.example:99999/",
    ],
)
def test_a_refused_address_is_told_without_its_password(address):
    with pytest.raises(Permanent) as caught:
        normalise_address(address)
    assert "secret" not in str(caught.value)
    assert "news.example" in str(caught.value)


def test_an_address_may_be_long_as_long_as_it_is_decoration():
    assert normalise_address("http://news.example/?utm_content=" + "x" * 5000) == "http://news.example/"


def test_the_list_of_trackers_can_be_replaced():
    trackers = ("cid", "wt*src")
    url = "https://news.example/?CID=1&wt_src=2&wtsrc=3&utm_source=4&wt_srcx=5"
    assert normalise_address(url, trackers) == "https://news.example/?utm_source=4&wt_srcx=5"


def test_no_default_tracker_is_a_word_that_could_name_a_page():
    plain = {
        "id",
        "p",
        "page",
        "q",
        "s",
        "ref",
        "source",
        "share",
        "from",
        "lang",
        "article",
        "story",
        "v",
        "cid",
        "cmp",
    }
    address = "https://news.example/?" + "&".join(f"{name}=1" for name in sorted(plain))
    assert strip_decoration(address) == address
    assert len(set(DEFAULT_TRACKERS)) == len(DEFAULT_TRACKERS)


@pytest.mark.parametrize(
    ("link", "resolved"),
    [
        ("/a", "https://news.example/a"),
        ("a?b#c", "https://news.example/feeds/a?b#c"),
        ("?page=2", "https://news.example/feeds/all.xml?page=2"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("http://u:p@news.example/", "http://news.example/"),
        ("data:text/html,x", None),
        ("ftp://news.example/", None),
        ("http://[::1", None),
        ("/" + "a" * MAX_ADDRESS, None),
    ],
)
def test_links_are_resolved(link, resolved):
    assert resolve(link, "https://news.example/feeds/all.xml") == resolved


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://news.example/a:b", "news.example"),
        ("http://127.0.0.1:8800/", "127.0.0.1"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:8080/x", "[::1]"),
    ],
)
def test_the_host_stands_without_its_port(address, host):
    assert host_of(address) == host
