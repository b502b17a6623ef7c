"""What the user has said about the pages of a site: where their text, title and date are, and what is no part of it.

The user's word wins over everything: over the extractor, over what the page says of itself, and over the feed. Only
where a selector finds nothing on a page is it as if it had not been given, and the page's reading says so, since that
is how a site shows that it was rebuilt. `ingest.site_reading` applies the rules.

Pure, and cheap to import.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRule:
    """Where the parts of an article are on the pages of one site, as CSS selectors."""

    #: of the host and of its subdomains
    host: str
    body: str | None = None
    title: str | None = None
    date: str | None = None
    #: what is taken out before anything else is looked for
    remove: tuple[str, ...] = ()


def missed_in_words(host: str, part: str, address: str) -> str:
    """Say that the selector of a *part* ("body", "title", "date") found nothing on the page at *address*."""
    return f"sites.toml: the {part} selector of {host} finds nothing on {address}"


def selector_fault(selector: str) -> str | None:
    """What is wrong with a CSS selector, or None.

    >>> selector_fault("article > p.lead") is None, selector_fault("p::before")
    (True, 'pseudo-elements such as ::before select no element')
    """
    from cssselect import HTMLTranslator, SelectorError

    if not selector.strip():
        return "it is empty"
    if "::" in selector:
        return "pseudo-elements such as ::before select no element"
    try:
        HTMLTranslator().css_to_xpath(selector)
    except (SelectorError, ValueError, RecursionError) as error:
        return " ".join(str(error).split()) or "it is not understood"
    return None
