"""What a set is made of: sources with numbered paragraphs, and documents that remember where a paragraph stems from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An own-written or real text before anybody reprinted it; `text` of a paragraph never changes, `id` is unique."""

    id: str
    language: str
    title: str
    paragraphs: tuple[str, ...]
    other_title: str = ""
    place: str = ""
    #: what other versions of the running story replace: per version pairs (old, new)
    versions: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def chars(self) -> int:
        return sum(map(len, self.paragraphs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A paragraph of a document.

    `source` and `index` say which paragraph of which source it is; a paragraph of the outlet's own has source "".
    `quoted` marks a sentence or two taken from another story: it is no paragraph of that story.
    """

    text: str
    source: str = ""
    index: int = -1
    quoted: bool = False


@dataclass(slots=True, kw_only=True)
class Draft:
    """A document in the making; operations change it in place and add their names to `ops`."""

    language: str
    title: str
    parts: list[Part]
    story: str
    ops: list[str] = field(default_factory=list)
    version: int = 0
    is_composite: bool = False
    #: only a teaser: too little to demand the pair, too much to forbid it
    is_teaser: bool = False
    lookalike: dict[str, str] = field(default_factory=dict)
    site: str = ""
    #: the whole page as the extractor hands it over; set last
    text: str = ""

    def body(self) -> list[str]:
        return [part.text for part in self.parts]


def reprint(source: Source, version: int = 0) -> Draft:
    """The source as it is, or version `version` of the running story (1 is the first change)."""
    paragraphs = list(source.paragraphs)
    for old, new in (pair for swaps in source.versions[:version] for pair in swaps):
        paragraphs = [text.replace(old, new) for text in paragraphs]
    parts = [Part(text=text, source=source.id, index=n) for n, text in enumerate(paragraphs)]
    draft = Draft(language=source.language, title=source.title, parts=parts, story=source.id, version=version)
    if version:
        draft.ops.append(f"version-{version}")
    return draft
