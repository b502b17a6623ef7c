"""The Link header of an answer, as RFC 8288 describes it: the relations and addresses that it names. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.address import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Honest headers name a handful of short links.
_MAX_HEADER = 16_384
_MAX_LINKS = 50

# Possessive throughout: a header is read once, whatever it holds.
_LINK = re.compile(
    r"""
    <\s*+ (?P<target>[^<>]*+) >
    (?P<parameters> (?: \s*+;\s*+ (?: [^\s=;,"<>]++ (?:\s*+=\s*+ (?: "(?:[^"\\]|\\.)*+" | [^\s;,"]*+ ) )?+ )?+ )*+ )
    """,
    re.VERBOSE,
)
_PARAMETER = re.compile(r""";\s*+([^\s=;,"<>]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+))""")


def header_links(header: str, base: str) -> Iterator[tuple[str, str]]:
    """Yield (relation, address) for each relation of each link, in order; http and https only, seen from *base*.

    Links about another document (`anchor`) are left out, and what is no link is passed over.

    >>> list(header_links('</hub>; rel="hub self", <mailto:a@b.example>; rel=next', "https://news.example/rss"))
    [('hub', 'https://news.example/hub'), ('self', 'https://news.example/hub')]
    """
    for number, link in enumerate(_LINK.finditer(header[:_MAX_HEADER])):
        if number >= _MAX_LINKS:
            return
        # The first of several counts (section 3.3).
        parameters: dict[str, str] = {}
        for name, quoted, plain in _PARAMETER.findall(link["parameters"]):
            parameters.setdefault(name.lower(), quoted or plain)
        address = resolve(link["target"].strip(), base)
        if address is None or parameters.get("anchor"):
            continue
        for relation in parameters.get("rel", "").lower().split():
            yield relation, address
