"""Our entries agree with the installed feedparser on every file of feedparser's own test corpus.

    python bench/feedparser_corpus.py PATH

PATH is a checkout of feedparser's source repository, or a git directory of it; nothing is fetched here:

    git clone https://github.com/kurtmckee/feedparser

**What is compared.** Every .xml and .json file below tests/, with the headers that its comment names ("Header:"), as
feedparser's tests serve it: at http://127.0.0.1:8097/ and its path, as text/xml where "http" is part of the file's
name and it names no type. Ours is `ingest.feed.parse_feed`, theirs `feedparser.parse` with default options, which
gets the address as Content-Location, as if it had fetched the file itself.

**Agreement** means equal: the feed's title, the number and order of entries, and of each entry its title, link, guid,
published, updated, author and text. Theirs are, with the same cleaning (`ingest.clean`, tags and references of HTML to
text, addresses written as the WHATWG standard says):

- title, guid: `title` and `id`; link: `link`
- published: `published_parsed`, else `created_parsed`; updated: `updated_parsed`
- author: the names of `authors`, else `author`
- text: the longest of `content` that has any, else `summary`

A document is refused by us exactly when theirs has neither version nor entry.

**Rules.** Where we differ on purpose, a rule says why. Each turns their reading into what it would be under our rule,
and knows nothing of ours. A file differs *by rule* when their reading, under the rules, equals ours in every field;
it is counted under each rule that cannot be left out for that. All else is *unexplained*, and there must be none.

Prints one line of JSON and exits 1 when a file is unexplained.
"""

from __future__ import annotations

import io
import json
import platform
import re
import subprocess
import sys
import tarfile
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import ada_url
import feedparser

from ingest.clean import clean_line, clean_text
from ingest.errors import Permanent
from ingest.feed import parse_feed
from ingest.feed_encoding import settle_encoding
from ingest.html_text import html_to_text
from ingest.listing import plain_line
from ingest.repair import repair_parts
from ingest.web import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEADER = re.compile(r"^[ \t]*Header:\s+([^:\n]+):(.*)$", re.MULTILINE)
_HTML = frozenset({"text/html", "application/xhtml+xml"})

#: What a rule says; the order is that in which they are applied.
RULES = {
    "json": "JSON Feed, which the installed feedparser does not read: read here field by field",
    "encoding": "what the bytes prove goes before declarations (RFC 7303), not RFC 3023; see ingest.feed_encoding",
    "base": "Content-Location is no base of links (RFC 7231, appendix B)",
    "unsanitised": "markup goes to text as browsers read it, not through feedparser's sanitiser and link resolver",
    "guid": "an identifier stays as it is written, and what is no http address is no link (RFC 4287, 4.2.6)",
    "guid is a page": "an identifier that is an http address serves as link where there is none, rdf:about too",
    "alternate": "the link is the first one with rel=alternate, not the last one of any kind",
    "RSS date": "outside Atom, the date of an item's change is its date of publication where it has no other",
    "longer text": "a plain text that is shorter than the summary is no content",
    "repair": "text that went through a wrong code page is repaired",
    "cut off": "the last entry of a document that breaks off is left for the next poll; with no other it is refused",
    "twice": "what stands twice in a document, with the same guid and link, is one entry",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of the corpus."""

    name: str
    body: bytes

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:8097/{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        said = _HEADER.findall(self.body.decode("utf-8", "ignore"))
        headers = {name.strip().lower(): value.strip() for name, value in said}
        return ({"content-type": "text/xml"} if "http" in Path(self.name).name else {}) | headers


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRead:
    """The fields of an entry that are compared."""

    title: str
    link: str | None
    guid: str | None
    published: datetime | None
    updated: datetime | None
    author: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRead:
    """The fields of a feed that are compared."""

    title: str | None
    entries: tuple[EntryRead, ...]


def ours(file: File) -> FeedRead | None:
    """What the product reads; None where it refuses."""
    page = Page(requested_url=file.url, url=file.url, moved_to=None, status=200, headers=file.headers, body=file.body)
    try:
        document = parse_feed(page)
    except Permanent:
        return None
    names = EntryRead.__dataclass_fields__
    entries = (EntryRead(**{name: getattr(entry, name) for name in names}) for entry in document.entries)
    return FeedRead(title=document.title, entries=tuple(entries))


def theirs(file: File, rules: frozenset[str] = frozenset()) -> FeedRead | None:
    """What feedparser reads, under *rules*; None where it finds neither version nor entry."""
    if "json" in rules and file.body.lstrip().startswith(b"{"):
        return _read_json(file)
    body, headers = file.body, file.headers
    if "encoding" in rules:
        body, encoding, _ = settle_encoding(body, headers.get("content-type", ""))
        body = body.lstrip()
        headers["content-type"] = f"application/xml; charset={encoding}" if encoding else "application/xml"
    headers["content-location"] = (
        file.url if "base" in rules else urljoin(file.url, headers.get("content-location", ""))
    )
    parsed = _ask(body, headers, rules)
    if not parsed.version and not parsed.entries:
        return None
    written = _ask(body, {**headers, "content-location": ""}, rules)
    pairs = zip(parsed.entries, written.entries, strict=True)
    entries = [_read_entry(entry, as_written, parsed.version, rules) for entry, as_written in pairs]
    if "cut off" in rules and not _is_closed(file.body):
        entries = entries[:-1]
        if not entries:
            return None
    if "twice" in rules:
        # With a guid only: without one, nothing says that they are the same.
        kept: dict[object, EntryRead] = {}
        for number, entry in enumerate(entries):
            kept.setdefault((entry.guid, entry.link) if entry.guid else number, entry)
        entries = list(kept.values())
    title = _line(parsed.feed.get("title"))
    return FeedRead(title=title or None, entries=tuple(entries))


def needed_rules(file: File, read: FeedRead | None) -> tuple[str, ...] | None:
    """The rules under which their reading is *read*, each of them needed; None when it is not under all of them."""
    if theirs(file) == read:
        return ()
    needed = frozenset(RULES)
    if theirs(file, needed) != read:
        return None
    for rule in RULES:
        if theirs(file, needed - {rule}) == read:
            needed -= {rule}
    return tuple(rule for rule in RULES if rule in needed)


def _ask(body: bytes, headers: dict[str, str], rules: frozenset[str]) -> Any:
    options = {"sanitize_html": False, "resolve_relative_uris": False} if "unsanitised" in rules else {}
    return feedparser.parse(io.BytesIO(body), response_headers=headers, **options)


def _read_entry(entry: Any, as_written: Any, version: str, rules: frozenset[str]) -> EntryRead:
    """*as_written* is the same entry, read without an address, so that nothing in it is resolved."""
    get = dict.get
    published = _date(get(entry, "published_parsed") or get(entry, "created_parsed"))
    updated = _date(get(entry, "updated_parsed"))
    if "RSS date" in rules and not version.startswith("atom"):
        published = published or updated
    names = ", ".join(name for author in get(entry, "authors") or () if (name := get(author, "name")))
    read = EntryRead(
        title=_line(get(entry, "title")),
        link=_link(entry, as_written, rules),
        guid=clean_line(get(as_written if "guid" in rules else entry, "id") or "") or None,
        published=published,
        updated=updated,
        author=_line(names or get(entry, "author")) or None,
        text=_text(entry, rules),
    )
    if "repair" in rules:
        (title, text, author), _ = repair_parts((read.title, read.text, read.author or ""))
        read = replace(read, title=clean_line(title), text=clean_text(text), author=clean_line(author) or None)
    return read


def _link(entry: Any, as_written: Any, rules: frozenset[str]) -> str | None:
    link: str = dict.get(entry, "link") or ""
    guid: str = dict.get(as_written, "id") or ""
    is_page = guid.lower().startswith(("http://", "https://"))
    if "guid" in rules and link not in [one.get("href") for one in dict.get(entry, "links") or ()]:
        # feedparser takes any identifier for a relative address where there is no link.
        link = link if is_page else ""
    if "alternate" in rules:
        alternates = [
            one for one in dict.get(entry, "links") or () if one.get("rel") == "alternate" and one.get("href")
        ]
        html = [one for one in alternates if one.get("type") in _HTML]
        link = next((one["href"] for one in [*html, *alternates]), link)
    if "guid is a page" in rules and not link and is_page and dict.get(entry, "guidislink", True):
        link = guid
    if not link:
        return None
    try:
        address: str = ada_url.normalize_url(link)
    except ValueError:
        return link
    return address


def _text(entry: Any, rules: frozenset[str]) -> str:
    summary = _plain(dict.get(entry, "summary") or "", dict.get(entry, "summary_detail"))
    for content in sorted(dict.get(entry, "content") or (), key=lambda one: len(one["value"]), reverse=True):
        text = _plain(content["value"], content)
        is_short = content["type"] == "text/plain" and len(text) < len(summary)
        if text and not ("longer text" in rules and is_short):
            return text
    return summary


def _plain(value: str, detail: Mapping[str, Any] | None) -> str:
    return clean_text(value if detail and detail["type"] == "text/plain" else html_to_text(value))


def _line(value: str | None) -> str:
    return clean_line(plain_line(value or ""))


def _date(parsed: Any) -> datetime | None:
    return datetime(*parsed[:6], tzinfo=UTC) if parsed else None


def _is_closed(body: bytes) -> bool:
    """The document ends with a closing tag, though its last character may be missing."""
    return re.search(rb"</[\w:.-]+\s*>?\s*(?:<!--.*?-->\s*)*\Z", body.replace(b"\0", b""), re.DOTALL) is not None


def _read_json(file: File) -> FeedRead:
    document = json.loads(file.body)
    return FeedRead(
        title=document["title"],
        entries=tuple(
            EntryRead(
                title=item.get("title", ""),
                link=item["url"],
                guid=item["id"],
                published=None,
                updated=None,
                author=item.get("author", {}).get("name"),
                text=item.get("content_text") or clean_text(html_to_text(item["content_html"])),
            )
            for item in document["items"]
        ),
    )


def read_corpus(path: Path) -> Iterator[File]:
    """The files below tests/ of a checkout or of a git directory. Raises ValueError when it is neither."""
    if (path / "tests").is_dir():
        found = {
            str(file.relative_to(path)): file.read_bytes() for file in (path / "tests").rglob("*") if file.is_file()
        }
    else:
        command = ["git", "--git-dir", str(path), "archive", "HEAD", "tests"]
        answer = subprocess.run(command, check=False, capture_output=True, timeout=60)
        if answer.returncode:
            raise ValueError(f"{path} is neither a checkout nor a git directory: {answer.stderr.decode().strip()}")
        with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as archive:
            files = [(member.name, archive.extractfile(member)) for member in archive if member.isfile()]
            found = {name: file.read() for name, file in files if file is not None}
    for name in sorted(found):
        if name.endswith((".xml", ".json")):
            yield File(name, found[name])


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python bench/feedparser_corpus.py PATH", file=sys.stderr)
        print("PATH: a clone of https://github.com/kurtmckee/feedparser, or its git directory", file=sys.stderr)
        return 2
    try:
        files = list(read_corpus(Path(sys.argv[1])))
    except (ValueError, OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 2
    agree, by_rule, unexplained = 0, Counter[str](), list[str]()
    differ = 0
    with warnings.catch_warnings():
        # feedparser warns of what its own corpus does.
        warnings.simplefilter("ignore")
        for file in files:
            rules = needed_rules(file, ours(file))
            if rules is None:
                unexplained.append(file.name)
            elif rules:
                differ += 1
                by_rule.update(rules)
            else:
                agree += 1
    report = {
        "bench": "feedparser_corpus",
        "python": platform.python_version(),
        "feedparser": feedparser.__version__,
        "files": len(files),
        "agree": agree,
        "differ_by_rule": differ,
        "rules": {rule: {"files": by_rule[rule], "why": why} for rule, why in RULES.items()},
        "unexplained": len(unexplained),
        "unexplained_files": unexplained,
        "ok": bool(files) and not unexplained,
    }
    print(json.dumps(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
