from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.html_text import MAX_HTML, html_to_text, unescape

WORDS = st.lists(st.text("abcé€.", min_size=1, max_size=8), min_size=1, max_size=5).map(" ".join)
SCRAPS = st.lists(
    st.sampled_from([*"<>&\"'=/! -", "<p", "<a href=", "</", "<!--", "-->", "<![CDATA[", "]]>", "<script>", "&#", "x"])
).map("".join)


@given(SCRAPS | st.text())
def test_any_text_is_read_without_an_error(markup):
    assert isinstance(html_to_text(markup), str)


@given(WORDS)
def test_text_without_markup_comes_back(text):
    assert html_to_text(html.escape(text)) == text


@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from(["p", "div", "li", "H2", "blockquote"]))
def test_blocks_become_lines(texts, tag):
    markup = "".join(f"<{tag} class='x > y'>\n {html.escape(text)}\n</{tag}>" for text in texts)
    assert html_to_text(markup) == "\n".join(texts)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("one <b>bold</b>,\nnext", "one bold, next"),
        ('<a title="5 > 4" href=x>link</a>', "link"),
        ("<p>a<script>if (a<b) '</p>'</script>b<style>p{}</style>c<!-- d -->e", "abce"),
        ("a<iframe src=x></iframe>b<iframe src='y'/>c", "abc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
        ("<p><![CDATA[twice wrapped]]></p>", "twice wrapped"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("<p>caf&eacute; &#8211; &#x20AC; &#128;", "café – € €"),
        ("5 < 6 and 7 > 3 <3", "5 < 6 and 7 > 3 <3"),
        ("<p>x<img src='y", "x"),
        ("<p>&#xD800;&#0;", "\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_how_markup_is_read(markup, text):
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    "unit",
    [
        "<div>",
        "<b>",
        '<a "',
        '<a b=\'"><c d="',
        '<a ">" ',
        '<a =">" ',
        "<!--",
        "<svg>",
        "<svg></sv",
        "<",
        "</",
        "&",
        "&#9",
    ],
)
def test_hostile_markup_is_read_to_the_end(unit):
    """A reader that tries things twice would not come back from these; the timeout of the run would tell."""
    assert len(html_to_text(unit * (MAX_HTML // len(unit)))) <= MAX_HTML


def test_no_nesting_is_too_deep():
    assert html_to_text("<div>" * 50_000 + "text" + "</div>" * 50_000 + "after") == "text\nafter"


def test_a_number_too_long_to_be_read_is_no_character():
    assert unescape("a&#" + "9" * 5000 + ";b") == "a\ufffdb"
