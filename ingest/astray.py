"""Where a request for a story ended instead: at a page to log in, of error, or at a front page.

The addresses tell, whatever stands on the page. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from ingest.errors import Reason
from ingest.same_page import article_names, is_same_site, names_story
from ingest.walls import Wall

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_LOGIN_PATH = re.compile(
    r"\A(?:log-?in|sign-?in|sign_in|log-?on|anmelden|einloggen|inloggen|connexion|se-connecter|iniciar-sesion|acceso"
    r"|accedi|entrar|logowanie|zaloguj|prihlaseni|vhod|auth(?:orize|enticate)?|sso|signup|sign-?up|register|registrieren)"
    r"(?:\.\w{2,5})?\Z",
    re.IGNORECASE,
)
_LOGIN_HOST = re.compile(r"\A(?:login|signin|auth|sso|accounts?|anmelden|idp|oauth)\.", re.IGNORECASE)
_MISSING_PATH = re.compile(
    r"\A(?:(?:page-?)?not-?_?found|404|error-?404|404-?(?:error|page)|page-?introuvable|notfound|pagenotfound)(?:\.\w{2,5})?\Z",
    re.IGNORECASE,
)
#: A home page: of a site, of a language, of an edition.
_HOME = re.compile(
    r"\A(?:/(?:[a-z]{2}(?:[-_][a-z]{2})?))?/?"
    r"(?:(?:index|home|homepage|default|start|startseite|accueil|inicio|main|front|frontpage|portada)(?:\.\w{2,5})?/?)?\Z",
    re.IGNORECASE,
)
#: Last parts of a path that name another form of the page above them.
_FORM = re.compile(r"\A(?:amp|amp\.html|index\.\w{2,5}|print|full|all|single)\Z", re.IGNORECASE)
#: The name of a file, which no section has; without a number in its query a script shows no story.
_FILE = re.compile(r"\.(?P<kind>\w{2,5})\Z")
_SCRIPTS = frozenset({"php", "php5", "asp", "aspx", "jsp", "cgi", "cfm", "do", "pl"})
#: Names of sections at the root of a site; any other word there may be what remains of a title, or a short link's end.
_SECTION = re.compile(
    r"\A(?:actu|actualidad|actualite|actualites|aktualnosci|aktuality|aktuell|aktuelles|archiv|archive|archives"
    r"|article|articles|berita|blog|business|category|cronaca|cultura|culture|deportes|economia|economie"
    r"|economy|ekonomi|ekonomika|esporte|esportes|esteri|gospodarka|gundem|haber|haberler|health|kultur"
    r"|kultura|latest|local|magazine|monde|mundo|nachrichten|news|newsroom|nieuws|noticias|notizie|novosti"
    r"|nyheder|nyheter|opinion|panorama|politica|politics|politik|politika|politiek|politique|polityka"
    r"|posts|press|presse|press-releases|region|regional|science|siasi|spor|sport|sportnieuws|sports|stiri"
    r"|stories|story|svet|swiat|tag|tags|tech|technology|tema|themen|topics|uutiset|vesti|video|videos|welt"
    r"|wiadomosci|wirtschaft|world|zpravy)\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d\Z")


def find_astray(asked: str, url: str, *, is_article: bool) -> Wall | None:
    """What the addresses tell: the request for a story ended at a page to log in, of error, or at a front page.

    *is_article*: the page says that it is an article; then it may stand where it likes, but neither where one logs in
    nor at the home page of its site, where all that is gone would become one article.
    """
    if asked == url:
        return None
    if _is_login(url) and not _is_login(asked):
        return Wall(reason=Reason.LOGIN, detail="the request ended at a page to log in")
    where = _where_ended(asked, url, is_article=is_article)
    return None if where is None else Wall(reason=Reason.SOFT_404, detail=f"the request for a story ended at {where}")


def _where_ended(asked: str, url: str, *, is_article: bool) -> str | None:
    """What stands in place of a story, as far as the address tells."""
    begun, ended = urlsplit(asked), urlsplit(url)
    story, section = _segments(begun.path), _segments(ended.path)
    if is_same_site(asked, url):
        if _is_home(ended, begun):
            return None if _is_home(begun) else "a home page"
    elif not is_article and names_story(asked) and not ended.query and _is_home(ended):
        return "a home page"
    if is_article:
        return None
    if section and _MISSING_PATH.match(section[-1]):
        return "a page that says that there is no such page"
    if is_same_site(asked, url) and _is_front(story, begun, section, ended):
        return "the front of its section"
    return None


def _is_home(parts: SplitResult, asked: SplitResult | None = None) -> bool:
    """A home page, whose query names no story; where *asked* is given, none that this has named."""
    if not _HOME.match(parts.path):
        return False
    named = article_names(parts.query)
    if asked is None:
        return not named
    known = {value for _, value in parse_qsl(asked.query)} | set(re.findall(r"\w+", unquote(asked.path)))
    return not any(name in known or not known.isdisjoint(re.findall(r"\w+", name)) for name in named)


def _is_front(story: list[str], begun: SplitResult, section: list[str], ended: SplitResult) -> bool:
    """The page is the front of a section, or a script that shows no story, and what was asked for was a story."""
    while len(story) > 1 and _FORM.match(story[-1]):
        story = story[:-1]
    asked_by_query = bool(article_names(begun.query))
    if not section or article_names(ended.query) or not (asked_by_query or _is_story(story)):
        return False
    file = _FILE.search(section[-1])
    if section == story:
        return asked_by_query and not _is_story(section) and file is not None and file["kind"].lower() in _SCRIPTS
    if file is not None or _is_story(section) or names_story(ended.geturl()):
        return False
    if len(section) < len(story) and story[: len(section)] == section:
        return True
    return len(section) == 1 and _SECTION.match(section[0]) is not None


def _is_story(path: list[str]) -> bool:
    """The last part of a path has a number that is no part of a date, or is a title."""
    if not path:
        return False
    last = path[-1]
    if not any(letter.isdigit() for letter in last):
        return names_story(f"//site/{last}")
    is_date = bool(_YEAR.match(last)) or (
        len(last) <= 2 and last.isdigit() and any(_YEAR.match(part) for part in path[:-1][-2:])  # /2026/11/22
    )
    return not is_date


def _is_login(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_LOGIN_HOST.match(parts.netloc)) or any(_LOGIN_PATH.match(part) for part in _segments(parts.path)[-2:])


def _segments(path: str) -> list[str]:
    return [part for part in unquote(path).split("/") if part]
