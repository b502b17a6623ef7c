"""From the HTML of a page to the article in it: its text without the furniture, and what it says of itself.

The text comes from trafilatura in its fast mode, which is as good as its slow one on the benchmark we know
(F1 .962 against .960) at two thirds of the time. Never with `deduplicate`: it remembers what it has seen and
empties the second copy of a wire story, which is the very thing that we look for.

Pure, but slow and fed by strangers: it runs in worker processes, with a limit on its time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree
from lxml.html import HtmlComment, HtmlElement, HtmlEntity, HTMLParser, HtmlProcessingInstruction, fromstring
from trafilatura import bare_extraction
from trafilatura.settings import Extractor

from ingest.address import DEFAULT_TRACKERS
from ingest.astray import find_astray
from ingest.errors import Permanent, Reason
from ingest.metadata import PageFacts, Wanted
from ingest.onward import ASKS_CONSENT, LeadsOn, find_consent, find_refresh
from ingest.quick_xpath import quick_expressions
from ingest.site_reading import NO_RULE, apply_rule
from ingest.walls import NOTICE, Sight, find_wall, may_be_wall

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ingest.site_reading import Ruled
    from ingest.site_rules import SiteRule
    from ingest.web import Page

#: Pages beyond these are catalogues, and trafilatura's time grows faster than they do: 300,000 paragraphs in
#: 3.9 MB took more than 45 s. Of 181 pages of news sites none comes near.
MAX_CHARACTERS = 3_000_000
MAX_ELEMENTS = 30_000

_COUNT_ELEMENTS = etree.XPath("count(//*)")

_OPTIONS = Extractor(output_format="python", fast=True, comments=False)

#: As trafilatura's own, but for the classes of the elements: lxml.html would call Python for each element to choose a
#: class for forms and their parts, and has nothing of theirs to do here.
_PARSER = HTMLParser(collect_ids=False, default_doctype=False, encoding="utf-8", remove_comments=True, remove_pis=True)
_PARSER.set_element_class_lookup(
    etree.ElementDefaultClassLookup(
        element=HtmlElement, comment=HtmlComment, pi=HtmlProcessingInstruction, entity=HtmlEntity
    )
)
#: What XML forbids and libxml2 lets through: C0 controls, and two noncharacters.
_FORBIDDEN = bytes({*range(0x20)} - {*b"\t\n\r"})
_NONCHARACTERS = "\ufffe\uffff"
#: Two faults at the start of a page that libxml2 takes for the end of it, and how far they are looked for.
_FAULTS_WITHIN = 2048
_CLOSED_DOCTYPE = re.compile(r"\A< ?! ?DOCTYPE[^>\n]*/[^<>\n]*>", re.IGNORECASE)
_CLOSED_HTML = re.compile(r"\A(?P<before>(?:.*\n){0,3}?.*<html[^>\n]*?)\s*/>(?=\s)", re.IGNORECASE)

#: Half of a page is of these, and neither text nor facts are taken from them; trafilatura copies its tree four times.
_USELESS_SCRIPTS = etree.XPath("//script[not(@type='application/ld+json')]")
_USELESS = ("style", "svg", "link")
#: Walls behind which a page may lead on.
_PASSABLE = frozenset({Reason.SCRIPT, Reason.CONSENT, Reason.LOGIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """An article as it stands in its page; not yet repaired or cleaned."""

    #: empty when not wanted, or when the page has none
    title: str
    #: paragraphs are separated by newlines; never blank
    text: str
    author: str | None
    #: in UTC
    published: datetime | None
    #: primary language subtag that the page declares, or None
    lang: str | None
    sections: tuple[str, ...]
    #: normalised address under which the site keeps the article: that of the page, or what the page says
    address: str
    #: normalised address of the original, where the page names another one than its own
    canonical: str | None = None
    #: what the user's rule for the site has found, which wins over all
    ruled: Ruled = NO_RULE


def extract(
    html: str,
    url: str,
    wanted: Wanted | None = None,
    *,
    page: Page | None = None,
    site: SiteRule | None = None,
    trackers: tuple[str, ...] = DEFAULT_TRACKERS,
) -> Extracted:
    """Return the article in a page, with those of its facts that are *wanted* (all, if not given).

    *url* is the normalised address of the page, *page* how it came, and *site* the user's rule for it. What a rule
    finds is the article, with no question asked. *trackers* are the parameters that make no other page of an address.

    Raises Permanent: TOO_LARGE beyond 3,000,000 characters; TOO_COMPLEX beyond 30,000 elements; LeadsOn (REDIRECT or
    CONSENT) when there is no article and the page leads to another; SOFT_404, LOGIN, CONSENT, SCRIPT, PAYWALL when
    a wall stands there; NOT_ARTICLE when there is no text. Raises Transient(CHALLENGE) for a check for robots.
    """
    wanted = wanted or Wanted()
    consent = find_consent(page) if page is not None else None
    if consent is not None:
        raise LeadsOn(url, consent) if consent.url else Permanent(consent.why, url, ASKS_CONSENT)
    tree = parse_html(html, url)
    ruled = apply_rule(tree, site) if site is not None else NO_RULE
    facts = PageFacts(tree, url, trackers)
    _check_is_not_astray(page, facts, url)
    title = facts.title() if wanted.title else ""
    author = facts.author() if wanted.author else None
    published = facts.published() if wanted.published else None
    sections = facts.sections() if wanted.sections else ()
    address, canonical = facts.address, facts.canonical
    text = ruled.text
    if not text:
        text = take_text(tree, html, url)
        if may_be_wall(text):
            headers: Mapping[str, str] = {} if page is None else page.headers
            asked = url if page is None else page.requested_url
            _check_is_article(
                Sight(tree=tree, facts=facts, html=html, text=text, url=url, asked=asked, headers=headers)
            )
    return Extracted(
        title=title,
        text=text,
        author=author,
        published=published,
        lang=facts.language,
        sections=sections,
        canonical=canonical,
        address=address,
        ruled=ruled,
    )


def parse_html(html: str, url: str) -> HtmlElement:
    """Parse a page that is not too large. Raises Permanent(TOO_LARGE, TOO_COMPLEX or NOT_ARTICLE)."""
    if len(html) > MAX_CHARACTERS:
        raise Permanent(Reason.TOO_LARGE, url, f"the page has more than {MAX_CHARACTERS:,} characters")
    tree = _parse(html)
    if tree is None:
        raise Permanent(Reason.NOT_ARTICLE, url, "the page has no content")
    # Every element but a few implied ones has a "<" of its own, and most pages have too few for the dear count.
    if html.count("<") > MAX_ELEMENTS and _COUNT_ELEMENTS(tree) > MAX_ELEMENTS:
        raise Permanent(Reason.TOO_COMPLEX, url, f"the page has more than {MAX_ELEMENTS:,} elements")
    return tree


def take_text(tree: HtmlElement, html: str, url: str) -> str:
    """The text of the article in the *tree* of a page, empty when there is none; the tree is stripped for this.

    Raises Permanent(NOT_ARTICLE) when the page breaks the extractor.
    """
    for script in _USELESS_SCRIPTS(tree):
        script.tag = _USELESS[0]
    etree.strip_elements(tree, *_USELESS, with_tail=False)
    try:
        with quick_expressions(html):
            document = bare_extraction(tree, options=_OPTIONS)
    except MemoryError:
        raise
    except Exception as error:  # whatever it is, a page that breaks the library must not be tried for ever
        detail = f"its text could not be extracted: {type(error).__name__}"
        raise Permanent(Reason.NOT_ARTICLE, url, detail) from error
    # A dict comes only where one is asked for.
    text = document.text if document is not None and not isinstance(document, dict) else None
    return "\n".join(line for line in map(str.strip, (text or "").split("\n")) if line)


def _parse(html: str) -> HtmlElement | None:
    """Parse as `trafilatura.load_html` does, which takes twice the time; None when there is nothing, or no HTML."""
    beginning = html[:_FAULTS_WITHIN]
    repaired = beginning
    if "doctype" in beginning[:50].lower():
        repaired = _CLOSED_DOCTYPE.sub("", repaired)
    if "/>" in beginning:
        repaired = _CLOSED_HTML.sub(r"\g<before>>", repaired)
    if repaired != beginning:
        html = repaired + html[_FAULTS_WITHIN:]
    if any(noncharacter in html for noncharacter in _NONCHARACTERS):
        html = html.translate(dict.fromkeys(map(ord, _NONCHARACTERS)))
    content = html.encode("utf-8", "surrogatepass").translate(None, _FORBIDDEN)
    try:
        tree: HtmlElement = fromstring(content, parser=_PARSER)
    except MemoryError:
        raise
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        return None
    except Exception:  # noqa: BLE001  # lxml names several, and trafilatura as well takes any for "no HTML"
        return None
    return None if "html" not in beginning[:50].lower() and len(tree) < 2 else tree


def _check_is_not_astray(page: Page | None, facts: PageFacts, url: str) -> None:
    """Raise Permanent when the request has ended elsewhere; where it was answered at once nothing is to be done."""
    if page is not None and page.url != page.requested_url:
        wall = find_astray(page.requested_url, page.url, is_article=facts.is_article)
        if wall is not None:
            raise wall.error(url)


def _check_is_article(sight: Sight) -> None:
    """Raise Permanent or Transient when the text is not what the page was fetched for."""
    wall = find_wall(sight)
    # A page that only leads on can look like most walls, but for these.
    if (wall is None or wall.reason in _PASSABLE) and sight.size < NOTICE:
        refresh = find_refresh(sight.tree, sight.url)
        if refresh is not None:
            raise LeadsOn(sight.url, refresh)
    if wall is not None:
        raise wall.error(sight.url)
    if not sight.text:
        raise Permanent(Reason.NOT_ARTICLE, sight.url, "no article text was found in the page")
