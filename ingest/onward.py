"""Pages that only lead on: a refresh in the head of a page, and a page for consent that knows where one wanted to go.

One such step is gone, by a request of its own, with robots.txt, guard and turns as for any page. Scripts that lead on
are not run, and cookies are not kept, so what leads on a second time leads nowhere.

Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from ingest.address import normalise_address, resolve
from ingest.errors import Permanent, Reason
from ingest.same_page import is_same_site

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from ingest.web import Page

#: A page that stays longer before it leads on is meant to be read.
MAX_DELAY_S = 10.0
#: What is said of a page for consent.
ASKS_CONSENT = "the request ended at a page that asks for consent to cookies"
#: Beyond so many characters a value is no address.
_MAX_VALUE = 4096

#: https://html.spec.whatwg.org/multipage/semantics.html#attr-meta-http-equiv-refresh, as far as it is met.
_REFRESH = re.compile(
    r"""\A\s*(?P<delay>\d*+\.?+\d*+)(?:\s*+[;,]|\s)\s*+(?:url\s*=\s*)?+(?:"(?P<double>[^"]*)|'(?P<single>[^']*)|(?P<bare>[^"'].*))""",
    re.IGNORECASE | re.DOTALL,
)
#: Parts of hosts and of paths by which pages for consent are known, of single sites and of platforms for it.
_CONSENT_HOST = re.compile(
    r"(?:\A|[.-])(?:consents?|cmp|guce|cookie-?consent|cookies?|gdpr|myprivacy|privacywall|privacy-mgmt)\."
)
_CONSENT_PATH = re.compile(
    r"(?:\A|/)(?:collect|copy|cookie|gdpr|privacy|data)?[-_]?(?:consents?|zustimmung|einwilligung|consentement"
    r"|cookie-?wall|cookiewall|gdpr|privacy-?gate|privacywall|cookie-?consent|consent-?(?:wall|gate|page))(?:[./?_-]|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """Where a page leads."""

    url: str
    #: REDIRECT or CONSENT: what is to be said when nobody goes there
    why: Reason


class LeadsOn(Permanent):
    """The page holds no article and leads to another address; whoever has gone no such step yet can go there."""

    def __init__(self, subject: str, onward: Onward) -> None:
        if onward.why is Reason.CONSENT:
            super().__init__(onward.why, subject, ASKS_CONSENT)
        else:
            super().__init__(onward.why, subject, f"the page only leads on to {onward.url}")
        self.onward = onward


def find_refresh(tree: HtmlElement, url: str) -> Onward | None:
    """Where a `<meta http-equiv="refresh">` of the page at *url* leads within 10 s; None: nowhere, or to itself.

    What leads to a home page is none: that is what sites do with addresses that they have forgotten.
    """
    base = ""
    for meta in tree.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        match = _REFRESH.match((meta.get("content") or "")[:_MAX_VALUE])
        if match is None or _delay(match["delay"]) > MAX_DELAY_S:
            continue
        said = match["double"] or match["single"] or match["bare"] or ""
        base = base or _base(tree, url)
        target = resolve(said.strip(), base) if said.strip() else None
        if target and urlsplit(target).path not in {"", "/"} and not _is_same(target, url):
            return Onward(url=target, why=Reason.REDIRECT)
    return None


def find_consent(page: Page) -> Onward | None:
    """Where a page for consent leads that stands before the address asked for; its `url` is empty where it says not.

    None where the answer is no such page, as far as its address tells.
    """
    if page.url == page.requested_url or not is_consent_address(page.url) or is_consent_address(page.requested_url):
        return None
    for _, value in parse_qsl(urlsplit(page.url).query):
        target = _wanted(value, page)
        if target is not None:
            return Onward(url=target, why=Reason.CONSENT)
    return Onward(url="", why=Reason.CONSENT)


def without_validators(page: Page) -> Page:
    """*page* as it is stored where another address led on to it.

    The next request goes to that address first, and its server would answer for the wrong page.
    """
    kept = {name: value for name, value in page.headers.items() if name not in {"etag", "last-modified"}}
    return replace(page, headers=kept)


def is_consent_address(url: str) -> bool:
    """The address is that of a page for consent.

    >>> is_consent_address("https://consent.news.example/?return=a"), is_consent_address("https://news.example/consent-law")
    (True, False)
    """
    parts = urlsplit(url)
    if _CONSENT_HOST.search(parts.netloc):
        return True
    # An article about such pages has its address, too; only these lead somewhere.
    return bool(_CONSENT_PATH.search(parts.path)) and (
        "http" in parts.query or "%2f" in parts.query.lower() or "=/" in parts.query
    )


def _wanted(value: str, page: Page) -> str | None:
    """*value* as an address of the page that was asked for, or None."""
    for said in (value[:_MAX_VALUE], unquote(value[:_MAX_VALUE])):
        target = resolve(said, page.requested_url) if said.startswith(("http://", "https://", "/")) else None
        if target is None or is_consent_address(target):
            continue
        asked, led = urlsplit(page.requested_url), urlsplit(target)
        if is_same_site(target, page.requested_url) and asked.path.rstrip("/") == led.path.rstrip("/"):
            return target
    return None


def _delay(digits: str) -> float:
    try:
        return float(digits or 0)
    except ValueError:
        return 0.0


def _base(tree: HtmlElement, url: str) -> str:
    base = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
    return (resolve(base, url) if base else None) or url


def _is_same(target: str, url: str) -> bool:
    try:
        return normalise_address(target) == normalise_address(url)
    except Permanent:
        return True
