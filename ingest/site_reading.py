"""What the user's rule for a site finds on one of its pages. Pure; it runs where pages are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree
from lxml.cssselect import CSSSelector

from ingest.html_text import html_to_text
from ingest.metadata import read_date

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lxml.html import HtmlElement

    from ingest.site_rules import SiteRule

#: More hits of a body selector than these are no paragraphs any more.
_MAX_HITS = 5_000
#: Attributes in which elements carry a date for programs.
_DATE_ATTRIBUTES = ("datetime", "content", "data-datetime", "data-date", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What a rule found on a page; empty or None where it found nothing, or where it does not say where to look."""

    text: str = ""
    title: str = ""
    published: datetime | None = None
    #: "body", "title", "date": selectors of the rule that found nothing
    missed: tuple[str, ...] = ()


#: Of a page for which there is no rule.
NO_RULE = Ruled()


def apply_rule(tree: HtmlElement, rule: SiteRule) -> Ruled:
    """Take what *rule* says is furniture out of the *tree* of a page, and look for what it names."""
    for selector in rule.remove:
        for element in _compile(selector)(tree):
            if element.getparent() is not None:
                element.drop_tree()
    missed = []
    text = title = ""
    published = None
    if rule.title and not (title := _one_line(_compile(rule.title)(tree))):
        missed.append("title")
    if rule.date and not (published := _date_in(_compile(rule.date)(tree))):
        missed.append("date")
    if rule.body and not (text := _paragraphs(_compile(rule.body)(tree))):
        missed.append("body")
    return Ruled(text=text, title=title, published=published, missed=tuple(missed))


@lru_cache(maxsize=512)
def _compile(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def _paragraphs(hits: list[HtmlElement]) -> str:
    """The text of the elements, a line for each block; of what stands within another hit nothing is said twice."""
    hits = hits[:_MAX_HITS]
    chosen = set(hits)
    outermost = (hit for hit in hits if not any(parent in chosen for parent in hit.iterancestors()))
    return "\n".join(text for hit in outermost if (text := _text_of(hit)))


def _text_of(element: HtmlElement) -> str:
    return html_to_text(etree.tostring(element, encoding="unicode", method="html", with_tail=False)).strip()


def _one_line(hits: Iterable[HtmlElement]) -> str:
    texts = (" ".join((hit.get("content") or _text_of(hit)).split()) for hit in hits)
    return next((text for text in texts if text), "")


def _date_in(hits: Iterable[HtmlElement]) -> datetime | None:
    """The first moment that any of the elements gives: for programs, else in its text."""
    for hit in hits:
        for said in (*(hit.get(name) for name in _DATE_ATTRIBUTES), _text_of(hit)):
            if said and (moment := read_date(said)) is not None:
                return moment
    return None
