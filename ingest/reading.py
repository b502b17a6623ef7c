"""From a page, or from what a feed says of it, to a Reading: the article, its fingerprint, the topics it matches.

    page -> decode -> extract -> repair -> clean -> language, credit -> Article -> fingerprint and matches

What the feed says of title, author, date, language and sections wins over what the page says; the user's rule for a
site wins over both. The order of sources is told in `ingest.metadata`.

Pure, but slow: it runs in worker processes (`ingest.workers`), and importing it takes 40 MB.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS, host_of
from ingest.clean import clean_line, clean_text
from ingest.copies.credit import find_credit
from ingest.copies.fingerprint import take_fingerprint
from ingest.decode import decode_page
from ingest.errors import Permanent, Reason
from ingest.extract import extract
from ingest.html_text import undo_leftovers
from ingest.language import detect_language
from ingest.metadata import Wanted
from ingest.model import Article, Reading, TextFrom
from ingest.prose import size_of
from ingest.repair import repair_parts
from ingest.walls import NOTICE
from rules.document import Document

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.model import Entry
    from ingest.site_rules import SiteRule
    from ingest.web import Page
    from rules.match import RuleSet

#: The longest text that is kept, in characters: a book. Longer ones are lists.
MAX_TEXT = 1_000_000
#: A text that is too short for an article is none where the feed's own is so many times as long.
_FEED_SAYS_MORE = 3

#: Signs of mojibake that the extractor would destroy, since to it they are control characters and white space: C1
#: controls, and `Ã`, `Â`, `ร` or `ย` before a no-break space. In UTF-8, where all of them have the same byte, by which
#: the search is ten times as fast.
_PERISHABLE = re.compile(rb"\xc2(?:[\x80-\x9f]|(?<=\xc3[\x82\x83]\xc2)\xa0|(?<=\xe0\xb8[\xa2\xa3]\xc2)\xa0)")


def read_page(
    page: Page,
    address: str,
    entry: Entry,
    title: str,
    rules: RuleSet,
    *,
    site: SiteRule | None = None,
    trackers: tuple[str, ...] = DEFAULT_TRACKERS,
) -> Reading:
    """Read the article of *entry* from its *page*, whose normalised address is *address*.

    *title* is the one that it shall bear; when empty, the page's own is used, which may be empty as well. *site* is the
    user's rule for the site, *trackers* are the parameters that make no other page of an address. The `url` of the
    article is another one than *address* where the page says evidently so (`ingest.same_page`).
    Raises Permanent(NOT_HTML), Permanent(NOT_ARTICLE) also where the feed says much more, and what
    `ingest.extract.extract` raises.
    """
    article, missed = take_article(page, address, entry, title, site, trackers)
    reading = _index(article, rules)
    return replace(reading, missed=missed) if missed else reading


def read_feed_text(entry: Entry, title: str, rules: RuleSet) -> Reading:
    """Read an article from what the feed says of *entry*: its text, or else its title, so that this can be matched.

    An entry without an address gets one that leads nowhere and is its own: `urn:wirewatch:entry:7`, with an
    empty source. Raises Permanent(NOT_ARTICLE) when there is neither text nor title.
    """
    title = title or entry.title
    article = _finish(
        url=entry.page_address or f"urn:wirewatch:entry:{entry.id}",
        title=title,
        text=entry.text if entry.text.strip() else title,
        author=entry.author,
        published=entry.published,
        declared=entry.lang,
        sections=entry.sections,
        text_from=TextFrom.FEED,
    )
    return _index(article, rules)


def read_given_text(
    *, url: str, source: str | None, title: str, text: str, published: datetime | None = None
) -> Reading:
    """Read a text that another program has extracted, for `try copies`: no rules are matched.

    Character references and tags that were forgotten in it are undone, then all is done that is done to a feed's
    text. *source* None: the host of *url*. Raises Permanent(NOT_ARTICLE) when no text is left.
    """
    article = _finish(
        url=url,
        title=undo_leftovers(title),
        text=undo_leftovers(text[:MAX_TEXT]),
        author=None,
        published=published,
        declared=None,
        sections=(),
        text_from=TextFrom.FEED,
    )
    if source is not None:
        article = replace(article, source=source)
    return Reading(article=article, fingerprint=take_fingerprint(article.text, article.title), matches=())


def article_from_page(page: Page, address: str, entry: Entry, title: str, *, site: SiteRule | None = None) -> Article:
    """The first part of `read_page`, without fingerprint and rules: decode, extract, repair, clean, language."""
    return take_article(page, address, entry, title, site)[0]


def take_article(
    page: Page,
    address: str,
    entry: Entry,
    title: str,
    site: SiteRule | None,
    trackers: tuple[str, ...] = DEFAULT_TRACKERS,
) -> tuple[Article, tuple[str, ...]]:
    """As `article_from_page`, and which selectors of the user's rule found nothing on the page."""
    html, title, code_page = _repair_early(decode_page(page).text, title)
    wanted = Wanted(
        title=not title, author=entry.author is None, published=entry.published is None, sections=not entry.sections
    )
    found = extract(html, address, wanted, page=page, site=site, trackers=trackers)
    if not found.ruled.text:
        _check_is_more_than_the_feeds(found.text, entry, address)
    article = _finish(
        url=found.address,
        title=found.ruled.title or title or found.title,
        text=found.text,
        author=entry.author or found.author,
        published=found.ruled.published or entry.published or found.published,
        declared=entry.lang or found.lang,
        sections=entry.sections or found.sections,
        text_from=TextFrom.PAGE,
        code_page=code_page,
        raw_hash=hashlib.sha256(page.body).hexdigest(),
        canonical=found.canonical,
    )
    return article, found.ruled.missed


def _check_is_more_than_the_feeds(text: str, entry: Entry, address: str) -> None:
    """Raise Permanent(NOT_ARTICLE) when a page says next to nothing, and its feed three times as much."""
    size = size_of(text)
    if size < NOTICE and _FEED_SAYS_MORE * size < size_of(entry.text.strip()):
        detail = f"the page has a text of {len(text)} characters only, and what the feed itself says is longer"
        raise Permanent(Reason.NOT_ARTICLE, address, detail)


def _finish(
    *,
    url: str,
    title: str,
    text: str,
    author: str | None,
    published: datetime | None,
    declared: str | None,
    sections: tuple[str, ...],
    text_from: TextFrom,
    code_page: str | None = None,
    raw_hash: str | None = None,
    canonical: str | None = None,
) -> Article:
    """Repair and clean all fields, find language and credit. Raises Permanent(NOT_ARTICLE) when no text is left."""
    # Together, so that the text's evidence repairs a short title.
    (title, text, author_line, *names), repaired = repair_parts((title, text[:MAX_TEXT], author or "", *sections))
    text = clean_text(_compose(text))
    if not text:
        raise Permanent(Reason.NOT_ARTICLE, url, "there is no text, neither in the page nor in the feed")
    author = clean_line(_compose(author_line)) or None
    return Article(
        url=url,
        source=host_of(url),
        title=clean_line(_compose(title)),
        text=text,
        author=author,
        published=published,
        lang=detect_language(text, declared),
        sections=tuple(line for name in names if (line := clean_line(_compose(name)))),
        text_from=text_from,
        repaired=code_page or repaired,
        raw_hash=raw_hash,
        credit=find_credit(text, author),
        canonical=canonical,
    )


def _index(article: Article, rules: RuleSet) -> Reading:
    """Take the fingerprint and match the rules, on the same tokens."""
    document = Document(
        title=article.title,
        body=article.text,
        author=article.author,
        source=article.source,
        url=article.url,
        lang=article.lang,
        sections=article.sections,
    )
    fingerprint = take_fingerprint(document.body, document.title)
    return Reading(
        article=article,
        fingerprint=fingerprint,
        matches=rules.match(document),
        index_lines=(" ".join(document.title_tokens.folded), " ".join(document.body_tokens.folded)),
    )


def _repair_early(html: str, title: str) -> tuple[str, str, str | None]:
    """Repair a whole page where the extractor would lose what its mojibake is recognised by; the title with it."""
    if html.isascii() or not _PERISHABLE.search(html.encode("utf-8", "replace")):
        return html, title, None
    (html, title), code_page = repair_parts((html, title))
    return html, title, code_page


def _compose(text: str) -> str:
    """NFC: one way to write each letter with accents, and nothing else is changed."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
