"""The address under which a site keeps the article that was found under another one of its addresses.

A page names it itself (rel=canonical, og:url), and cannot be believed without more ado: many name their home page, a
section, the first part of a series, or, copied with a template, another story. So the address that is named counts
only when it is on the same site and evidently the same story: its AMP form or the same but for decoration, the same
path without parameters that name nothing, the same last part of the path, or the same number in it. What is named on
other sites is `ingest.canonical`'s matter.

Pure: nothing is looked up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from ingest.address import DEFAULT_TRACKERS
from ingest.canonical import named_address

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

#: Names under which a site has its pages for telephones.
_HOST_FORMS = re.compile(r"\A(?:(?:www\d?|m|mobile|mobil|amp|touch)\.)+(?=[^.]+\.)")
#: Ways to write that a page is the AMP form of another: https://amp.dev/documentation/guides-and-tutorials/.
_AMP_SEGMENTS = frozenset({"amp", "amp.html", "ampstories", "googleamp"})
_AMP_ENDING = re.compile(r"[._-]amp(?=(?:\.\w{3,5})?\Z)", re.IGNORECASE)
_AMP_PARAMETERS = frozenset({"amp", "outputtype", "output_type", "view", "type", "_amp", "is_amp", "isamp"})
_AMP_VALUES = frozenset({"", "1", "amp", "true", "yes"})
#: Parameters that name a part of an article; the whole of it is at another address, but we have this part.
_PART = frozenset({"page", "p", "seite", "pagina", "pag", "sida", "side", "strona", "part", "start", "offset", "pg"})

#: Parameters that name a story, beside all whose names end in "id".
_NAMING = frozenset(
    {"p", "q", "a", "n", "aid", "article", "artikel", "articulo", "articolo", "story", "news", "node", "post", "item"}
    | {"entry", "doc", "document", "content", "slug", "title", "key", "guid", "permalink", "num", "no", "nr"}
)
#: And those that tell where a reader came from, whatever their values.
_ORIGIN = frozenset(
    {"ref", "ref_src", "referer", "referrer", "from", "src", "source", "via", "share", "shared", "campaign", "cmp"}
    | {"medium", "partner", "origin", "channel", "rss", "feed", "utm", "wt", "trk", "tracking", "back", "return", "url"}
)
#: Names of pages that show another story with each query.
_GENERIC = re.compile(
    r"\A(?:index|home|default|main|article|artikel|articulo|articolo|artigo|story|news|node|post|item|entry|view|viewer"
    r"|show|read|display|detail|details|page|content|print|doc|document|get|go|out|r|redirect|link)(?:\.\w{2,5})?\Z"
    r"|\.(?:php\d?|aspx?|jsp|cgi|cfm|do|pl)\Z",
    re.IGNORECASE,
)

#: Last parts of a path that say nothing about a story.
_ENDING = re.compile(r"\.(?:html?|php\d?|aspx?|jsp|shtml|xhtml|cms|ece|story|amp)\Z", re.IGNORECASE)
#: The number of a story, and what looks like one and is a day.
_NUMBER = re.compile(r"(?<!\d)\d{5,}(?!\d)")
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
#: A last part that is a title has so many words, or so many characters where it is not ASCII.
_TITLE_WORDS = 3
_TITLE_CHARACTERS = 8


def choose_address(
    links: Iterable[str],
    graph: Iterable[str],
    *,
    base: str,
    own: str,
    trackers: tuple[str, ...] = DEFAULT_TRACKERS,
) -> str:
    """The normalised address of the article that stands at *own*, a normalised address: as the page says, else *own*.

    *links* are those with rel=canonical, *graph* those of og:url, which count where no valid link is given; relative
    ones start from *base*. *trackers* are the parameters that make no other page of an address.
    """
    named = named_address(links, graph, base=base, trackers=trackers)
    return named if named is not None and is_same_story(own, named) else own


def is_same_story(own: str, named: str) -> bool:
    """Whether *named*, a normalised address, is evidently that of the article at *own*, on the same site.

    >>> is_same_story("https://amp.news.example/a/bridge-stays-closed", "https://www.news.example/a/bridge-stays-closed")
    True
    >>> is_same_story("https://news.example/a/bridge-stays-closed", "https://news.example/")
    False
    """
    mine, other = urlsplit(own), urlsplit(named)
    if _site(mine) != _site(other) or _is_part(mine):
        return False
    my_path, other_path = _path(mine), _path(other)
    if not my_path or not other_path:
        return False
    my_query, other_query = _query(mine), _query(other)
    if my_path == other_path:
        # A parameter that the page itself leaves away names nothing, unless the path alone names no story.
        is_told = (not other_query and _names_story(other_path)) or my_query == other_query
        return is_told or (_drops_only(my_query, other_query) and not _GENERIC.search(other_path[-1]))
    if other_query:
        return False
    if my_path[-1] == other_path[-1]:
        return _names_story(my_path[-1:])
    return _number(mine.path) is not None and _number(mine.path) == _number(other.path)


def is_same_site(one: str, other: str) -> bool:
    """The hosts of two normalised addresses are equal but for "www.", "m." and "amp."."""
    return _site(urlsplit(one)) == _site(urlsplit(other))


def names_story(address: str) -> bool:
    """The last part of the path of an address looks like the title or the number of a story."""
    path = _path(urlsplit(address))
    return bool(path) and (_names_story(path) or _number(address) is not None)


def article_names(query: str) -> tuple[str, ...]:
    """What a query names stories by: values of digits, titles, and those of parameters for the purpose.

    >>> article_names("option=com_content&id=5"), article_names("from=/news/4711"), article_names("lang=de")
    (('5',), (), ())
    """
    parameters = parse_qsl(query, keep_blank_values=True)
    return tuple(value or name for name, value in parameters if _names_article(name, value))


def _names_article(name: str, value: str) -> bool:
    known = name.lower()
    if known in _ORIGIN:
        return False
    if not value:
        # A title may stand alone behind the question mark.
        return _names_story([name])
    return known in _NAMING or known.endswith("id") or value.isdigit() or _names_story([value])


def _drops_only(mine: list[tuple[str, str]], other: list[tuple[str, str]]) -> bool:
    """What *other* has is in *mine*, and what it leaves away names no story."""
    kept = list(mine)
    for parameter in other:
        if parameter not in kept:
            return False
        kept.remove(parameter)
    return not any(value.isdigit() or _names_article(name, value) for name, value in kept)


def _site(address: SplitResult) -> str:
    return _HOST_FORMS.sub("", address.netloc)


def _is_part(address: SplitResult) -> bool:
    return any(name.lower() in _PART and value.isdigit() for name, value in parse_qsl(address.query))


def _path(address: SplitResult) -> list[str]:
    """The parts of the path, without those that say that it is an AMP form."""
    parts = [part for part in unquote(address.path).split("/") if part]
    parts = [part for part in parts if part.lower() not in _AMP_SEGMENTS]
    return [*parts[:-1], _AMP_ENDING.sub("", parts[-1])] if parts else []


def _query(address: SplitResult) -> list[tuple[str, str]]:
    parameters = parse_qsl(address.query, keep_blank_values=True)
    return sorted((n, v) for n, v in parameters if not (n.lower() in _AMP_PARAMETERS and v.lower() in _AMP_VALUES))


def _names_story(path: list[str]) -> bool:
    """Whether the last part is a title, or holds a number: /article.php does not."""
    last = _ENDING.sub("", path[-1])
    words = [word for word in re.split(r"[-_+ .]+", last) if word]
    if len(words) >= _TITLE_WORDS or _NUMBER.search(last):
        return True
    if not last.isascii():
        return len(last) >= _TITLE_CHARACTERS
    # An identifier has figures and letters.
    return len(last) >= _TITLE_CHARACTERS and any(c.isdigit() for c in last) and any(c.isalpha() for c in last)


def _number(path: str) -> str | None:
    """The last number in a path that can be that of a story."""
    numbers = [number for number in _NUMBER.findall(path) if not _DAY.fullmatch(number)]
    return numbers[-1] if numbers else None
