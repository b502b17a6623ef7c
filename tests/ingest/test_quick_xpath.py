"""trafilatura's expressions, quickened: the same elements found, and the library left as it was."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from trafilatura import bare_extraction, load_html, xpaths
from trafilatura.settings import BASIC_CLEAN_XPATH

from ingest.extract import parse_html, take_text
from ingest.quick_xpath import quick_expressions, quicken

LISTS = {
    name: getattr(xpaths, name)
    for name in (
        *("BODY_XPATH", "RAW_TREE_PRUNE_XPATH", "REMOVE_COMMENTS_AND_LISTS_XPATH", "OVERALL_DISCARD_XPATH"),
        *("TEASER_DISCARD_XPATH", "DISCARD_IMAGE_ELEMENTS"),
    )
}
EXPRESSIONS = [*(expression for expressions in LISTS.values() for expression in expressions), BASIC_CLEAN_XPATH]
PAGES = Path(__file__).parents[2].parent / "shared" / "newsroom" / "pages" / "html"

# Words of the expressions, near misses, and the empty value.
VALUES = st.sampled_from(
    [
        *("", "post", "entry-content", "article-body", "story-body", "fulltext", "FullText", "article", "main"),
        *("infinite-scroll", "mvp-post-add-box", "elementor-share-buttons", "comment", "Commentary", "comments-list"),
        *("disqus_thread", "sidebar", "social share", "nav", "cookie", "cookie-banner", "footer", "ad", "-ad-", "bar"),
        *("hidden", " hide", "teaser", "Teaser", "caption", "author", "byline", "related", "xyz", "É", "a b"),
    ]
)
TAGS = st.sampled_from(["div", "section", "article", "main", "p", "span", "ul", "aside", "h1", "item", "list", "a"])
ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from(["class", "id", "style", "role", "itemprop", "aria-hidden"]), VALUES), max_size=3
)
TREES = st.recursive(
    st.builds(lambda tag, attributes: (tag, attributes, []), TAGS, ATTRIBUTES),
    lambda children: st.tuples(TAGS, ATTRIBUTES, st.lists(children, max_size=3)),
    max_leaves=12,
)


def build(parent: etree._Element, node) -> None:
    tag, attributes, children = node
    element = etree.SubElement(parent, tag)
    for name, value in attributes:
        element.set(name, value)
    for child in children:
        build(element, child)


@given(st.lists(TREES, max_size=4))
def test_quickened_expressions_find_the_same(nodes) -> None:
    root = etree.Element("body")
    for node in nodes:
        build(root, node)
    for expression in EXPRESSIONS:
        assert quicken(expression)(root) == expression(root)


def test_expressions_with_regular_expressions_are_quickened() -> None:
    """If a new trafilatura writes them in another way, this tells that nothing is gained any more."""
    slow = [expression for expression in EXPRESSIONS if "re:test(" in quicken(expression).path]
    assert not slow


@pytest.mark.parametrize("path", ["//p[re:test(@class, 'a|')]", "//p[re:test(., 'x')]", "//p[re:test(@class, @id)]"])
def test_what_cannot_be_remembered_stays(path: str) -> None:
    expression = etree.XPath(path, namespaces={"re": "http://exslt.org/regular-expressions"})
    assert quicken(expression) is expression


def test_library_is_left_as_it_was() -> None:
    before = {name: list(expressions) for name, expressions in LISTS.items()}
    with quick_expressions("<p>"):
        assert list(LISTS["BODY_XPATH"]) != before["BODY_XPATH"]
        assert not LISTS["RAW_TREE_PRUNE_XPATH"]
    assert {name: list(expressions) for name, expressions in LISTS.items()} == before


@pytest.mark.parametrize(
    "sign", ["mvp-post-add-wrap", "infinite-scroll", "comment-x", "disqus_thread", "comol", "teaser"]
)
def test_sections_with_the_signs_are_dropped_as_by_trafilatura(sign: str) -> None:
    body = "<p>The council voted on Monday to close the bridge for good, after a year of repairs in vain.</p>" * 4
    noise = "<p>Subscribe to read what others think about it, and about many other things besides this.</p>"
    html = f"<html><body><article>{body}<div id='{sign}'>{noise}</div></article></body></html>"
    document = bare_extraction(load_html(html), fast=True, include_comments=False)
    assert document is not None
    assert not isinstance(document, dict)
    assert take_text(parse_html(html, "u"), html, "u") == "\n".join(filter(None, (document.text or "").split("\n")))


@pytest.mark.skipif(not PAGES.is_dir(), reason="the shared newsroom is not here")
def test_texts_of_real_pages_are_those_of_trafilatura() -> None:
    for path in sorted(PAGES.glob("*.html.gz"))[::6]:
        html = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        document = bare_extraction(load_html(html), fast=True, include_comments=False)
        text = document.text if document is not None and not isinstance(document, dict) else None
        lines = [line for line in map(str.strip, (text or "").split("\n")) if line]
        assert take_text(parse_html(html, "u"), html, "u") == "\n".join(lines), path.name
