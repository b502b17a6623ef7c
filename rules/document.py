"""What rules are matched against: the fields of one article, each tokenised at most once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rules.text import tokenize, tokenize_url

if TYPE_CHECKING:
    from rules.tokens import Tokens

#: Where words are looked for that stand in no field group. Never the address, never the author.
DEFAULT_FIELDS = ("title", "body")

#: What stands between two section names in the text that spans of field "section" point into.
SECTION_SEPARATOR = "\n"


@dataclass(frozen=True, kw_only=True)
class Document:
    """The fields of an article that rules can ask for. Text is matched after repair.

    The tokens are made on first use and kept, so that fingerprints and search can share them.
    """

    title: str
    body: str
    author: str | None = None
    #: host of the page
    source: str | None = None
    #: the article's own address
    url: str | None = None
    #: language tag, or None when unknown
    lang: str | None = None
    sections: tuple[str, ...] = ()

    # Not slotted: cached_property needs the instance's dictionary.

    @cached_property
    def title_tokens(self) -> Tokens:
        """The title, read."""
        return tokenize(self.title)

    @cached_property
    def body_tokens(self) -> Tokens:
        """The body, read."""
        return tokenize(self.body)

    @cached_property
    def author_tokens(self) -> Tokens:
        """The author's name, read."""
        return tokenize(self.author or "")

    @cached_property
    def url_tokens(self) -> Tokens:
        """The words of the address."""
        return tokenize_url(self.url or "")

    @cached_property
    def section_tokens(self) -> tuple[Tokens, ...]:
        """One for each section name; offsets count within that name."""
        return tuple(tokenize(name) for name in self.sections)
