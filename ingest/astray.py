"""Where a request for a story ended instead: at a page to log in, of error, or at a front page.

The addresses tell, whatever stands on the page. Pure.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ingest.errors import Reason
from ingest.same_page import is_same_site, names_story
from ingest.walls import Wall

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
    r"\A(?:/(?:[a-z]{2}(?:[-_][a-z]{2})?))?/?(?:(?:index|home|default|start)(?:\.\w{2,5})?/?)?\Z", re.IGNORECASE
)


def find_astray(asked: str, url: str, *, is_article: bool) -> Wall | None:
    """What the addresses tell: the request for a story ended at a page to log in, of error, or at the front page.

    *is_article*: the page says that it is an article; then it may stand where it likes, but not where one logs in.
    """
    if asked == url:
        return None
    if _is_login(url) and not _is_login(asked):
        return Wall(reason=Reason.LOGIN, detail="the request ended at a page to log in")
    where = None if is_article else _where_ended(asked, url)
    return None if where is None else Wall(reason=Reason.SOFT_404, detail=f"the request for a story ended at {where}")


def _where_ended(asked: str, url: str) -> str | None:
    """What stands in place of a story, as far as the address tells."""
    begun, ended = urlsplit(asked), urlsplit(url)
    story, section = _segments(begun.path), _segments(ended.path)
    if section and _MISSING_PATH.match(section[-1]):
        return "a page that says that there is no such page"
    if not names_story(asked) or ended.query:
        return None
    if _HOME.match(ended.path):
        return "a home page"
    is_above = 0 < len(section) < len(story) and story[: len(section)] == section
    return "the front of its section" if is_above and is_same_site(asked, url) and not names_story(url) else None


def _is_login(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_LOGIN_HOST.match(parts.netloc)) or any(_LOGIN_PATH.match(part) for part in _segments(parts.path)[-2:])


def _segments(path: str) -> list[str]:
    return [part for part in unquote(path).split("/") if part]
