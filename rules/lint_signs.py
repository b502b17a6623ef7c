"""W114: signs that mean something elsewhere and nothing here, where they only separate words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.tree import FIELDS, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.written import Finding, Node, Written

#: What a word without quotes looks like, and what was probably meant; the first that fits counts.
_SIGNS = (
    (r"(?i:near|before|atleast|any|score)/[0-9]+", 'write {upper} in capitals, or quote it: "{word}"'),
    (r"!+(?P<rest>.+)", "write  NOT {rest}"),
    (r"\++(?P<rest>.+)", "write  {rest} : what stands side by side must all be there"),
    (rf"=(?P<field>{'|'.join(FIELDS)}):(?P<rest>.*)", "write  {field}:={rest}"),
    (r"['’‘`].*|.*['’‘`]", 'put a phrase between double quotes: "Black Sea"'),
    (r".*~.+", "a ~ stands at the end of a word"),
    (r".*[\[\]{}<>].*", "group with ( ), or put quotes around text"),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), remedy) for pattern, remedy in _SIGNS)


def find_signs(expression: Written, nodes: Sequence[Node]) -> Iterator[Finding]:
    """W114 in *nodes*, which are all that stand in *expression*."""
    for node in nodes:
        if not isinstance(node.tree, Words):
            continue
        written = expression.text[node.tree.at : node.tree.end]
        if written.isalnum() or written.lstrip("=")[:1] in {'"', "“", "„", "«", "@", "("}:
            continue
        remedy = _find_remedy(written)
        if remedy:
            message = f"the signs of {expression.source_of(node.tree)} only separate words here"
            yield expression.find("W114", node.tree, message, remedy)


def _find_remedy(written: str) -> str:
    """What *written*, a word without quotes, was probably meant to be; "" when nothing suggests itself."""
    for pattern, remedy in _COMPILED:
        found = pattern.fullmatch(written)
        if found:
            return remedy.format(word=written, upper=written.upper(), **found.groupdict())
    return ""
