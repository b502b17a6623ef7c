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

from ingest.errors import Permanent, Reason
from ingest.metadata import PageFacts, Wanted
from ingest.quick_xpath import quick_expressions

if TYPE_CHECKING:
    from datetime import datetime

#: Pages beyond these are catalogues, and trafilatura's time grows faster than they do: 300,000 paragraphs in
#: 3.9 MB took more than 45 s. Of 181 pages of news sites none comes near.
MAX_CHARACTERS = 3_000_000
MAX_ELEMENTS = 30_000

#: Below so many characters a text can be what stands in place of an article: a notice, a teaser, a wall.
_NOTICE = 400
#: What a paywall leaves to read is kept from here on: it tells who, what and where, and more than feeds do.
_TEASER = 500

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
_PAYWALL_HINTS = ("isAccessibleForFree", "article:content_tier")

#: How titles begin that say, with status 200, that there is no such page.
_MISSING = re.compile(
    r"""\A\W*(?:
        (?:error\W+)?404\b
        | (?:(?:sorry|oops)\W+)?(?:(?:the|this|that)\s)?page\s(?:(?:was|is|could|can)\s?)?not\s(?:be\s)?found
        | page\s(?:doesn.t\sexist|does\snot\sexist|missing|introuvable|non\strouvée)
        | seite\snicht\sgefunden | página\sno\sencontrada | página\snão\sencontrada | pagina\snon\strovata
        | страница\sне\sнайдена | сторінку\sне\sзнайдено | nie\sznaleziono\sstrony
    )""",
    re.VERBOSE | re.IGNORECASE,
)
#: What stands in place of an article while a page waits for a script, a consent or a proof of being human.
_INTERSTITIAL = re.compile(
    r"""
        (?:enable|turn\son|requires?|activate)\s(?:java\s?script|cookies)
        | java\s?script\s(?:is|has\sbeen|must\sbe)\s(?:disabled|required|enabled|turned)
        | before\syou\scontinue\sto | we\s(?:value|care\sabout)\syour\sprivacy | partners\s.{0,40}use\scookies
        | (?:verify|checking|confirm)\s(?:that\s|if\s)?(?:you\sare|you.re|your\sbrowser|the\ssite\sconnection)
        | access\s(?:to\sthis\spage\s)?(?:(?:is|has\sbeen)\s)?denied
        | wir\sbenötigen\s(?:ihre|deine)\szustimmung | nous\s.{0,40}(?:utilisons\sdes\scookies|votre\sconsentement)
    """,
    re.VERBOSE | re.IGNORECASE,
)


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
    #: normalised address of the original, where the page names another one than its own
    canonical: str | None = None


def extract(html: str, url: str, wanted: Wanted | None = None) -> Extracted:
    """Return the article in a page, with those of its facts that are *wanted* (all, if not given).

    Raises Permanent: TOO_LARGE beyond 3,000,000 characters or 30,000 elements; PAYWALL when the page says that
    its text is not free, and shows a teaser at most; NOT_ARTICLE when there is no text, or only a notice.
    """
    wanted = wanted or Wanted()
    tree = parse_html(html, url)
    facts = PageFacts(tree, url)
    title = facts.title() if wanted.title else ""
    author = facts.author() if wanted.author else None
    published = facts.published() if wanted.published else None
    sections = facts.sections() if wanted.sections else ()
    canonical = facts.canonical
    text = take_text(tree, html, url)
    _check_is_article(html, text, facts, url)
    return Extracted(
        title=title,
        text=text,
        author=author,
        published=published,
        lang=facts.language,
        sections=sections,
        canonical=canonical,
    )


def parse_html(html: str, url: str) -> HtmlElement:
    """Parse a page that is not too large. Raises Permanent(TOO_LARGE or NOT_ARTICLE)."""
    if len(html) > MAX_CHARACTERS:
        raise Permanent(Reason.TOO_LARGE, url, f"the page has more than {MAX_CHARACTERS:,} characters")
    tree = _parse(html)
    if tree is None:
        raise Permanent(Reason.NOT_ARTICLE, url, "the page has no content")
    # Every element but a few implied ones has a "<" of its own, and most pages have too few for the dear count.
    if html.count("<") > MAX_ELEMENTS and _COUNT_ELEMENTS(tree) > MAX_ELEMENTS:
        raise Permanent(Reason.TOO_LARGE, url, f"the page has more than {MAX_ELEMENTS:,} elements")
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
    except Exception:  # noqa: BLE001  # lxml names several, and trafilatura as well takes any for "no HTML"
        return None
    return None if "html" not in beginning[:50].lower() and len(tree) < 2 else tree


def _check_is_article(html: str, text: str, facts: PageFacts, url: str) -> None:
    """Raise Permanent when *text* is not what the page was fetched for. Cheap for the many that are."""
    if len(text) >= _TEASER:
        return
    # JSON-LD is read for the few short texts only.
    if any(hint in html for hint in _PAYWALL_HINTS) and not facts.is_free:
        raise Permanent(Reason.PAYWALL, url, "the page says that its text is for subscribers, and shows none or little")
    if not text:
        raise Permanent(Reason.NOT_ARTICLE, url, "no article text was found in the page")
    if len(text) < _NOTICE:
        if _MISSING.match(facts.page_title()) or _MISSING.match(text):
            raise Permanent(Reason.NOT_ARTICLE, url, "the page says that there is no such page")
        if _INTERSTITIAL.search(text):
            raise Permanent(Reason.NOT_ARTICLE, url, "the page asks for scripts, consent or a check of the browser")
