"""What came with status 200 and is not the article that was asked for: a wall, and which.

    challenge   a check for robots          script     nothing is shown without JavaScript
    consent     cookies are asked about     login      a name and a password are asked for
    paywall     a teaser for subscribers    soft_404   "no such page", or the home page instead

An article may be about any of these, and any page may carry their furniture beside its article. So words are believed
only where the text is too short for an article, or absent, and has next to no prose of its own (`ingest.prose`): a wall
speaks to its reader, and an article about walls quotes them and goes on to tell what happened. Longer texts are refused
for what no article can look like: a page that is all consent platform, a teaser that breaks off into an appeal to
subscribe. What the address tells where a request ended is `ingest.astray`'s matter.

Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lxml import etree

from ingest import wall_words
from ingest.errors import Permanent, Reason, Transient
from ingest.http_status import is_challenge
from ingest.prose import MIN_SENTENCE, is_addressed, own_prose, size_of, unquoted
from ingest.teaser import ends_in_appeal
from ingest.wall_words import flatten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lxml.html import HtmlElement

    from ingest.metadata import PageFacts

#: Below so many characters a text can be what stands in place of an article: a notice, a teaser, a wall.
NOTICE = 400
#: What a paywall leaves to read is kept from here on, unless it ends in an appeal: it tells who, what and where, and
#: more than feeds do.
TEASER = 500
#: A teaser that breaks off into an appeal is shorter than this, and so are pages of error with their lists.
LONG = 1_500
#: The longest texts of consent platforms: what each kind of cookie is for.
CONSENT = 8_000
#: A page whose text is shorter than this shows nothing.
_BARE = 150
#: So much prose of its own makes an article of a short text that has phrases of walls, if it is such a share of it. Of
#: 72 short articles about walls, in 22 languages, 71 have as much; of 76 walls 7, which other signs tell.
_PROSE = 45
_PROSE_SHARE = 0.2
#: A headline is no shorter.
_HEADLINE = 16
#: So much of a text lies within a consent platform's elements where all of it does, but for its title.
_SHARE = 0.8
#: Whoever asks for consent begins with it, within so many characters.
_BEGINNING = 500
#: More is not written on a button.
_BUTTON = 50
_PAYWALL_HINTS = ("isAccessibleForFree", "article:content_tier")

#: The elements of consent platforms: OneTrust, Cookiebot, Didomi, Quantcast, Sourcepoint, Usercentrics, consentmanager,
#: TrustArc, iubenda, Google, tarteaucitron, Osano, CookieYes, Klaro, Borlabs, Complianz, Termly, Axeptio, Cookie
#: Information, Civic, CookieFirst, CookieHub, Commanders Act, and the widgets that many sites share.
_PLATFORMS = re.compile(
    r"\A(?:onetrust-|ot-sdk|CybotCookiebot|didomi-|qc-cmp|sp_message_container|sp_privacy|usercentrics|uc-banner|cmpbox"
    r"|cmpwrapper|truste-|trustarc|iubenda-cs|fc-consent|tarteaucitron|osano-cm|cky-consent|klaro|BorlabsCookie|cmplz-"
    r"|termly|axeptio|coiOverlay|coi-banner|cookie-information-template|ccc-module|ccc-overlay|cookiefirst|ch2-dialog"
    r"|tc-privacy|appconsent|gdpr-consent|cookie-?(?:consent|banner|notice|wall|law|overlay|modal|popup|dialog)"
    r"|consent-?(?:banner|wall|overlay|modal|popup|dialog|manager|layer)|privacy-?(?:wall|manager|gate)|cc-window)",
    re.IGNORECASE,
)  # fmt: skip
#: What only checks for robots have in them; pages behind such a check carry other parts of it.
_CHALLENGE_SIGNS = (
    "_cf_chl_opt", "cf-chl-", "cf_chl_", "/cdn-cgi/challenge-platform/h/", "cf-browser-verification",
    "captcha-delivery.com", "px-captcha", "_Incapsula_Resource", "_pxAppId", "awswaf.com", "awsWafCookieDomainList",
    "sgcaptcha", "ddos-guard", "perfdrive.com", "/_sec/cp_challenge", "sec-if-cpt", "vercel/security",
    "anubis_challenge",
    "h-captcha", "hcaptcha.com", "g-recaptcha", "cf-turnstile", "challenges.cloudflare.com", "geetest", "funcaptcha",
    "arkoselabs", "friendlycaptcha",
)  # fmt: skip

#: Where scripts put an application.
_ROOTS = frozenset(
    {"root", "app", "__next", "__nuxt", "___gatsby", "svelte", "react-root", "main-app", "app-root", "application"}
)
_SILENT = ("script", "style", "noscript", "template", "head", "svg", "iframe")

_NUMBER_404 = re.compile(
    r"\A(?:(?:http|error|fehler|erreur|hata|errore|erro|błąd|chyba|fout|fel|feil|virhe|ошибка|помилка|грешка|خطأ|خطای|"
    r"错误|錯誤|エラー|오류)\W*)*404(?:\W*(?:error|fehler|not found|page))*\Z"
)
_SEPARATOR = re.compile(r"\s+[|–—\-·•»«:/>]+\s+|\s*[|»]\s*")  # dashes of all lengths
_SORRY = re.compile(
    r"\A(?:(?:sorry|oops|ooops|uh[- ]oh|whoops|hoppla|ups|oeps|oups|404|error|error 404|404 error)\W+)+"
)
_EDGES = " \t.!?…,;:-–—()[]\"'«»„“”。！"  # punctuation of all scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """What stands in place of the article."""

    reason: Reason
    #: one line for people
    detail: str

    def error(self, subject: str) -> Permanent | Transient:
        """As an error: checks for robots come and go, the others stay."""
        kind = Transient if self.reason is Reason.CHALLENGE else Permanent
        return kind(self.reason, subject, self.detail)


class Sight:
    """An answer as a reader would see it.

    *tree* is the page, with or without its scripts, *facts* what it says of itself, and *text* what was extracted from
    it. *asked* and *url* are the address that was asked for and the one that answered.
    """

    def __init__(
        self,
        *,
        tree: HtmlElement,
        facts: PageFacts,
        html: str,
        text: str,
        url: str,
        asked: str,
        headers: Mapping[str, str],
    ) -> None:
        self.tree = tree
        self.facts = facts
        self.html = html
        self.text = text
        self.url = url
        self.asked = asked
        self.headers = headers

    @cached_property
    def is_free(self) -> bool:
        """Nothing says that the text is for subscribers; JSON-LD is read only where a page speaks of it."""
        return not any(hint in self.html for hint in _PAYWALL_HINTS) or self.facts.is_free

    @cached_property
    def size(self) -> int:
        """The length of the extracted text."""
        return size_of(self.text)

    @cached_property
    def flat(self) -> str:
        """The extracted text as phrases are written."""
        return flatten(self.text)

    @cached_property
    def visible(self) -> str:
        """All text of the body that is no script, and not for those who have none; as phrases are written."""
        body = self.tree.find("body")
        return flatten(" ".join(_shown(self.tree if body is None else body)))

    @cached_property
    def without_script(self) -> str:
        """What the page says to those who have no scripts."""
        return flatten(" ".join(" ".join(element.itertext()) for element in self.tree.iter("noscript")))

    @cached_property
    def lines_for_all(self) -> tuple[str, ...]:
        """The lines of the extracted text that are not for those alone who have no scripts."""
        return tuple(line for line in self.text.split("\n") if flatten(line) not in self.without_script)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The title of the window, and the headings, as phrases are written; of endless ones the beginning."""
        headings = [" ".join(heading.itertext()) for heading in self.tree.iter("h1")][:3]
        titles = (title[:LONG] for title in (self.tree.findtext(".//title") or "", *headings))
        return tuple(flatten(title) for title in titles if title.strip())

    def has_title(self, phrases: Iterable[str]) -> bool:
        """One of the titles is one of *phrases*, but for the name of the site."""
        known = frozenset(phrases)
        return any(part in known for title in self.titles for part in _parts(title))

    def says(self, phrases: Iterable[str]) -> bool:
        """One of *phrases* stands in the extracted text."""
        return any(phrase in self.flat for phrase in phrases)

    @cached_property
    def has_prose(self) -> bool:
        """The text has sentences that report and are no phrases of walls; few do where the page has a headline."""
        enough = 1 if self.facts.is_article else MIN_SENTENCE if self._has_headline else _PROSE
        return self.has_prose_beside((), enough)

    def has_prose_beside(self, words: tuple[str, ...], enough: int = _PROSE) -> bool:
        """So much of the text reports, in sentences without phrases of walls and without *words*.

        Neither titles count, nor what is said to those who have no scripts.
        """
        lines = [line for line in self.lines_for_all if flatten(line) not in self.titles]
        prose = own_prose(lines, (*wall_words.PHRASES, *words))
        return prose >= enough and prose >= _PROSE_SHARE * size_of("".join(lines))

    @cached_property
    def _has_headline(self) -> bool:
        """A heading is the title of the window as well, is whole, and neither a phrase of walls nor for the reader."""
        window, *headings = self.titles or ("",)
        return any(
            size_of(heading) >= _HEADLINE
            and heading in window
            and not is_addressed(heading)
            and not any(phrase in heading for phrase in wall_words.PHRASES)
            for heading in headings
        )

    @cached_property
    def controls(self) -> tuple[str, ...]:
        """What is written on the buttons of the page, and on links as short as these, as phrases are written."""
        written = (
            element.get("value") or "" if element.tag == "input" else " ".join(element.itertext())
            for element in self.tree.iter("button", "a", "input")
            if element.tag != "input" or (element.get("type") or "").lower() in {"submit", "button"}
        )
        return tuple(flatten(words) for words in written if 0 < len(words.strip()) < _BUTTON)

    @cached_property
    def has_scripts(self) -> bool:
        """There are scripts in the page."""
        return "<script" in self.html


def find_wall(sight: Sight) -> Wall | None:
    """What stands there in place of an article, or None; None as well for a page without any text that says nothing."""
    finders = (_find_challenge, _find_missing, _find_paywall, _find_consent, _find_script, _find_login)
    return next((wall for find in finders if (wall := find(sight)) is not None), None)


def may_be_wall(text: str) -> bool:
    """Whether a page is worth a closer look: its text is short, or begins as those of consent platforms do."""
    size = size_of(text) if len(text) < CONSENT else CONSENT
    if size < LONG:
        return True
    return size < CONSENT and _says_consent(flatten(text[:_BEGINNING]))


def _find_challenge(sight: Sight) -> Wall | None:
    detail = "a check for robots stands before the page"
    if "challenge" in sight.headers.get("cf-mitigated", ""):
        return Wall(reason=Reason.CHALLENGE, detail=detail)
    if sight.size >= NOTICE:
        return None
    has_title = sight.has_title(wall_words.CHALLENGE_TITLES)
    if sight.has_prose and (sight.facts.is_article or not has_title):
        return None
    says_so = sight.says(wall_words.CHALLENGES) or any(phrase in sight.visible for phrase in wall_words.CHALLENGES)
    has_sign = is_challenge(sight.headers) or any(sign in sight.html for sign in _CHALLENGE_SIGNS)
    # A form for comments has such a check, too: two of the three, or nothing else to read.
    is_empty = len(sight.visible) < _BARE and not sight.facts.is_article
    if (has_title and (says_so or has_sign or is_empty)) or (
        says_so and (has_sign or sight.says(wall_words.CHALLENGES))
    ):
        return Wall(reason=Reason.CHALLENGE, detail=detail)
    return Wall(reason=Reason.CHALLENGE, detail=detail) if has_sign and is_empty else None


def _find_missing(sight: Sight) -> Wall | None:
    if sight.size >= LONG:
        return None
    wall = Wall(reason=Reason.SOFT_404, detail="the page says that there is no such page")
    window, *headings = sight.titles or ("",)
    if sight.size < NOTICE:
        said = any(_says_missing(part) for title in sight.titles for part in _parts(title))
        if said or sight.has_prose:
            return wall if said and not (sight.has_prose and sight.facts.is_article) else None
        begins = (_SORRY.sub("", title.strip(_EDGES)) for title in (*sight.titles, sight.flat))
        return wall if any(start.startswith((*wall_words.MISSING, "404 ")) for start in begins) else None
    # With its lists of what else there is to read it can be longer. All titles of it say the same then.
    is_said = any(map(_says_missing, _parts(window))) and all(map(_says_missing, headings))
    return wall if is_said and not sight.facts.is_article else None


def _find_paywall(sight: Sight) -> Wall | None:
    if not sight.is_free and sight.size < TEASER:
        detail = "the page says that its text is for subscribers, and shows none or little"
        return Wall(reason=Reason.PAYWALL, detail=detail)
    if sight.size < LONG and not sight.facts.says_free and ends_in_appeal(sight.text):
        return Wall(reason=Reason.PAYWALL, detail="the text breaks off, and what follows is for subscribers")
    return None


def _find_consent(sight: Sight) -> Wall | None:
    wall = Wall(reason=Reason.CONSENT, detail="the page asks for consent to cookies, and shows nothing else")
    says_so = _says_consent(sight.flat[:_BEGINNING])
    if sight.size >= CONSENT:
        return None
    if _asks_by_buttons(sight):
        return wall
    if sight.text and not says_so:
        return None
    boxes = (element for element in sight.tree.iter() if _is_platform(element))
    theirs = flatten(" ".join(part for element in boxes for part in _shown(element)))
    if not sight.text:
        return wall if len(theirs) >= _SHARE * len(sight.visible) and _says_consent(theirs) else None
    lines = [flatten(line) for line in sight.text.split("\n")]
    others = [line for line in lines if line not in theirs]
    if sum(map(len, others)) <= (1 - _SHARE) * sum(map(len, lines)):
        return wall
    return wall if sight.size < NOTICE and not sight.has_prose and _says_consent(" ".join(others)) else None


def _asks_by_buttons(sight: Sight) -> bool:
    """Next to nothing is there but something on cookies, a button that agrees, and another that does not."""
    shown = sight.flat or sight.visible
    if size_of(shown) >= NOTICE or sight.has_prose_beside(wall_words.COOKIES):
        return False
    if not any(word in shown for word in wall_words.COOKIES):
        return False
    refusing = [words for words in sight.controls if wall_words.DISAGREE.search(words)]
    return bool(refusing) and any(wall_words.AGREE.match(words) for words in sight.controls if words not in refusing)


def _find_script(sight: Sight) -> Wall | None:
    wall = Wall(reason=Reason.SCRIPT, detail="the page shows nothing without JavaScript")
    if sight.size >= NOTICE:
        return None
    if sight.says(wall_words.NEEDS_SCRIPT) and (not sight.has_prose or _ends_in_notice(sight.lines_for_all)):
        return wall
    if len(sight.visible) >= _BARE or not sight.has_scripts or sight.has_prose:
        return None
    if any(phrase in sight.without_script for phrase in wall_words.NEEDS_SCRIPT):
        return wall
    return (
        wall
        if not sight.text and any(_is_empty_root(element) for element in sight.tree.iter("div", "main", "app-root"))
        else None
    )


def _ends_in_notice(lines: tuple[str, ...]) -> bool:
    """The last line tells its reader to do something about JavaScript."""
    last = unquoted(lines[-1]) if lines else ""
    flat = flatten(last)
    return any(phrase in flat for phrase in wall_words.NEEDS_SCRIPT) and is_addressed(last)


def _find_login(sight: Sight) -> Wall | None:
    if sight.size >= NOTICE or not sight.tree.xpath("//input[translate(@type, 'PASWORD', 'pasword')='password']"):
        return None
    if sight.has_title(wall_words.LOGIN_TITLES) or (not sight.text and not sight.facts.is_article):
        return Wall(reason=Reason.LOGIN, detail="the page asks for a name and a password, and shows no article")
    return None


def _says_missing(part: str) -> bool:
    """A title, or a part of one, is the notice that there is no such page."""
    part = part.strip(_EDGES)
    return part in wall_words.MISSING or bool(_NUMBER_404.match(part)) or _SORRY.sub("", part) in wall_words.MISSING


def _parts(title: str) -> tuple[str, ...]:
    """A title, and what stands before and after the marks by which the name of the site is joined to it."""
    return tuple(part.strip(_EDGES) for part in (title, *_SEPARATOR.split(title)))


def _is_platform(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str):
        return False
    names = (element.get("id") or "", *(element.get("class") or "").split())
    return any(_PLATFORMS.match(name) for name in names if name)


def _says_consent(flat: str) -> bool:
    return any(phrase in flat for phrase in wall_words.ASKS_CONSENT)


def _is_empty_root(element: HtmlElement) -> bool:
    return element.tag == "app-root" or ((element.get("id") or "") in _ROOTS and not "".join(_shown(element)).strip())


def _shown(element: HtmlElement) -> list[str]:
    """The pieces of text within an element that are shown, of whatever depth."""
    texts: list[str] = []
    silent = 0
    for event, part in etree.iterwalk(element, events=("start", "end")):
        is_silent = part.tag in _SILENT or not isinstance(part.tag, str)
        if event == "start":
            silent += is_silent
            if not silent and part.text:
                texts.append(part.text)
        else:
            silent -= is_silent
            if not silent and part.tail and part is not element:
                texts.append(part.tail)
    return texts
