"""OPML, the list of feeds that all feed readers exchange (http://opml.org/spec2.opml).

Read by expat, with entity declarations refused: they serve no list, only bombs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ingest.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Nobody keeps feeds in more folders than these, one in the other.
MAX_DEPTH = 50

#: "&" that begins no reference: the commonest fault in lists written by hand, and harmless to mend.
_BARE_AMPERSAND = re.compile(rb"&(?!#[0-9]{1,7};|#[xX][0-9A-Fa-f]{1,6};|(?:amp|lt|gt|quot|apos);)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpmlFeed:
    """A feed of a list."""

    #: as the list has it; not checked
    url: str
    #: one line, or None
    title: str | None = None
    #: the site that the feed belongs to
    homepage: str | None = None
    #: titles of the folders that it is in, the outermost first
    folders: tuple[str, ...] = ()


def read_opml(data: bytes) -> tuple[OpmlFeed, ...]:
    """The feeds of a list in its order, each address once.

    Raises ValueError with the line and what is wrong when *data* is no OPML.
    """
    try:
        return _read(data)
    except expat.ExpatError as error:
        mended = _BARE_AMPERSAND.sub(b"&amp;", data)
        if mended == data:
            raise ValueError(_not_xml(error)) from error
    try:
        return _read(mended)
    except expat.ExpatError as error:
        raise ValueError(_not_xml(error)) from error


def write_opml(feeds: Iterable[OpmlFeed], *, title: str = "wirewatch") -> bytes:
    """An OPML 2.0 list in UTF-8. `read_opml` reads back the same feeds, in the order of their folders."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"<head><title>{escape(clean_line(title))}</title></head>",
        "<body>",
    ]
    open_folders: tuple[str, ...] = ()
    for feed in feeds:
        folders = tuple(clean_line(folder) for folder in feed.folders)
        shared = 0
        while shared < min(len(folders), len(open_folders)) and folders[shared] == open_folders[shared]:
            shared += 1
        lines += ["</outline>"] * (len(open_folders) - shared)
        lines += [f"<outline text={_quote(folder)}>" for folder in folders[shared:]]
        open_folders = folders
        lines.append(_outline(feed))
    lines += ["</outline>"] * len(open_folders)
    lines += ["</body>", "</opml>", ""]
    return "\n".join(lines).encode()


def _outline(feed: OpmlFeed) -> str:
    # The format wants a text for every outline; one that only repeats the address is no title.
    attributes = {"type": "rss", "text": feed.title or feed.url, "title": feed.title, "xmlUrl": feed.url}
    attributes["htmlUrl"] = feed.homepage
    return f"<outline {' '.join(f'{name}={_quote(value)}' for name, value in attributes.items() if value)}/>"


def _quote(value: str) -> str:
    return quoteattr(clean_line(value, len(value)))


def _read(data: bytes) -> tuple[OpmlFeed, ...]:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = _refuse_entity
    parser.Parse(data.strip(), True)  # noqa: FBT003  # "this is all of it"; expat takes it by position only
    return tuple(reader.feeds.values())


def _refuse_entity(*_: object) -> None:
    raise ValueError("an OPML list that declares entities is refused: remove its <!ENTITY …> declarations")


def _not_xml(error: expat.ExpatError) -> str:
    reason = expat.errors.messages.get(error.code, str(error))
    return f"not an OPML list: line {error.lineno}, column {error.offset + 1}: {reason}"


class _Reader:
    def __init__(self) -> None:
        self.feeds: dict[str, OpmlFeed] = {}
        self._has_root = False
        #: one for each open outline: its title when it is a folder
        self._outlines: list[str | None] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        element = element.lower()
        if not self._has_root:
            if element != "opml":
                raise ValueError(f"not an OPML list: its root element is <{clean_line(element, 50)}>, not <opml>")
            self._has_root = True
        if element != "outline":
            return
        # Programs write xmlUrl, xmlurl and XMLURL.
        folded = {name.lower(): clean_line(value, len(value)) for name, value in attributes.items()}
        url = folded.get("xmlurl", "")
        text = clean_line(folded.get("title") or folded.get("text", ""))
        self._outlines.append(None if url else text)
        if len(self._outlines) > MAX_DEPTH:
            raise ValueError(f"an OPML list with more than {MAX_DEPTH} folders in one another is refused")
        if url:
            feed = OpmlFeed(
                url=url,
                title=text if text and text != url else None,
                homepage=folded.get("htmlurl") or None,
                folders=tuple(folder for folder in self._outlines if folder),
            )
            self.feeds.setdefault(url, feed)

    def end(self, element: str) -> None:
        if element.lower() == "outline":
            self._outlines.pop()
