"""trafilatura's XPath expressions at a third less of its time, with the very same results.

It finds what to keep and what to drop by expressions that search class, id and style of every element with regular
expressions of up to 80 alternatives. Pages repeat their classes, so the answers are remembered here, and elements
without the attribute are passed over without a search. The expressions stay trafilatura's own: each is read from
the library and only its `re:test(…)` calls are rewritten, so a newer version brings its newer expressions; one that
is written in another way than expected stays as it is.

The library has no option for this. So its lists are exchanged for the time of a call and put back after it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura import xpaths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Of the EXSLT functions in lxml, https://exslt.github.io/regexp/.
_NAMESPACE = "http://exslt.org/regular-expressions"
#: A call with one attribute, or with the first of several, a pattern, and no flag but "i".
_CALL = re.compile(r"re:test\((?P<attributes>@[\w-]+(?:\|@[\w-]+)*), ?'(?P<pattern>[^']*)'(?:, ?'(?P<flags>i)')?\)")
#: Answers that are remembered of each pattern: 5 MB for all of them.
_REMEMBERED = 1024


@contextmanager
def quick_expressions(html: str) -> Iterator[None]:
    """While this is open, trafilatura finds the same in the page *html* in less time."""
    _exchange(_QUICK, _QUICK_CLEANING)
    for place, signs in _SIGNS:
        if not any(sign in html for sign in signs):
            place.clear()
    try:
        yield
    finally:
        _exchange(_ORIGINAL, _ORIGINAL_CLEANING)


def quicken(expression: etree.XPath) -> etree.XPath:
    """An expression that finds the same, with answers remembered; the same one where that cannot be."""
    functions: dict[tuple[str, str], Callable[[object, str], bool]] = {}

    def rewrite(call: re.Match[str]) -> str:
        search = re.compile(call["pattern"], re.IGNORECASE if call["flags"] else 0).search
        if search(""):
            return call[0]
        name = f"test{len(functions)}"
        functions[_NAMESPACE, name] = _remember(search)
        is_there = call["attributes"].replace("|", " or ")
        # As re:test does, string() takes the first attribute in the order of the document.
        return f"(({is_there}) and re:{name}(string({call['attributes']})))"

    path = _CALL.sub(rewrite, expression.path)
    if not functions or "re:test(" in path:
        return expression
    return etree.XPath(path, namespaces={"re": _NAMESPACE}, extensions=functions, regexp=False, smart_strings=False)


def _remember(search: Callable[[str], re.Match[str] | None]) -> Callable[[object, str], bool]:
    @lru_cache(maxsize=_REMEMBERED)
    def is_found(value: str) -> bool:
        return search(value) is not None

    return lambda _context, value: is_found(value)


def _exchange(expressions: tuple[list[etree.XPath], ...], cleaning: etree.XPath) -> None:
    for place, replacement in zip(_LISTS, expressions, strict=True):
        place[:] = replacement
    # This one stands in no list; the module is not what `trafilatura.baseline` names, which is a function.
    vars(_BASELINE)["BASIC_CLEAN_XPATH"] = cleaning


_LISTS: tuple[list[etree.XPath], ...] = (
    xpaths.BODY_XPATH,
    xpaths.RAW_TREE_PRUNE_XPATH,
    xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH,
    xpaths.OVERALL_DISCARD_XPATH,
    xpaths.TEASER_DISCARD_XPATH,
    xpaths.DISCARD_IMAGE_ELEMENTS,
)
#: Expressions that find nothing in a page that has none of these in it, and what most pages do not have.
_SIGNS: tuple[tuple[list[etree.XPath], tuple[str, ...]], ...] = (
    (xpaths.RAW_TREE_PRUNE_XPATH, ("mvp-post-add", "infinite", "elementor-share-buttons")),
    (xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH, ("omment", "comol", "disqus_thread")),
    (xpaths.TEASER_DISCARD_XPATH, ("easer",)),
    (xpaths.DISCARD_IMAGE_ELEMENTS, ("caption",)),
)
_ORIGINAL = tuple(map(list, _LISTS))
_QUICK = tuple([quicken(expression) for expression in expressions] for expressions in _LISTS)
_BASELINE = import_module("trafilatura.baseline")
_ORIGINAL_CLEANING: etree.XPath = vars(_BASELINE)["BASIC_CLEAN_XPATH"]
_QUICK_CLEANING = quicken(_ORIGINAL_CLEANING)
